//! The worker: one thread that has batches redacted, encoded and delivered.
//!
//! It drives one current-thread runtime. Host threads never enter that runtime, and the worker never calls into the host.

use super::backlog::{Backlog, Piece};
use super::delivery::{Delivery, Outcome, Retry};
use super::{Pipeline, worker_state};
use crate::config::{Config, Destination, Otlp, Signal};
use crate::diagnostics::Cause;
use crate::export::otlp::{Encoded, Encoder, Slice};
use crate::export::transport::Transport;
use crate::metrics::Export;
use crate::process;
use crate::redact;
use crate::resource::Resource;
use crate::stats::DropCause;
use crate::trace::Inner;
use crate::trace::ticks::Calibration;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// A batch that the backend never accepted is given up after this time.
const MOST_AGE: Duration = Duration::from_secs(600);

/// What the worker thread has.
struct Worker {
    provider: &'static Inner,
    pipeline: &'static Pipeline,
    delivery: Delivery,
    encoder: Encoder<'static>,
    backlog: Backlog,
    /// When what is gathered goes out.
    timer: Option<Instant>,
    /// Why something was not exported since the last flush.
    failure: Option<String>,
    uncounted: redact::Counts,
    clock: Calibration,
}

/// The worker thread's body.
pub(super) fn run(provider: &'static Inner, pipeline: &'static Pipeline) {
    let failure = match start(provider, pipeline) {
        Ok((runtime, worker, metrics)) => {
            let failure = runtime.block_on(async {
                tokio::select! {
                    failure = worker.run(&metrics) => failure,
                    never = metrics.at_intervals() => match never {},
                }
            });
            // Not dropped: a name that is still being looked up would hold the end back.
            runtime.shutdown_background();
            failure
        }
        Err(reason) => {
            pipeline.diagnostics.report(
                Cause::Worker,
                format!("the export thread gave up: {reason}"),
            );
            Some(reason)
        }
    };
    // Order matters: what a host thread adds after this is dropped by the thread itself.
    pipeline.waiting.close();
    pipeline
        .worker
        .store(worker_state::ENDED, Ordering::Release);
    pipeline.drop_everything();
    pipeline.diagnostics.flush_to_stderr();
    pipeline.waiting.ended(failure);
}

fn start(
    provider: &'static Inner,
    pipeline: &'static Pipeline,
) -> Result<(tokio::runtime::Runtime, Worker, Export), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let way = |signal| delivery(&provider.config, signal);
    let delivery = way(Signal::Traces)?;
    let metrics = Export::new(
        pipeline,
        provider.config.metric_export_interval,
        way(Signal::Metrics)?,
    );
    let resource = Resource::new(
        &provider.config,
        pipeline.instance_id,
        Some(&provider.policy.fingerprint()),
    );
    let encoder = Encoder::new(
        &provider.policy.redactor,
        provider.policy.limits.value_length,
        &provider.scopes,
        resource.attributes(),
        &pipeline.redacted,
    );
    let worker = Worker {
        provider,
        pipeline,
        delivery,
        encoder,
        backlog: Backlog::default(),
        timer: None,
        failure: None,
        uncounted: redact::Counts::default(),
        clock: Calibration::new(),
    };
    Ok((runtime, worker, metrics))
}

/// The way to the receiver of the configuration, with the time that is allowed for `signal`.
fn delivery(config: &Config, signal: Signal) -> Result<Delivery, String> {
    let otlp = config
        .destinations(signal)
        .into_iter()
        .find_map(|one| match one {
            Destination::Otlp(otlp) => Some(otlp),
            _ => None,
        });
    let otlp = otlp.unwrap_or_else(|| Otlp::new("http://localhost:4318/v1/traces"));
    // One batch may take as long as both the exporter and what drives it allow.
    let driver = match signal {
        Signal::Traces => config.export_timeout,
        Signal::Metrics => config.metric_export_timeout,
    };
    let bounds = [otlp.timeout, driver];
    let timeout = bounds.iter().filter_map(|bound| bound.limit()).min();
    let retry = Retry {
        timeout: timeout.unwrap_or_default(),
        ..Retry::default()
    };
    let transport = Transport::new(&otlp, signal).map_err(|error| error.to_string())?;
    Ok(Delivery::new(transport, retry))
}

