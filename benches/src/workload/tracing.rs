//! `tracing` with `tracing-opentelemetry` over `opentelemetry_sdk`, and with polyspan's layer.

use super::{opentelemetry::provider, polyspan as own_api, route};
use crate::competitor::Competitor;
use crate::sink::Sink;
use opentelemetry::trace::TracerProvider as _;
use std::hint::black_box;
use std::time::Duration;
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

/// The same macros with polyspan's layer, which says where a span stands in the source as the other one does.
///
/// # Panics
///
/// If it cannot be made.
pub fn polyspan(sink: &Sink, options: &[(&str, &str)]) -> Competitor {
    let provider = own_api::provider(sink, options);
    let layer = polyspan::tracing::layer(provider.tracer("bench")).with_location(true);
    let subscriber = tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(layer);
    let dispatch = Dispatch::new(subscriber);
    Competitor::new(
        "polyspan, from tracing",
        move |pairs| {
            tracing::dispatcher::with_default(&dispatch, || (0..pairs).for_each(pair));
        },
        move || {
            provider
                .flush(Duration::from_secs(30))
                .expect("the sink takes all");
        },
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
