//! Each variable with a valid, an empty, an unusable and an out-of-range value; each rule of precedence.

use super::*;

fn environment(variables: &[(&str, &str)]) -> Config {
    Config::from_lookup(&|wanted| {
        variables
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| (*value).to_owned())
    })
}

fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    environment(variables).warnings().to_vec()
}

fn refused(name: &str, value: &str) -> String {
    let error = Config::default().set(name, value).unwrap_err();
    assert_eq!(error.field(), name);
    error.to_string()
}

/// Variable, option, a valid value and how it is shown, values that are not usable. Of the latter, numbers out of range
/// stand last.
type Case = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("OTEL_SERVICE_NAME", "service_name", " checkout ", "checkout", &[]),
    ("OTEL_RESOURCE_ATTRIBUTES", "resource_attributes", "a=1,b=%C3%A4", "a,b", &["a", "=1", "a=%zz", "a=%FF", "a=1,b"]),
    ("OTEL_SDK_DISABLED", "disabled", "TRUE", "true", &["yes", "1", "on"]),
    ("OTEL_TRACES_SAMPLER", "sampler", "TraceIdRatio", "traceidratio", &["always", "jaeger_remote", "xray"]),
    ("OTEL_TRACES_SAMPLER_ARG", "sampler_arg", "0.25", "0.25", &["half", "NaN", "-0.1", "1.01", "inf"]),
    ("OTEL_PROPAGATORS", "propagators", "baggage, TRACECONTEXT,baggage", "baggage,tracecontext", &["w3c", "b3", ",", "none,none"]),
    ("OTEL_TRACES_EXPORTER", "exporter", "none", "none", &["console", "zipkin"]),
    ("OTEL_METRICS_EXPORTER", "metrics_exporter", "NONE", "none", &["prometheus", "logging"]),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "endpoint", "https://c:1/x", "https://c:1/x", &["localhost:4318", "ftp://c", "http://", "http://c:70000", "http://u:p@c"]),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "traces_endpoint", "http://c", "http://c/", &["c"]),
    ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "metrics_endpoint", "http://c/m", "http://c/m", &["c"]),
    ("OTEL_EXPORTER_OTLP_HEADERS", "headers", "Authorization=Basic%20x,b=2", "authorization=***,b=***", &["a", "=b", "a=%0A", "a b=1", "a=%"]),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "traces_headers", "a=b c", "a=***", &["a"]),
    ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "metrics_headers", "a=b", "a=***", &["a"]),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "timeout", "0", "0", &["10s", "1.5", "-1", "2147483648"]),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "traces_timeout", "250", "250", &["x", "-1"]),
    ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "metrics_timeout", "250", "250", &["x", "-1"]),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "protocol", "HTTP/protobuf", "http/protobuf", &["grpc", "http/json", "tcp"]),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "protocol", "http/protobuf", "http/protobuf", &["grpc"]),
    ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "protocol", "http/protobuf", "http/protobuf", &["grpc"]),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "compression", "none", "none", &["gzip", "zip"]),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "compression", "none", "none", &["gzip"]),
    ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "compression", "none", "none", &["gzip"]),
    ("OTEL_BSP_SCHEDULE_DELAY", "schedule_delay", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_BSP_EXPORT_TIMEOUT", "export_timeout", "1", "1", &["abc", "-1", "2147483648"]),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "max_queue_size", "2147483647", "2147483647", &["abc", "1e3", "0", "-5", "2147483648"]),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "max_export_batch_size", "1", "1", &["abc", "0", "-5", "99999999999999999999"]),
    ("OTEL_METRIC_EXPORT_INTERVAL", "metric_export_interval", "10", "10", &["abc", "-1"]),
    ("OTEL_METRIC_EXPORT_TIMEOUT", "metric_export_timeout", "10", "10", &["abc", "-1"]),
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", "attribute_count_limit", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "attribute_count_limit", "5", "5", &["abc", "-1"]),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "attribute_value_length_limit", "0", "0", &["abc", "-1"]),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "attribute_value_length_limit", "5", "5", &["none", "-1"]),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "event_count_limit", "0", "0", &["abc", "-1"]),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", "link_count_limit", "7", "7", &["abc", "-1"]),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "event_attribute_count_limit", "7", "7", &["abc", "-1"]),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "link_attribute_count_limit", "7", "7", &["abc", "-1"]),
    ("OTEL_LOG_LEVEL", "log_level", "Warning", "warn", &["loud"]),
    ("POLYSPAN_REDACTION", "redaction", "OFF", "off", &["of", "strict", "none"]),
    ("POLYSPAN_STRICT", "strict", "True", "true", &["1", "yes"]),
];

