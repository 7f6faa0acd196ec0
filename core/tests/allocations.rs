//! A span in steady state allocates nothing, neither where it ends nor on the worker; nor does one that is not exported.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod counting;
mod sink;

use polyspan::{Config, Provider, Tracer};
use sink::Sink;
use std::time::Duration;

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
    let (mine, worker) = (counting::mine(), counting::of_worker());
    assert!(worker > 0, "the worker is not recognised");
    for _ in 0..10 {
        pairs(tracer, 1000);
        flush();
    }
    // What is left belongs to requests (about eighty a round here), not to spans.
    const SPANS: f64 = 20_000.0;
    let mine = (counting::mine() - mine) as f64 / SPANS;
    let worker = (counting::of_worker() - worker) as f64 / SPANS;
    assert!(mine < 0.02, "{mine} allocations per span by the caller");
    assert!(worker < 0.2, "{worker} allocations per span by the worker");
}

#[test]
fn a_disabled_provider_allocates_nothing_at_all() {
    let tracer = Provider::noop().tracer("test");
    pairs(tracer, 1);
    let before = counting::mine();
    pairs(tracer, 1000);
    assert_eq!(counting::mine() - before, 0);
}

#[test]
fn an_unsampled_span_and_its_children_allocate_nothing_at_all() {
    for sampler in ["always_off", "parentbased_always_off"] {
        let mut config = Config::default();
        config.set("sampler", sampler).unwrap();
        let provider = Provider::new(config).unwrap();
        let tracer = provider.tracer("test");
        pairs(tracer, 1);
        let before = counting::mine();
        pairs(tracer, 1000);
        assert_eq!(counting::mine() - before, 0, "{sampler}");
        assert_eq!(provider.stats().sampled_out, 2002);
    }
}
