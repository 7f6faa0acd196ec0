//! A span from the public API to the bytes that a backend receives.

mod sink;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use polyspan::{Config, Provider, Span, SpanKind, Status, Value};
use sink::Sink;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn provider(sink: &Sink, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Provider::new(config).unwrap()
}

fn spans(
    requests: &[ExportTraceServiceRequest],
) -> Vec<&opentelemetry_proto::tonic::trace::v1::Span> {
    requests
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans)
        .collect()
}

#[test]
fn what_is_set_on_a_span_arrives() {
    let sink = Sink::start();
    let provider = provider(&sink, &[("service_name", "shop")]);
    let tracer = provider.tracer("test");
    let mut parent = tracer.span("POST /orders").kind(SpanKind::Server).start();
    parent.set_attribute("http.request.method", "POST");
    parent.set_attribute("items", 3);
    parent.set_attribute("items", 4);
    parent.set_attribute("tags", vec!["a", "b"]);
    parent.add_event("paid", &[("amount", Value::Double(9.5))]);
    let mut child: Span = tracer.span("charge").parent(&parent).start();
    child.record_exception("Declined", "no funds", None, &[]);
    child.set_status(Status::Error("no funds"));
    let (parent_context, child_context) = (parent.context().clone(), child.context().clone());
    child.end();
    parent.end();
    provider.flush(SOON).unwrap();

    let requests = sink.traces();
    let resource = requests[0].resource_spans[0].resource.as_ref().unwrap();
    let service = resource
        .attributes
        .iter()
        .find(|kv| kv.key == "service.name");
    let Some(Any::StringValue(name)) = service.and_then(|kv| kv.value.clone()?.value) else {
        panic!("no service name")
    };
    assert_eq!(name, "shop");
    let spans = spans(&requests);
    let [child, parent] = spans.as_slice() else {
        panic!("two spans, not {}", spans.len())
    };
    assert_eq!((parent.name.as_str(), parent.kind), ("POST /orders", 2));
    assert_eq!(parent.trace_id, parent_context.trace_id.to_bytes());
    assert_eq!(child.parent_span_id, parent_context.span_id.to_bytes());
    assert_eq!(child.span_id, child_context.span_id.to_bytes());
    let keys: Vec<_> = parent.attributes.iter().map(|kv| kv.key.as_str()).collect();
    assert_eq!(keys, ["http.request.method", "items", "tags"]);
    assert_eq!(
        parent.attributes[1].value.clone().unwrap().value,
        Some(Any::IntValue(4)),
        "a key that is set again takes the new value"
    );
    assert_eq!(parent.events[0].name, "paid");
    assert_eq!(child.events[0].name, "exception");
    assert_eq!(child.status.as_ref().unwrap().code, 2);
    assert!(child.start_time_unix_nano >= parent.start_time_unix_nano);
    assert!(child.end_time_unix_nano <= parent.end_time_unix_nano);
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!((stats.started, stats.delivered), (2, 2));
}

#[test]
fn the_timer_exports_without_a_flush() {
    let sink = Sink::start();
    let provider = provider(&sink, &[("schedule_delay", "50")]);
    provider.tracer("test").start("alone").end();
    assert!(sink.wait_for(1, SOON), "the timer sends what waits");
}

#[test]
fn a_flush_during_a_delivery_does_not_wait_for_the_timer() {
    let sink = Sink::start();
    let provider = provider(
        &sink,
        &[("schedule_delay", "60000"), ("max_export_batch_size", "8")],
    );
    let tracer = provider.tracer("test");
    for _ in 0..300 {
        // Full batches keep the worker busy, so that many of these flushes find it in the middle of a request.
        for _ in 0..20 {
            tracer.start("busy").end();
        }
        provider.flush(SOON).unwrap();
    }
    assert_eq!(provider.stats().delivered, 6000);
}

#[test]
fn a_shutdown_exports_what_waits_and_later_spans_are_counted() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let tracer = provider.tracer("test");
    let open = tracer.start("open");
    tracer.start("done").end();
    provider.shutdown(SOON).unwrap();
    open.end();
    assert!(!tracer.start("late").is_recording());
    assert_eq!(spans(&sink.traces()).len(), 1);
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!((stats.started, stats.delivered), (2, 1));
    assert_eq!(stats.dropped_total(), 1);
}

