//! One tracing core for every language of a system.
//!
//! # Start
//!
//! ```
//! use polyspan::{Config, Provider, SpanKind, Status, Value};
//! use std::time::Duration;
//!
//! // Reads the OTEL_ variables; what is set in code wins over them.
//! let config = Config::from_env().service_name("checkout");
//! # let memory = polyspan::export::memory::InMemory::new();
//! # let config = Config::default().trace_destinations([polyspan::config::Destination::from(&memory)]);
//! let provider = Provider::new(config)?;
//! let tracer = provider.tracer("checkout");
//!
//! let mut order = tracer.span("POST /orders").kind(SpanKind::Server).start();
//! order.set_attribute("order.items", 3);
//!
//! let mut charge = tracer.span("charge").parent(&order).start();
//! charge.set_attribute("card.number", "4111 1111 1111 1111"); // leaves the process as [REDACTED]
//! charge.add_event("declined", &[("attempt", Value::Int(1))]);
//! charge.set_status(Status::Error("no funds"));
//! charge.end();
//! order.end();
//!
//! // Once, when the program ends: what is still in memory is sent.
//! provider.shutdown(Duration::from_secs(5))?;
//! # let spans = memory.spans();
//! # assert_eq!((spans[0].name.as_str(), spans[1].name.as_str()), ("charge", "POST /orders"));
//! # assert_eq!(spans[0].attribute("card.number"), Some(&polyspan::trace::OwnedValue::Str("[REDACTED]".into())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spans go to an OTLP receiver at `http://localhost:4318` unless told otherwise; `polyspan view` is one. A thread of
//! polyspan's own sends them: no call but [`Provider::flush`] and [`Provider::shutdown`] waits for the network.
//!
//! | a program that | takes |
//! |---|---|
//! | makes its spans itself | [`Provider`], [`Tracer`], [`Span`], as above |
//! | has the macros of `tracing`, or libraries that have | the module `tracing`, feature `tracing` |
//! | has instrumentation for the `opentelemetry` crate | the module `opentelemetry`, feature `opentelemetry` |
//! | sends requests to other services, or gets them | [`Provider::inject`], [`Provider::extract_from`] |
//! | counts things | [`Provider::counter`] |
//! | asserts in tests what it has traced | [`export::memory`] |
//!
//! All options are in [`Config`]; [`Provider::stats`] tells what became of every span, [`Provider::take_diagnostics`] what
//! went wrong.
//!
//! # Features
//!
//! | feature | is |
//! |---|---|
//! | `zstd` (on by default) | compression of requests by Zstandard |
//! | `opentelemetry` | the tracing API of the `opentelemetry` crate with polyspan behind it |
//! | `tracing` | a layer for `tracing_subscriber` |
//!
//! # The way of a span
//!
//! ```text
//!            Tracer::span ──▶ Span ── end ──▶ record ─┐ one append to the thread's chunk
//!  (Rust, C, Python)                                  ▼
//!                                      pipeline::chunks ──▶ pipeline::queue ──▶ pipeline::worker
//!                                                     ▲                          │ redact
//!  (Node, .NET, Unity)  many records per call ────────┘                          │ cut
//!            Provider::submit, docs/span-batch.md                                │ export::otlp encodes
//!                                                                                ▼
//!                                                                   pipeline::delivery ──▶ backend
//! ```
//!
//! | module | is |
//! |---|---|
//! | [`config`] | the one [`Config`]: code options over environment over defaults |
//! | [`trace`] | ids, contexts, live spans, and the batch form in which finished spans travel |
//! | [`sample`] | the head verdict of a span |
//! | [`redact`] | what must not leave the process, and how it is removed |
//! | [`propagate`] | trace context and baggage in headers and environment variables |
//! | [`pipeline`] | from a finished span to the backend: chunks, queue, worker, delivery |
//! | [`export`] | the OTLP encoder and the HTTP client |
//! | [`metrics`] | counters, on the same worker and the same way out |
//! | [`stats`], [`diagnostics`] | what became of every span, and what went wrong |
//!
//! Mutable state hangs off one pointer per provider, stamped with the fork generation ([`generation`]): a forked child
//! installs fresh state and never touches what its parent's threads may have held locked.

#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod choices;
pub mod config;
pub mod diagnostics;
pub mod export;
mod fingerprint;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
pub mod generation;
pub mod metrics;
#[cfg(feature = "opentelemetry")]
pub mod opentelemetry;
#[doc(hidden)]
pub mod picture;
pub mod pipeline;
mod policy;
pub mod process;
pub mod propagate;
pub mod redact;
pub mod resource;
pub mod sample;
#[cfg(any(feature = "opentelemetry", feature = "tracing"))]
mod shards;
pub mod slab;
pub mod stats;
pub mod trace;
#[cfg(feature = "tracing")]
pub mod tracing;
mod wildcard;

pub use config::{Config, ConfigError};
pub use metrics::Counter;
pub use propagate::Baggage;
pub use stats::Stats;
pub use trace::{
    Parent, Provider, Scope, Span, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId,
    TraceState, Tracer, Value,
};