#[test]
fn every_variable_of_the_table_has_a_case() {
    for variable in OPTIONS.iter().flat_map(|option| option.variables) {
        assert!(CASES.iter().any(|case| case.0 == *variable), "{variable}");
    }
}

#[test]
fn a_valid_variable_sets_its_option() {
    for (variable, option, valid, shown, _) in CASES {
        let config = environment(&[(variable, valid)]);
        assert_eq!(config.get(option).as_deref(), Some(*shown), "{variable}");
        assert!(
            config.warnings().is_empty() && config.validate().is_ok(),
            "{variable}"
        );
    }
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    for (variable, option, ..) in CASES {
        for empty in ["", " "] {
            let config = environment(&[(variable, empty)]);
            assert_eq!(
                config.get(option),
                Config::default().get(option),
                "{variable}"
            );
            assert!(
                config.warnings().is_empty() && config.validate().is_ok(),
                "{variable}"
            );
        }
    }
}

#[test]
fn an_unusable_standard_variable_is_told_once_and_ignored() {
    for (variable, option, _, _, wrong) in CASES.iter().filter(|case| case.0.starts_with("OTEL")) {
        for value in *wrong {
            let config = environment(&[(variable, value)]);
            assert_eq!(
                config.get(option),
                Config::default().get(option),
                "{variable}={value}"
            );
            let [warning] = config.warnings() else {
                panic!("{variable}={value}: {:?}", config.warnings());
            };
            assert!(warning.starts_with(&format!("{variable} is ")), "{warning}");
            assert!(warning.contains("; it must be "), "{warning}");
            assert!(warning.contains("; using "), "{warning}");
            assert!(config.validate().is_ok());
        }
    }
}

#[test]
fn an_unusable_variable_of_polyspan_is_an_error() {
    for (variable, _, _, _, wrong) in CASES.iter().filter(|case| case.0.starts_with("POLYSPAN")) {
        for value in *wrong {
            let config = environment(&[(variable, value)]);
            assert!(config.warnings().is_empty());
            let error = config.validate().unwrap_err();
            assert_eq!((error.field(), error.value()), (*variable, Some(*value)));
        }
    }
}

#[test]
fn every_option_refuses_in_code_what_its_variable_refuses() {
    for (_, option, _, _, wrong) in CASES {
        for value in *wrong {
            refused(option, value);
        }
    }
}

