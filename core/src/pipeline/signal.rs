//! How host threads wake the worker.

use atomic_waker::AtomicWaker;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

/// A flag that one task waits for. Host threads only set it: they never enter the worker's runtime.
#[derive(Debug, Default)]
pub(crate) struct Signal {
    raised: AtomicBool,
    waker: AtomicWaker,
}

impl Signal {
    /// There is work: wakes the waiting task, or lets its next wait return at once.
    pub(crate) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            self.waker.wake();
        }
    }

    /// Something has changed that the task must look at even in the middle of its work.
    pub(crate) fn interrupt(&self) {
        self.raised.store(true, Ordering::Release);
        self.waker.wake();
    }

    /// Until somebody raises the signal; takes it down again.
    pub(crate) async fn wait(&self) {
        self.until(|| self.raised.swap(false, Ordering::AcqRel).then_some(()))
            .await;
    }

    /// Until `ready` has an answer, asked at every interruption. Leaves the signal up for the next [`wait`](Self::wait).
    pub(crate) async fn until<T>(&self, ready: impl Fn() -> Option<T>) -> T {
        poll_fn(|context| {
            self.waker.register(context.waker());
            ready().map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }
}
