//! How spans are chosen, bounded, batched and sent on their way.

use super::super::field::Field;
use super::super::option::{ConfigOption, OptionGroup};
use super::super::{Config, field::MOST, field::Place};
use super::{count, held, optional, size};

/// The least memory that holds a batch under construction and one on its way.
const LEAST_MEMORY: u64 = 256 * 1024;

pub(super) const GROUP: OptionGroup = OptionGroup {
    title: "Traces",
    intro: "",
    of_bindings: false,
    options: &[
        ConfigOption::new(
            "sampler",
            &["OTEL_TRACES_SAMPLER"],
            "Which traces are sampled.",
            Field::Sampler(held!(sampler)),
        ),
        ConfigOption::new(
            "sampler_arg",
            &["OTEL_TRACES_SAMPLER_ARG"],
            "The share of traces that the traceidratio samplers sample.",
            Field::Ratio(optional!(sampler_arg)),
        )
        .unset("1")
        .of("sampler"),
        ConfigOption::new(
            "exporter",
            &["OTEL_TRACES_EXPORTER"],
            "Where spans go: one or more.",
            Field::Exporters(held!(exporter)),
        ),
        ConfigOption::new(
            "sentry_dsn",
            &[],
            "Sends spans to Sentry, unless an endpoint for them is set; SENTRY_DSN with POLYSPAN_ALIASES=sentry.",
            Field::Dsn(optional!(sentry_dsn)),
        )
        .unset("none"),
        ConfigOption::new(
            "schedule_delay",
            &["OTEL_BSP_SCHEDULE_DELAY"],
            "The longest that a finished span waits for its batch, in milliseconds.",
            Field::Delay(held!(schedule_delay)),
        ),
        ConfigOption::new(
            "export_timeout",
            &["OTEL_BSP_EXPORT_TIMEOUT"],
            "The longest that the export of one batch may take with its retries, in milliseconds.",
            Field::Timeout(held!(export_timeout)),
        ),
        ConfigOption::new(
            "max_queue_size",
            &["OTEL_BSP_MAX_QUEUE_SIZE"],
            "The most spans that wait for export, in addition to memory_limit.",
            size(optional!(max_queue_size as u32)),
        )
        .unset("memory_limit alone"),
        ConfigOption::new(
            "max_export_batch_size",
            &["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"],
            "The most spans of one request; not more than max_queue_size.",
            size(held!(max_export_batch_size as u32)),
        ),
        ConfigOption::new(
            "max_concurrent_requests",
            &[],
            "The most requests in flight to one OTLP receiver.",
            Field::Whole {
                least: 1,
                most: MOST_CONCURRENT,
                place: held!(max_concurrent_requests as usize),
            },
        ),
        ConfigOption::new(
            "memory_limit",
            &[],
            "The most memory that finished spans occupy until they are delivered, in bytes.",
            Field::Whole {
                least: LEAST_MEMORY,
                most: MOST,
                place: held!(memory_limit as usize),
            },
        ),
    ],
};

/// Each request in flight holds an encoded batch beside the memory limit.
const MOST_CONCURRENT: u64 = 64;

pub(super) const LIMITS: OptionGroup = OptionGroup {
    title: "Limits of spans",
    intro: "What is beyond a limit is dropped or cut, and counted.",
    of_bindings: false,
    options: &[
        ConfigOption::new(
            "span_attribute_count_limit",
            &["OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"],
            "The most attributes of a span.",
            count(optional!(span_attribute_count_limit as u32)),
        )
        .unset("that of attribute_count_limit")
        .of("attribute_count_limit"),
        ConfigOption::new(
            "span_attribute_value_length_limit",
            &["OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
            "The most characters of a string and bytes of a byte value in attributes of spans.",
            count(optional!(span_attribute_value_length_limit as u32)),
        )
        .unset("that of attribute_value_length_limit")
        .of("attribute_value_length_limit"),
        ConfigOption::new(
            "event_count_limit",
            &["OTEL_SPAN_EVENT_COUNT_LIMIT"],
            "The most events of a span.",
            count(held!(event_count_limit as u32)),
        ),
        ConfigOption::new(
            "link_count_limit",
            &["OTEL_SPAN_LINK_COUNT_LIMIT"],
            "The most links of a span.",
            count(held!(link_count_limit as u32)),
        ),
        ConfigOption::new(
            "event_attribute_count_limit",
            &["OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT"],
            "The most attributes of an event.",
            count(held!(event_attribute_count_limit as u32)),
        ),
        ConfigOption::new(
            "link_attribute_count_limit",
            &["OTEL_LINK_ATTRIBUTE_COUNT_LIMIT"],
            "The most attributes of a link.",
            count(held!(link_attribute_count_limit as u32)),
        ),
    ],
};
