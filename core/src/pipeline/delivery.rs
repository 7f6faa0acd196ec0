//! Delivers encoded batches and decides, per answer of the backend, what happens next.
//!
//! | attempt ends with | verdict |
//! |---|---|
//! | 2xx, with whatever body | delivered; partial success and unreadable bodies are reported |
//! | 429, 502, 503, 504 | retried; `Retry-After` is obeyed |
//! | gRPC: CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS | retried; `RetryInfo` is obeyed |
//! | gRPC: RESOURCE_EXHAUSTED | retried only with `RetryInfo` |
//! | no connection, no TLS, connection broken before the request was sent whole | retried |
//! | connection broken, or something other than HTTP, after the request was sent whole | retried |
//! | 413, gRPC's words for it, or a request over 64 MiB (never sent) | too large: the worker halves the batch |
//! | broken off three times in a row while a large request was being sent | too large as well |
//! | any other status, or an answer over 4 MiB | rejected, never retried |
//!
//! The retries of one batch end with the configured timeout, which bounds them all together. None begins when less than
//! a quarter of it is left: cut short, it would be called unconfirmed where the attempts before were refusals. What the
//! batch then is depends on the last attempt: *not accepted* if the server cannot have it, and it returns to the queue; else
//! *unconfirmed*, and it is not sent again, because a server too slow to answer would otherwise get it for ever.
//! Within the timeout a batch may reach a server twice (its answer got lost): OTLP has no way to prevent that.
//!
//! An endpoint that fails is left alone for a while, whichever batch is next: failures are counted per endpoint, not
//! per batch, so that while it is down it gets a probe now and then and not every batch of the queue in turn. Of several
//! batches that are on their way at the same time the oldest tries; the others wait for what it finds.
//!
//! A server that refuses a request by its head answers while the body is still being sent, and may reset the connection when
//! it goes on; most of these answers are read all the same. One that only ever resets is taken to say that the request is too
//! large: it would be tried again until its age, and hold up all that come after it.
//!
//! Source: OTLP specification 1.11, "OTLP/HTTP Response", "Retryable Response Codes", "OTLP/HTTP Connection".

use std::future::Future;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::NO_BOUND;
use super::backoff::Backoff;
use super::turns::{Ticket, Turns};
use super::verdict::{Failure, Verdict, judge};
use crate::export::transport::{NoAnswer, REQUEST_LIMIT_BYTES, Transport};

/// A request of more than [`LEAST_LARGE`] that was broken off so often in a row while it was being sent is too large.
const MOST_CUT_OFFS: u32 = 3;

/// In bytes. Smaller ones fit into what the systems on both sides buffer: no server breaks them off for their size.
const LEAST_LARGE: usize = 128 << 10;

/// What became of a batch. Every text says which endpoint it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The server has it.
    Delivered {
        /// How many of its spans or points the server refused (partial success); they are not sent again.
        rejected: u64,
        /// What the server said about it, or why its answer could not be read.
        message: Option<String>,
    },
    /// The server will never take it; it must not be sent again.
    Rejected {
        /// The status of the answer, if it came by HTTP.
        status: Option<u16>,
        /// What the server said, and what can be done.
        message: String,
    },
    /// Too large for the server, or for OTLP. Parts of it may be taken.
    TooLarge {
        /// How large it was, and for whom that is too much.
        message: String,
    },
    /// The server never accepted it; it should go back to the queue's head.
    NotAccepted {
        /// Why the last attempt failed.
        reason: String,
        /// No earlier may the endpoint be called again; [`Delivery::deliver`] would only wait.
        retry_at: Instant,
    },
    /// It was sent whole, but no answer came in time; it should not be sent again.
    Unconfirmed {
        /// Why there is no answer.
        reason: String,
    },
    /// `cancel` ended before the server could have accepted it.
    Cancelled,
}

/// The bounds of the attempts to deliver one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// Bounds all attempts for one batch together; zero is no bound.
    pub timeout: Duration,
    /// The waits between attempts.
    pub backoff: Backoff,
}

impl Default for Retry {
    fn default() -> Retry {
        Retry {
            timeout: Duration::from_secs(10),
            backoff: Backoff::default(),
        }
    }
}

/// Delivers batches of one signal to one endpoint, and remembers how it has behaved lately.
#[derive(Debug)]
pub struct Delivery {
    transport: Transport,
    retry: Retry,
    state: Mutex<State>,
    turns: Turns,
}

#[derive(Debug, Default)]
struct State {
    /// Failed attempts since the last answer that was not a failure, over all batches.
    failures: u32,
    rest_until: Option<Instant>,
    down: bool,
}

impl Delivery {
    /// Opens no connection yet.
    pub fn new(transport: Transport, retry: Retry) -> Delivery {
        Delivery {
            transport,
            retry,
            state: Mutex::default(),
            turns: Turns::default(),
        }
    }

    /// Sends `body`, an encoded `Export…ServiceRequest`, as often as needed and allowed.
    ///
    /// Returns within the configured timeout, and at once when `cancel` ends. If the endpoint still has to be left
    /// alone because of earlier failures, that wait comes first and counts.
    pub async fn deliver(&self, body: Bytes, cancel: impl Future<Output = ()> + Send) -> Outcome {
        self.deliver_counted(body, cancel, |_| {}).await
    }

