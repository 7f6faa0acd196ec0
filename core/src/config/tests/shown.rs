//! What is shown of a configuration, and what is not.

use super::*;

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
    shown += &format!("{:?}", otlp(&config, Signal::Traces).headers);
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
    let config = Config::default().service_name("s").redaction(Mode::Off);
    assert_eq!(config.describe(), "service_name: s\nredaction: off\n");
}
