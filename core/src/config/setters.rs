//! The options as typed methods, for Rust.
//!
//! All go through the table, so they are bounded like everywhere else. Making a provider reports what was wrong.

use std::sync::Arc;
use std::time::Duration;

use super::sampling::SamplerChoice;
use super::{
    Alias, Binding, Compression, Config, ConfigError, Exporter, Exporters, LogLevel, Protocol,
    Source, Timeout,
};
use crate::propagate::{Propagator, Propagators};
use crate::redact::Mode;
use crate::resource::{Detector, Detectors};
use crate::sample::Sampler;
use crate::trace::{IdGenerator, OwnedValue, Value};

/// What an option is set from: its text.
trait Setting {
    fn text(self) -> String;
}

macro_rules! displayed {
    ($($type:ty),*) => {$(
        impl Setting for $type {
            fn text(self) -> String {
                self.to_string()
            }
        }
    )*};
}
displayed!(
    &str,
    String,
    bool,
    u32,
    u64,
    usize,
    f64,
    Mode,
    Protocol,
    Compression,
    LogLevel,
    Binding
);

impl Setting for Duration {
    fn text(self) -> String {
        self.as_millis().to_string()
    }
}

impl Setting for Timeout {
    fn text(self) -> String {
        self.millis().to_string()
    }
}

impl Setting for &[Exporter] {
    fn text(self) -> String {
        Exporters::new(self.iter().copied()).to_string()
    }
}

impl Setting for &[Propagator] {
    fn text(self) -> String {
        Propagators::new(self.iter().copied()).describe()
    }
}

macro_rules! listed {
    ($($type:ty),*) => {$(
        impl Setting for &[$type] {
            fn text(self) -> String {
                match self {
                    [] => "none".to_owned(),
                    list => list.iter().map(|one| one.name()).collect::<Vec<_>>().join(","),
                }
            }
        }
    )*};
}
listed!(Alias);

impl Setting for &[Detector] {
    fn text(self) -> String {
        Detectors::new(self.iter().copied()).to_string()
    }
}

