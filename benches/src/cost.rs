//! What a span costs its caller where nothing is exported, and where several threads make spans at once; and how much
//! arrives at full speed.

use crate::sink::Sink;
use crate::workload::{opentelemetry as peer, polyspan as own};
use crate::{clocks, report};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _, noop::NoopTracerProvider};
use opentelemetry::{Context, KeyValue, trace::TraceContextExt as _};
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider,
};
use polyspan::trace::{Parent, Tracer};
use std::hint::black_box;
use std::time::{Duration, Instant};

const SPANS: usize = 20_000;
const REPEATS: usize = 15;

/// Nanoseconds of the calling thread that one of `SPANS` calls takes, the middle of several tries.
fn caller_nanos(mut call: impl FnMut(usize)) -> f64 {
    let mut figures: Vec<f64> = (0..REPEATS)
        .map(|_| {
            let before = clocks::thread_nanos();
            (0..SPANS).for_each(&mut call);
            (clocks::thread_nanos() - before) as f64 / SPANS as f64
        })
        .collect();
    report::median(&mut figures)
}

fn own_child(tracer: Tracer, parent: &polyspan::trace::Span, i: usize) {
    let mut span = tracer
        .span("child-operation")
        .parent(Parent::from(parent))
        .start();
    span.set_attribute("http.method", "GET");
    span.set_attribute("request.size", black_box(i) as i64);
    span.end();
}

fn peer_child<T: opentelemetry::trace::Tracer>(tracer: &T, parent: &Context, i: usize) {
    let mut span = tracer.start_with_context("child-operation", parent);
    span.set_attribute(KeyValue::new("http.method", "GET"));
    span.set_attribute(KeyValue::new("request.size", black_box(i) as i64));
    span.end();
}

/// A child with two attributes where tracing is disabled: polyspan, and OpenTelemetry's no-op tracer.
pub fn disabled(sink: &Sink) -> (f64, f64) {
    let tracer = own::provider(sink, &[("disabled", "true")]).tracer("bench");
    let parent = tracer.start("parent-operation");
    let polyspan = caller_nanos(|i| own_child(tracer, &parent, i));
    let noop = NoopTracerProvider::new().tracer("bench");
    let peer = caller_nanos(|i| peer_child(&noop, &Context::new(), i));
    (polyspan, peer)
}

/// The same where the parent was not sampled.
pub fn unsampled(sink: &Sink) -> (f64, f64) {
    let tracer = own::provider(sink, &[("sampler", "parentbased_always_off")]).tracer("bench");
    let parent = tracer.start("parent-operation");
    let polyspan = caller_nanos(|i| own_child(tracer, &parent, i));
    let provider = SdkTracerProvider::builder()
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::AlwaysOff)))
        .with_batch_exporter(peer::exporter(sink))
        .build();
    let tracer = provider.tracer("bench");
    let parent = tracer.start_with_context("parent-operation", &Context::new());
    let parent = Context::new().with_remote_span_context(parent.span_context().clone());
    let peer = caller_nanos(|i| peer_child(&tracer, &parent, i));
    (polyspan, peer)
}

/// CPU of the caller per span of the workload `pair`, made by four threads at once, and by one.
///
/// # Panics
///
/// If the sink does not take all.
pub fn four_threads(sink: &Sink) -> (f64, f64) {
    const PAIRS: usize = 250;
    let provider = own::provider(sink, &[("redaction", "off")]);
    let tracer = provider.tracer("bench");
    let flush = || {
        provider
            .flush(Duration::from_secs(30))
            .expect("the sink takes all")
    };
    let burst = move |pairs: usize| {
        let before = clocks::thread_nanos();
        (0..pairs).for_each(|i| own::pair(tracer, i));
        (clocks::thread_nanos() - before) as f64 / (2 * pairs) as f64
    };
    let (mut together, mut alone) = (Vec::new(), Vec::new());
    for round in 0..60 {
        let four: Vec<f64> = std::thread::scope(|scope| {
            let threads: [_; 4] = std::array::from_fn(|_| scope.spawn(move || burst(PAIRS)));
            threads
                .map(|thread| thread.join().expect("no panic"))
                .into()
        });
        flush();
        let one = burst(4 * PAIRS);
        flush();
        if round >= 10 {
            together.push(four.iter().sum::<f64>() / 4.0);
            alone.push(one);
        }
    }
    (report::median(&mut together), report::median(&mut alone))
}

/// What came of making pairs without a pause.
#[derive(Clone, Copy, Debug)]
pub struct FullSpeed {
    /// Spans that were made.
    pub made: u64,
    /// Spans that the sink has.
    pub arrived: u64,
}

impl FullSpeed {
    /// How much arrived, in percent.
    pub fn share(self) -> f64 {
        100.0 * self.arrived as f64 / self.made as f64
    }
}

/// polyspan with its default memory budget, for so long.
///
/// # Panics
///
/// If a span is neither delivered nor counted as dropped.
pub fn polyspan_at_full_speed(sink: &Sink, time: Duration) -> FullSpeed {
    let provider = own::provider(sink, &[("redaction", "off")]);
    let tracer = provider.tracer("bench");
    sink.reset();
    let made = make(time, |i| own::pair(tracer, i));
    let _ = provider.flush(Duration::from_secs(60));
    let stats = provider.stats();
    assert_eq!(stats.ended, made, "every span has ended");
    let dropped: u64 = stats.dropped.iter().sum();
    assert_eq!(
        stats.delivered + dropped,
        made,
        "every span is counted: {stats:?}"
    );
    assert_eq!(
        stats.delivered,
        sink.spans(),
        "what is counted as delivered is there"
    );
    FullSpeed {
        made,
        arrived: stats.delivered,
    }
}

/// `opentelemetry_sdk` with about as much memory: its spans take some 1.1 KiB each in this workload.
pub fn opentelemetry_at_full_speed(sink: &Sink, time: Duration) -> FullSpeed {
    const QUEUE: usize = (32 << 20) / 1100;
    let batches = BatchConfigBuilder::default()
        .with_max_queue_size(QUEUE)
        .build();
    let processor = BatchSpanProcessor::builder(peer::exporter(sink))
        .with_batch_config(batches)
        .build();
    let provider = SdkTracerProvider::builder()
        .with_span_processor(processor)
        .build();
    let tracer = provider.tracer("bench");
    sink.reset();
    let made = make(time, |i| peer::pair(&tracer, i));
    let _ = provider.force_flush();
    FullSpeed {
        made,
        arrived: sink.spans(),
    }
}

fn make(time: Duration, mut pair: impl FnMut(usize)) -> u64 {
    let start = Instant::now();
    let mut made = 0;
    while start.elapsed() < time {
        (0..100).for_each(&mut pair);
        made += 200;
    }
    made
}
