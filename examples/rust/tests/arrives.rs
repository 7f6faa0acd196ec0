//! Runs the programs that the README quotes and looks at what a backend receives.

#[path = "../../../core/tests/sink/mod.rs"]
mod sink;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use sink::Sink;
use std::process::Command;

/// The one span of a program, which is called `charge` and holds a card number.
fn charge(program: &str) -> Span {
    let sink = Sink::start();
    let done = Command::new(program)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", sink.url())
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
    assert!(done.stderr.is_empty(), "{done:?}");

    let traces = sink.traces();
    let scope = &traces[0].resource_spans[0].scope_spans[0];
    let [span] = scope.spans.as_slice() else {
        panic!("one span, not {:?}", scope.spans)
    };
    assert_eq!(span.name, "charge");
    let attribute = span.attributes.iter().find(|one| one.key == "card.number");
    let value = attribute.and_then(|attribute| attribute.value.clone()?.value);
    assert_eq!(value, Some(Value::StringValue("[REDACTED]".to_owned())));
    span.clone()
}

#[test]
fn the_span_of_hello_arrives_without_its_secret() {
    charge(env!("CARGO_BIN_EXE_hello"));
}

#[cfg(feature = "apis")]
#[test]
fn the_span_of_behind_opentelemetry_arrives_without_its_secret() {
    charge(env!("CARGO_BIN_EXE_behind_opentelemetry"));
}

#[cfg(feature = "apis")]
#[test]
fn the_span_of_behind_tracing_arrives_with_its_event_and_without_its_secret() {
    let span = charge(env!("CARGO_BIN_EXE_behind_tracing"));
    assert_eq!((span.kind, span.events[0].name.as_str()), (3, "authorized"));
}