macro_rules! setters {
    ($( $(#[$doc:meta])* $name:ident: $type:ty; )+) => {
        /// The options that have a method here.
        #[cfg(test)]
        const TYPED: &[&str] = &[$(stringify!($name)),+];

        impl Config {$(
            $(#[$doc])*
            #[must_use]
            pub fn $name(self, value: $type) -> Self {
                self.with(stringify!($name), value)
            }
        )+}
    };
}

setters! {
    /// The logical name of the service.
    service_name: &str;
    /// Whether everything but propagation is off.
    disabled: bool;
    /// The share of traces that a ratio sampler samples that was chosen by its name, from 0 to 1.
    sampler_arg: f64;
    /// What is removed before telemetry leaves the process.
    redaction: Mode;
    /// The formats in which context travels; none if empty.
    propagators: &[Propagator];
    /// Keys of baggage entries that every span gets as attributes `baggage.<key>`: `tenant,user.*`.
    baggage_attributes: &str;
    /// Where spans go; nowhere if empty. More than names can say: [`trace_destinations`](Config::trace_destinations).
    exporter: &[Exporter];
    /// Where metrics go; nowhere if empty.
    metrics_exporter: &[Exporter];
    /// The base address of the OTLP receiver, such as `http://localhost:4318`.
    endpoint: &str;
    /// The address for spans, used as it is.
    traces_endpoint: &str;
    /// The address for metrics, used as it is.
    metrics_endpoint: &str;
    /// How OTLP travels.
    protocol: Protocol;
    /// How OTLP with spans travels.
    traces_protocol: Protocol;
    /// How OTLP with metrics travels.
    metrics_protocol: Protocol;
    /// How OTLP requests are compressed.
    compression: Compression;
    /// How requests with spans are compressed.
    traces_compression: Compression;
    /// How requests with metrics are compressed.
    metrics_compression: Compression;
    /// A PEM file with the certificates by which a server is trusted.
    certificate: &str;
    /// A PEM file with the certificates by which a server for spans is trusted.
    traces_certificate: &str;
    /// A PEM file with the certificates by which a server for metrics is trusted.
    metrics_certificate: &str;
    /// A PEM file with the certificate chain that is shown to the server.
    client_certificate: &str;
    /// A PEM file with the certificate chain that is shown to a server for spans.
    traces_client_certificate: &str;
    /// A PEM file with the certificate chain that is shown to a server for metrics.
    metrics_client_certificate: &str;
    /// A PEM file with the private key of the client certificate.
    client_key: &str;
    /// A PEM file with the private key of the client certificate for spans.
    traces_client_key: &str;
    /// A PEM file with the private key of the client certificate for metrics.
    metrics_client_key: &str;
    /// Whether a gRPC endpoint without a scheme is reached without TLS.
    insecure: bool;
    /// The same for spans.
    traces_insecure: bool;
    /// The same for metrics.
    metrics_insecure: bool;
    /// A Sentry DSN to send spans to, unless an endpoint for them is set.
    sentry_dsn: &str;
    /// The longest that one OTLP request may take.
    timeout: Timeout;
    /// The longest that one request with spans may take.
    traces_timeout: Timeout;
    /// The longest that one request with metrics may take.
    metrics_timeout: Timeout;
    /// The longest that a finished span waits for its batch.
    schedule_delay: Duration;
    /// The longest that the export of one batch may take with its retries.
    export_timeout: Timeout;
    /// The most spans that wait for export, in addition to the memory limit.
    max_queue_size: u32;
    /// The most spans of one request.
    max_export_batch_size: u32;
    /// The most memory that finished spans occupy until they are delivered, in bytes.
    memory_limit: usize;
    /// The most requests in flight to one OTLP receiver, from 1 to 64.
    max_concurrent_requests: usize;
    /// The time between two exports of metrics.
    metric_export_interval: Duration;
    /// The longest that one export of metrics may take with its retries.
    metric_export_timeout: Timeout;
    /// The most attributes of a span or a log record.
    attribute_count_limit: u32;
    /// The most attributes of a span.
    span_attribute_count_limit: u32;
    /// The most characters of a string and bytes of a byte value in attributes.
    attribute_value_length_limit: u32;
    /// The most characters of a string and bytes of a byte value in attributes of spans.
    span_attribute_value_length_limit: u32;
    /// The most events of a span.
    event_count_limit: u32;
    /// The most links of a span.
    link_count_limit: u32;
    /// The most attributes of an event.
    event_attribute_count_limit: u32;
    /// The most attributes of a link.
    link_attribute_count_limit: u32;
    /// The detectors that find attributes of the resource; none if empty.
    resource_detectors: &[Detector];
    /// A declarative configuration file. It hides the environment; options of code win over it, whichever comes first.
    config_file: &str;
    /// A file with the policy alone.
    policy_file: &str;
    /// Groups of other systems' environment variables to read.
    aliases: &[Alias];
    /// How much polyspan tells of its own problems.
    log_level: LogLevel;
    /// Whether every ignored setting is an error.
    strict: bool;
    /// The binding that is used; for bindings.
    binding: Binding;
    /// `telemetry.sdk.language`; for bindings.
    language: &str;
    /// `process.runtime.name`; for bindings.
    runtime_name: &str;
    /// `process.runtime.version`; for bindings.
    runtime_version: &str;
    /// `process.runtime.description`; for bindings.
    runtime_description: &str;
    /// Makes ids repeatable; for tests.
    id_seed: u64;
    /// Whether the resource holds only what was given; for tests.
    fixed_resource: bool;
}

impl Config {
    /// Which traces are sampled.
    #[must_use]
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = SamplerChoice::Made(sampler);
        self.settle_in_code("sampler");
        self
    }

    /// Where trace and span ids come from; random ones if nothing is said.
    #[must_use]
    pub fn id_generator(mut self, generator: impl IdGenerator + 'static) -> Self {
        self.id_generator = Some(Arc::new(generator));
        self
    }

    /// Adds an attribute to the resource; one of that name is replaced.
    #[must_use]
    pub fn resource_attribute<'v>(mut self, key: &str, value: impl Into<Value<'v>>) -> Self {
        let attribute = (key.to_owned(), OwnedValue::from(&value.into()));
        self.code_attributes.push(attribute.clone());
        self.put_resource_attribute(attribute.0, attribute.1);
        self.settle_in_code("resource_attributes");
        self
    }

    /// Adds a header to each OTLP request; one of that name is replaced. Headers of the environment are not sent then.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        if self.source("headers").is_some_and(Source::is_environment) {
            self.otlp.headers = None;
        }
        match self
            .otlp
            .headers
            .get_or_insert_default()
            .set(name, value.as_bytes())
        {
            Ok(()) => self.settle_in_code("headers"),
            Err(why) => self.problems.refuse("headers", ConfigError::of_header(why)),
        }
        self
    }

    fn with(mut self, option: &'static str, value: impl Setting) -> Self {
        if let Err(error) = self.set(option, &value.text()) {
            self.problems.refuse(option, error);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigOption;

    #[test]
    fn every_option_that_has_an_effect_is_typed_in_rust() {
        // Those with methods of their own; headers of one signal are set by `Otlp::header` of a destination.
        const OTHERWISE: [&str; 5] = [
            "sampler",
            "resource_attributes",
            "headers",
            "traces_headers",
            "metrics_headers",
        ];
        for option in ConfigOption::all().filter(|option| option.awaits.is_none()) {
            let name = option.name;
            assert!(TYPED.contains(&name) || OTHERWISE.contains(&name), "{name}");
        }
        let known = |name: &&&str| ConfigOption::find(name).is_some();
        assert_eq!(TYPED.iter().filter(known).count(), TYPED.len());
    }

    #[test]
    fn lists_are_typed_and_may_be_empty() {
        let config = Config::default()
            .resource_detectors(&[Detector::Host, Detector::Os])
            .aliases(&[]);
        assert_eq!(config.get("resource_detectors").as_deref(), Some("host"));
        assert_eq!(config.get("aliases").as_deref(), Some("none"));
        let none = config.resource_detectors(&[]);
        assert_eq!(none.get("resource_detectors").as_deref(), Some("none"));
    }
}
