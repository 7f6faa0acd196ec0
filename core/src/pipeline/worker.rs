//! The worker: one thread that has batches redacted, encoded and delivered.
//!
//! ```text
//! queue ──▶ pieces ──┬──▶ lane of destination 0: backlog ──▶ requests on their way ──▶ outlet
//!                    └──▶ lane of destination 1: …
//! ```
//!
//! It drives one current-thread runtime. Host threads never enter that runtime, and the worker never calls into the host.
//! A round of its loop never waits for a destination: it starts the requests that can go out, and is woken by the next
//! thing that happens. Lanes that come to the same pieces while a request with them is on its way share its bytes.

use super::backlog::{Piece, cut};
use super::canary::{guarded, stop_if_lost};
use super::delivery::Outcome;
use super::lane::Lane;
use super::outlet::{Outlet, cancelled};
use super::{Pipeline, worker_state};
use crate::config::Signal;
use crate::diagnostics::Cause;
use crate::export::otlp::{Encoded, Encoder, Slice};
use crate::metrics::Export;
use crate::process;
use crate::redact;
use crate::trace::Inner;
use crate::trace::ticks::Calibration;
use bytes::Bytes;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use tokio::sync::watch;
use tokio::task::{self, JoinSet};

/// What the worker thread has.
struct Worker {
    provider: &'static Inner,
    pipeline: &'static Pipeline,
    encoder: Encoder<'static>,
    /// Memory of requests that were sent.
    spare: Vec<Bytes>,
    lanes: Vec<Lane>,
    flights: JoinSet<Outcome>,
    /// The number of the next batch.
    next: u64,
    /// When what is gathered goes out.
    timer: Option<Instant>,
    /// The flush that is under way.
    flush: Option<u64>,
    closing: watch::Sender<Option<Instant>>,
    uncounted: redact::Counts,
    clock: Calibration,
}

/// Requests whose memory is kept for the next ones.
const MOST_SPARE: usize = 4;

/// The metrics' part of a flush.
type MetricsFlush<'m> = Pin<Box<dyn Future<Output = Option<String>> + 'm>>;

