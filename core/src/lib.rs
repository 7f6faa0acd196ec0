//! One tracing core for every language of a system.
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
#[doc(hidden)]
pub mod picture;
pub mod pipeline;
mod policy;
pub mod process;
pub mod propagate;
pub mod redact;
pub mod resource;
pub mod sample;
pub mod slab;
pub mod stats;
pub mod trace;
mod wildcard;

pub use config::{Config, ConfigError};
pub use metrics::Counter;
pub use propagate::Baggage;
pub use stats::Stats;
pub use trace::{
    Parent, Provider, Scope, Span, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId,
    TraceState, Tracer, Value,
};
