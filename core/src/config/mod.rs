//! The one configuration: options in code over the environment over defaults.
//!
//! ```
//! use polyspan::config::Config;
//! use polyspan::sample::{Sampler, TraceIdRatio};
//!
//! let tenth = Sampler::TraceIdRatio(TraceIdRatio::new(0.1)?);
//! let config = Config::from_env()
//!     .service_name("checkout")
//!     .endpoint("http://collector:4318")
//!     .sampler(Sampler::parent_based(tenth));
//! # let _ = config;
//! # Ok::<(), polyspan::sample::SamplerError>(())
//! ```
//!
//! | file | is |
//! |---|---|
//! | `options` | the table of all options, from which everything else follows |
//! | `field` | the kinds of values: read, bounded, shown |
//! | `choices` | the values that are one of a few names |
//! | `sampling` | the sampler, by name or as made in code |
//! | `environment` | the OpenTelemetry rules for variables |
//! | [`destination`] | where a signal goes: the list that all of this ends in |
//! | `pairs`, `otlp` | lists of `key=value`; addresses and headers |
//! | `setters` | the typed options for Rust |
//! | `error` | what is said about a wrong setting |
//!
//! A wrong option in code is an error that names option, value and what is allowed; a wrong `OTEL_` variable becomes a
//! warning and is ignored; a wrong `POLYSPAN_` variable is an error that `Provider::new` reports.

mod choices;
pub mod destination;
mod environment;
mod error;
mod field;
mod options;
mod otlp;
mod pairs;
mod sampling;
mod setters;
#[cfg(test)]
mod tests;

pub use crate::export::endpoint::Signal;
pub use choices::{Binding, Compression, Exporter, LogLevel, Protocol};
pub use destination::{Destination, Exporters, Otlp, OtlpFile, Tls};
pub use error::ConfigError;
pub use options::{ConfigOption, OPTIONS};
pub use otlp::{Headers, OtlpTarget, Timeout};

pub(crate) use error::readable;

use std::ffi::OsString;
use std::fmt;
use std::time::Duration;

use http::Uri;

use crate::propagate::Propagators;
use crate::redact::Mode;
use crate::trace::Limits;
use crate::trace::OwnedValue;
use field::Source;
use sampling::SamplerChoice;

/// How polyspan behaves. See [`OPTIONS`] for what each option means.
#[derive(Clone)]
pub struct Config {
    pub(crate) service_name: Option<String>,
    pub(crate) resource_attributes: Vec<(String, OwnedValue)>,
    pub(crate) disabled: bool,
    pub(crate) sampler: SamplerChoice,
    pub(crate) sampler_arg: Option<f64>,
    pub(crate) redaction: Mode,
    pub(crate) propagators: Propagators,
    pub(crate) exporter: Exporters,
    pub(crate) metrics_exporter: Exporters,
    /// From code or from the configuration file; they win over the exporters and endpoints here.
    pub(crate) trace_destinations: Option<Vec<Destination>>,
    pub(crate) metric_destinations: Option<Vec<Destination>>,
    pub(crate) endpoint: Uri,
    pub(crate) traces_endpoint: Option<Uri>,
    pub(crate) metrics_endpoint: Option<Uri>,
    pub(crate) headers: Headers,
    pub(crate) traces_headers: Option<Headers>,
    pub(crate) metrics_headers: Option<Headers>,
    pub(crate) timeout: Timeout,
    pub(crate) traces_timeout: Option<Timeout>,
    pub(crate) metrics_timeout: Option<Timeout>,
    pub(crate) protocol: Protocol,
    pub(crate) compression: Compression,
    pub(crate) schedule_delay: Duration,
    pub(crate) export_timeout: Timeout,
    /// `None`: the memory budget alone bounds the queue. The specification's 2,048 spans would drop what fits into it.
    pub(crate) max_queue_size: Option<u32>,
    pub(crate) max_export_batch_size: u32,
    /// In bytes.
    pub(crate) memory_limit: usize,
    pub(crate) metric_export_interval: Duration,
    pub(crate) metric_export_timeout: Timeout,
    pub(crate) limits: Limits,
    pub(crate) log_level: LogLevel,
    pub(crate) strict: bool,
    pub(crate) binding: Binding,
    pub(crate) language: Option<String>,
    pub(crate) runtime_name: Option<String>,
    pub(crate) runtime_version: Option<String>,
    pub(crate) runtime_description: Option<String>,
    pub(crate) id_seed: Option<u64>,
    pub(crate) fixed_resource: bool,
    /// Which options were set, and by whom.
    sources: Vec<(&'static str, Source)>,
    problems: Problems,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            service_name: None,
            resource_attributes: Vec::new(),
            disabled: false,
            sampler: SamplerChoice::default(),
            sampler_arg: None,
            redaction: Mode::default(),
            propagators: Propagators::default(),
            exporter: Exporters::new([Exporter::Otlp]),
            metrics_exporter: Exporters::new([Exporter::Otlp]),
            trace_destinations: None,
            metric_destinations: None,
            endpoint: Uri::from_static("http://localhost:4318"),
            traces_endpoint: None,
            metrics_endpoint: None,
            headers: Headers::default(),
            traces_headers: None,
            metrics_headers: None,
            timeout: Timeout::from_millis(10_000),
            traces_timeout: None,
            metrics_timeout: None,
            protocol: Protocol::HttpProtobuf,
            compression: Compression::None,
            schedule_delay: Duration::from_millis(5_000),
            export_timeout: Timeout::from_millis(30_000),
            max_queue_size: None,
            max_export_batch_size: 512,
            memory_limit: 32 << 20,
            metric_export_interval: Duration::from_millis(60_000),
            metric_export_timeout: Timeout::from_millis(30_000),
            limits: Limits::default(),
            log_level: LogLevel::Info,
            strict: false,
            binding: Binding::Rust,
            language: None,
            runtime_name: None,
            runtime_version: None,
            runtime_description: None,
            id_seed: None,
            fixed_resource: false,
            sources: Vec::new(),
            problems: Problems::default(),
        }
    }
}

