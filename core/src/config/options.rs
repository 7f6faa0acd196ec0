//! The one table of options.
//!
//! From it come [`Config::set`](super::Config::set), the reading of the environment, `describe`, and the reference page.
//! Defaults are not repeated here: they are what [`Config::default`](super::Config::default) holds.

use super::field::{Field, MOST, Place};
use super::sampling::SamplerChoice;
use super::{Binding, Compression, Config, LogLevel, Protocol};
use crate::redact::Mode;
use crate::sample;

/// One option: what it is called, what it does, and what it may be.
pub struct ConfigOption {
    /// The name in code. Bindings spell it in their language's way; [`Config::set`](super::Config::set) takes all of them.
    pub name: &'static str,
    /// The environment variables that set it. The first one with a usable value counts.
    pub variables: &'static [&'static str],
    /// What it is when it is not set, where that is no value.
    pub unset: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    pub(crate) field: Field,
}

impl ConfigOption {
    /// What the option may be, as the rest of the sentence "it must be …".
    pub fn allowed(&self) -> String {
        self.field.allowed()
    }

    /// Its value in `config` as text. Values that may hold secrets are masked.
    pub fn show(&self, config: &Config) -> String {
        self.field
            .show(config)
            .unwrap_or_else(|| self.unset.to_owned())
    }

    /// The option of that name, in any language's spelling: `schedule_delay`, `scheduleDelay`, `ScheduleDelay`.
    pub fn find(name: &str) -> Option<&'static ConfigOption> {
        OPTIONS.iter().find(|option| same_name(option.name, name))
    }
}

fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        name.bytes()
            .filter(|byte| !matches!(byte, b'_' | b'-'))
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    letters(one) == letters(other)
}

/// The option whose name is nearest to a name that does not exist, if one is near enough to be meant.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    // Distances are only worth their cost for names of a plausible length.
    if name.len() > 64 {
        return None;
    }
    let name = name.to_ascii_lowercase().replace('-', "_");
    OPTIONS
        .iter()
        .map(|option| (distance(option.name, &name), option.name))
        .min()
        .filter(|(distance, name)| *distance <= 1 + name.len() / 5)
        .map(|(_, name)| name)
}

/// The Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, left) in one.bytes().zip(1..) {
        let mut diagonal = row[0];
        row[0] = left;
        for (index, byte) in other.bytes().enumerate() {
            let substituted = diagonal + usize::from(above != byte);
            diagonal = row[index + 1];
            row[index + 1] = substituted.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[other.len()]
}

/// A place that always holds a value.
macro_rules! held {
    ($($path:ident).+) => {
        Place { get: |config| Some(config.$($path).+.clone()), set: |config, value| config.$($path).+ = value }
    };
    ($($path:ident).+ as $type:ty) => {
        Place { get: |config| Some(config.$($path).+ as u64), set: |config, value| config.$($path).+ = value as $type }
    };
}

/// A place that may be empty.
macro_rules! optional {
    ($($path:ident).+) => {
        Place { get: |config| config.$($path).+.clone(), set: |config, value| config.$($path).+ = Some(value) }
    };
    ($($path:ident).+ as $type:ty) => {
        Place {
            get: |config| config.$($path).+.map(u64::from),
            set: |config, value| config.$($path).+ = Some(value as $type),
        }
    };
}

macro_rules! choice {
    ($type:ident, $field:ident $(, $note:literal)?) => {
        Field::Choice {
            note: concat!("" $(, $note)?),
            names: $type::NAMES,
            later: $type::LATER,
            get: |config| config.$field.name().into(),
            set: |config, name| {
                $type::from_name(name)
                    .map(|value| config.$field = value)
                    .is_some()
            },
        }
    };
}

macro_rules! options {
    ($( $name:literal [$($variable:literal),*] $(unset $unset:literal)? $doc:literal $field:expr; )+) => {
        &[$( ConfigOption {
            name: $name,
            variables: &[$($variable),*],
            unset: concat!("" $(, $unset)?),
            doc: $doc,
            field: $field,
        } ),+]
    };
}

