//! polyspan's core beside `opentelemetry_sdk`: the same work, the same sink, in turns.
//!
//! Workload `pair`: a parent and a child, five attributes set one by one and one event each. A burst of 1,000 pairs is
//! timed; the flush after it is not, so that nobody drops spans. `process_cpu` counts every thread, flush included.

#![allow(unsafe_code)]

use opentelemetry::trace::{Span as _, TraceContextExt, Tracer as _, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::trace::SdkTracerProvider;
use polyspan::config::Config;
use polyspan::trace::{Provider, Tracer, Value};
use polyspan_benches::clocks;
use polyspan_benches::report::{Row, median, publish};
use polyspan_benches::sink::Sink;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const PAIRS: usize = 1000;
/// Bursts of one competitor in a row, in each round.
const BURSTS: usize = 5;
const WARM_UP: usize = 4;

/// Counts allocations of the calling thread and of all threads.
struct Counting;
static ALL: AtomicU64 = AtomicU64::new(0);
thread_local! { static MINE: Cell<u64> = const { Cell::new(0) }; }

fn count() {
    ALL.fetch_add(1, Relaxed);
    let _ = MINE.try_with(|mine| mine.set(mine.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What one competitor does in a round.
struct Competitor {
    name: &'static str,
    burst: Box<dyn FnMut(usize)>,
    flush: Box<dyn FnMut()>,
    caller: Vec<f64>,
    process: Vec<f64>,
    caller_allocations: Vec<f64>,
    process_allocations: Vec<f64>,
}

fn main() {
    let rounds: usize = std::env::args()
        .nth(1)
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(40);
    let sink = Sink::start();
    let routes: &'static [String] = (0..64)
        .map(|i| format!("/users/{i}/orders"))
        .collect::<Vec<_>>()
        .leak();
    let mut competitors = [
        polyspan("polyspan", &sink, "off", routes),
        polyspan("polyspan, redaction on", &sink, "default", routes),
        opentelemetry(&sink, routes),
    ];
    sink.reset();
    if std::env::args().nth(2).as_deref() == Some("profile") {
        // Nothing but polyspan, for a profiler to look at.
        return (0..rounds).for_each(|_| measure(&mut competitors[0], false));
    }
    for round in 0..WARM_UP + rounds {
        for competitor in &mut competitors {
            // The first burst finds the caches as the competitor before has left them.
            for burst in 0..BURSTS {
                measure(competitor, round >= WARM_UP && burst > 0);
            }
        }
    }
    let expected = ((WARM_UP + rounds) * BURSTS * competitors.len() * PAIRS * 2) as u64;
    assert_eq!(
        sink.spans(),
        expected,
        "a competitor lost spans; its figures do not count"
    );
    report(&mut competitors);
}

fn measure(competitor: &mut Competitor, counts: bool) {
    const SPANS: f64 = 2.0 * PAIRS as f64;
    let (process, all) = (clocks::process_nanos(), ALL.load(Relaxed));
    let (thread, mine) = (clocks::thread_nanos(), MINE.get());
    (competitor.burst)(PAIRS);
    let (thread, mine) = (clocks::thread_nanos() - thread, MINE.get() - mine);
    (competitor.flush)();
    let (process, all) = (clocks::process_nanos() - process, ALL.load(Relaxed) - all);
    if counts {
        competitor.caller.push(thread as f64 / SPANS);
        competitor.process.push(process as f64 / SPANS);
        competitor.caller_allocations.push(mine as f64 / SPANS);
        competitor.process_allocations.push(all as f64 / SPANS);
    }
}

fn report(competitors: &mut [Competitor; 3]) {
    for competitor in competitors.iter_mut() {
        println!(
            "{:<24} allocations per span: {:.3} by the caller, {:.3} by the process",
            competitor.name,
            median(&mut competitor.caller_allocations),
            median(&mut competitor.process_allocations),
        );
    }
    let [off, default, peer] = competitors;
    let mut rows = Vec::new();
    for (workload, own) in [("pair_default", default), ("pair", off)] {
        let row = |metric, own: &mut Vec<f64>, peer: &mut Vec<f64>| Row {
            language: "rust",
            workload,
            metric,
            peer: peer_name(),
            polyspan: median(own),
            peer_value: median(peer),
            unit: "ns/span",
        };
        rows.push(row("caller_cpu", &mut own.caller, &mut peer.caller));
        rows.push(row("process_cpu", &mut own.process, &mut peer.process));
    }
    publish("core", &rows);
}

fn peer_name() -> &'static str {
    "opentelemetry_sdk"
}

fn competitor(
    name: &'static str,
    burst: impl FnMut(usize) + 'static,
    flush: impl FnMut() + 'static,
) -> Competitor {
    Competitor {
        name,
        burst: Box::new(burst),
        flush: Box::new(flush),
        caller: Vec::new(),
        process: Vec::new(),
        caller_allocations: Vec::new(),
        process_allocations: Vec::new(),
    }
}

fn polyspan(
    name: &'static str,
    sink: &Sink,
    redaction: &str,
    routes: &'static [String],
) -> Competitor {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).expect("a URL");
    config.set("redaction", redaction).expect("a mode");
    let provider = Provider::new(config).expect("valid options");
    let tracer = provider.tracer("bench");
    competitor(
        name,
        move |pairs| (0..pairs).for_each(|i| polyspan_pair(tracer, i, &routes[i & 63])),
        move || {
            provider
                .flush(Duration::from_secs(30))
                .expect("the sink takes all")
        },
    )
}

#[inline(always)]
fn polyspan_pair(tracer: Tracer, i: usize, route: &str) {
    let mut parent = tracer.start("parent-operation");
    let mut child = {
        fill(&mut parent, i, route);
        tracer.span("child-operation").parent(&parent).start()
    };
    fill(&mut child, i, route);
    child.end();
    parent.end();
}

#[inline(always)]
fn fill(span: &mut polyspan::trace::Span, i: usize, route: &str) {
    span.set_attribute("http.method", "GET");
    span.set_attribute("http.route", route);
    span.set_attribute("http.status_code", 200i64);
    span.set_attribute("request.size", Value::Int(black_box(i) as i64));
    span.set_attribute("cache.hit", true);
    span.add_event("checkpoint", &[]);
}

fn opentelemetry(sink: &Sink, routes: &'static [String]) -> Competitor {
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{}/v1/traces", sink.url()))
        .build()
        .expect("an exporter");
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .build();
    let tracer = provider.tracer("bench");
    competitor(
        "opentelemetry_sdk",
        move |pairs| {
            let fill = |span: &mut opentelemetry_sdk::trace::Span, i: usize| {
                span.set_attribute(KeyValue::new("http.method", "GET"));
                span.set_attribute(KeyValue::new("http.route", routes[i & 63].clone()));
                span.set_attribute(KeyValue::new("http.status_code", 200i64));
                span.set_attribute(KeyValue::new("request.size", black_box(i) as i64));
                span.set_attribute(KeyValue::new("cache.hit", true));
                span.add_event("checkpoint", vec![]);
            };
            for i in 0..pairs {
                let mut parent = tracer.start_with_context("parent-operation", &Context::new());
                fill(&mut parent, i);
                let context =
                    Context::new().with_remote_span_context(parent.span_context().clone());
                let mut child = tracer.start_with_context("child-operation", &context);
                fill(&mut child, i);
                child.end();
                parent.end();
            }
        },
        move || provider.force_flush().expect("the sink takes all"),
    )
}
