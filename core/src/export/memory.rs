//! Keeps finished spans in the memory of this process, for tests.
//!
//! ```
//! use polyspan::config::{Config, Destination};
//! use polyspan::export::memory::InMemory;
//! use polyspan::{Provider, Status};
//! use std::time::Duration;
//!
//! let memory = InMemory::new();
//! let config = Config::default()
//!     .service_name("shop")
//!     .trace_destinations([Destination::from(&memory)]);
//! let provider = Provider::new(config)?;
//!
//! let mut span = provider.tracer("checkout").start("pay");
//! span.set_attribute("amount", 12);
//! span.set_status(Status::Error("declined"));
//! span.end();
//! provider.flush(Duration::from_secs(5))?;
//!
//! let spans = memory.spans();
//! assert_eq!(spans[0].name, "pay");
//! assert_eq!(spans[0].service(), "shop");
//! assert_eq!(spans[0].attribute("amount"), Some(&polyspan::trace::OwnedValue::Int(12)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Spans come through the whole pipeline, so they are sampled, redacted and cut as they would be for any other destination.
//! They are there after [`Provider::flush`](crate::Provider::flush), or when the schedule delay has passed.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

pub use super::finished::{
    FinishedAttributes, FinishedEvent, FinishedLink, FinishedScope, FinishedSpan, FinishedStatus,
};
use crate::config::Signal;
use crate::generation::PerGeneration;
use crate::process;

/// A destination that keeps what it is given, without a bound: forget it with [`reset`](Self::reset). Clones share it.
///
/// A forked child begins with an empty one of its own.
#[derive(Clone, Default)]
pub struct InMemory(Arc<PerGeneration<Mutex<Kept>>>);

#[derive(Debug, Default)]
struct Kept {
    traces: Vec<Bytes>,
    metrics: Vec<Bytes>,
}

impl InMemory {
    /// Nothing yet.
    pub fn new() -> InMemory {
        InMemory::default()
    }

    /// The finished spans so far, in the order in which they came.
    pub fn spans(&self) -> Vec<FinishedSpan> {
        let requests = self.requests(Signal::Traces);
        // What is kept was encoded here, so all of it can be read.
        let decoded = requests.iter().map(|body| super::finished::spans(body));
        decoded.flat_map(Result::unwrap_or_default).collect()
    }

    /// The requests so far, each an encoded `Export…ServiceRequest` of the signal.
    pub fn requests(&self, signal: Signal) -> Vec<Bytes> {
        self.kept().of(signal).clone()
    }

    /// Forgets everything.
    pub fn reset(&self) {
        *self.kept() = Kept::default();
    }

    pub(crate) fn keep(&self, signal: Signal, body: &[u8]) {
        // A copy: the memory of `body` is used again for the next request.
        let body = Bytes::copy_from_slice(body);
        self.kept().of(signal).push(body);
    }

    fn kept(&self) -> MutexGuard<'static, Kept> {
        let kept = self.0.get(process::generation(), Mutex::default);
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn of(&mut self, signal: Signal) -> &mut Vec<Bytes> {
        match signal {
            Signal::Traces => &mut self.traces,
            Signal::Metrics => &mut self.metrics,
        }
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kept().fmt(f)
    }
}
