//! The tracing API of the [`opentelemetry`](https://docs.rs/opentelemetry) crate, with polyspan behind it. Feature
//! `opentelemetry`.
//!
//! Existing instrumentation works unchanged: it asks the global provider for tracers, and the global propagator for the
//! headers. [`install`] makes both polyspan's:
//!
//! ```
//! use opentelemetry::global;
//! use opentelemetry::trace::{TraceContextExt, Tracer};
//! use polyspan::{Config, Provider};
//! use std::time::Duration;
//!
//! let provider = Provider::new(Config::from_env().service_name("checkout"))?;
//! polyspan::opentelemetry::install(provider);
//!
//! global::tracer("checkout").in_span("charge", |context| {
//!     context.span().set_attribute(opentelemetry::KeyValue::new("card.country", "NL"));
//! });
//!
//! # let provider = Provider::noop();
//! provider.shutdown(Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same for code that takes a provider instead of asking for the global one: [`TracerProvider`] and [`Propagator`] are
//! made [from](From) a [`Provider`].
//!
//! # What differs
//!
//! * A span that is dropped ends by the clock of its local trace, as all of polyspan's spans do. One that is ended through a
//!   context (`context.span().end()`) ends by the wall clock, because the API reads it before polyspan is called. The same
//!   holds for events.
//! * The API keeps baggage in a hash map, so the order in which entries were set is lost; they are sent sorted by key.
//! * In a forked child a span that was open before the fork is a parent like one of another process.
//!
//! Source: OpenTelemetry specification, "Tracing API" and "Propagators API".

mod convert;
mod local;
mod propagator;
mod span;
mod tracer;

pub use propagator::Propagator;
pub use span::Span;
pub use tracer::{Tracer, TracerProvider};

#[cfg(feature = "tracing")]
pub(crate) use local::parentage;

use crate::Provider;
use opentelemetry::global;

/// Makes `provider` the global tracer provider and its propagators the global propagator of the `opentelemetry` crate.
///
/// Call it before instrumentation asks for its tracers: a tracer that was made before keeps the provider it came from.
pub fn install(provider: Provider) {
    global::set_tracer_provider(TracerProvider::from(provider));
    global::set_text_map_propagator(Propagator::from(provider));
}
