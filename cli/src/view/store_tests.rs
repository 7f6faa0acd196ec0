//! Tests of the store: its bound, its accounting, and when a trace is told.

use super::super::samples::{TRACE, failed, of_service, span};
use super::*;
use crate::view::trace::{Ending, regroup};
use std::time::Duration;

const PATIENCE: Patience = Patience {
    quiet: Duration::from_millis(500),
    incomplete: Duration::from_secs(10),
};

fn store(limit_bytes: usize) -> Store {
    Store::new(limit_bytes, PATIENCE)
}

/// Sends spans of trace `number`.
fn send(store: &mut Store, number: u8, mut spans: Vec<Span>, now: Instant) -> Rejected {
    for span in &mut spans {
        span.trace_id = vec![number; 16];
    }
    store.receive(vec![of_service("s", "rust", spans)], now)
}

fn names(story: &Story) -> Vec<&str> {
    story
        .spans
        .iter()
        .map(|stored| &*stored.span.name)
        .collect()
}

fn assert_every_span_is_accounted_for(store: &Store) {
    let counts = store.counts();
    let gone =
        counts.duplicate_spans + counts.evicted_spans + counts.refused_spans + counts.invalid_spans;
    assert_eq!(
        counts.received_spans,
        store.size().spans as u64 + gone,
        "{counts:?}"
    );
}

#[test]
fn a_span_id_is_kept_once_per_trace_and_its_repetitions_are_counted() {
    let mut store = store(1 << 20);
    let now = Instant::now();
    send(
        &mut store,
        1,
        vec![span(1, 0, "root", 0, 1), span(1, 0, "again", 0, 1)],
        now,
    );
    send(&mut store, 1, vec![span(1, 0, "and again", 0, 1)], now);
    send(
        &mut store,
        2,
        vec![span(1, 0, "same id elsewhere", 0, 1)],
        now,
    );
    assert_eq!((store.size().spans, store.counts().duplicate_spans), (2, 2));
    assert_eq!(store.trace(&[1; 16]).unwrap()[0].span.name, "root");
    assert_every_span_is_accounted_for(&store);
}

#[test]
fn the_oldest_traces_are_evicted_and_the_bound_holds_at_every_moment() {
    let mut store = store(20_000);
    let now = Instant::now();
    for number in 1..=200 {
        send(
            &mut store,
            number,
            vec![span(1, 0, "root", 0, 1), span(2, 1, "child", 0, 1)],
            now,
        );
        assert!(store.size().bytes <= 20_000);
    }
    let size = store.size();
    assert!(size.traces > 5 && size.traces < 60, "{size:?}");
    assert_eq!(store.counts().evicted_traces, 200 - size.traces as u64);
    assert!(store.trace(&[1; 16]).is_none(), "the oldest is gone");
    assert!(store.trace(&[200; 16]).is_some(), "the newest is there");
    assert_every_span_is_accounted_for(&store);
}

#[test]
fn an_empty_store_costs_nothing_again_after_evictions() {
    let mut store = store(6_000);
    let now = Instant::now();
    for number in 1..=20 {
        let service = format!("service {number}");
        let mut root = span(1, 0, "root", 0, 1);
        root.trace_id = vec![number; 16];
        store.receive(vec![of_service(&service, "rust", vec![root])], now);
    }
    assert_eq!(
        store.origins.len(),
        store.size().traces,
        "origins of evicted traces are forgotten"
    );
    assert_eq!(store.untold.len(), store.size().traces);
    assert_eq!(
        store.bytes,
        store
            .traces
            .values()
            .map(|trace| trace.bytes)
            .sum::<usize>()
    );
}

#[test]
fn a_trace_that_alone_is_too_big_loses_its_newest_spans() {
    let mut store = store(20_000);
    let now = Instant::now();
    send(&mut store, 9, vec![span(1, 0, "other", 0, 1)], now);
    let spans = (1..=1_000)
        .map(|id| span(id, id - 1, "deep", 0, 1))
        .collect();
    let rejected = send(&mut store, 1, spans, now);
    assert!(
        rejected.reason.contains("memory bound of 20000 bytes"),
        "{}",
        rejected.reason
    );
    assert_eq!(rejected.count as u64, store.counts().refused_spans);
    let kept = store.trace(&[1; 16]).unwrap();
    assert_eq!(kept.len(), 1_000 - rejected.count);
    assert_eq!(kept[0].span.span_id, 1_u64.to_be_bytes());
    assert_every_span_is_accounted_for(&store);
}

#[test]
fn a_span_without_usable_ids_is_refused_with_a_reason_and_the_rest_is_kept() {
    let mut store = store(1 << 20);
    let zero = Span {
        span_id: vec![0; 8],
        ..span(1, 0, "zero", 0, 1)
    };
    let short = Span {
        trace_id: vec![1; 8],
        ..span(2, 0, "short", 0, 1)
    };
    let good = span(3, 0, "good", 0, 1);
    let rejected = store.receive(
        vec![of_service("s", "rust", vec![zero, good, short])],
        Instant::now(),
    );
    assert_eq!(rejected.count, 2);
    assert_eq!(
        rejected.reason,
        "span \"short\" has trace id \"0101010101010101\" and span id \"0000000000000002\"; \
         they must be 16 and 8 bytes, not all zero"
    );
    assert_eq!(store.trace(&TRACE).unwrap().len(), 1);
    assert_every_span_is_accounted_for(&store);
}

