//! Makes tracers, and stands for everything behind them.
//!
//! | file | what a provider does |
//! |---|---|
//! | `provider` | makes tracers and counters, flushes, shuts down, tells about itself |
//! | `carriers` | writes contexts into headers and reads them |
//! | `hosts` | serves hosts that keep their spans themselves |
//! | `inner` | what all these share, and what spans call |

use super::inner::Inner;
use super::scope::{OwnedScope, Scope};
use super::tracer::Tracer;
use crate::config::{Config, ConfigError};
use crate::diagnostics::Cause;
use crate::metrics::Counter;
use crate::pipeline::{FlushError, Pipeline};
use crate::process;
use crate::resource::Resource;
use crate::stats::Stats;
use std::fmt;
use std::time::Duration;

/// Makes tracers. Small and free to copy.
///
/// A provider lives as long as the process, like the threads and sockets behind it would want to: after
/// [`shutdown`](Self::shutdown) its buffers are freed and what stays is a few kilobytes. So no span ever has to count
/// references, and a late span of a closed provider is counted instead of crashing.
///
/// ```
/// use polyspan::{Config, Provider};
/// use std::time::Duration;
///
/// let config = Config::from_env().service_name("checkout");
/// # let memory = polyspan::export::memory::InMemory::new();
/// # let config = Config::default().trace_destinations([polyspan::config::Destination::from(&memory)]);
/// let provider = Provider::new(config)?;
/// provider.tracer("checkout").start("charge").end();
///
/// // What has ended until now is with the backend when this returns without an error.
/// provider.flush(Duration::from_secs(5))?;
/// let stats = provider.stats();
/// assert_eq!((stats.started, stats.delivered), (1, 1));
///
/// provider.shutdown(Duration::from_secs(5))?;
/// assert!(!provider.tracer("checkout").start("late").is_recording());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Provider {
    pub(super) inner: &'static Inner,
}

/// Scopes of one provider. A host that makes up scope names without end gets the first one from then on.
const MOST_SCOPES: usize = 10_000;

impl Provider {
    /// A provider as configured. Starts no thread and opens no socket: the first finished span does.
    ///
    /// # Errors
    ///
    /// An option or one of polyspan's own environment variables that is not valid, naming it, its value and what is
    /// allowed; with `POLYSPAN_STRICT=true` the warnings too.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        let config = config.validate()?;
        process::watch_forks();
        let inner = Inner::new(config)?;
        let provider = Self {
            inner: Box::leak(Box::new(inner)),
        };
        for warning in provider.inner.config.warnings() {
            let diagnostics = &provider.pipeline().diagnostics;
            diagnostics.report(Cause::Config, warning.clone());
        }
        // Tracer 0 is the one without a name: what a batch refers to when nobody asked for a tracer.
        provider.tracer("");
        Ok(provider)
    }

    /// A provider that records nothing, for hosts in which tracing could not start.
    pub fn noop() -> Self {
        let mut config = Config::default();
        config.disabled = true;
        // The default configuration with nothing from outside is valid.
        Self::new(config).unwrap_or_else(|_| unreachable!("defaults are valid"))
    }

    pub(crate) fn of(inner: &'static Inner) -> Self {
        Self { inner }
    }

    /// The tracer of a scope. The same scope gives the same tracer.
    pub fn tracer<'a>(&self, scope: impl Into<Scope<'a>>) -> Tracer {
        let wanted = OwnedScope::from(scope.into());
        let scopes = &self.inner.scopes;
        let known = scopes.iter().find(|(_, scope)| **scope == wanted);
        let index = match known {
            Some((index, _)) => index,
            None if scopes.count() >= MOST_SCOPES => 0,
            None => scopes.push(wanted),
        };
        Tracer {
            provider: self.inner,
            index: index as u32,
        }
    }

    /// The tracer that batch records name by `index`.
    pub fn tracer_at(&self, index: u32) -> Option<Tracer> {
        self.inner.scopes.get(index as usize).map(|_| Tracer {
            provider: self.inner,
            index,
        })
    }

    /// A counter: a sum that only grows. The same names give the same counter. `unit` (UCUM) and `description` may be empty.
    ///
    /// A name or unit that the specification does not allow is told as a diagnostic and gives a counter that ignores what it
    /// is given, as does a provider that is disabled or whose `metrics_exporter` is `none`. Nothing is started here: the first
    /// measurement does.
    ///
    /// ```
    /// # use polyspan::{Provider, Value};
    /// # let provider = Provider::noop();
    /// let orders = provider.counter("checkout", "orders", "{order}", "Orders that were paid");
    /// orders.add_u64(1, &[("country", Value::Str("NL"))]);
    /// ```
    pub fn counter<'a>(
        &self,
        scope: impl Into<Scope<'a>>,
        name: &str,
        unit: &str,
        description: &str,
    ) -> Counter {
        Counter::new(self.inner, scope.into().into(), name, unit, description)
    }

    /// Whether counters count: not if the provider is disabled or `metrics_exporter` is `none`.
    pub fn has_metrics(&self) -> bool {
        self.inner.measures()
    }

    /// The counter whose [`index`](Counter::index) this is.
    pub fn counter_at(&self, index: u32) -> Option<Counter> {
        Counter::at(self.inner, index)
    }

    /// Exports what has ended until now.
    ///
    /// # Errors
    ///
    /// `timeout` passed first, or the backend did not take everything.
    pub fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        if self.inner.disabled {
            return Ok(());
        }
        self.pipeline().flush(self.inner, timeout)
    }

    /// Closes the provider: spans that end from now on are counted as dropped, what has ended is exported until
    /// `timeout` passes, then the rest is dropped and counted. A `timeout` of zero does not wait: the worker goes on alone
    /// for at most five seconds.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush).
    pub fn shutdown(&self, timeout: Duration) -> Result<(), FlushError> {
        if self.inner.disabled {
            return Ok(());
        }
        self.pipeline().shutdown(self.inner, timeout)
    }

    /// What became of every span so far.
    pub fn stats(&self) -> Stats {
        let mut stats = self.pipeline().stats();
        stats.sampling_rate_configured = self.inner.policy.sampler.rate_at_roots();
        stats
    }

    /// The policy in words, its fingerprint first.
    pub fn describe(&self) -> String {
        self.inner.policy.describe() + &self.inner.config.describe()
    }

    /// `r:<8 hex> s:<8 hex> p:<8 hex>`: redactor, sampler, propagators with limits. Equal in every process with the same
    /// policy, whatever its language.
    pub fn fingerprint(&self) -> String {
        self.inner.policy.fingerprint()
    }

    /// Takes what went wrong since the last call. From the first call on the worker no longer writes it to stderr.
    pub fn take_diagnostics(&self) -> Vec<String> {
        self.inner.diagnostics_are_taken();
        self.pipeline().diagnostics.take()
    }

    /// Whether this provider records nothing.
    pub fn is_disabled(&self) -> bool {
        self.inner.disabled
    }

    /// What produces the telemetry: the attributes of the resource of this process's spans.
    pub fn resource(&self) -> Resource {
        let resource = self.pipeline().resource(self.inner);
        resource.with_policy(&self.inner.config, &self.inner.policy.fingerprint())
    }

    /// The configuration this provider was made from.
    pub fn config(&self) -> &'static Config {
        &self.inner.config
    }

    pub(super) fn pipeline(&self) -> &'static Pipeline {
        self.inner.pipeline()
    }

    pub(super) fn local(&self) -> &'static crate::pipeline::Local {
        crate::pipeline::local(self.pipeline())
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider")
            .field(&self.fingerprint())
            .finish()
    }
}
