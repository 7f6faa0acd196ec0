//! polyspan's own API in Rust.

use super::route;
use crate::competitor::Competitor;
use crate::sink::Sink;
use polyspan::config::Config;
use polyspan::trace::{Provider, Span, Tracer, Value};
use std::hint::black_box;
use std::time::Duration;

/// A provider that sends to `sink`, with these options.
///
/// # Panics
///
/// If an option is wrong.
pub fn provider(sink: &Sink, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).expect("a URL");
    for (name, value) in options {
        config.set(name, value).expect("a valid option");
    }
    Provider::new(config).expect("valid options")
}

/// polyspan with these options beyond the defaults.
///
/// # Panics
///
/// If an option is wrong.
pub fn competitor(name: &'static str, sink: &Sink, options: &[(&str, &str)]) -> Competitor {
    let provider = provider(sink, options);
    let tracer = provider.tracer("bench");
    Competitor::new(
        name,
        move |pairs| (0..pairs).for_each(|i| pair(tracer, i)),
        move || {
            provider
                .flush(Duration::from_secs(30))
                .expect("the sink takes all");
        },
    )
}

/// One pair.
#[inline(always)]
pub fn pair(tracer: Tracer, i: usize) {
    let mut parent = tracer.start("parent-operation");
    fill(&mut parent, i);
    let mut child = tracer.span("child-operation").parent(&parent).start();
    fill(&mut child, i);
    child.end();
    parent.end();
}

#[inline(always)]
fn fill(span: &mut Span, i: usize) {
    span.set_attribute("http.method", "GET");
    span.set_attribute("http.route", route(i));
    span.set_attribute("http.status_code", 200i64);
    span.set_attribute("request.size", Value::Int(black_box(i) as i64));
    span.set_attribute("cache.hit", true);
    span.add_event("checkpoint", &[]);
}