impl Config {
    /// The configuration that the environment of this process describes.
    ///
    /// Never fails: a wrong variable is among the [`warnings`](Self::warnings), or, if it is one of polyspan's own, an error
    /// that making a provider reports.
    pub fn from_env() -> Self {
        environment::read(&|variable| std::env::var_os(variable))
    }

    /// The configuration that `lookup` describes: the value of an environment variable, `None` if it is not set.
    pub fn from_lookup(lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        environment::read(&|variable| lookup(variable).map(OsString::from))
    }

    /// Sets an option by its name, spelled as in any of the languages, from text.
    ///
    /// # Errors
    /// If there is no such option or the value is not allowed; nothing is changed then.
    pub fn set(&mut self, name: &str, value: &str) -> Result<(), ConfigError> {
        let option = ConfigOption::find(name).ok_or_else(|| ConfigError::Unknown {
            field: readable(name, 100),
            similar: options::similar(name),
        })?;
        option.field.read(self, value, Source::Code, name)?;
        self.settle_in_code(option.name);
        Ok(())
    }

    /// An option's value as text, with secrets masked; `None` if there is no such option.
    pub fn get(&self, name: &str) -> Option<String> {
        ConfigOption::find(name).map(|option| option.show(self))
    }

    /// What was ignored in the environment: one sentence each.
    pub fn warnings(&self) -> &[String] {
        &self.problems.warnings
    }

    /// What differs from the defaults, one `name: value` a line; secrets are masked.
    pub fn describe(&self) -> String {
        let defaults = Self::default();
        OPTIONS
            .iter()
            .map(|option| (option, option.show(self)))
            .filter(|(option, value)| *value != option.show(&defaults))
            .map(|(option, value)| format!("{}: {value}\n", option.name))
            .collect()
    }

    /// Checks what no option can check alone, and reports what earlier steps could not: the configuration to build from.
    ///
    /// # Errors
    /// The first error, or with `strict` all errors and warnings in one.
    pub(crate) fn validate(mut self) -> Result<Self, ConfigError> {
        if let Some(queue) = self.max_queue_size
            && self.max_export_batch_size > queue
        {
            self.fit_batch_into(queue);
        }
        let given = [&self.trace_destinations, &self.metric_destinations];
        for destination in given.into_iter().flatten().flatten() {
            if let Err(error) = destination.check() {
                self.problems.refuse("destinations", error);
            }
        }
        if self.strict {
            let problems = std::mem::take(&mut self.problems);
            let all: Vec<_> = problems
                .errors
                .iter()
                .map(|(_, error)| error.to_string())
                .chain(problems.warnings)
                .collect();
            if !all.is_empty() {
                return Err(ConfigError::Several { problems: all });
            }
        }
        if self.problems.errors.is_empty() {
            Ok(self)
        } else {
            Err(self.problems.errors.remove(0).1)
        }
    }

