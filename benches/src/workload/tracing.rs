//! `tracing` with `tracing-opentelemetry` over `opentelemetry_sdk`.

use super::{opentelemetry::provider, route};
use crate::competitor::Competitor;
use crate::sink::Sink;
use opentelemetry::trace::TracerProvider as _;
use std::hint::black_box;
use tracing::Dispatch;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

macro_rules! span {
    ($name:literal, $i:expr) => {
        tracing::info_span!(
            $name,
            http.method = "GET",
            http.route = route($i),
            http.status_code = 200i64,
            request.size = black_box($i) as i64,
            cache.hit = true
        )
    };
}

/// `tracing`, with a subscriber of its own on the calling thread, so that it does not listen to the others' libraries.
///
/// # Panics
///
/// If it cannot be made.
pub fn competitor(sink: &Sink) -> Competitor {
    let provider = provider(sink);
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("bench"));
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(layer);
    let dispatch = Dispatch::new(subscriber);
    Competitor::new(
        "tracing-opentelemetry",
        move |pairs| {
            tracing::dispatcher::with_default(&dispatch, || (0..pairs).for_each(pair));
        },
        move || provider.force_flush().expect("the sink takes all"),
    )
}

fn pair(i: usize) {
    let parent = span!("parent-operation", i);
    let _in_parent = parent.enter();
    tracing::info!("checkpoint");
    let child = span!("child-operation", i);
    let _in_child = child.enter();
    tracing::info!("checkpoint");
}
