//! Reading headers takes memory in the size class of the headers, in every format, and so does sending on what was read.

#![allow(unsafe_code, reason = "an allocator that counts")]

use polyspan::propagate::{Pairs, Propagator, Propagators};
use polyspan::{Baggage, SpanContext};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;
thread_local! {
    static NOW: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static ALL: Cell<usize> = const { Cell::new(0) };
}

fn count(grown: isize) {
    let _ = NOW.try_with(|now| {
        now.set(now.get() + grown);
        PEAK.set(PEAK.get().max(now.get()));
        ALL.set(ALL.get() + grown.max(0).unsigned_abs());
    });
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The most memory that was held at once while `run` ran, and all that was asked for.
fn memory<T>(run: impl FnOnce() -> T) -> (usize, usize, T) {
    let (before, all) = (NOW.get(), ALL.get());
    PEAK.set(before);
    let result = run();
    (
        (PEAK.get() - before).unsigned_abs(),
        ALL.get() - all,
        result,
    )
}

/// What does not depend on the input: what is held is bounded, and so is what is sent.
const FIXED: usize = 256 * 1024;

/// Headers that are as long, or as many, as it takes.
fn hostile(bytes: usize) -> Vec<(&'static str, Vec<(String, String)>)> {
    let all = Propagators::new(Propagator::ALL.iter().copied());
    let names: Vec<_> = all
        .headers()
        .iter()
        .map(|name| name.replace('*', "a"))
        .collect();
    let long = |text: &str| -> Vec<_> {
        let share = bytes / names.len();
        let value = text.repeat(share / text.len() + 1);
        names
            .iter()
            .map(|name| (name.clone(), value.clone()))
            .collect()
    };
    let many = |name: &dyn Fn(usize) -> String, value: &str| -> Vec<_> {
        let each = name(0).len() + value.len();
        (0..bytes / each)
            .map(|n| (name(n), value.to_owned()))
            .collect()
    };
    vec![
        ("one letter", long("a")),
        ("digits", long("0")),
        ("separators", long("-")),
        ("lists", long("a=1,")),
        ("fields", long("Root=1;")),
        ("tags", long("_dd.p.a=1,")),
        ("entries", long("sentry-a=%41;b=%42,")),
        ("escapes", long("%41%ff")),
        ("colons", long("1:%3A")),
        ("many headers", many(&|n| format!("x-{n}"), "value")),
        ("many entries", many(&|n| format!("uberctx-{n}"), "%41%41")),
        (
            "one entry often",
            many(&|_| "uberctx-a".to_owned(), "%41%41"),
        ),
        ("a header often", many(&|_| "baggage".to_owned(), "a=1,b=2")),
        (
            "trace state often",
            many(&|_| "tracestate".to_owned(), "a=1,b=2"),
        ),
    ]
}

fn formats() -> Vec<Propagators> {
    let single = Propagator::ALL.iter().map(|one| Propagators::new([*one]));
    single
        .chain([Propagators::new(Propagator::ALL.iter().copied())])
        .collect()
}

#[test]
fn reading_takes_no_more_memory_than_a_few_times_the_headers() {
    const BYTES: usize = 1 << 20;
    for (what, mut headers) in hostile(BYTES) {
        // With a valid caller, so that nothing is left unread.
        headers.push((
            "traceparent".into(),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into(),
        ));
        for propagators in formats() {
            let list = propagators.describe();
            let (peak, all, (caller, entries)) =
                memory(|| propagators.extract_from(&Pairs(&headers)));
            // The carrier hands out copies of one header at a time; each of its values is a text of its own.
            assert!(peak <= 8 * BYTES + FIXED, "{list}, {what}: {peak} at once");
            // Each header of the formats is asked for once or twice; names of baggage at most 64 times.
            assert!(all <= 20 * BYTES + FIXED, "{list}, {what}: {all} in all");
            let caller = caller.unwrap_or(SpanContext::INVALID);
            let (peak, ..) = memory(|| {
                propagators.inject(&caller, &entries, &|_, v| v.into(), &mut |_, _| {});
            });
            assert!(peak <= FIXED, "{list}, {what}: {peak} to send it on");
        }
    }
}

#[test]
fn sending_takes_no_more_memory_than_a_few_times_what_is_sent() {
    let long = "ä".repeat(1 << 20);
    let mut baggage: Baggage = (0..10_000).map(|n| (format!("k{n}"), "v")).collect();
    for n in 0..64 {
        baggage.set_with_metadata(format!("long{n}"), long.as_str(), "p=1");
    }
    let caller = SpanContext {
        trace_id: "0af7651916cd43dd8448eb211c80319c".parse().unwrap(),
        span_id: "b7ad6b7169203331".parse().unwrap(),
        ..SpanContext::INVALID
    };
    for propagators in formats() {
        let list = propagators.describe();
        let (peak, ..) = memory(|| {
            propagators.inject(&caller, &baggage, &|_, v| v.into(), &mut |_, value| {
                assert!(value.len() <= 8192);
            })
        });
        assert!(peak <= FIXED, "{list}: {peak}");
    }
}
