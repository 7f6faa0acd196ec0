//! Host threads that wait for the worker: flush and shutdown.

use super::{NO_BOUND, Pipeline, worker_state};
use crate::process;
use crate::stats::DropCause;
use crate::trace::Inner;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why not everything was exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FlushError {
    /// The time allowed passed first; the worker goes on.
    Timeout,
    /// The backend did not take everything.
    Failed {
        /// What it answered, or why there was no answer.
        reason: String,
    },
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("not everything was exported in the time allowed"),
            Self::Failed { reason } => write!(f, "not everything was exported: {reason}"),
        }
    }
}

impl std::error::Error for FlushError {}

/// How long a shutdown that nobody waits for may take.
const UNATTENDED: Duration = Duration::from_secs(5);

/// When a wait that begins now ends. No clock can add the longest of durations.
fn until(timeout: Duration) -> Instant {
    Instant::now() + timeout.min(NO_BOUND)
}

/// What waits for the worker, and what it said last.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    state: Mutex<State>,
    changed: Condvar,
    closed: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    /// Flushes asked for, and flushes done.
    asked: u64,
    done: u64,
    /// Why the last flush was not whole.
    failure: Option<String>,
    close_by: Option<Instant>,
    ended: bool,
}

impl Waiting {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on spans are dropped.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// The number of the flush that was asked for last, if it is not done.
    pub(super) fn asked(&self) -> Option<u64> {
        let state = self.state();
        (state.asked > state.done).then_some(state.asked)
    }

    /// The worker has done all flushes up to `number`.
    pub(super) fn done(&self, number: u64, failure: Option<String>) {
        let mut state = self.state();
        state.done = state.done.max(number);
        state.failure = failure;
        // First let go: who wakes up with the lock still held goes to sleep again.
        drop(state);
        self.changed.notify_all();
    }

    /// When the worker must have ended, once somebody has closed the pipeline.
    pub(super) fn close_by(&self) -> Option<Instant> {
        self.state().close_by
    }

    /// The worker ends.
    pub(super) fn ended(&self, failure: Option<String>) {
        let mut state = self.state();
        state.done = state.asked;
        state.ended = true;
        if failure.is_some() {
            state.failure = failure;
        }
        self.changed.notify_all();
    }

    /// Waits until `reached`, at most until `deadline`.
    fn wait(&self, deadline: Instant, reached: impl Fn(&State) -> bool) -> Result<(), FlushError> {
        let mut state = self.state();
        while !reached(&state) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(FlushError::Timeout);
            }
            state = self
                .changed
                .wait_timeout(state, left)
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        match &state.failure {
            Some(reason) => Err(FlushError::Failed {
                reason: reason.clone(),
            }),
            None => Ok(()),
        }
    }
}

impl Pipeline {
    /// Whether spans that end now are dropped.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.waiting.closed.load(Ordering::Relaxed)
    }

    /// See [`Provider::flush`](crate::trace::Provider::flush).
    pub(crate) fn flush(
        &'static self,
        provider: &'static Inner,
        timeout: Duration,
    ) -> Result<(), FlushError> {
        process::check_pid();
        if self.has_nothing_to_do() || !self.ensure_worker(provider) {
            return Ok(());
        }
        let deadline = until(timeout);
        let mine = {
            let mut state = self.waiting.state();
            state.asked += 1;
            state.asked
        };
        self.interrupt();
        self.waiting
            .wait(deadline, |state| state.done >= mine || state.ended)
    }

    /// See [`Provider::shutdown`](crate::trace::Provider::shutdown).
    pub(crate) fn shutdown(
        &'static self,
        provider: &'static Inner,
        timeout: Duration,
    ) -> Result<(), FlushError> {
        process::check_pid();
        let wait = !timeout.is_zero();
        let deadline = until(if wait { timeout } else { UNATTENDED });
        self.waiting.close();
        if self.has_nothing_to_do() {
            return Ok(());
        }
        if !self.ensure_worker(provider) {
            self.drop_everything();
            return Ok(());
        }
        {
            let mut state = self.waiting.state();
            state.close_by.get_or_insert(deadline);
        }
        self.interrupt();
        if !wait {
            return Ok(());
        }
        // The worker gives up at the deadline and then still has to say so.
        self.waiting
            .wait(deadline + Duration::from_millis(50), |state| state.ended)
    }

    fn interrupt(&self) {
        if self.canary.is_dead() {
            self.give_up_lost();
        } else {
            self.signal.interrupt();
        }
    }

    /// The host closed the worker's descriptors: what the worker still had is lost, and it is not to be used again. Must not
    /// be called with a chunk locked.
    #[cold]
    pub(super) fn give_up_lost(&self) {
        self.waiting.close();
        if self.worker.swap(worker_state::ENDED, Ordering::AcqRel) == worker_state::ENDED {
            return;
        }
        self.drop_everything();
        let with_worker = self.waiting_spans.swap(0, Ordering::Relaxed);
        self.counters
            .dropped(DropCause::Shutdown, with_worker as u64);
        let reason = "the process closed the descriptors of polyspan's worker (does it close all descriptors to become a \
                      daemon? Make the provider after that, or fork first); spans are dropped";
        self.diagnostics
            .report(crate::diagnostics::Cause::Worker, reason.to_owned());
        self.diagnostics.flush_to_stderr();
        self.waiting.ended(Some(reason.to_owned()));
    }

    /// No worker was ever needed, so nothing waits.
    fn has_nothing_to_do(&self) -> bool {
        self.worker.load(Ordering::Acquire) == worker_state::ABSENT
            && !self.timer_wanted.load(Ordering::Acquire)
    }

    /// Drops what is gathered and queued, counted as `dropped{shutdown}`.
    pub(super) fn drop_everything(&self) {
        self.collect();
        let left: Vec<_> = self.queue().drain(..).collect();
        for batch in left {
            let records = batch.records as usize;
            self.waiting_spans.fetch_sub(records, Ordering::Relaxed);
            self.counters.dropped(DropCause::Shutdown, records as u64);
            self.budget.recycle(batch.slots, batch.text);
        }
        self.budget.clear();
    }
}