impl Worker {
    async fn run(mut self, metrics: &Export) -> Option<String> {
        loop {
            process::check_pid();
            self.clock.tend();
            let flush = self.pipeline.waiting.asked();
            let close_by = self.pipeline.waiting.close_by();
            let due = self.timer.is_some_and(|timer| timer <= Instant::now());
            if due || flush.is_some() || close_by.is_some() {
                self.timer = None;
                // Taken down before the chunks are collected: a span that comes later asks for the timer again.
                self.pipeline.timer_wanted.store(false, Ordering::Release);
                self.pipeline.collect();
                self.take_queue();
                if flush.is_some() || close_by.is_some() {
                    let ((), failure) = tokio::join!(self.send_all(), metrics.now());
                    self.failure = self.failure.take().or(failure);
                } else {
                    self.send_all().await;
                }
            } else {
                self.take_queue();
                self.send_full().await;
            }
            if let Some(number) = flush {
                let failure = self.failure.take();
                self.pipeline.waiting.done(number, failure);
            }
            self.pipeline.diagnostics.flush_to_stderr();
            if close_by.is_some() {
                return self.close();
            }
            self.wait().await;
        }
    }

    /// Until there is something to do.
    async fn wait(&mut self) {
        let wanted = self.pipeline.timer_wanted.load(Ordering::Acquire);
        if (wanted || !self.backlog.is_empty()) && self.timer.is_none() {
            self.timer = Some(Instant::now() + self.provider.config.schedule_delay);
        }
        match self.timer {
            Some(timer) => {
                tokio::select! {
                    () = self.pipeline.signal.wait() => {}
                    () = tokio::time::sleep_until(timer.into()) => {}
                }
            }
            None => self.pipeline.signal.wait().await,
        }
    }

    /// Moves the queue into the backlog, in pieces that fit into a request.
    fn take_queue(&mut self) {
        let taken = std::mem::take(&mut *self.pipeline.queue());
        for batch in taken {
            self.backlog.push(batch, self.pipeline.export_spans as u32);
        }
    }

    /// Sends full requests only; what is left waits for the timer. What comes meanwhile waits for the next round, so that
    /// a flush is never kept waiting by a host that does not stop.
    async fn send_full(&mut self) {
        while self.backlog.spans() >= self.pipeline.export_spans
            && !self.is_resting()
            && self.send_next().await
        {}
    }

    /// Sends what is there, until something is not accepted.
    async fn send_all(&mut self) {
        while !self.backlog.is_empty() && self.send_next().await {}
    }

    /// While an endpoint is down, only the timer's batch probes it.
    fn is_resting(&self) -> bool {
        self.delivery.resting_until().is_some()
    }

    /// Sends one request. `false`: the backend did not accept it, and it is at the head of the backlog again.
    async fn send_next(&mut self) -> bool {
        let pieces = self.backlog.next(self.pipeline.export_spans);
        self.send(pieces).await
    }

    async fn send(&mut self, mut pieces: Vec<Piece>) -> bool {
        if self.give_up_old(&mut pieces) {
            return true;
        }
        let encoded = self.encode(&pieces);
        if encoded.spans == 0 {
            self.finished(pieces, encoded, None);
            return true;
        }
        let body = self.encoder.take_body();
        let counters = &self.pipeline.counters;
        let (length, attempts) = (body.len() as u64, self.delivery.attempts());
        let cancel = cancelled(self.pipeline, &self.delivery);
        let outcome = self.delivery.deliver(body.clone(), cancel).await;
        self.encoder.give_back(body);
        let attempts = self.delivery.attempts() - attempts;
        let again = pieces.iter().any(|piece| piece.counted);
        for attempt in 0..attempts {
            counters.requested(length, again || attempt > 0);
        }
        match outcome {
            Outcome::Delivered { rejected, message } => {
                let rejected = rejected.min(u64::from(encoded.spans));
                counters.delivered(u64::from(encoded.spans) - rejected);
                counters.dropped(DropCause::Rejected, rejected);
                if let Some(message) = message {
                    self.report(Cause::PartialSuccess, message);
                }
                self.finished(pieces, encoded, None);
                true
            }
            Outcome::Rejected { message, .. } => {
                self.fail(Cause::Rejected, message);
                self.finished(pieces, encoded, Some(DropCause::Rejected));
                true
            }
            Outcome::Unconfirmed { reason } => {
                self.fail(Cause::Unconfirmed, reason);
                self.finished(pieces, encoded, Some(DropCause::Unconfirmed));
                true
            }
            Outcome::TooLarge { message } => {
                self.halve(pieces, encoded, message);
                true
            }
            Outcome::NotAccepted { reason, .. } => {
                self.fail(Cause::Unavailable, reason);
                self.backlog.put_back(pieces);
                false
            }
            Outcome::Cancelled => {
                self.backlog.put_back(pieces);
                false
            }
        }
    }

