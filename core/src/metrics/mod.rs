//! From a measurement to the backend.
//!
//! ```text
//!  Counter::add ── redact ──▶ opentelemetry_sdk aggregates ◀── reader ── worker, at intervals, at flush, at the end
//!                                                                          │ opentelemetry-otlp encodes
//!                                                                          ▼
//!                                                              pipeline::delivery ──▶ backend
//! ```
//!
//! | file | is |
//! |---|---|
//! | [`Counter`] | the instrument: a sum that only grows |
//! | `attribute` | what is left of attributes when they were redacted, as `opentelemetry` has them |
//! | `meters` | the SDK's meter provider of one process generation |
//! | `encode` | collected metrics as bytes |
//! | `export` | the worker's part |
//!
//! Aggregation and encoding are those of `opentelemetry_sdk` and `opentelemetry-otlp`; threads, timers and connections
//! are not: the SDK is only ever pulled, by polyspan's worker, and the bytes go through polyspan's own delivery. So a fork
//! meets metrics like spans: the child makes a new meter provider and counts from zero.
//!
//! Sums are cumulative. An export that fails loses nothing, the next one carries it; so nothing is kept for another try.
//!
//! The SDK bounds memory: 2,000 sets of attributes per counter, everything beyond them in one sum that is marked with
//! `otel.metric.overflow`.

mod attribute;
mod counter;
mod encode;
mod export;
mod meters;

pub use counter::Counter;

pub(crate) use counter::Definitions;
pub(crate) use export::Export;
pub(crate) use meters::Metrics;