#[test]
fn a_trace_is_told_once_when_its_root_is_there_and_it_was_quiet() {
    let mut store = store(1 << 20);
    let start = Instant::now();
    send(&mut store, 1, vec![span(2, 1, "child", 0, 1)], start);
    let later = start + Duration::from_millis(400);
    send(&mut store, 1, vec![span(1, 0, "root", 0, 1)], later);
    assert_eq!(store.next_due(), Some(later + PATIENCE.quiet));
    assert!(store.due(later + Duration::from_millis(499)).is_empty());
    let stories = store.due(later + PATIENCE.quiet);
    assert_eq!(stories[0].ending, Ending::Complete);
    assert_eq!(names(&stories[0]), ["child", "root"]);
    assert!(store.due(later + Duration::from_secs(60)).is_empty());
    assert!(store.is_idle());
}

#[test]
fn a_trace_without_a_root_is_told_as_incomplete_and_whole_again_once_the_root_is_there() {
    let mut store = store(1 << 20);
    let start = Instant::now();
    send(&mut store, 1, vec![span(2, 1, "child", 0, 1)], start);
    assert!(store.due(start + Duration::from_secs(9)).is_empty());
    assert_eq!(
        store.due(start + PATIENCE.incomplete)[0].ending,
        Ending::Incomplete
    );
    let later = start + Duration::from_secs(20);
    send(&mut store, 1, vec![span(1, 0, "root", 0, 1)], later);
    let stories = store.due(later + PATIENCE.quiet);
    assert_eq!(
        (stories[0].ending, stories[0].spans.len()),
        (Ending::Complete, 2)
    );
}

#[test]
fn late_spans_are_told_as_such() {
    let mut store = store(1 << 20);
    let start = Instant::now();
    send(&mut store, 1, vec![span(1, 0, "root", 0, 1)], start);
    store.due(start + PATIENCE.quiet);
    let later = start + Duration::from_secs(5);
    send(&mut store, 1, vec![span(2, 1, "late", 0, 1)], later);
    let stories = store.due(later + PATIENCE.quiet);
    assert_eq!(
        (stories[0].ending, stories[0].told_before),
        (Ending::Late, 1)
    );
}

#[test]
fn at_the_end_everything_untold_is_told() {
    let mut store = store(1 << 20);
    let now = Instant::now();
    send(&mut store, 1, vec![span(2, 1, "child", 0, 1)], now);
    send(&mut store, 2, vec![span(1, 0, "root", 0, 1)], now);
    let endings: Vec<_> = store.rest().iter().map(|story| story.ending).collect();
    assert_eq!(endings, [Ending::Incomplete, Ending::Complete]);
    assert!(store.rest().is_empty());
}

#[test]
fn many_traces_are_told_in_parts_so_that_their_decoded_form_stays_small() {
    let mut store = store(64 << 20);
    let now = Instant::now();
    for number in 1..=100 {
        let spans = (1..=50).map(|id| span(id, id - 1, "n", 0, 1)).collect();
        send(&mut store, number, spans, now);
    }
    let mut told = Vec::new();
    while !store.is_idle() {
        told.push(store.due(now + PATIENCE.quiet).len());
    }
    assert_eq!(told, [40, 40, 20]);
}

#[test]
fn a_summary_tells_a_trace_in_one_line() {
    let mut store = store(1 << 20);
    let now = Instant::now();
    let child = failed(span(2, 1, "child", 3, 20), "no");
    store.receive(vec![of_service("b", "python", vec![child])], now);
    store.receive(
        vec![of_service("a", "rust", vec![span(1, 0, "root", 0, 10)])],
        now,
    );
    send(&mut store, 7, vec![span(1, 0, "newer", 0, 1)], now);
    let summaries = store.summaries(10);
    assert_eq!(summaries[0].root.as_deref(), Some("newer"));
    let trace = &summaries[1];
    assert_eq!(
        (trace.root.as_deref(), trace.spans, trace.errors),
        (Some("root"), 2, 1)
    );
    assert_eq!(trace.end_nanos - trace.start_nanos, 20_000_000);
    assert_eq!(trace.services.iter().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(store.summaries(1).len(), 1);
}

#[test]
fn spans_are_put_back_under_one_resource_and_their_scopes() {
    let mut store = store(1 << 20);
    let now = Instant::now();
    let mut scoped = of_service("a", "rust", vec![span(3, 1, "scoped", 0, 1)]);
    scoped.scope_spans[0].scope.as_mut().unwrap().name = "another".to_owned();
    store.receive(
        vec![of_service("a", "rust", vec![span(1, 0, "root", 0, 1)])],
        now,
    );
    store.receive(
        vec![
            of_service("b", "node", vec![span(4, 1, "elsewhere", 0, 1)]),
            scoped,
        ],
        now,
    );
    store.receive(
        vec![of_service("a", "rust", vec![span(2, 1, "child", 0, 1)])],
        now,
    );
    let shape: Vec<Vec<usize>> = regroup(store.trace(&TRACE).unwrap())
        .iter()
        .map(|group| {
            group
                .scope_spans
                .iter()
                .map(|scope| scope.spans.len())
                .collect()
        })
        .collect();
    assert_eq!(shape, [vec![2, 1], vec![1]]);
}
