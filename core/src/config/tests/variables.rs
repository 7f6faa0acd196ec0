//! Each variable with a valid, an empty, an unusable and an out-of-range value.

use super::*;

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
    ("OTEL_PROPAGATORS", "propagators", "baggage, TRACECONTEXT,baggage", "baggage,tracecontext", &["w3c", "ottrace", ",", "none,none"]),
    ("OTEL_EXPERIMENTAL_RESOURCE_DETECTORS", "resource_detectors", "Process, host,process", "host,process", &["alibaba", ","]),
    ("OTEL_NODE_RESOURCE_DETECTORS", "resource_detectors", "env,serviceinstance,os", "service,os", &["alibaba"]),
    ("OTEL_TRACES_EXPORTER", "exporter", "otlp, Console,otlp", "otlp,console", &["logging", "zipkin", "otlp;console"]),
    ("OTEL_METRICS_EXPORTER", "metrics_exporter", "NONE", "none", &["prometheus", "logging"]),
    ("OTEL_EXPORTER_OTLP_ENDPOINT", "endpoint", "https://c:1/x", "https://c:1/x", &["localhost", "ftp://c", "http://", "http://c:70000", "http://u:p@c"]),
    ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "traces_endpoint", "http://c", "http://c/", &["c"]),
    ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "metrics_endpoint", "http://c/m", "http://c/m", &["c"]),
    ("OTEL_EXPORTER_OTLP_HEADERS", "headers", "Authorization=Basic%20x,b=2", "authorization=***,b=***", &["a", "=b", "a=%0A", "a b=1", "a=%"]),
    ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "traces_headers", "a=b c", "a=***", &["a"]),
    ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "metrics_headers", "a=b", "a=***", &["a"]),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "timeout", "0", "0", &["10s", "1.5", "-1", "2147483648"]),
    ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "traces_timeout", "250", "250", &["x", "-1"]),
    ("OTEL_EXPORTER_OTLP_METRICS_TIMEOUT", "metrics_timeout", "250", "250", &["x", "-1"]),
    ("OTEL_EXPORTER_OTLP_PROTOCOL", "protocol", "HTTP/protobuf", "http/protobuf", &["tcp", "http"]),
    ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "traces_protocol", "http/json", "http/json", &["json"]),
    ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "metrics_protocol", "http/json", "http/json", &["json"]),
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "compression", "GZIP", "gzip", &["zip", "deflate"]),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "traces_compression", "zstd", "zstd", &["br"]),
    ("OTEL_EXPORTER_OTLP_METRICS_COMPRESSION", "metrics_compression", "zstd", "zstd", &["br"]),
    ("OTEL_BSP_SCHEDULE_DELAY", "schedule_delay", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_BSP_EXPORT_TIMEOUT", "export_timeout", "1", "1", &["abc", "-1", "2147483648"]),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "max_queue_size", "2147483647", "2147483647", &["abc", "1e3", "0", "-5", "2147483648"]),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "max_export_batch_size", "1", "1", &["abc", "0", "-5", "99999999999999999999"]),
    ("OTEL_METRIC_EXPORT_INTERVAL", "metric_export_interval", "10", "10", &["abc", "-1"]),
    ("OTEL_METRIC_EXPORT_TIMEOUT", "metric_export_timeout", "10", "10", &["abc", "-1"]),
    ("OTEL_ATTRIBUTE_COUNT_LIMIT", "attribute_count_limit", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "span_attribute_count_limit", "5", "5", &["abc", "-1"]),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "attribute_value_length_limit", "0", "0", &["abc", "-1"]),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "span_attribute_value_length_limit", "5", "5", &["none", "-1"]),
    ("OTEL_SPAN_EVENT_COUNT_LIMIT", "event_count_limit", "0", "0", &["abc", "-1"]),
    ("OTEL_SPAN_LINK_COUNT_LIMIT", "link_count_limit", "7", "7", &["abc", "-1"]),
    ("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", "event_attribute_count_limit", "7", "7", &["abc", "-1"]),
    ("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", "link_attribute_count_limit", "7", "7", &["abc", "-1"]),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", "client_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "client_key", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_INSECURE", "insecure", "True", "true", &["yes", "1"]),
    ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "traces_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE", "traces_client_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "traces_client_key", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "traces_insecure", "True", "true", &["yes", "1"]),
    ("OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE", "metrics_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE", "metrics_client_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY", "metrics_client_key", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_METRICS_INSECURE", "metrics_insecure", "True", "true", &["yes", "1"]),
    ("OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE", "logs_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE", "logs_client_certificate", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "logs_client_key", "/etc/tls/a.pem", "/etc/tls/a.pem", &[]),
    ("OTEL_EXPORTER_OTLP_LOGS_INSECURE", "logs_insecure", "True", "true", &["yes", "1"]),
    ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "logs_endpoint", "http://c/l", "http://c/l", &["c"]),
    ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "logs_headers", "a=b", "a=***", &["a"]),
    ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "logs_timeout", "250", "250", &["x", "-1"]),
    ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "logs_protocol", "grpc", "grpc", &["json"]),
    ("OTEL_EXPORTER_OTLP_LOGS_COMPRESSION", "logs_compression", "gzip", "gzip", &["br"]),
    ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "temporality_preference", "Delta", "delta", &["none"]),
    ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "default_histogram_aggregation", "base2_exponential_bucket_histogram", "base2_exponential_bucket_histogram", &["exponential"]),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "exemplar_filter", "ALWAYS_OFF", "always_off", &["none"]),
    ("OTEL_EXPORTER_PROMETHEUS_HOST", "prometheus_host", "0.0.0.0", "0.0.0.0", &[]),
    ("OTEL_EXPORTER_PROMETHEUS_PORT", "prometheus_port", "0", "0", &["http", "-1", "65536"]),
    ("OTEL_LOGS_EXPORTER", "logs_exporter", "console", "console", &["file", "logging"]),
    ("OTEL_BLRP_SCHEDULE_DELAY", "log_schedule_delay", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_BLRP_EXPORT_TIMEOUT", "log_export_timeout", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_BLRP_MAX_QUEUE_SIZE", "log_max_queue_size", "2147483647", "2147483647", &["abc", "0", "-5", "2147483648"]),
    ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "log_max_export_batch_size", "1", "1", &["abc", "0", "-5", "2147483648"]),
    ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", "log_attribute_count_limit", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", "log_attribute_value_length_limit", "0", "0", &["abc", "-1", "2147483648"]),
    ("OTEL_LOG_LEVEL", "log_level", "Warning", "warn", &["loud"]),
    ("POLYSPAN_REDACTION", "redaction", "OFF", "off", &["of", "strict", "none"]),
    ("POLYSPAN_ALIASES", "aliases", "Otlp, trace,otlp", "otlp,trace", &["jaeger", "trace,x", ",", "none,trace"]),
    ("POLYSPAN_STRICT", "strict", "True", "true", &["1", "yes"]),
];

