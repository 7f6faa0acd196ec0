//! `opentelemetry_sdk` with `opentelemetry-otlp`, as documented for production: batch processor, OTLP over HTTP with protobuf.

use super::route;
use crate::competitor::Competitor;
use crate::sink::Sink;
use opentelemetry::trace::{Span as _, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider, Span};
use std::hint::black_box;

/// Its exporter to the sink.
///
/// # Panics
///
/// If it cannot be made.
pub fn exporter(sink: &Sink) -> SpanExporter {
    SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", sink.url()))
        .build()
        .expect("an exporter")
}

/// Its provider, exporting to the sink.
///
/// # Panics
///
/// If it cannot be made.
pub fn provider(sink: &Sink) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_batch_exporter(exporter(sink))
        .build()
}

/// `opentelemetry_sdk`.
///
/// # Panics
///
/// If it cannot be made.
pub fn competitor(sink: &Sink) -> Competitor {
    let provider = provider(sink);
    let tracer = provider.tracer("bench");
    Competitor::new(
        "opentelemetry_sdk",
        move |pairs| (0..pairs).for_each(|i| pair(&tracer, i)),
        move || provider.force_flush().expect("the sink takes all"),
    )
}

/// One pair.
pub fn pair(tracer: &SdkTracer, i: usize) {
    let mut parent = tracer.start_with_context("parent-operation", &Context::new());
    fill(&mut parent, i);
    let context = Context::new().with_remote_span_context(parent.span_context().clone());
    let mut child = tracer.start_with_context("child-operation", &context);
    fill(&mut child, i);
    child.end();
    parent.end();
}

fn fill(span: &mut Span, i: usize) {
    span.set_attribute(KeyValue::new("http.method", "GET"));
    span.set_attribute(KeyValue::new("http.route", route(i).to_owned()));
    span.set_attribute(KeyValue::new("http.status_code", 200i64));
    span.set_attribute(KeyValue::new("request.size", black_box(i) as i64));
    span.set_attribute(KeyValue::new("cache.hit", true));
    span.add_event("checkpoint", vec![]);
}
