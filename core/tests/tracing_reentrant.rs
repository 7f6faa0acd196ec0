//! A value of the host that traces while it is shown, and a sampler that traces while it is asked. In a process of its own: under a subscriber that is not the global
//! one, `tracing` itself keeps such calls away.

use polyspan::config::Destination;
use polyspan::export::memory::InMemory;
use polyspan::sample::{Candidate, CustomSampler, Sampler, SamplingResult, Verdict};
use polyspan::tracing::layer;
use polyspan::{Config, Provider};
use std::fmt;
use std::time::Duration;
use tracing::{Span, field, info, info_span};
use tracing_subscriber::layer::SubscriberExt;

struct Chatty;

impl fmt::Debug for Chatty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span::current().record("late", 1);
        info_span!("inside").in_scope(|| info!("shown"));
        f.write_str("chatty")
    }
}

#[derive(Debug)]
struct ChattySampler;

impl CustomSampler for ChattySampler {
    fn should_sample(&self, candidate: &Candidate<'_>) -> SamplingResult {
        info_span!("asking").in_scope(|| info!("asked about {}", candidate.name));
        info!("asked");
        SamplingResult::from(Verdict::Sample)
    }

    fn description(&self) -> String {
        "chatty".to_owned()
    }
}

#[test]
fn values_and_samplers_that_trace_are_no_deadlock() {
    let memory = InMemory::new();
    let config = Config::default()
        .sampler(Sampler::custom(ChattySampler))
        .trace_destinations([Destination::from(&memory)]);
    let provider = Provider::new(config).unwrap();
    let subscriber = tracing_subscriber::registry().with(layer(provider.tracer("test")));
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let span = info_span!("outside", first = ?Chatty, late = field::Empty).entered();
    info!(second = ?Chatty, "event {:?}", Chatty);
    span.record("late", field::debug(Chatty));
    drop(span);

    provider.flush(Duration::from_secs(10)).unwrap();
    let mut names: Vec<_> = memory.spans().into_iter().map(|span| span.name).collect();
    names.sort();
    assert_eq!(names, ["inside", "inside", "inside", "inside", "outside"]);
    let spans = memory.spans();
    let outside = spans.iter().find(|span| span.name == "outside").unwrap();
    let late = outside.attribute("late").cloned();
    assert_eq!(
        late,
        Some(polyspan::trace::OwnedValue::Str("chatty".to_owned()))
    );
    assert_eq!(outside.events[0].name, "event chatty");
}