#[test]
fn a_warning_says_what_was_wrong_what_is_allowed_and_what_is_used() {
    assert_eq!(
        warnings(&[("OTEL_BSP_SCHEDULE_DELAY", "abc")]),
        [
            "OTEL_BSP_SCHEDULE_DELAY is \"abc\"; it must be a whole number of milliseconds from 0 to 2147483647; using 5000"
        ]
    );
    assert_eq!(
        warnings(&[("OTEL_BSP_MAX_QUEUE_SIZE", "-5")]),
        [
            "OTEL_BSP_MAX_QUEUE_SIZE is \"-5\"; it must be a whole number from 1 to 2147483647; using memory_limit alone"
        ]
    );
    assert_eq!(
        warnings(&[("OTEL_TRACES_SAMPLER", "Jaeger_Remote")]),
        [
            "OTEL_TRACES_SAMPLER is \"Jaeger_Remote\", which comes in a later version; it must be always_on, always_off, \
          traceidratio, parentbased_always_on, parentbased_always_off or parentbased_traceidratio; using parentbased_always_on"
        ]
    );
    assert_eq!(
        warnings(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")]),
        [
            "OTEL_EXPORTER_OTLP_PROTOCOL is \"grpc\", which comes in a later version; it must be http/protobuf (receivers \
          usually take it on port 4318); using http/protobuf"
        ]
    );
}

#[test]
fn an_error_in_code_names_the_option_as_it_was_spelled() {
    assert_eq!(
        refused("scheduleDelay", "abc"),
        "scheduleDelay is \"abc\"; it must be a whole number of milliseconds from 0 to 2147483647"
    );
    assert_eq!(
        refused("Disabled", "ja"),
        "Disabled is \"ja\"; it must be true or false"
    );
    assert_eq!(
        refused("service_name", ""),
        "service_name is \"\"; it must be a text that is not empty"
    );
}

#[test]
fn an_option_is_found_in_the_spelling_of_each_language() {
    let mut config = Config::default();
    for name in [
        "max_queue_size",
        "maxQueueSize",
        "MaxQueueSize",
        "max-queue-size",
    ] {
        config.set(name, "7").unwrap();
    }
    assert_eq!(config.max_queue_size, Some(7));
}

#[test]
fn an_unknown_option_is_refused_and_the_probable_one_is_named() {
    assert_eq!(
        refused("schedule_dealy", "1"),
        "there is no option \"schedule_dealy\"; did you mean \"schedule_delay\"?"
    );
    assert!(!refused("frobnicate", "1").contains("did you mean"));
    let long = "x".repeat(100_000);
    assert!(
        Config::default()
            .set(&long, "1")
            .unwrap_err()
            .to_string()
            .len()
            < 500
    );
    assert!(Config::default().set("é", "1").is_err());
}

#[test]
fn a_refused_option_changes_nothing() {
    let mut config = Config::default();
    config.set("propagators", "tracecontext,b3").unwrap_err();
    config.set("headers", "a=1,b").unwrap_err();
    assert_eq!(config.describe(), "");
}

#[test]
fn known_propagators_beside_unknown_ones_are_used() {
    let config = environment(&[("OTEL_PROPAGATORS", "b3,tracecontext")]);
    assert_eq!(config.propagators, [Propagator::TraceContext]);
    assert_eq!(
        config.warnings(),
        [
            "OTEL_PROPAGATORS is \"b3,tracecontext\", where b3 comes in a later version; it must be a list of tracecontext, \
          baggage, or none; using tracecontext"
        ]
    );
}

#[test]
fn no_propagators_can_be_asked_for() {
    assert!(
        environment(&[("OTEL_PROPAGATORS", "none")])
            .propagators
            .is_empty()
    );
    assert!(Config::default().propagators(&[]).propagators.is_empty());
}

#[test]
fn code_wins_over_the_environment_also_where_that_is_more_specific() {
    let mut config = environment(&[
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://env/t"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=env"),
        ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
    ]);
    assert_eq!(config.target(Signal::Traces).url, "http://env/t");
    for (name, value) in [
        ("endpoint", "http://code"),
        ("headers", "a=code"),
        ("timeout", "2"),
        ("sampler", "parentbased_traceidratio"),
    ] {
        config.set(name, value).unwrap();
    }
    let target = config.target(Signal::Traces);
    assert_eq!(target.url, "http://code/v1/traces");
    assert_eq!(target.headers.iter().next().unwrap().1, "code");
    assert_eq!(target.timeout, Timeout::from_millis(2));
    assert_eq!(config.sampling_ratio(), 1.0);
}

#[test]
fn what_code_sets_specifically_stays_when_code_sets_the_general() {
    let config = Config::default()
        .traces_endpoint("http://special/x")
        .endpoint("http://general");
    assert_eq!(config.target(Signal::Traces).url, "http://special/x");
    assert_eq!(
        config.target(Signal::Metrics).url,
        "http://general/v1/metrics"
    );
}

#[test]
fn a_signals_own_settings_win_over_the_general_ones() {
    let config = environment(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:1/otlp/"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://m"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "k=all"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "k=metrics"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
    ]);
    let (traces, metrics) = (
        config.target(Signal::Traces),
        config.target(Signal::Metrics),
    );
    assert_eq!(traces.url, "http://c:1/otlp/v1/traces");
    assert_eq!(metrics.url, "http://m/");
    assert_eq!(traces.headers.iter().next().unwrap().1, "all");
    assert_eq!(metrics.headers.iter().next().unwrap().1, "metrics");
    assert_eq!(traces.timeout, Timeout::Unlimited);
}

