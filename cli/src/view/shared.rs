//! The store between its two sides: HTTP handlers put in, the printer thread takes out.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::ResourceSpans;

use super::store::{Rejected, Store};

/// A handle on the one store of the process.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    store: Mutex<Store>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn new(store: Store) -> Self {
        Shared(Arc::new(Inner {
            store: Mutex::new(store),
            changed: Condvar::new(),
        }))
    }

    /// The store. A thread that panicked while it held the lock left counters that are off by one at worst.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Store> {
        self.0.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in spans and wakes the printer if it had nothing to wait for.
    pub(crate) fn receive(&self, spans: Vec<ResourceSpans>) -> Rejected {
        let mut store = self.lock();
        let was_idle = store.is_idle();
        let rejected = store.receive(spans, Instant::now());
        if was_idle {
            self.0.changed.notify_all();
        }
        rejected
    }

    /// Wakes the printer, for the end of the program.
    pub(crate) fn wake(&self) {
        self.0.changed.notify_all();
    }

    /// Sleeps until the next trace may be due, `longest` at most, or without end if nothing is waiting.
    pub(crate) fn sleep<'a>(
        &self,
        store: MutexGuard<'a, Store>,
        longest: Duration,
    ) -> MutexGuard<'a, Store> {
        match store.next_due() {
            None => self
                .0
                .changed
                .wait(store)
                .unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let pause = due.saturating_duration_since(Instant::now()).min(longest);
                let woken = self.0.changed.wait_timeout(store, pause);
                woken.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}
