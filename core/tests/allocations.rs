//! A span in steady state allocates nothing, neither where it ends nor on the worker.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod sink;

use polyspan::{Config, Provider, Tracer};
use sink::Sink;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

struct Counting;
static OF_WORKER: AtomicU64 = AtomicU64::new(0);
thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
    static IS_WORKER: Cell<Option<bool>> = const { Cell::new(None) };
}

fn count() {
    let _ = MINE.try_with(|mine| mine.set(mine.get() + 1));
    let worker = IS_WORKER.try_with(|known| {
        // The name is asked for once: asking may allocate.
        if known.get().is_none() {
            known.set(Some(false));
            known.set(Some(std::thread::current().name() == Some("polyspan")));
        }
        known.get() == Some(true)
    });
    if worker.unwrap_or(false) {
        OF_WORKER.fetch_add(1, Relaxed);
    }
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

fn pairs(tracer: Tracer, count: usize) {
    for number in 0..count {
        let mut parent = tracer.start("parent");
        parent.set_attribute("http.route", "/users/12/orders");
        parent.set_attribute("number", number as i64);
        parent.add_event("checkpoint", &[]);
        let mut child = tracer.span("child").parent(&parent).start();
        child.set_attribute("cache.hit", true);
        child.end();
        parent.end();
    }
}

#[test]
fn steady_state_allocates_nothing_per_span() {
    let sink = Sink::start();
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    let provider = Provider::new(config).unwrap();
    let tracer = provider.tracer("test");
    let flush = || provider.flush(Duration::from_secs(10)).unwrap();
    for _ in 0..10 {
        pairs(tracer, 1000);
        flush();
    }
    let (mine, worker) = (MINE.get(), OF_WORKER.load(Relaxed));
    for _ in 0..10 {
        pairs(tracer, 1000);
        flush();
    }
    // What is left belongs to requests (about eighty a round here), not to spans.
    const SPANS: f64 = 20_000.0;
    let mine = (MINE.get() - mine) as f64 / SPANS;
    let worker = (OF_WORKER.load(Relaxed) - worker) as f64 / SPANS;
    assert!(mine < 0.02, "{mine} allocations per span by the caller");
    assert!(worker < 0.2, "{worker} allocations per span by the worker");
}

#[test]
fn a_disabled_provider_allocates_nothing_at_all() {
    let tracer = Provider::noop().tracer("test");
    pairs(tracer, 1);
    let before = MINE.get();
    pairs(tracer, 1000);
    assert_eq!(MINE.get() - before, 0);
}
