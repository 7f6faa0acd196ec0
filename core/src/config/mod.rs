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
//! | `option`, `options` | what an option is; the table of all, from which everything else follows |
//! | `origin`, `overlay` | where a value came from; code over everything outside |
//! | `file` | declarative configuration: `OTEL_CONFIG_FILE` and the policy file |
//! | `check` | what no option can check alone |
//! | `field` | the kinds of values: read, bounded, shown |
//! | `choices` | the values that are one of a few names |
//! | `sampling` | the sampler, by name or as made in code |
//! | `environment` | the OpenTelemetry rules for variables |
//! | [`destination`] | where a signal goes: the list that all of this ends in |
//! | `lists`, `pairs`, `otlp` | lists of names, of `key=value`; addresses and headers |
//! | `aliases`, `sentry` | variables of other systems; a Sentry DSN |
//! | `setters` | the typed options for Rust |
//! | `detection` | what is found out about the surroundings |
//! | `error` | what is said about a wrong setting |
//!
//! A wrong option in code is an error that names option, value and what is allowed; a wrong `OTEL_` variable becomes a
//! warning and is ignored; a wrong `POLYSPAN_` variable is an error that `Provider::new` reports.

mod aliases;
mod check;
mod choices;
pub mod destination;
mod detection;
mod environment;
mod error;
mod field;
mod file;
mod lists;
mod option;
mod options;
mod origin;
mod otlp;
mod overlay;
mod pairs;
mod sampling;
mod sentry;
mod setters;
#[cfg(test)]
mod tests;

#[cfg(any(test, fuzzing))]
pub(crate) use file::fuzz as fuzz_file;

pub use crate::export::endpoint::Signal;
pub use aliases::Alias;
pub use choices::{
    Binding, Compression, ExemplarFilter, Exporter, HistogramAggregation, LogLevel, Protocol,
    Temporality,
};
pub use destination::{Destination, Exporters, Otlp, OtlpFile, Tls};
pub use error::ConfigError;
pub use file::plugin;
pub use option::{ConfigOption, OptionGroup, OptionKind};
pub use options::GROUPS;
pub use origin::Source;
pub use otlp::{Headers, Timeout};

pub(crate) use error::readable;
pub(crate) use sentry::Dsn;

use std::ffi::OsString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::export::proxy::Proxies;
use crate::propagate::{BaggageAttributes, Propagators};
use crate::redact::Mode;
use crate::resource::Detectors;
use crate::trace::Limits;
use crate::trace::{IdGenerator, OwnedValue};
use check::Problems;
use detection::DetectedAttributes;
use otlp::OtlpSettings;
use sampling::SamplerChoice;