#[test]
fn the_specific_limit_wins_and_an_unusable_one_falls_back_to_the_general() {
    let limit = |specific| {
        environment(&[
            ("OTEL_ATTRIBUTE_COUNT_LIMIT", "9"),
            ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", specific),
        ])
    };
    assert_eq!(limit("5").limits.attribute_count, 5);
    let config = limit("-5");
    assert_eq!(config.limits.attribute_count, 9);
    assert!(config.warnings()[0].ends_with("; using 9"));
}

#[test]
fn headers_in_code_replace_those_of_the_environment() {
    let config = environment(&[("OTEL_EXPORTER_OTLP_HEADERS", "a=1")])
        .header("b", "2")
        .header("c", "3");
    assert_eq!(config.get("headers").unwrap(), "b=***,c=***");
}

#[test]
fn resource_attributes_in_code_are_added_to_those_of_the_environment() {
    let mut config = environment(&[("OTEL_RESOURCE_ATTRIBUTES", "a=env,b=env")]);
    config.set("resource_attributes", "b=code,c=code").unwrap();
    let of = |key: &str| {
        config
            .resource_attributes
            .iter()
            .find(|(k, _)| k == key)
            .unwrap()
            .1
            .clone()
    };
    assert_eq!(of("a"), OwnedValue::Str("env".into()));
    assert_eq!(of("b"), OwnedValue::Str("code".into()));
    assert_eq!(of("c"), OwnedValue::Str("code".into()));
}

#[test]
fn setting_an_option_in_code_settles_what_was_wrong_in_the_environment() {
    let mut config = environment(&[
        ("OTEL_BSP_SCHEDULE_DELAY", "abc"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "abc"),
        ("POLYSPAN_REDACTION", "of"),
    ]);
    config.set("schedule_delay", "1").unwrap();
    config.set("redaction", "off").unwrap();
    assert_eq!(config.warnings().len(), 1);
    assert!(config.warnings()[0].starts_with("OTEL_BSP_EXPORT_TIMEOUT"));
    assert!(config.validate().is_ok());
}

#[test]
fn a_batch_larger_than_the_queue_is_refused_in_code_and_cut_in_the_environment() {
    let config = environment(&[
        ("OTEL_BSP_MAX_QUEUE_SIZE", "100"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "200"),
    ]);
    let config = config.validate().unwrap();
    assert_eq!(config.max_export_batch_size, 100);
    assert_eq!(
        config.warnings(),
        [
            "OTEL_BSP_MAX_EXPORT_BATCH_SIZE is \"200\"; it must be at most OTEL_BSP_MAX_QUEUE_SIZE, which is 100; using 100"
        ]
    );
    let error = Config::default()
        .max_queue_size(100)
        .max_export_batch_size(200)
        .validate()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "max_export_batch_size is \"200\"; it must be at most max_queue_size, which is 100"
    );
}

#[test]
fn the_default_batch_fits_itself_into_a_small_queue_silently() {
    let config = environment(&[("OTEL_BSP_MAX_QUEUE_SIZE", "100")])
        .validate()
        .unwrap();
    assert_eq!(config.max_export_batch_size, 100);
    assert!(config.warnings().is_empty());
}

#[test]
fn a_typed_option_out_of_range_is_reported_when_the_configuration_is_used() {
    let error = Config::default().sampler_arg(1.5).validate().unwrap_err();
    assert_eq!(
        error.to_string(),
        "sampler_arg is \"1.5\"; it must be a number from 0 to 1"
    );
    assert!(Config::default().header("a b", "c").validate().is_err());
    assert!(Config::default().memory_limit(1).validate().is_err());
    assert!(
        Config::default()
            .sampler_arg(1.5)
            .sampler_arg(0.5)
            .validate()
            .is_ok()
    );
}