/// The worker thread's body.
pub(super) fn run(provider: &'static Inner, pipeline: &'static Pipeline) {
    #[cfg(feature = "tracing")]
    crate::tracing::ignore_this_thread();
    let failure = match start(provider, pipeline) {
        Ok((runtime, worker, metrics)) => {
            let failure = runtime.block_on(guarded(pipeline, async {
                tokio::select! {
                    failure = worker.run(&metrics) => failure,
                    never = metrics.at_intervals() => match never {},
                }
            }));
            // Not dropped: a name that is still being looked up, or a file that hangs, would hold the end back.
            runtime.shutdown_background();
            pipeline.canary.release();
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
        .thread_name("polyspan-io")
        .max_blocking_threads(16)
        .on_thread_park(move || stop_if_lost(pipeline))
        .on_thread_unpark(move || stop_if_lost(pipeline))
        .build()
        .map_err(|error| format!("no runtime: {error}"))?;
    let canary = pipeline.canary.set();
    canary.map_err(|error| format!("no pipe: {error}"))?;
    let config = &provider.config;
    let (closing, close_by) = watch::channel(None);
    let metrics = Export::new(
        pipeline,
        config.metric_export_interval,
        Outlet::all(config, Signal::Metrics),
        close_by,
    );
    let resource = pipeline.resource(provider);
    let resource = resource.with_policy(config, &provider.policy.fingerprint());
    let encoder = Encoder::new(
        &provider.policy.redactor,
        provider.policy.limits.value_length,
        &provider.scopes,
        &resource,
        &pipeline.redacted,
    );
    let lanes = Outlet::all(config, Signal::Traces).into_iter().enumerate();
    let worker = Worker {
        provider,
        pipeline,
        encoder,
        spare: Vec::new(),
        lanes: lanes
            .map(|(index, outlet)| Lane::new(index, outlet, pipeline))
            .collect(),
        flights: JoinSet::new(),
        next: 1,
        timer: None,
        flush: None,
        closing,
        uncounted: redact::Counts::default(),
        clock: Calibration::new(),
    };
    Ok((runtime, worker, metrics))
}

impl Worker {
    async fn run(mut self, metrics: &Export) -> Option<String> {
        let mut flushing_metrics: Option<MetricsFlush<'_>> = None;
        let mut metrics_failure = None;
        loop {
            process::check_pid();
            self.clock.tend();
            let due = self.timer.is_some_and(|timer| timer <= Instant::now());
            let asked = self.is_asked_anew();
            if due || asked {
                self.timer = None;
                // Taken down before the chunks are collected: a span that comes later asks for the timer again.
                self.pipeline.timer_wanted.store(false, Ordering::Release);
                self.pipeline.collect();
            }
            self.take_queue();
            for lane in &mut self.lanes {
                match (asked, due) {
                    (true, _) => lane.drain(self.next),
                    (false, true) => lane.make_due(self.next),
                    (false, false) => {}
                }
            }
            if asked {
                let before = flushing_metrics.take();
                flushing_metrics = Some(Box::pin(metrics_after(before, metrics)));
            }
            self.relieve();
            self.send();
            if flushing_metrics.is_none() && self.lanes.iter().all(Lane::is_done) {
                if let Some(number) = self.flush.take() {
                    let failure = self.failure(metrics_failure.take());
                    self.pipeline.waiting.done(number, failure);
                }
                if self.is_closing() {
                    return self.close(metrics_failure);
                }
                if self.pipeline.waiting.asked().is_some() {
                    continue;
                }
            }
            self.pipeline.diagnostics.flush_to_stderr();
            tokio::select! {
                () = self.wait() => {}
                failure = next_failure(&mut flushing_metrics) => {
                    flushing_metrics = None;
                    metrics_failure = failure.or(metrics_failure);
                }
            }
        }
    }

    /// Whether a host thread has asked for a flush or a shutdown that is not yet under way.
    fn is_asked_anew(&mut self) -> bool {
        let waiting = &self.pipeline.waiting;
        let close_by = waiting.close_by();
        let closes = close_by.is_some() && !self.is_closing();
        if closes {
            self.closing.send_replace(close_by);
        }
        // One after the other: what ended before the second one was asked for has to be part of it.
        let flush = waiting.asked().filter(|_| self.flush.is_none());
        self.flush = self.flush.or(flush);
        closes || flush.is_some()
    }

    fn is_closing(&self) -> bool {
        self.closing.borrow().is_some()
    }

    /// Until there is something to do.
    async fn wait(&mut self) {
        let wanted = self.pipeline.timer_wanted.load(Ordering::Acquire);
        let backlog = self.lanes.iter().any(Lane::awaits_the_timer);
        if (wanted || backlog) && self.timer.is_none() {
            self.timer = Some(Instant::now() + self.provider.config.schedule_delay);
        }
        let timer = self.timer;
        let full = !self.lanes.is_empty() && !self.lanes.iter().any(Lane::has_room);
        let (closing, flushing) = (self.is_closing(), self.flush.is_some());
        let landed = tokio::select! {
            () = woken(self.pipeline, full, closing, flushing) => {
                // A host that wakes the worker all the time must not keep the requests from their turn.
                task::yield_now().await;
                None
            }
            () = sleep_until(timer) => None,
            Some(landed) = self.flights.join_next_with_id() => Some(landed),
        };
        let (task, outcome) = match landed {
            None => return,
            Some(Ok(landed)) => landed,
            Some(Err(bug)) => {
                let reason = format!("a bug of polyspan ended a delivery: {bug}");
                (bug.id(), Outcome::Unconfirmed { reason })
            }
        };
        self.landed(task, outcome);
    }

    fn landed(&mut self, task: task::Id, outcome: Outcome) {
        let Some(lane) = self.lanes.iter_mut().find(|lane| lane.awaits(task)) else {
            return;
        };
        if let Some(body) = lane.landed(task, outcome)
            && body.is_unique()
            && self.spare.len() < MOST_SPARE
        {
            self.spare.push(body);
        }
    }

    /// Moves the queue into the lanes, in pieces that fit into a request.
    fn take_queue(&mut self) {
        let taken = std::mem::take(&mut *self.pipeline.queue());
        for batch in taken {
            if self.lanes.is_empty() {
                // Nobody is there to deliver to, so nobody chose them.
                self.pipeline.counters.sampled_out(u64::from(batch.records));
            }
            let most = self.pipeline.export_spans as u32;
            for piece in cut(batch, self.pipeline, self.next, most) {
                for lane in &mut self.lanes {
                    lane.push(piece.clone());
                }
            }
            self.next += 1;
        }
    }

    /// Before memory is spent, and spans are lost for all destinations, those that lag behind the others drop theirs.
    fn relieve(&mut self) {
        while self.lanes.len() > 1 && self.pipeline.is_crowded() {
            let mut relieved = false;
            for lane in &mut self.lanes {
                relieved |= lane.make_room();
            }
            if !relieved {
                return;
            }
        }
    }

    /// Starts all requests that can go out now.
    fn send(&mut self) {
        for index in 0..self.lanes.len() {
            while let Some(pieces) = self.lanes[index].next_request(self.pipeline.export_spans) {
                self.send_request(index, pieces);
            }
            if self.lanes[index].goes_on_to_finish() {
                self.finish(index);
            }
        }
    }

    fn send_request(&mut self, index: usize, pieces: Vec<Rc<Piece>>) {
        let shared = self
            .lanes
            .iter()
            .find_map(|lane| lane.same_request(&pieces));
        let (encoded, body) = shared.unwrap_or_else(|| self.encode(&pieces));
        let lane = &mut self.lanes[index];
        if encoded.spans == 0 {
            lane.read(encoded);
            if self.spare.len() < MOST_SPARE {
                self.spare.push(body);
            }
            return;
        }
        let (outlet, counters) = (lane.outlet.clone(), lane.counters());
        let (sent, close_by) = (body.clone(), self.closing.subscribe());
        let again = lane.has_tried(&pieces);
        let (length, spans) = (body.len() as u64, encoded.spans);
        counters.export_begins(spans);
        let flight = self.flights.spawn(async move {
            let begun = Instant::now();
            let cancel = cancelled(close_by, &outlet);
            let attempt = |repeated| counters.requested(length, again || repeated);
            let outcome = outlet.deliver(sent, cancel, attempt).await;
            let accepted = matches!(outcome, Outcome::Delivered { rejected: 0, .. });
            counters.export_ends(spans, begun.elapsed(), accepted);
            outcome
        });
        lane.launched(flight.id(), pieces, encoded, body);
    }

    fn finish(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        let (outlet, close_by) = (lane.outlet.clone(), self.closing.subscribe());
        let flight = self.flights.spawn(async move {
            let cancel = cancelled(close_by, &outlet);
            outlet.finish(cancel).await
        });
        lane.launched(flight.id(), Vec::new(), Encoded::default(), Bytes::new());
    }

    fn encode(&mut self, pieces: &[Rc<Piece>]) -> (Encoded, Bytes) {
        if let Some(body) = self.spare.pop() {
            self.encoder.give_back(body);
        }
        let slices: Vec<Slice<'_>> = pieces
            .iter()
            .map(|piece| Slice {
                batch: piece.batch(),
                slot: piece.slot,
                records: piece.records,
            })
            .collect();
        // Pieces that come again after a failure, or for another destination, would have their redactions counted twice.
        let fresh = pieces.iter().all(|piece| piece.is_fresh());
        let counts = match fresh {
            true => &self.pipeline.redacted,
            false => &self.uncounted,
        };
        let encoded = self.encoder.encode(&slices, counts);
        if fresh && encoded.invalid > 0 {
            let message = format!("{} records of a span batch were malformed", encoded.invalid);
            self.pipeline.diagnostics.report(Cause::Invalid, message);
        }
        pieces.iter().for_each(|piece| piece.count());
        (encoded, self.encoder.take_body())
    }

    fn close(mut self, metrics_failure: Option<String>) -> Option<String> {
        for lane in &mut self.lanes {
            lane.close();
        }
        self.failure(metrics_failure)
    }

    /// Why not everything was exported since the last time somebody asked.
    fn failure(&mut self, metrics: Option<String>) -> Option<String> {
        let lanes = self.lanes.iter_mut();
        let failures: Vec<_> = lanes
            .filter_map(|lane| lane.failure.take())
            .chain(metrics)
            .collect();
        (!failures.is_empty()).then(|| failures.join("; "))
    }
}

/// Until a host thread has work. While all destinations are `full`, only those who wait for an answer count: the signal
/// stays up meanwhile, so that handing over costs the others no system call.
async fn woken(pipeline: &Pipeline, full: bool, closing: bool, flushing: bool) {
    if !full {
        return pipeline.signal.wait().await;
    }
    let waiting = &pipeline.waiting;
    let asked = || {
        let closes = !closing && waiting.close_by().is_some();
        let flushes = !flushing && waiting.asked().is_some();
        (closes || flushes).then_some(())
    };
    pipeline.signal.until(asked).await;
}

/// Never without a time.
async fn sleep_until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time.into()).await,
        None => std::future::pending().await,
    }
}

/// Exports the metrics once more, after an export that is under way.
async fn metrics_after(before: Option<MetricsFlush<'_>>, metrics: &Export) -> Option<String> {
    let before = match before {
        Some(before) => before.await,
        None => None,
    };
    metrics.now().await.or(before)
}

/// What the metrics' part of a flush ends with; never if there is none.
async fn next_failure(flush: &mut Option<MetricsFlush<'_>>) -> Option<String> {
    match flush {
        Some(flush) => flush.await,
        None => std::future::pending().await,
    }
}