/// Variables that name files: `config::file` has their tests.
const FILES: &[&str] = &[
    "OTEL_CONFIG_FILE",
    "OTEL_EXPERIMENTAL_CONFIG_FILE",
    "POLYSPAN_POLICY_FILE",
];

#[test]
fn every_variable_of_the_table_has_a_case() {
    for variable in ConfigOption::all().flat_map(|option| option.variables) {
        let has_case = CASES.iter().any(|case| case.0 == *variable);
        assert!(has_case || FILES.contains(variable), "{variable}");
    }
}

#[test]
fn every_number_has_a_case_out_of_range_and_every_case_is_of_its_option() {
    for (variable, option, _, _, wrong) in CASES {
        let option = ConfigOption::find(option).unwrap();
        assert!(option.variables.contains(variable), "{variable}");
        let numeric = matches!(
            option.kind(),
            OptionKind::Whole | OptionKind::Millis | OptionKind::Number
        );
        let number = |value: &&str| value.parse::<f64>().is_ok_and(f64::is_finite);
        assert!(!numeric || wrong.iter().any(number), "{variable}");
        let free = option.kind() == OptionKind::Text && !option.name.contains("endpoint");
        assert!(free || !wrong.is_empty(), "{variable}");
    }
}

/// 76 that the specification has, without the two of Zipkin, which is deprecated, and `OTEL_ENTITIES`, which is not done.
#[test]
fn all_live_standard_variables_are_there() {
    let standard = ConfigOption::all()
        .flat_map(|option| option.variables)
        .filter(|variable| variable.starts_with("OTEL_"))
        // Names that single SDKs have given, which the specification does not have.
        .filter(|variable| !variable.ends_with("_RESOURCE_DETECTORS"));
    assert_eq!(standard.count(), 73);
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
fn the_environment_of_this_process_can_be_read() {
    let _ = Config::from_env();
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
fn a_variable_that_comes_later_is_not_ignored_in_silence() {
    assert_eq!(
        warnings(&[("POLYSPAN_PROFILE", "staging"), ("POLYSPAN_ERRORS", "")]),
        ["POLYSPAN_PROFILE is set, but comes in a later version; it has no effect"]
    );
}
