//! Makes tracers, and stands for everything behind them.

use super::batch::{Batch, BatchError};
use super::id_generator::IdGenerator;
use super::record::{Identity, Recorder};
use super::tracer::{Scope, Tracer};
use super::{Limits, OwnedValue, SpanContext, SpanId, SpanKind, TraceId};
use crate::config::{Config, ConfigError, Signal};
use crate::diagnostics::Cause;
use crate::generation::PerGeneration;
use crate::metrics::{Counter, Definitions};
use crate::pipeline::{FlushError, Pipeline};
use crate::policy::Policy;
use crate::process;
use crate::propagate::{Baggage, BaggageAttributes, Getter};
use crate::resource::Resource;
use crate::sample::{Candidate, Decision, Mask, Verdict};
use crate::stats::{DropCause, Stats};
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Makes tracers. Small and free to copy.
///
/// A provider lives as long as the process, like the threads and sockets behind it would want to: after
/// [`shutdown`](Self::shutdown) its buffers are freed and what stays is a few kilobytes. So no span ever has to count
/// references, and a late span of a closed provider is counted instead of crashing.
#[derive(Clone, Copy)]
pub struct Provider {
    inner: &'static Inner,
}

/// A tracer's scope, kept.
#[derive(Debug, PartialEq)]
pub(crate) struct OwnedScope {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) schema_url: String,
    pub(crate) attributes: Vec<(String, OwnedValue)>,
}

impl From<Scope<'_>> for OwnedScope {
    fn from(scope: Scope<'_>) -> Self {
        let attributes = scope.attributes.iter();
        Self {
            name: scope.name.to_owned(),
            version: scope.version.to_owned(),
            schema_url: scope.schema_url.to_owned(),
            attributes: attributes
                .map(|(key, value)| ((*key).to_owned(), value.into()))
                .collect(),
        }
    }
}

/// Everything that is fixed when the provider is made, and one pointer to what changes.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) policy: Policy,
    pub(crate) ids: IdGenerator,
    pub(crate) scopes: boxcar::Vec<OwnedScope>,
    pub(crate) counters: Definitions,
    pub(crate) disabled: bool,
    /// Without an exporter spans only propagate.
    exports: bool,
    /// The host takes the diagnostics itself; a forked child need not be told again.
    diagnostics_taken: AtomicBool,
    state: PerGeneration<Pipeline>,
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
        let policy = Policy::compile(&config)?;
        let disabled = config.disabled;
        let inner = Inner {
            policy,
            ids: IdGenerator::new(config.id_seed),
            scopes: boxcar::Vec::new(),
            counters: Definitions::new(),
            disabled,
            exports: config.exports(Signal::Traces),
            diagnostics_taken: AtomicBool::new(false),
            state: PerGeneration::new(),
            config,
        };
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

    /// How much a span may hold.
    pub fn limits(&self) -> &'static Limits {
        &self.inner.policy.limits
    }

    /// What the sampler must be asked, and how often: see [`Mask`].
    pub fn sampling_mask(&self) -> Mask {
        self.inner.policy.mask
    }

    /// Numbers the policy that is in force; batches carry it.
    pub fn policy_epoch(&self) -> u32 {
        1
    }

    /// The head verdict for a span that a host keeps itself.
    pub fn sample(
        &self,
        parent: Option<&SpanContext>,
        trace_id: TraceId,
        name: &str,
        kind: SpanKind,
    ) -> Decision {
        self.inner.sample(parent, trace_id, name, kind)
    }

    /// A new trace id.
    pub fn new_trace_id(&self) -> TraceId {
        self.inner.ids.trace_id()
    }

    /// A new span id.
    pub fn new_span_id(&self) -> SpanId {
        self.inner.ids.span_id()
    }

    /// Empty buffers for the next batch, used before if there are some.
    pub fn buffers(&self) -> (Vec<u64>, Vec<u8>) {
        self.pipeline().take_buffers()
    }

    /// Submits a span batch (`docs/span-batch.md`) and returns how many records it claims. The records are read on the
    /// worker; those that turn out wrong are counted as `dropped{invalid}`.
    ///
    /// # Errors
    ///
    /// The batch's header is wrong; nothing was taken.
    pub fn submit(&self, slots: Vec<u64>, text: Vec<u8>) -> Result<u32, BatchError> {
        let batch = Batch::open(slots, text)?;
        let records = batch.records;
        if !self.inner.disabled {
            self.pipeline().submit(self.inner, batch);
        }
        Ok(records)
    }

    /// Counts spans that a host has started and keeps itself.
    pub fn count_started(&self, number: u64) {
        let local = self.local();
        local.started.add(number);
        local.live.add(number);
    }

    /// Counts spans that ended in a host which keeps them itself, before they are submitted.
    pub fn count_ended(&self, number: u64) {
        let local = self.local();
        local.ended.add(number);
        local.live.subtract(number);
    }

    /// Counts spans that a host dropped before they could be submitted.
    pub fn count_dropped(&self, cause: DropCause, number: u64) {
        self.pipeline().counters.dropped(cause, number);
    }

    /// Counts ended spans that a host kept back because they were not sampled.
    pub fn count_sampled_out(&self, number: u64) {
        self.local().sampled_out.add(number);
    }

    /// Writes a context and baggage into headers, by the configured propagators. Baggage is redacted; entries that no
    /// header can carry are left out, which is told as a diagnostic.
    pub fn inject(
        &self,
        context: &SpanContext,
        baggage: &Baggage,
        set: &mut dyn FnMut(&str, &str),
    ) {
        let pipeline = self.pipeline();
        let redactor = &self.inner.policy.redactor;
        let left_out = self.inner.policy.propagators.inject(
            context,
            baggage,
            &|key, value| redactor.baggage(key, value, &pipeline.redacted),
            set,
        );
        if left_out > 0 && pipeline.diagnostics.wants(Cause::Baggage) {
            pipeline
                .diagnostics
                .report(Cause::Baggage, baggage_left_out(left_out));
        }
    }

    /// Reads a context and baggage from headers. `get` returns all lines of a header, in order.
    pub fn extract(&self, get: &dyn Fn(&str) -> Vec<String>) -> (Option<SpanContext>, Baggage) {
        self.inner.policy.propagators.extract(get)
    }

    /// Reads a context and baggage from any carrier; needed by formats that put data into names (`jaeger`: baggage).
    pub fn extract_from(&self, carrier: &dyn Getter) -> (Option<SpanContext>, Baggage) {
        self.inner.policy.propagators.extract_from(carrier)
    }

    /// The headers that the propagators write.
    pub fn fields(&self) -> &[&'static str] {
        self.inner.policy.propagators.fields()
    }

    /// The headers that the propagators read; a name that ends with `*` stands for all that start like it.
    pub fn headers(&self) -> &[&'static str] {
        self.inner.policy.propagators.headers()
    }

    /// Which baggage entries a host that keeps its spans itself copies to each of them when it starts; see
    /// [`SpanBuilder::baggage`](super::SpanBuilder::baggage).
    pub fn baggage_attributes(&self) -> &'static BaggageAttributes {
        &self.inner.policy.baggage_attributes
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
        self.pipeline().stats()
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
        self.inner.diagnostics_taken.store(true, Ordering::Relaxed);
        self.pipeline().diagnostics.take()
    }

    /// Whether this provider records nothing.
    pub fn is_disabled(&self) -> bool {
        self.inner.disabled
    }

    /// What produces the telemetry: the attributes of the resource of this process's spans.
    pub fn resource(&self) -> Resource {
        Resource::new(
            &self.inner.config,
            self.pipeline().instance_id,
            Some(&self.inner.policy.fingerprint()),
        )
    }

    /// The configuration this provider was made from.
    pub fn config(&self) -> &'static Config {
        &self.inner.config
    }

    fn pipeline(&self) -> &'static Pipeline {
        self.inner.pipeline()
    }

    fn local(&self) -> &'static crate::pipeline::Local {
        crate::pipeline::local(self.pipeline())
    }
}

