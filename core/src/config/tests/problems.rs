//! What is said about wrong settings, and when it is an error.

use super::*;

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
        warnings(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "udp")]),
        [
            "OTEL_EXPORTER_OTLP_PROTOCOL is \"udp\"; it must be http/protobuf, http/json or grpc (receivers usually take \
          the first two on port 4318, the last on port 4317); using http/protobuf"
        ]
    );
    assert_eq!(
        warnings(&[("OTEL_METRICS_EXPORTER", "otlp,prometheus")]),
        [
            "OTEL_METRICS_EXPORTER is \"otlp,prometheus\", where prometheus comes in a later version; it must be a list of \
          otlp, console, otlp/stdout, or none; using otlp"
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
