//! Spans of the `tracing` macros allocate nothing in steady state, recorded, unsampled or disabled.

#![allow(unsafe_code, reason = "an allocator that counts")]

mod counting;
mod sink;

use polyspan::tracing::layer;
use polyspan::{Config, Provider};
use sink::Sink;
use std::time::Duration;
use tracing::{info, info_span};
use tracing_subscriber::layer::SubscriberExt;

fn pairs(count: usize) {
    for number in 0..count {
        let parent = info_span!("parent", http.route = "/users/12/orders", number);
        let _entered = parent.enter();
        info!(step = 1, "checkpoint {number}");
        let child = info_span!("child", cache.hit = true, by = ?Some(number));
        child.in_scope(|| ());
    }
}

fn provider(sink: &Sink, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Provider::new(config).unwrap()
}

/// Allocations of this thread for each of many spans.
fn per_span(provider: Provider) -> f64 {
    const ROUNDS: usize = 10;
    let subscriber = tracing_subscriber::registry().with(layer(provider.tracer("test")));
    tracing::subscriber::with_default(subscriber, || {
        let mut before = 0;
        for round in 0..2 * ROUNDS {
            if round == ROUNDS {
                before = counting::mine();
            }
            pairs(1000);
            provider.flush(Duration::from_secs(10)).unwrap();
        }
        (counting::mine() - before) as f64 / (ROUNDS * 2000) as f64
    })
}

#[test]
fn recorded_spans_allocate_nothing() {
    let sink = Sink::start();
    let allocations = per_span(provider(&sink, &[]));
    // What is left belongs to flushes.
    assert!(allocations < 0.02, "{allocations} allocations per span");
}

#[test]
fn unsampled_spans_allocate_nothing() {
    let sink = Sink::start();
    let allocations = per_span(provider(&sink, &[("sampler", "always_off")]));
    assert!(allocations < 0.001, "{allocations} allocations per span");
}

#[test]
fn disabled_spans_allocate_nothing() {
    let allocations = per_span(Provider::noop());
    assert!(allocations < 0.001, "{allocations} allocations per span");
}
