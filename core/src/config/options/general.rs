//! What holds for all signals.

use super::super::field::{Field, Place};
use super::super::option::{ConfigOption, OptionGroup};
use super::super::{Alias, Config, LogLevel};
use super::{choice, count, held, names, optional};
use crate::redact::Mode;

pub(super) const GROUP: OptionGroup = OptionGroup {
    title: "General",
    intro: "",
    of_bindings: false,
    options: &[
        // Before service_name, which wins over a service.name among the attributes.
        ConfigOption::new(
            "resource_attributes",
            &["OTEL_RESOURCE_ATTRIBUTES"],
            "Attributes of the resource; those given in code are added to those of the environment and win over them.",
            Field::Attributes(Place {
                get: |config| Some(config.resource_attributes.clone()),
                set: |config, attributes| {
                    for (key, value) in attributes {
                        config.put_resource_attribute(key, value);
                    }
                },
                clear: |config| config.resource_attributes.clear(),
            }),
        )
        .unset("none"),
        ConfigOption::new(
            "service_name",
            &["OTEL_SERVICE_NAME"],
            "The logical name of the service; wins over service.name among the resource attributes.",
            Field::Text(optional!(service_name)),
        )
        .unset("unknown_service:<process>"),
        ConfigOption::new(
            "resource_detectors",
            &[
                "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
                "OTEL_NODE_RESOURCE_DETECTORS",
            ],
            "What is found out about process, host, container and cloud, as attributes of the resource; a minus before a name leaves it out.",
            Field::Detectors(held!(resource_detectors)),
        ),
        ConfigOption::new(
            "disabled",
            &["OTEL_SDK_DISABLED"],
            "Turns everything off except propagation: no spans, no thread, no connection.",
            Field::Flag(held!(disabled)),
        ),
        ConfigOption::new(
            "propagators",
            &["OTEL_PROPAGATORS"],
            "The formats in which context travels to and from other processes.",
            Field::Propagators(held!(propagators)),
        ),
        ConfigOption::new(
            "baggage_attributes",
            &[],
            "Keys of the baggage entries that every span gets as attributes baggage.<key>; * stands for any text.",
            Field::BaggageAttributes(held!(baggage_attributes)),
        ),
        ConfigOption::new(
            "redaction",
            &["POLYSPAN_REDACTION"],
            "What is removed before telemetry and baggage leave the process.",
            choice!(Mode, redaction),
        ),
        ConfigOption::new(
            "attribute_count_limit",
            &["OTEL_ATTRIBUTE_COUNT_LIMIT"],
            "The most attributes of a span or a log record.",
            count(held!(attribute_count_limit as u32)),
        ),
        ConfigOption::new(
            "attribute_value_length_limit",
            &["OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"],
            "The most characters of a string and bytes of a byte value in attributes.",
            count(optional!(attribute_value_length_limit as u32)),
        )
        .unset("no limit"),
        ConfigOption::new(
            "config_file",
            &["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"],
            "A declarative configuration file; it hides all other variables but those that it refers to.",
            Field::Text(optional!(config_file)),
        )
        .unset("none"),
        ConfigOption::new(
            "policy_file",
            &["POLYSPAN_POLICY_FILE"],
            "A file with the policy alone: redaction, sampler, limits and propagator.",
            Field::Text(optional!(policy_file)),
        )
        .unset("none"),
        ConfigOption::new(
            "aliases",
            &["POLYSPAN_ALIASES"],
            "Which groups of other systems' variables are read, as weaker than the standard's.",
            names!(Alias, aliases),
        ),
        ConfigOption::new(
            "log_level",
            &["OTEL_LOG_LEVEL"],
            "How much polyspan tells of its own problems.",
            choice!(LogLevel, log_level),
        ),
        ConfigOption::new(
            "strict",
            &["POLYSPAN_STRICT"],
            "Makes every ignored setting an error, all of them told at once.",
            Field::Flag(held!(strict)),
        ),
    ],
};