fn baggage_left_out(entries: usize) -> String {
    let (were, keys) = if entries == 1 {
        (
            "entry was",
            "its key is not an HTTP token or holds a secret",
        )
    } else {
        ("entries were", "keys are not HTTP tokens or hold a secret")
    };
    format!(
        "{entries} baggage {were} not sent: {keys}, or there are more than 64 entries or 8192 bytes; use short keys of \
         letters, digits, '-', '_' and '.'"
    )
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Provider")
            .field(&self.fingerprint())
            .finish()
    }
}

impl Inner {
    /// This generation's mutable state.
    #[inline]
    pub(crate) fn pipeline(&self) -> &'static Pipeline {
        let generation = process::generation();
        self.state.get(generation, || self.new_pipeline(generation))
    }

    #[cold]
    fn new_pipeline(&self, generation: u64) -> Pipeline {
        let taken = self.diagnostics_taken.load(Ordering::Relaxed);
        Pipeline::new(&self.config, generation, taken)
    }

    #[inline]
    pub(crate) fn sample(
        &self,
        parent: Option<&SpanContext>,
        trace_id: TraceId,
        name: &str,
        kind: SpanKind,
    ) -> Decision {
        let mut decision = self.policy.sampler.decide(&Candidate {
            parent,
            trace_id,
            name,
            kind,
            attributes: &[],
        });
        if !self.exports {
            // The flags stay: the next service may export.
            decision.verdict = Verdict::Drop;
        }
        decision
    }

    /// Whether a span with this verdict is recorded.
    #[inline]
    pub(crate) fn records(&self, verdict: Verdict) -> bool {
        verdict == Verdict::Sample && self.exports
    }

    /// Counts a span that starts and returns the generation it belongs to; `None` if nothing is recorded any more.
    #[inline]
    pub(crate) fn started(&self) -> Option<u64> {
        if self.disabled {
            return None;
        }
        let pipeline = self.pipeline();
        if pipeline.is_closed() {
            return None;
        }
        let local = crate::pipeline::local(pipeline);
        local.started.add(1);
        local.live.add(1);
        Some(pipeline.generation)
    }

    /// A recorded span has ended. One that was started before a fork is its parent's and is left alone.
    #[inline]
    pub(crate) fn ended(
        &'static self,
        generation: u64,
        recorder: &Recorder,
        identity: &Identity<'_>,
    ) {
        let pipeline = self.pipeline();
        if pipeline.generation == generation {
            pipeline.append(self, recorder, identity);
        }
    }

    /// A span will never end. One that was started before a fork is its parent's and is left alone.
    pub(crate) fn abandoned(&self, generation: u64) {
        let pipeline = self.pipeline();
        if pipeline.generation == generation {
            crate::pipeline::local(pipeline).live.subtract(1);
            pipeline.counters.abandoned(1);
        }
    }

    /// A span that was not sampled has ended.
    #[inline]
    pub(crate) fn ended_unrecorded(&self, generation: u64) {
        let pipeline = self.pipeline();
        if pipeline.generation == generation {
            let local = crate::pipeline::local(pipeline);
            local.ended.add(1);
            local.live.subtract(1);
            local.sampled_out.add(1);
        }
    }
}