#[test]
fn typed_options_arrive() {
    let config = Config::default()
        .schedule_delay(Duration::from_secs(1))
        .export_timeout(Timeout::Unlimited)
        .sampler(Sampler::AlwaysOff)
        .propagators(&[Propagator::Baggage])
        .id_seed(u64::MAX)
        .validate()
        .unwrap();
    assert_eq!(config.schedule_delay, Duration::from_secs(1));
    assert_eq!(config.export_timeout.limit(), None);
    assert_eq!(config.sampler, Sampler::AlwaysOff);
    assert_eq!(config.propagators, [Propagator::Baggage]);
    assert_eq!(config.id_seed, Some(u64::MAX));
}

#[test]
fn strict_makes_one_error_of_all_problems() {
    let error = environment(&[
        ("POLYSPAN_STRICT", "true"),
        ("POLYSPAN_REDACTION", "of"),
        ("OTEL_BSP_SCHEDULE_DELAY", "abc"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "1"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"),
    ])
    .validate()
    .unwrap_err()
    .to_string();
    assert!(error.starts_with("3 settings are wrong"), "{error}");
    for part in [
        "POLYSPAN_REDACTION",
        "OTEL_BSP_SCHEDULE_DELAY",
        "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    ] {
        assert!(error.contains(&format!("\n- {part} is")), "{error}");
    }
    assert!(
        environment(&[("POLYSPAN_STRICT", "true")])
            .validate()
            .is_ok()
    );
}

#[test]
fn a_variable_that_comes_later_is_not_ignored_in_silence() {
    assert_eq!(
        warnings(&[("OTEL_CONFIG_FILE", "/x.yaml"), ("POLYSPAN_ERRORS", "")]),
        ["OTEL_CONFIG_FILE is set, but comes in a later version; it has no effect"]
    );
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_told_and_ignored() {
    use std::os::unix::ffi::OsStringExt;
    let with = |wanted: &'static str| {
        environment::read(&move |variable| {
            (variable == wanted).then(|| OsString::from_vec(b"a\xff".to_vec()))
        })
    };
    let config = with("OTEL_SERVICE_NAME");
    assert_eq!(config.service_name, None);
    assert!(
        config.warnings()[0]
            .starts_with("OTEL_SERVICE_NAME is \"a\u{fffd}\", which is not valid UTF-8;")
    );
    assert!(with("POLYSPAN_REDACTION").validate().is_err());
}

#[test]
fn no_secret_is_shown_anywhere() {
    let mut config = environment(&[
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer hunter2"),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "a=hunter2,hunter2"),
        ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "a=hunter2%"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c/?token=hunter2"),
        (
            "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
            "http://user:hunter2@c",
        ),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "user:hun/hunter2@c"),
        ("OTEL_RESOURCE_ATTRIBUTES", "password=hunter2,x"),
    ]);
    assert_eq!(config.warnings().len(), 5);
    let mut shown = format!("{config:?}{}{:?}", config.describe(), config.warnings());
    shown += &format!("{:?}", config.target(Signal::Traces).headers);
    shown += &config.set("headers", "hunter2").unwrap_err().to_string();
    shown += &config
        .set("endpoint", "http://x:hunter2@c d")
        .unwrap_err()
        .to_string();
    config
        .set("resource_attributes", "password=hunter2")
        .unwrap();
    shown += &config.describe();
    assert!(!shown.contains("hunter2"), "{shown}");
}

#[test]
fn a_description_names_what_differs_from_the_defaults() {
    let config = Config::default()
        .service_name("s")
        .redaction(Redaction::Off);
    assert_eq!(config.describe(), "service_name: s\nredaction: off\n");
}

#[test]
fn names_in_the_table_are_unique_and_every_default_is_allowed() {
    for (index, option) in OPTIONS.iter().enumerate() {
        assert!(std::ptr::eq(
            ConfigOption::find(option.name).unwrap(),
            &OPTIONS[index]
        ));
        if option.unset.is_empty() {
            let default = option.show(&Config::default());
            Config::default().set(option.name, &default).unwrap();
        }
        assert!(option.doc.ends_with('.'), "{}", option.name);
    }
}

#[test]
fn the_environment_of_this_process_can_be_read() {
    let _ = Config::from_env();
}