#[test]
fn a_refused_endpoint_delays_nobody_and_loses_nothing_uncounted() {
    let mut config = Config::default();
    config.set("endpoint", "http://127.0.0.1:1").unwrap();
    config.set("timeout", "300").unwrap();
    let provider = Provider::new(config).unwrap();
    let tracer = provider.tracer("test");
    for _ in 0..10 {
        tracer.start("unlucky").end();
    }
    assert!(provider.flush(Duration::from_secs(5)).is_err());
    let before = std::time::Instant::now();
    assert!(provider.shutdown(Duration::from_secs(5)).is_err());
    assert!(
        before.elapsed() < Duration::from_secs(4),
        "known to be down: no long wait"
    );
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!(stats.dropped_total(), 10);
}

#[test]
fn a_spent_memory_budget_drops_the_newest_and_counts_them() {
    let mut config = Config::default();
    config.set("endpoint", "http://127.0.0.1:1").unwrap();
    config.set("memory_limit", "1048576").unwrap();
    let provider = Provider::new(config).unwrap();
    let tracer = provider.tracer("test");
    let text = "x".repeat(1000);
    for _ in 0..5000 {
        let mut span = tracer.start("big");
        span.set_attribute("text", &text);
        span.end();
    }
    let stats = provider.stats();
    assert_eq!(stats.ended, 5000);
    assert!(stats.dropped_total() > 1000, "{stats:?}");
    assert!(stats.queue_bytes <= 1_048_576, "{stats:?}");
    let _ = provider.shutdown(Duration::from_millis(500));
    assert!(provider.stats().is_balanced(), "{:?}", provider.stats());
}

#[test]
fn secrets_are_redacted_on_the_way() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let mut span = provider.tracer("test").start("mail ada@example.com");
    span.set_attribute("user.email", "ada@example.com");
    span.set_attribute("body", r#"{"password":"hunter2-secret"}"#);
    span.set_attribute("db.password", 12345);
    span.set_status(Status::Error("card 4111 1111 1111 1111 declined"));
    span.end();
    provider.flush(SOON).unwrap();
    let bytes = sink.bodies().concat();
    for secret in ["ada@example.com", "hunter2-secret", "4111 1111"] {
        let found = bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes());
        assert!(!found, "{secret} left the process");
    }
    let redacted = provider.stats().redacted;
    assert!(
        redacted
            .iter()
            .any(|(rule, count)| *rule == "email" && *count == 2),
        "{redacted:?}"
    );
}

#[test]
fn an_unsampled_trace_is_counted_and_not_sent() {
    let sink = Sink::start();
    let provider = provider(&sink, &[("sampler", "always_off")]);
    let tracer = provider.tracer("test");
    let parent = tracer.start("parent");
    let child = tracer.span("child").parent(&parent).start();
    assert_eq!(child.context().trace_id, parent.context().trace_id);
    child.end();
    parent.end();
    provider.flush(SOON).unwrap();
    let stats = provider.stats();
    assert_eq!((stats.ended, stats.sampled_out), (2, 2));
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!(sink.bodies().len(), 0);
}

#[test]
fn without_an_exporter_spans_propagate_and_are_not_recorded() {
    let mut config = Config::default();
    config.set("exporter", "none").unwrap();
    let provider = Provider::new(config).unwrap();
    let span = provider.tracer("test").start("quiet");
    assert!(span.context().is_sampled() && span.context().is_valid());
    assert!(!span.is_recording());
    span.end();
    assert_eq!(provider.stats().sampled_out, 1);
    assert!(provider.stats().is_balanced());
}

#[test]
fn what_was_ignored_in_the_environment_is_told() {
    let config =
        Config::from_lookup(&|name| (name == "OTEL_BSP_SCHEDULE_DELAY").then(|| "soon".into()));
    let provider = Provider::new(config).unwrap();
    let told = provider.take_diagnostics();
    assert!(
        told.iter()
            .any(|line| line.contains("OTEL_BSP_SCHEDULE_DELAY") && line.contains("soon")),
        "{told:?}"
    );
}

#[test]
fn a_flush_ends_although_other_threads_go_on() {
    let sink = Sink::start();
    // What a flush has to wait for is bounded: on a busy machine the other thread is faster than the worker.
    let options = [("max_export_batch_size", "16"), ("memory_limit", "524288")];
    let provider = provider(&sink, &options);
    let tracer = provider.tracer("test");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                tracer.start("endless").end();
            }
        });
        for _ in 0..20 {
            provider.flush(SOON).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}

#[test]
fn a_wait_may_be_as_long_as_a_duration_can_be() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    provider.tracer("test").start("one").end();
    provider.flush(Duration::MAX).unwrap();
    provider.shutdown(Duration::MAX).unwrap();
    assert_eq!(provider.stats().delivered, 1);
}
