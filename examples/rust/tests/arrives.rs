//! Runs the program that the README quotes and looks at what a backend receives.

#[path = "../../../core/tests/sink/mod.rs"]
mod sink;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use sink::Sink;
use std::process::Command;

#[test]
fn the_span_of_hello_arrives_without_its_secret() {
    let sink = Sink::start();
    let done = Command::new(env!("CARGO_BIN_EXE_hello"))
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url())
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(done.stderr.is_empty(), "{done:?}");

    let traces = sink.traces();
    let scope = &traces[0].resource_spans[0].scope_spans[0];
    assert_eq!(scope.spans.len(), 1);
    assert_eq!(scope.spans[0].name, "charge");
    let attribute = &scope.spans[0].attributes[0];
    assert_eq!(attribute.key, "card.number");
    let value = attribute.value.clone().and_then(|value| value.value);
    assert_eq!(value, Some(Value::StringValue("[REDACTED]".to_owned())));
}