/// How polyspan behaves. See [`GROUPS`] for what each option means.
#[derive(Clone)]
pub struct Config {
    pub(crate) service_name: Option<String>,
    pub(crate) resource_attributes: Vec<(String, OwnedValue)>,
    /// Those that code has set; they are among the others too.
    code_attributes: Vec<(String, OwnedValue)>,
    pub(crate) resource_detectors: Detectors,
    pub(crate) detected_attributes: DetectedAttributes,
    /// From the configuration file.
    pub(crate) resource_schema_url: Option<String>,
    aliases: Vec<Alias>,
    pub(crate) sentry_dsn: Option<Dsn>,
    config_file: Option<String>,
    policy_file: Option<String>,
    pub(crate) disabled: bool,
    pub(crate) sampler: SamplerChoice,
    pub(crate) sampler_arg: Option<f64>,
    pub(crate) redaction: Mode,
    pub(crate) propagators: Propagators,
    pub(crate) baggage_attributes: BaggageAttributes,
    pub(crate) exporter: Exporters,
    pub(crate) metrics_exporter: Exporters,
    /// From code or from the configuration file; they win over the exporters and endpoints here.
    pub(crate) trace_destinations: Option<Vec<Destination>>,
    pub(crate) metric_destinations: Option<Vec<Destination>>,
    pub(crate) logs_exporter: Exporters,
    /// What holds for all signals that do not say otherwise.
    pub(crate) otlp: OtlpSettings,
    pub(crate) otlp_traces: OtlpSettings,
    pub(crate) otlp_metrics: OtlpSettings,
    pub(crate) otlp_logs: OtlpSettings,
    /// Of the environment, which only the thread that configures may read: another one may be changing it.
    pub(crate) proxies: Proxies,
    pub(crate) schedule_delay: Duration,
    pub(crate) export_timeout: Timeout,
    /// `None`: the memory budget alone bounds the queue. The specification's 2,048 spans would drop what fits into it.
    pub(crate) max_queue_size: Option<u32>,
    pub(crate) max_export_batch_size: u32,
    /// In bytes.
    pub(crate) memory_limit: usize,
    pub(crate) max_concurrent_requests: usize,
    pub(crate) metric_export_interval: Duration,
    pub(crate) metric_export_timeout: Timeout,
    pub(crate) exemplar_filter: ExemplarFilter,
    pub(crate) temporality_preference: Temporality,
    pub(crate) default_histogram_aggregation: HistogramAggregation,
    pub(crate) prometheus_host: String,
    pub(crate) prometheus_port: u16,
    pub(crate) log_schedule_delay: Duration,
    pub(crate) log_export_timeout: Timeout,
    pub(crate) log_max_queue_size: Option<u32>,
    pub(crate) log_max_export_batch_size: u32,
    pub(crate) attribute_count_limit: u32,
    pub(crate) attribute_value_length_limit: Option<u32>,
    pub(crate) span_attribute_count_limit: Option<u32>,
    pub(crate) span_attribute_value_length_limit: Option<u32>,
    pub(crate) event_count_limit: u32,
    pub(crate) link_count_limit: u32,
    pub(crate) event_attribute_count_limit: u32,
    pub(crate) link_attribute_count_limit: u32,
    pub(crate) log_attribute_count_limit: Option<u32>,
    pub(crate) log_attribute_value_length_limit: Option<u32>,
    pub(crate) log_level: LogLevel,
    pub(crate) strict: bool,
    pub(crate) binding: Binding,
    pub(crate) language: Option<String>,
    pub(crate) runtime_name: Option<String>,
    pub(crate) runtime_version: Option<String>,
    pub(crate) runtime_description: Option<String>,
    pub(crate) id_seed: Option<u64>,
    pub(crate) id_generator: Option<Arc<dyn IdGenerator>>,
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
            code_attributes: Vec::new(),
            resource_detectors: Detectors::default(),
            detected_attributes: DetectedAttributes::default(),
            resource_schema_url: None,
            aliases: Vec::new(),
            sentry_dsn: None,
            config_file: None,
            policy_file: None,
            disabled: false,
            sampler: SamplerChoice::default(),
            sampler_arg: None,
            redaction: Mode::default(),
            propagators: Propagators::default(),
            baggage_attributes: BaggageAttributes::default(),
            exporter: Exporters::new([Exporter::Otlp]),
            metrics_exporter: Exporters::new([Exporter::Otlp]),
            trace_destinations: None,
            metric_destinations: None,
            logs_exporter: Exporters::new([Exporter::Otlp]),
            otlp: OtlpSettings::default(),
            otlp_traces: OtlpSettings::default(),
            otlp_metrics: OtlpSettings::default(),
            otlp_logs: OtlpSettings::default(),
            proxies: Proxies::default(),
            schedule_delay: Duration::from_millis(5_000),
            export_timeout: Timeout::from_millis(30_000),
            max_queue_size: None,
            max_export_batch_size: 512,
            memory_limit: 32 << 20,
            max_concurrent_requests: destination::DEFAULT_CONCURRENCY,
            metric_export_interval: Duration::from_millis(60_000),
            metric_export_timeout: Timeout::from_millis(30_000),
            exemplar_filter: ExemplarFilter::TraceBased,
            temporality_preference: Temporality::Cumulative,
            default_histogram_aggregation: HistogramAggregation::Explicit,
            prometheus_host: "localhost".to_owned(),
            prometheus_port: 9464,
            log_schedule_delay: Duration::from_millis(1_000),
            log_export_timeout: Timeout::from_millis(30_000),
            log_max_queue_size: None,
            log_max_export_batch_size: 512,
            attribute_count_limit: 128,
            attribute_value_length_limit: None,
            span_attribute_count_limit: None,
            span_attribute_value_length_limit: None,
            event_count_limit: 128,
            link_count_limit: 128,
            event_attribute_count_limit: 128,
            link_attribute_count_limit: 128,
            log_attribute_count_limit: None,
            log_attribute_value_length_limit: None,
            log_level: LogLevel::Info,
            strict: false,
            binding: Binding::Rust,
            language: None,
            runtime_name: None,
            runtime_version: None,
            runtime_description: None,
            id_seed: None,
            id_generator: None,
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
            similar: option::similar(name),
        })?;
        option.field.read(self, value, &Source::Code, name)?;
        self.settle_in_code(option.name);
        self.load_what_code_named(option.name, &|variable| std::env::var_os(variable));
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
        ConfigOption::all()
            .map(|option| (option, option.show(self)))
            .filter(|(option, value)| *value != option.show(&defaults))
            .map(|(option, value)| format!("{}: {value}\n", option.name))
            .collect()
    }

    /// The settings of OTLP for one signal. Its endpoint is the signal's own; a base for all is in `otlp.endpoint`.
    pub(crate) fn otlp_settings(&self, signal: Signal) -> OtlpSettings {
        let own = match signal {
            Signal::Traces => &self.otlp_traces,
            Signal::Metrics => &self.otlp_metrics,
        };
        own.over(&self.otlp)
    }

    /// The limits of spans.
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            attribute_count: self
                .span_attribute_count_limit
                .unwrap_or(self.attribute_count_limit),
            event_count: self.event_count_limit,
            link_count: self.link_count_limit,
            event_attribute_count: self.event_attribute_count_limit,
            link_attribute_count: self.link_attribute_count_limit,
            value_length: self
                .span_attribute_value_length_limit
                .or(self.attribute_value_length_limit),
        }
    }

    /// `telemetry.sdk.language`.
    pub(crate) fn sdk_language(&self) -> &str {
        self.language
            .as_deref()
            .unwrap_or_else(|| self.binding.language())
    }

    /// Where an option's value comes from; `None` if it is the default.
    pub fn source(&self, option: &str) -> Option<&Source> {
        let found = self.sources.iter().find(|(name, _)| *name == option);
        found.map(|(_, source)| source)
    }

    fn note_source(&mut self, option: &'static str, source: Source) {
        self.forget_source(option);
        self.sources.push((option, source));
    }

    fn forget_source(&mut self, option: &str) {
        self.sources.retain(|(name, _)| *name != option);
    }

    fn settle_in_code(&mut self, option: &'static str) {
        self.problems.forget(option);
        self.note_source(option, Source::Code);
        // Code wins over what is outside, also where that setting is the more specific one.
        for special in ConfigOption::all().filter(|other| other.general == Some(option)) {
            let outside = |source: &Source| *source != Source::Code;
            if self.source(special.name).is_some_and(outside) {
                special.field.clear(self);
                self.forget_source(special.name);
            }
        }
        self.change_destinations_of_file(option);
    }

    /// Sets an attribute of the resource; one of that name is replaced in place.
    pub(crate) fn put_resource_attribute(&mut self, key: String, value: OwnedValue) {
        if key == "service.name"
            && self
                .source("service_name")
                .is_some_and(Source::is_environment)
        {
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
        for option in ConfigOption::all() {
            out.field(option.name, &option.show(self));
        }
        out.finish_non_exhaustive()
    }
}