    /// As [`deliver`](Self::deliver); `attempt` is told of each request before it is sent, the first with `false`, the
    /// repeated ones with `true`.
    pub(crate) async fn deliver_counted(
        &self,
        body: Bytes,
        cancel: impl Future<Output = ()> + Send,
        attempt: impl Fn(bool) + Send,
    ) -> Outcome {
        if body.len() > REQUEST_LIMIT_BYTES {
            let (endpoint, bytes) = (&self.transport, body.len());
            return Outcome::TooLarge {
                message: format!(
                    "{endpoint}: request of {bytes} bytes; OTLP allows {REQUEST_LIMIT_BYTES}"
                ),
            };
        }
        let timeout = self.timeout();
        let deadline = Instant::now() + timeout;
        let last_start = deadline - timeout / 4;
        let mut cancel = pin!(cancel);
        let mut last = None;
        let mut ticket = self.turns.ticket();
        let mut again = false;
        let mut cut_offs = 0;
        loop {
            if self.is_failing() {
                let in_vain = |until: &Instant| *until > last_start;
                // A worker that calls again at once must not spin, so the first wait is sat out even if it is in vain.
                if let Some(until) = self.resting_until().filter(in_vain)
                    && last.is_some()
                {
                    return self.ended(last, until);
                }
                tokio::select! {
                    biased;
                    () = &mut cancel => return self.cancelled(last),
                    () = self.until_allowed(&mut ticket) => {}
                    () = tokio::time::sleep_until(last_start.into()) => {
                        let until = self.resting_until().unwrap_or_else(Instant::now);
                        return self.ended(last, until);
                    }
                }
            }

            attempt(std::mem::replace(&mut again, true));
            let mut cancelled = false;
            let give_up = async {
                tokio::select! {
                    biased;
                    () = &mut cancel => cancelled = true,
                    () = tokio::time::sleep_until(deadline.into()) => {}
                }
            };
            let answer = self.transport.send(body.clone(), give_up).await;
            match answer {
                Err(NoAnswer::GaveUpSending) if cancelled => return self.cancelled(last),
                Err(NoAnswer::GaveUpWaiting) if cancelled => {
                    let endpoint = &self.transport;
                    return Outcome::Unconfirmed {
                        reason: format!(
                            "{endpoint}: sent, but no answer came before shutdown ended"
                        ),
                    };
                }
                _ => {}
            }
            let failure = match judge(&self.transport, answer, body.len()) {
                Verdict::Final(outcome) => {
                    self.answers();
                    return outcome;
                }
                Verdict::Again(failure) => failure,
            };
            cut_offs = if failure.cut_off { cut_offs + 1 } else { 0 };
            if cut_offs == MOST_CUT_OFFS && body.len() > LEAST_LARGE {
                let (endpoint, bytes) = (&self.transport, body.len());
                let reason = failure.reason;
                return Outcome::TooLarge {
                    message: format!(
                        "{endpoint}: broken off {cut_offs} times while {bytes} bytes were being sent ({reason})"
                    ),
                };
            }
            let until = self.fails(&failure);
            last = Some(failure);
            if cancelled {
                return self.cancelled(last);
            }
            if Instant::now() > last_start {
                return self.ended(last, until);
            }
        }
    }

    /// Until the endpoint has rested and is this batch's to try, or is back.
    async fn until_allowed(&self, ticket: &mut Ticket<'_>) {
        ticket.wait();
        loop {
            let mut changed = pin!(self.turns.changed());
            changed.as_mut().enable();
            match self.resting_until() {
                Some(until) => tokio::time::sleep_until(until.into()).await,
                None if !self.is_failing() || ticket.take_turn() => return,
                None => changed.await,
            }
        }
    }

    /// Whether the last attempt found no server: no connection, or a proxy (502, 503, 504) without one behind it.
    ///
    /// A server that says 429 is busy, not down.
    pub fn is_down(&self) -> bool {
        self.state().down
    }

    /// Until when the endpoint has to be left alone, if it has.
    pub fn resting_until(&self) -> Option<Instant> {
        self.state()
            .rest_until
            .filter(|until| *until > Instant::now())
    }

    /// Whether the last attempt failed in a way that calls for another one.
    pub fn is_failing(&self) -> bool {
        self.state().failures > 0
    }

    /// Where batches go, without secrets.
    pub fn endpoint(&self) -> String {
        self.transport.to_string()
    }

    fn timeout(&self) -> Duration {
        match self.retry.timeout {
            Duration::ZERO => NO_BOUND,
            timeout => timeout.min(NO_BOUND),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answers(&self) {
        *self.state() = State::default();
    }

    /// Notes a failed attempt; returns when the next one is allowed.
    fn fails(&self, failure: &Failure) -> Instant {
        let backoff = self.retry.backoff;
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        state.down = failure.down;
        let wait = match failure.retry_after {
            // "Now" is believed once; a server that goes on saying it is not hammered.
            Some(Duration::ZERO) if state.failures > 1 => backoff.after(state.failures),
            Some(wait) => wait,
            None => backoff.after(state.failures),
        };
        let until = Instant::now() + wait;
        state.rest_until = Some(until);
        until
    }

    fn ended(&self, last: Option<Failure>, retry_at: Instant) -> Outcome {
        let endpoint = &self.transport;
        match last {
            Some(Failure {
                reason,
                may_have_it: true,
                ..
            }) => Outcome::Unconfirmed {
                reason: format!("{endpoint}: {reason}"),
            },
            Some(Failure { reason, .. }) => Outcome::NotAccepted {
                reason: format!("{endpoint}: {reason}"),
                retry_at,
            },
            None => Outcome::NotAccepted {
                reason: format!("{endpoint}: left alone after earlier failures"),
                retry_at,
            },
        }
    }

    fn cancelled(&self, last: Option<Failure>) -> Outcome {
        match last {
            Some(Failure {
                reason,
                may_have_it: true,
                ..
            }) => Outcome::Unconfirmed {
                reason: format!("{}: {reason}; then it was cancelled", self.transport),
            },
            _ => Outcome::Cancelled,
        }
    }
}
