//! polyspan's core beside its peers: the same work, the same sink, in turns.
//!
//!     core [rounds] [seconds of full speed]
//!     core <rounds> profile
//!
//! Workload `pair`: a parent and a child, five attributes set one by one and one event each. A burst of 1,000 pairs is
//! timed; the flush after it is not, so that nobody drops spans. `process_cpu` counts every thread, flush included.
//! `pair_default` is what a user gets who sets nothing: with redaction.

use polyspan_benches::allocations::Counting;
use polyspan_benches::competitor::{Competitor, Figures, PAIRS};
use polyspan_benches::cost::{self, FullSpeed};
use polyspan_benches::report::{PERCENT, Row, publish};
use polyspan_benches::sink::Sink;
use polyspan_benches::workload;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bursts of one competitor in a row, in each round.
const BURSTS: usize = 5;
const WARM_UP: usize = 4;

const WITHOUT_REDACTION: (&str, &str) = ("redaction", "off");
const WITH_LIMITS: (&str, &str) = ("span_attribute_value_length_limit", "128");

fn main() {
    let mut arguments = std::env::args().skip(1);
    let rounds = arguments
        .next()
        .and_then(|it| it.parse().ok())
        .unwrap_or(40);
    let next = arguments.next();
    let sink = Sink::start();
    if next.as_deref() == Some("profile") {
        // Nothing but polyspan, for a profiler to look at.
        let mut own = workload::polyspan::competitor("polyspan", &sink, &[WITHOUT_REDACTION]);
        return (0..rounds).for_each(|_| own.measure(false));
    }
    let seconds = next.and_then(|it| it.parse().ok()).unwrap_or(10);
    let mut rows = pairs(&sink, rounds);
    rows.extend(callers(&sink));
    rows.push(full_speed(&sink, Duration::from_secs(seconds)));
    publish("core", &rows);
}

/// The workload `pair`, by everybody in turns.
fn pairs(sink: &Sink, rounds: usize) -> Vec<Row> {
    use workload::{c, fastrace, opentelemetry, polyspan, tracing};
    let mut competitors = [
        polyspan::competitor("polyspan", sink, &[WITHOUT_REDACTION]),
        polyspan::competitor("polyspan, as it comes", sink, &[]),
        polyspan::competitor(
            "polyspan, with limits",
            sink,
            &[WITHOUT_REDACTION, WITH_LIMITS],
        ),
        c::competitor("polyspan, from C", sink, &[WITHOUT_REDACTION]),
        opentelemetry::competitor(sink),
        fastrace::competitor(sink),
        tracing::competitor(sink),
        tracing::polyspan(sink, &[WITHOUT_REDACTION]),
    ];
    sink.reset();
    for round in 0..WARM_UP + rounds {
        for competitor in &mut competitors {
            // The first burst finds the caches as the competitor before has left them.
            for burst in 0..BURSTS {
                competitor.measure(round >= WARM_UP && burst > 0);
            }
        }
    }
    check(sink, (WARM_UP + rounds) * competitors.len());
    let figures = competitors.each_mut().map(Competitor::figures);
    for (competitor, figures) in competitors.iter().zip(&figures) {
        println!(
            "{:<24} allocations per span: {:.3} by the caller, {:.3} by the process",
            competitor.name, figures.caller_allocations, figures.process_allocations,
        );
    }
    let [
        own,
        default,
        limits,
        c,
        sdk,
        fastrace,
        tracing,
        from_tracing,
    ] = figures;
    let comparisons = [
        ("pair_default", "opentelemetry_sdk", default, sdk),
        ("pair", "opentelemetry_sdk", own, sdk),
        ("pair", "fastrace", own, fastrace),
        (
            "pair_tracing",
            "tracing-opentelemetry",
            from_tracing,
            tracing,
        ),
        ("pair_limits", "polyspan without limits", limits, own),
        ("pair_c", "polyspan from Rust", c, own),
    ];
    comparisons
        .into_iter()
        .flat_map(|(workload, peer, own, other)| both(workload, peer, own, other))
        .collect()
}

fn check(sink: &Sink, turns: usize) {
    let expected = (turns * BURSTS * PAIRS * 2) as u64;
    assert_eq!(
        sink.spans(),
        expected,
        "a competitor lost spans; its figures do not count"
    );
}

fn both(workload: &'static str, peer: &'static str, own: Figures, other: Figures) -> [Row; 2] {
    [
        row(workload, "caller_cpu", peer, (own.caller, other.caller)),
        row(workload, "process_cpu", peer, (own.process, other.process)),
    ]
}

/// What a span costs its caller in other situations.
fn callers(sink: &Sink) -> [Row; 3] {
    [
        row(
            "disabled",
            "caller_cpu",
            "opentelemetry no-op",
            cost::disabled(sink),
        ),
        row(
            "unsampled_child",
            "caller_cpu",
            "opentelemetry_sdk",
            cost::unsampled(sink),
        ),
        row(
            "pair_4_threads",
            "caller_cpu",
            "polyspan in one thread",
            cost::four_threads(sink),
        ),
    ]
}

fn full_speed(sink: &Sink, time: Duration) -> Row {
    let shares = [
        cost::polyspan_at_full_speed(sink, time),
        cost::opentelemetry_at_full_speed(sink, time),
    ];
    let [own, other] = shares.map(FullSpeed::share);
    let [made, theirs] = shares.map(|speed| speed.made);
    println!("at full speed for {time:?}: {made} spans of polyspan, {theirs} of opentelemetry_sdk");
    Row {
        unit: PERCENT,
        ..row("full_speed", "delivered", "opentelemetry_sdk", (own, other))
    }
}

fn row(
    workload: &'static str,
    metric: &'static str,
    peer: &'static str,
    (polyspan, peer_value): (f64, f64),
) -> Row {
    Row {
        language: "rust",
        workload,
        metric,
        peer,
        polyspan,
        peer_value,
        unit: "ns/span",
    }
}