    fn fit_batch_into(&mut self, queue: u32) {
        const BATCH: &str = "max_export_batch_size";
        let error = |batch: &str, queue_name: &str, size: u32| ConfigError::Invalid {
            field: batch.to_owned(),
            value: Some(size.to_string()),
            reason: None,
            allowed: format!("at most {queue_name}, which is {queue}"),
        };
        let size = self.max_export_batch_size;
        match self.source(BATCH) {
            Some(Source::Code) => {
                let error = error(BATCH, "max_queue_size", size);
                self.problems.refuse(BATCH, error);
            }
            Some(Source::Environment) => {
                let error = error(
                    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
                    "OTEL_BSP_MAX_QUEUE_SIZE",
                    size,
                );
                self.problems.warn(BATCH, format!("{error}; using {queue}"));
            }
            // Nobody asked for the default size.
            None => {}
        }
        self.max_export_batch_size = queue;
    }

    /// Where a signal is sent to.
    pub(crate) fn target(&self, signal: Signal) -> OtlpTarget {
        let (endpoint, headers, timeout) = match signal {
            Signal::Traces => (
                &self.traces_endpoint,
                &self.traces_headers,
                self.traces_timeout,
            ),
            Signal::Metrics => (
                &self.metrics_endpoint,
                &self.metrics_headers,
                self.metrics_timeout,
            ),
        };
        OtlpTarget {
            url: endpoint
                .clone()
                .unwrap_or_else(|| otlp::signal_url(&self.endpoint, signal)),
            headers: headers.as_ref().unwrap_or(&self.headers).clone(),
            timeout: timeout.unwrap_or(self.timeout),
        }
    }

    /// `telemetry.sdk.language`.
    pub(crate) fn sdk_language(&self) -> &str {
        self.language
            .as_deref()
            .unwrap_or_else(|| self.binding.language())
    }

    fn source(&self, option: &str) -> Option<Source> {
        let found = self.sources.iter().find(|(name, _)| *name == option);
        found.map(|(_, source)| *source)
    }

    fn note_source(&mut self, option: &'static str, source: Source) {
        self.sources.retain(|(name, _)| *name != option);
        self.sources.push((option, source));
    }

    fn settle_in_code(&mut self, option: &'static str) {
        self.problems.forget(option);
        self.note_source(option, Source::Code);
        // Code wins over the environment, also where the environment's setting is the more specific one.
        let stale = |name: &str| self.source(name) == Some(Source::Environment);
        match option {
            "endpoint" => {
                let (traces, metrics) = (stale("traces_endpoint"), stale("metrics_endpoint"));
                self.traces_endpoint.take_if(|_| traces);
                self.metrics_endpoint.take_if(|_| metrics);
            }
            "headers" => {
                let (traces, metrics) = (stale("traces_headers"), stale("metrics_headers"));
                self.traces_headers.take_if(|_| traces);
                self.metrics_headers.take_if(|_| metrics);
            }
            "timeout" => {
                let (traces, metrics) = (stale("traces_timeout"), stale("metrics_timeout"));
                self.traces_timeout.take_if(|_| traces);
                self.metrics_timeout.take_if(|_| metrics);
            }
            // The specification gives the argument a meaning only together with the variable that names the sampler.
            "sampler" => {
                let stale = stale("sampler_arg");
                self.sampler_arg.take_if(|_| stale);
            }
            _ => {}
        }
    }

    /// Sets an attribute of the resource; one of that name is replaced in place.
    pub(crate) fn put_resource_attribute(&mut self, key: String, value: OwnedValue) {
        if key == "service.name" && self.source("service_name") == Some(Source::Environment) {
            self.service_name = None;
        }
        match self.resource_attributes.iter_mut().find(|(k, _)| *k == key) {
            Some((_, old)) => *old = value,
            None => self.resource_attributes.push((key, value)),
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Config");
        for option in OPTIONS {
            out.field(option.name, &option.show(self));
        }
        out.finish_non_exhaustive()
    }
}

/// What is wrong with a configuration. Setting an option in code makes what was said about it irrelevant.
#[derive(Clone, Default)]
struct Problems {
    warnings: Vec<String>,
    /// The option that each warning is about.
    warned: Vec<&'static str>,
    errors: Vec<(&'static str, ConfigError)>,
}

impl Problems {
    fn warn(&mut self, option: &'static str, warning: String) {
        self.warned.push(option);
        self.warnings.push(warning);
    }

    fn refuse(&mut self, option: &'static str, error: ConfigError) {
        self.errors.push((option, error));
    }

    fn forget(&mut self, option: &str) {
        let mut about = self.warned.iter();
        self.warnings
            .retain(|_| about.next().is_none_or(|name| *name != option));
        self.warned.retain(|name| *name != option);
        self.errors.retain(|(name, _)| *name != option);
    }
}