const fn count(place: Place<u64>) -> Field {
    Field::Whole {
        least: 0,
        most: MOST,
        place,
    }
}

const fn size(place: Place<u64>) -> Field {
    Field::Whole {
        least: 1,
        most: MOST,
        place,
    }
}

/// The least memory that holds a batch under construction and one on its way.
const LEAST_MEMORY: u64 = 256 * 1024;

/// All options, in the order of the reference page.
pub static OPTIONS: &[ConfigOption] = options! {
    // Before service_name, which wins over a service.name among the attributes.
    "resource_attributes" ["OTEL_RESOURCE_ATTRIBUTES"] unset "none"
        "Attributes of the resource; those given in code are added to those of the environment and win over them."
        Field::Attributes(Place {
            get: |config| Some(config.resource_attributes.clone()),
            set: |config, attributes| {
                for (key, value) in attributes {
                    config.put_resource_attribute(key, value);
                }
            },
        });
    "service_name" ["OTEL_SERVICE_NAME"] unset "unknown_service:<process>"
        "The logical name of the service; wins over service.name among the resource attributes."
        Field::Text(optional!(service_name));
    "disabled" ["OTEL_SDK_DISABLED"]
        "Turns everything off except propagation: no spans, no thread, no connection."
        Field::Flag(held!(disabled));

    "sampler" ["OTEL_TRACES_SAMPLER"]
        "Which traces are sampled."
        Field::Choice {
            names: &sample::NAMES,
            later: &sample::LATER,
            note: "",
            get: |config| config.sampler.shown(),
            set: |config, name| {
                SamplerChoice::named(name).map(|choice| config.sampler = choice).is_some()
            },
        };
    "sampler_arg" ["OTEL_TRACES_SAMPLER_ARG"] unset "1"
        "The share of traces that the traceidratio samplers sample."
        Field::Ratio(optional!(sampler_arg));
    "redaction" ["POLYSPAN_REDACTION"]
        "What is removed before telemetry and baggage leave the process."
        choice!(Mode, redaction);
    "propagators" ["OTEL_PROPAGATORS"]
        "The formats in which context travels to and from other processes."
        Field::Propagators(held!(propagators));

    "exporter" ["OTEL_TRACES_EXPORTER"]
        "Where spans go: one or more."
        Field::Exporters(held!(exporter));
    "metrics_exporter" ["OTEL_METRICS_EXPORTER"]
        "Where metrics go: one or more."
        Field::Exporters(held!(metrics_exporter));
    "endpoint" ["OTEL_EXPORTER_OTLP_ENDPOINT"]
        "The base address of the OTLP receiver; v1/traces and v1/metrics are appended."
        Field::Endpoint(held!(endpoint));
    "traces_endpoint" ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] unset "below endpoint"
        "The address for spans, used as it is."
        Field::Endpoint(optional!(traces_endpoint));
    "metrics_endpoint" ["OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"] unset "below endpoint"
        "The address for metrics, used as it is."
        Field::Endpoint(optional!(metrics_endpoint));
    "headers" ["OTEL_EXPORTER_OTLP_HEADERS"] unset "none"
        "Headers of each OTLP request, such as an access token."
        Field::Headers(held!(headers));
    "traces_headers" ["OTEL_EXPORTER_OTLP_TRACES_HEADERS"] unset "as headers"
        "Headers of requests with spans, instead of headers."
        Field::Headers(optional!(traces_headers));
    "metrics_headers" ["OTEL_EXPORTER_OTLP_METRICS_HEADERS"] unset "as headers"
        "Headers of requests with metrics, instead of headers."
        Field::Headers(optional!(metrics_headers));
    "timeout" ["OTEL_EXPORTER_OTLP_TIMEOUT"]
        "The longest that one OTLP request may take, in milliseconds."
        Field::Timeout(held!(timeout));
    "traces_timeout" ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] unset "as timeout"
        "The longest that one request with spans may take, in milliseconds."
        Field::Timeout(optional!(traces_timeout));
    "metrics_timeout" ["OTEL_EXPORTER_OTLP_METRICS_TIMEOUT"] unset "as timeout"
        "The longest that one request with metrics may take, in milliseconds."
        Field::Timeout(optional!(metrics_timeout));
    "protocol" ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]
        "How OTLP travels."
        choice!(Protocol, protocol, " (receivers usually take the first two on port 4318, the last on port 4317)");
    "compression" ["OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "OTEL_EXPORTER_OTLP_COMPRESSION"]
        "How OTLP requests are compressed."
        choice!(Compression, compression);

    "schedule_delay" ["OTEL_BSP_SCHEDULE_DELAY"]
        "The longest that a finished span waits for its batch, in milliseconds."
        Field::Delay(held!(schedule_delay));
    "export_timeout" ["OTEL_BSP_EXPORT_TIMEOUT"]
        "The longest that the export of one batch may take with its retries, in milliseconds."
        Field::Timeout(held!(export_timeout));
    "max_queue_size" ["OTEL_BSP_MAX_QUEUE_SIZE"] unset "memory_limit alone"
        "The most spans that wait for export, in addition to memory_limit."
        size(optional!(max_queue_size as u32));
    "max_export_batch_size" ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"]
        "The most spans of one request; not more than max_queue_size."
        size(held!(max_export_batch_size as u32));
    "memory_limit" []
        "The most memory that finished spans occupy until they are delivered, in bytes."
        Field::Whole { least: LEAST_MEMORY, most: MOST, place: held!(memory_limit as usize) };
    "metric_export_interval" ["OTEL_METRIC_EXPORT_INTERVAL"]
        "The time between two exports of metrics, in milliseconds."
        Field::Delay(held!(metric_export_interval));
    "metric_export_timeout" ["OTEL_METRIC_EXPORT_TIMEOUT"]
        "The longest that one export of metrics may take with its retries, in milliseconds."
        Field::Timeout(held!(metric_export_timeout));

    "attribute_count_limit" ["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "OTEL_ATTRIBUTE_COUNT_LIMIT"]
        "The most attributes of a span."
        count(held!(limits.attribute_count as u32));
    "attribute_value_length_limit" ["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"] unset "no limit"
        "The most characters of a string and bytes of a byte value in attributes."
        count(optional!(limits.value_length as u32));
    "event_count_limit" ["OTEL_SPAN_EVENT_COUNT_LIMIT"]
        "The most events of a span."
        count(held!(limits.event_count as u32));
    "link_count_limit" ["OTEL_SPAN_LINK_COUNT_LIMIT"]
        "The most links of a span."
        count(held!(limits.link_count as u32));
    "event_attribute_count_limit" ["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"]
        "The most attributes of an event."
        count(held!(limits.event_attribute_count as u32));
    "link_attribute_count_limit" ["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"]
        "The most attributes of a link."
        count(held!(limits.link_attribute_count as u32));

    "log_level" ["OTEL_LOG_LEVEL"]
        "How much polyspan tells of its own problems."
        choice!(LogLevel, log_level);
    "strict" ["POLYSPAN_STRICT"]
        "Makes every ignored setting an error, all of them told at once."
        Field::Flag(held!(strict));

    "binding" []
        "The binding that is used; set by the binding itself."
        choice!(Binding, binding);
    "language" [] unset "that of the binding"
        "telemetry.sdk.language; set by the binding itself."
        Field::Text(optional!(language));
    "runtime_name" [] unset "none"
        "process.runtime.name; set by the binding itself."
        Field::Text(optional!(runtime_name));
    "runtime_version" [] unset "none"
        "process.runtime.version; set by the binding itself."
        Field::Text(optional!(runtime_version));
    "runtime_description" [] unset "none"
        "process.runtime.description; set by the binding itself."
        Field::Text(optional!(runtime_description));
    "id_seed" [] unset "from the operating system"
        "Makes trace and span ids repeatable. For tests only."
        Field::Whole { least: 0, most: u64::MAX, place: optional!(id_seed) };
    "fixed_resource" []
        "Leaves out every resource attribute that was not given. For tests only."
        Field::Flag(held!(fixed_resource));
};
