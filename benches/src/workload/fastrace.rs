//! `fastrace` with its OpenTelemetry reporter. Its attributes are texts.

use super::{opentelemetry::exporter, route};
use crate::competitor::Competitor;
use crate::sink::Sink;
use fastrace::collector::{Config, SpanContext};
use fastrace::prelude::{Event, LocalSpan, Span};
use fastrace_opentelemetry::OpenTelemetryReporter;
use opentelemetry::InstrumentationScope;
use opentelemetry_sdk::Resource;
use std::borrow::Cow;
use std::hint::black_box;

/// `fastrace`; it has one reporter a process, so this may be called once.
pub fn competitor(sink: &Sink) -> Competitor {
    let reporter = OpenTelemetryReporter::new(
        exporter(sink),
        Cow::Owned(Resource::builder().build()),
        InstrumentationScope::builder("bench").build(),
    );
    fastrace::set_reporter(reporter, Config::default());
    Competitor::new(
        "fastrace",
        |pairs| (0..pairs).for_each(pair),
        fastrace::flush,
    )
}

fn pair(i: usize) {
    let parent =
        Span::root("parent-operation", SpanContext::random()).with_properties(|| properties(i));
    let _active = parent.set_local_parent();
    parent.add_event(Event::new("checkpoint"));
    let _child =
        LocalSpan::enter_with_local_parent("child-operation").with_properties(|| properties(i));
    LocalSpan::add_event(Event::new("checkpoint"));
}

fn properties(i: usize) -> [(&'static str, Cow<'static, str>); 5] {
    [
        ("http.method", "GET".into()),
        ("http.route", route(i).to_owned().into()),
        ("http.status_code", "200".into()),
        ("request.size", black_box(i).to_string().into()),
        ("cache.hit", "true".into()),
    ]
}