    fn encode(&mut self, pieces: &[Piece]) -> Encoded {
        let slices: Vec<Slice<'_>> = pieces
            .iter()
            .map(|piece| Slice {
                batch: &piece.batch,
                slot: piece.slot,
                records: piece.records,
            })
            .collect();
        // Pieces that come again after a failure would have their redactions counted twice.
        let again = pieces.iter().any(|piece| piece.counted);
        let counts = if again {
            &self.uncounted
        } else {
            &self.pipeline.redacted
        };
        self.encoder.encode(&slices, counts)
    }

    /// The pieces leave the pipeline; if `dropped`, their spans are counted under that cause.
    fn finished(&mut self, pieces: Vec<Piece>, encoded: Encoded, dropped: Option<DropCause>) {
        let counters = &self.pipeline.counters;
        counters.sampled_out(u64::from(encoded.sampled_out));
        counters.dropped(DropCause::Invalid, u64::from(encoded.invalid));
        if let Some(cause) = dropped {
            counters.dropped(cause, u64::from(encoded.spans));
        }
        if encoded.invalid > 0 {
            let message = format!("{} records of a span batch were malformed", encoded.invalid);
            self.report(Cause::Invalid, message);
        }
        self.release(pieces);
    }

    fn release(&self, pieces: Vec<Piece>) {
        for piece in pieces {
            self.pipeline
                .waiting_spans
                .fetch_sub(piece.records as usize, Ordering::Relaxed);
            if let Some(batch) = Rc::into_inner(piece.batch) {
                self.pipeline.budget.recycle(batch.slots, batch.text);
            }
        }
    }

    /// Drops pieces that the backend has not accepted for too long. `true`: nothing is left to send.
    fn give_up_old(&mut self, pieces: &mut Vec<Piece>) -> bool {
        let now = Instant::now();
        let (old, young): (Vec<_>, Vec<_>) = std::mem::take(pieces)
            .into_iter()
            .partition(|piece| now.duration_since(piece.since) > MOST_AGE);
        *pieces = young;
        if !old.is_empty() {
            let spans: u32 = old.iter().map(|piece| piece.records).sum();
            self.pipeline
                .counters
                .dropped(DropCause::Timeout, u64::from(spans));
            self.fail(
                Cause::Timeout,
                format!("{spans} spans were not accepted for 10 minutes and are dropped"),
            );
            self.release(old);
        }
        pieces.is_empty()
    }

    /// Sends halves of what was too large, down to single spans.
    fn halve(&mut self, mut pieces: Vec<Piece>, encoded: Encoded, message: String) {
        if let [piece] = pieces.as_slice() {
            let Some(halves) = piece.split() else {
                self.fail(Cause::TooLarge, message);
                return self.finished(pieces, encoded, Some(DropCause::TooLarge));
            };
            pieces = halves.into();
        }
        let pieces = pieces.into_iter().map(Piece::alone).collect();
        self.backlog.put_back(pieces);
    }

    fn close(&mut self) -> Option<String> {
        let left = self.backlog.take_all();
        let spans: u32 = left.iter().map(|piece| piece.records).sum();
        if spans > 0 {
            let message = format!("{spans} spans were not exported before shutdown ended");
            self.fail(Cause::Shutdown, message);
            self.pipeline
                .counters
                .dropped(DropCause::Shutdown, u64::from(spans));
        }
        self.release(left);
        self.failure.take()
    }

    fn fail(&mut self, cause: Cause, reason: String) {
        self.failure = Some(reason.clone());
        self.report(cause, reason);
    }

    fn report(&self, cause: Cause, message: String) {
        self.pipeline.diagnostics.report(cause, message);
    }
}

/// Until delivery must stop: the deadline of a shutdown, or at once if then the endpoint is known to be down.
pub(crate) async fn cancelled(pipeline: &Pipeline, delivery: &Delivery) {
    let waiting = &pipeline.waiting;
    let close_by = pipeline.signal.until(|| waiting.close_by()).await;
    // Attempts go on until then, and one of them may find the endpoint down.
    while close_by > Instant::now() && !delivery.is_down() {
        let look_again = Instant::now() + Duration::from_millis(20);
        tokio::time::sleep_until(close_by.min(look_again).into()).await;
    }
}
