//! What a provider knows of itself: rates, exports, levels, and what it tells at log level debug.

#![allow(unsafe_code, reason = "a variable that changes")]

use std::process::Command;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use polyspan::config::{Config, Destination, LogLevel, Signal};
use polyspan::export::memory::InMemory;
use polyspan::sample::{Sampler, TraceIdRatio};
use polyspan::trace::OwnedValue;
use polyspan::{Parent, Provider, SpanContext, SpanId, TraceFlags, TraceId};
use prost::Message;

const SOON: Duration = Duration::from_secs(10);

fn config() -> Config {
    Config::default()
        .trace_destinations([Destination::Memory(InMemory::default())])
        .metric_destinations([])
}

fn remote(sampled: bool) -> SpanContext {
    SpanContext {
        trace_id: TraceId::from_bytes([7; 16]),
        span_id: SpanId::from_bytes([7; 8]),
        flags: TraceFlags::new(u8::from(sampled)),
        remote: true,
        ..SpanContext::INVALID
    }
}

#[test]
fn the_actual_rate_is_that_of_local_roots() {
    let sampler = Sampler::parent_based(Sampler::TraceIdRatio(TraceIdRatio::new(0.0).unwrap()));
    let provider = Provider::new(config().sampler(sampler)).unwrap();
    let tracer = provider.tracer("t");
    let root = tracer.start("root");
    tracer.span("child").parent(&root).start().end();
    root.end();
    let context = remote(true);
    tracer
        .span("server")
        .parent(Parent::Context(&context))
        .start()
        .end();
    let stats = provider.stats();
    assert_eq!((stats.local_roots, stats.local_roots_sampled), (2, 1));
    assert_eq!(stats.sampling_rate_configured, Some(0.0));
    assert_eq!(stats.sampling_rate_actual(), Some(0.5));
}

#[test]
fn exports_and_levels_are_told() {
    let provider = Provider::new(config().memory_limit(1 << 20).max_queue_size(100)).unwrap();
    let tracer = provider.tracer("t");
    for _ in 0..3 {
        tracer.start("s").end();
    }
    provider.flush(SOON).unwrap();
    let stats = provider.stats();
    assert_eq!(
        (stats.delivered, stats.exports, stats.exports_failed),
        (3, 1, 0)
    );
    assert_eq!((stats.in_flight, stats.queue_spans), (0, 0));
    assert_eq!(
        (stats.queue_capacity, stats.memory_limit_bytes),
        (100, 1 << 20)
    );
    assert_eq!(stats.destinations[0].exports, 1);
}

#[test]
fn at_debug_each_local_root_is_told_with_its_verdict_and_rule() {
    let provider = Provider::new(config().log_level(LogLevel::Debug)).unwrap();
    // From now on lines wait for us; else the worker may be faster.
    provider.take_diagnostics();
    let tracer = provider.tracer("t");
    let root = tracer.start("GET /login?token=hunter2");
    tracer.span("child").parent(&root).start().end();
    root.end();
    let context = remote(false);
    tracer
        .span("server")
        .parent(Parent::Context(&context))
        .start()
        .end();
    let lines = provider.take_diagnostics();
    let verdicts: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("local root"))
        .collect();
    assert_eq!(verdicts.len(), 2, "{lines:?}");
    assert!(
        verdicts[0].contains("is sampled by ParentBased"),
        "{verdicts:?}"
    );
    assert!(
        verdicts[0].contains("no parent") && !verdicts[0].contains("hunter2"),
        "{verdicts:?}"
    );
    assert!(
        verdicts[1].contains("\"server\" is not sampled"),
        "{verdicts:?}"
    );
    assert!(
        verdicts[1].contains("remote parent, not sampled"),
        "{verdicts:?}"
    );
}

#[test]
fn verdicts_are_held_back_under_load_and_not_told_at_info() {
    let provider = Provider::new(config().log_level(LogLevel::Debug)).unwrap();
    // From now on they wait for us.
    provider.take_diagnostics();
    for _ in 0..1000 {
        provider.tracer("t").start("s").end();
    }
    let mut lines = provider.take_diagnostics();
    lines.retain(|line| line.contains("local root"));
    // At most ten in a second, and the loop may take some. Without the limit it would be all that the ring holds.
    assert!((1..=30).contains(&lines.len()), "{}", lines.len());
    let provider = Provider::new(config()).unwrap();
    provider.tracer("t").start("s").end();
    assert_eq!(provider.take_diagnostics(), Vec::<String>::new());
}

#[test]
fn a_disabled_provider_counts_no_verdicts() {
    let provider = Provider::new(config().disabled(true)).unwrap();
    provider.tracer("t").start("s").end();
    assert_eq!(provider.stats().local_roots, 0);
}

#[test]
fn the_resource_is_read_once_in_a_process_generation() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("AWS_LAMBDA_FUNCTION_NAME", "first")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    let names = printed.lines().find(|line| line.contains("names: "));
    let names = names.unwrap_or_else(|| panic!("no names in {printed}"));
    assert!(names.ends_with("names: first first second"), "{names}");
}

/// Asks one provider twice for the name of the function that this is, and then a new one, which reads anew.
#[test]
#[ignore = "run by the test above, with the environment it needs"]
fn child() {
    if std::env::var("AWS_LAMBDA_FUNCTION_NAME").as_deref() != Ok("first") {
        return;
    }
    let name = |provider: Provider| match provider.resource().get("faas.name") {
        Some(OwnedValue::Str(name)) => name.to_string(),
        other => panic!("{other:?}"),
    };
    let provider = Provider::new(config()).unwrap();
    let before = name(provider);
    // SAFETY: the other threads of this process read variables by way of the standard library only, which locks them.
    unsafe { std::env::set_var("AWS_LAMBDA_FUNCTION_NAME", "second") };
    let new = Provider::new(config()).unwrap();
    println!("names: {before} {} {}", name(provider), name(new));
}

#[test]
fn the_resource_carries_the_schema_url_of_its_names() {
    let memory = InMemory::new();
    let schema_url = |config: Config| {
        memory.reset();
        let provider = Provider::new(config).unwrap();
        provider.tracer("t").start("s").end();
        provider.flush(SOON).unwrap();
        let body = memory.requests(Signal::Traces).remove(0);
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        request.resource_spans[0].schema_url.clone()
    };
    let config = config().trace_destinations([Destination::Memory(memory.clone())]);
    assert_eq!(schema_url(config.clone()), polyspan::resource::SCHEMA_URL);
    assert_eq!(schema_url(config.fixed_resource(true)), "");
}
