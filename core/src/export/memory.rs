//! Keeps finished spans in the memory of this process, for tests.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::generation::PerGeneration;
use crate::process;

/// A destination that keeps what it is given. Clones share it.
#[derive(Clone, Default)]
pub struct InMemory(Arc<PerGeneration<Mutex<Vec<Bytes>>>>);

impl InMemory {
    /// Nothing yet.
    pub fn new() -> InMemory {
        InMemory::default()
    }

    /// The requests so far, each an encoded `ExportTraceServiceRequest`.
    pub fn requests(&self) -> Vec<Bytes> {
        self.kept().clone()
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.kept().clear();
    }

    /// A forked child has its own: its parent's may be locked for ever.
    fn kept(&self) -> MutexGuard<'static, Vec<Bytes>> {
        let kept = self.0.get(process::generation(), Mutex::default);
        kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for InMemory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InMemory")
            .field("requests", &self.kept().len())
            .finish()
    }
}
