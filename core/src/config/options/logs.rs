//! How log records will be bounded, batched and sent.

use super::super::Config;
use super::super::field::{Field, Place};
use super::super::option::{ConfigOption, OptionGroup};
use super::{count, held, optional, size};

const AWAITED: &str = "logs";

pub(super) const GROUP: OptionGroup = OptionGroup {
    title: "Logs",
    intro: "Checked and kept; they take effect when polyspan takes log records.",
    of_bindings: false,
    options: &[
        ConfigOption::new(
            "logs_exporter",
            &["OTEL_LOGS_EXPORTER"],
            "Where log records go: one or more.",
            Field::Exporters(held!(logs_exporter)),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "log_schedule_delay",
            &["OTEL_BLRP_SCHEDULE_DELAY"],
            "The longest that a log record waits for its batch, in milliseconds.",
            Field::Delay(held!(log_schedule_delay)),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "log_export_timeout",
            &["OTEL_BLRP_EXPORT_TIMEOUT"],
            "The longest that the export of one batch of log records may take with its retries, in milliseconds.",
            Field::Timeout(held!(log_export_timeout)),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "log_max_queue_size",
            &["OTEL_BLRP_MAX_QUEUE_SIZE"],
            "The most log records that wait for export, in addition to memory_limit.",
            size(optional!(log_max_queue_size as u32)),
        )
        .unset("memory_limit alone")
        .awaits(AWAITED),
        ConfigOption::new(
            "log_max_export_batch_size",
            &["OTEL_BLRP_MAX_EXPORT_BATCH_SIZE"],
            "The most log records of one request; not more than log_max_queue_size.",
            size(held!(log_max_export_batch_size as u32)),
        )
        .awaits(AWAITED),
        ConfigOption::new(
            "log_attribute_count_limit",
            &["OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT"],
            "The most attributes of a log record.",
            count(optional!(log_attribute_count_limit as u32)),
        )
        .unset("that of attribute_count_limit")
        .of("attribute_count_limit")
        .awaits(AWAITED),
        ConfigOption::new(
            "log_attribute_value_length_limit",
            &["OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
            "The most characters of a string and bytes of a byte value in attributes of log records.",
            count(optional!(log_attribute_value_length_limit as u32)),
        )
        .unset("that of attribute_value_length_limit")
        .of("attribute_value_length_limit")
        .awaits(AWAITED),
    ],
};
