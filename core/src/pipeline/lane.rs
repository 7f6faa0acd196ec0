//! One destination's way out: what it still has to send, what is on its way, and what became of it.
//!
//! Lanes know nothing of each other: each has its own place in the order, its own backoff and its own counters, so a
//! destination that is slow or down delays no other. What they share is memory, and [`Lane::make_room`] sees to it that
//! one that lags behind gives way before spans are lost for all.

use super::Pipeline;
use super::backlog::{Backlog, Piece};
use super::delivery::Outcome;
use super::outlet::Outlet;
use crate::diagnostics::Cause;
use crate::export::otlp::Encoded;
use crate::stats::{Counters, DropCause};
use bytes::Bytes;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task;

/// A batch that the destination never accepted is given up after this time.
const MOST_AGE: Duration = Duration::from_secs(600);

pub(super) struct Lane {
    /// Which destination this is.
    index: usize,
    pub(super) outlet: Arc<Outlet>,
    pipeline: &'static Pipeline,
    backlog: Backlog,
    flights: Vec<Flight>,
    /// Pieces with smaller numbers go out also if they do not fill a request.
    due: u64,
    errand: Errand,
    /// All pieces with smaller numbers were sent before.
    tried: u64,
    /// Why something was not exported since the last flush.
    pub(super) failure: Option<String>,
    /// The user was told that nothing is accepted.
    refused: bool,
}

/// What a flush or a shutdown waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Errand {
    Nothing,
    /// That everything with a smaller number was tried.
    Drain(u64),
    /// That what is on its way comes back; the rest would not be accepted either.
    Abandon,
    /// That the outlet hands on what it keeps back.
    Finish,
}

/// A request on its way.
struct Flight {
    task: task::Id,
    pieces: Vec<Rc<Piece>>,
    encoded: Encoded,
    body: Bytes,
}

impl Lane {
    pub(super) fn new(index: usize, outlet: Arc<Outlet>, pipeline: &'static Pipeline) -> Lane {
        Lane {
            index,
            outlet,
            pipeline,
            backlog: Backlog::default(),
            flights: Vec::new(),
            due: 0,
            errand: Errand::Nothing,
            tried: 0,
            failure: None,
            refused: false,
        }
    }

    pub(super) fn counters(&self) -> &'static Counters {
        &self.pipeline.destinations[self.index].counters
    }

    pub(super) fn push(&mut self, piece: Rc<Piece>) {
        self.backlog.push(piece);
    }

    /// Everything with a smaller number than `mark` goes out now.
    pub(super) fn make_due(&mut self, mark: u64) {
        self.due = mark;
    }

    /// As [`make_due`](Self::make_due), and somebody waits for it: see [`is_done`](Self::is_done).
    pub(super) fn drain(&mut self, mark: u64) {
        self.due = mark;
        self.errand = Errand::Drain(mark);
    }

    /// Whether what somebody waits for has happened.
    pub(super) fn is_done(&self) -> bool {
        self.errand == Errand::Nothing
    }

    /// Whether it could send something, if that only were due.
    pub(super) fn awaits_the_timer(&self) -> bool {
        !self.backlog.is_empty() && self.may_send()
    }

    /// The pieces of a request that can go out now, of at most `most` records.
    pub(super) fn next_request(&mut self, most: usize) -> Option<Vec<Rc<Piece>>> {
        self.give_up_old();
        if !self.may_send() {
            return None;
        }
        let oldest = self.backlog.oldest()?;
        // While a destination rests, only what is due probes it.
        let goes =
            oldest.number < self.due || (self.backlog.fills(most) && !self.outlet.is_resting());
        goes.then(|| self.backlog.next(most))
    }

    /// Whether one more request may be on its way.
    pub(super) fn has_room(&self) -> bool {
        self.flights.len() < self.outlet.room()
    }

    fn may_send(&self) -> bool {
        self.has_room() && !matches!(self.errand, Errand::Abandon | Errand::Finish)
    }

    /// Whether these pieces were sent before and came back.
    pub(super) fn has_tried(&self, pieces: &[Rc<Piece>]) -> bool {
        pieces.iter().any(|piece| piece.number < self.tried)
    }

    /// A request with these pieces is on its way.
    pub(super) fn launched(
        &mut self,
        task: task::Id,
        pieces: Vec<Rc<Piece>>,
        encoded: Encoded,
        body: Bytes,
    ) {
        self.flights.push(Flight {
            task,
            pieces,
            encoded,
            body,
        });
    }

    /// The request on its way that has exactly these pieces.
    pub(super) fn same_request(&self, pieces: &[Rc<Piece>]) -> Option<(Encoded, Bytes)> {
        let same = |flight: &&Flight| {
            flight.pieces.len() == pieces.len()
                && flight
                    .pieces
                    .iter()
                    .zip(pieces)
                    .all(|(a, b)| Rc::ptr_eq(a, b))
        };
        let flight = self.flights.iter().find(same)?;
        Some((flight.encoded, flight.body.clone()))
    }

    /// Whether `task` is one of the requests on its way.
    pub(super) fn awaits(&self, task: task::Id) -> bool {
        self.flights.iter().any(|flight| flight.task == task)
    }

    /// `task` has ended with `outcome`; returns the body of its request, if it is of this lane.
    pub(super) fn landed(&mut self, task: task::Id, outcome: Outcome) -> Option<Bytes> {
        let at = self.flights.iter().position(|flight| flight.task == task)?;
        let flight = self.flights.remove(at);
        if self.errand == Errand::Finish {
            self.errand = Errand::Nothing;
        }
        if matches!(
            outcome,
            Outcome::TooLarge { .. } | Outcome::NotAccepted { .. } | Outcome::Cancelled
        ) {
            let numbers = flight.pieces.iter().map(|piece| piece.number + 1);
            self.tried = numbers.max().unwrap_or(0).max(self.tried);
        }
        self.judge(flight.pieces, flight.encoded, outcome);
        Some(flight.body)
    }

    fn judge(&mut self, pieces: Vec<Rc<Piece>>, encoded: Encoded, outcome: Outcome) {
        let counters = self.counters();
        let spans = u64::from(encoded.spans);
        match outcome {
            Outcome::Delivered { rejected, message } => {
                let rejected = rejected.min(spans);
                counters.delivered(spans - rejected);
                counters.dropped(DropCause::Rejected, rejected);
                if let Some(message) = message {
                    self.report(Cause::PartialSuccess, message);
                }
                self.recovered();
                self.read(encoded);
            }
            Outcome::Rejected { message, .. } => {
                counters.dropped(DropCause::Rejected, spans);
                self.fail(Cause::Rejected, message);
                self.read(encoded);
            }
            Outcome::Unconfirmed { reason } => {
                counters.dropped(DropCause::Unconfirmed, spans);
                self.fail(Cause::Unconfirmed, reason);
                self.read(encoded);
            }
            Outcome::TooLarge { message } => self.halve(pieces, encoded, message),
            Outcome::NotAccepted { reason, .. } => {
                self.refused = true;
                self.fail(Cause::Unavailable, reason);
                self.put_back(pieces);
            }
            Outcome::Cancelled => self.put_back(pieces),
        }
    }

    /// The records of a request that is done with and were not sent.
    pub(super) fn read(&self, encoded: Encoded) {
        let counters = self.counters();
        counters.sampled_out(u64::from(encoded.sampled_out));
        counters.dropped(DropCause::Invalid, u64::from(encoded.invalid));
    }

    /// What was not accepted waits at the head for the next time that something is due.
    fn put_back(&mut self, pieces: Vec<Rc<Piece>>) {
        self.backlog.put_back(pieces);
        self.due = 0;
        if let Errand::Drain(_) = self.errand {
            self.errand = Errand::Abandon;
        }
    }

    /// Sends halves of what was too large, down to single spans.
    fn halve(&mut self, pieces: Vec<Rc<Piece>>, encoded: Encoded, message: String) {
        match pieces.as_slice() {
            [piece] => match piece.split() {
                Some(halves) => self.backlog.put_back(halves),
                None => {
                    let spans = u64::from(encoded.spans);
                    self.counters().dropped(DropCause::TooLarge, spans);
                    self.fail(Cause::TooLarge, message);
                    self.read(encoded);
                }
            },
            several => {
                let alone = several.iter().map(|piece| piece.alone());
                self.backlog.put_back(alone);
            }
        }
    }

    /// Drops pieces that the destination has not accepted for too long.
    fn give_up_old(&mut self) {
        let now = Instant::now();
        let too_old = |piece: &Piece| now.duration_since(piece.since) > MOST_AGE;
        let spans = self.backlog.drop_oldest(too_old);
        if spans > 0 {
            self.counters().dropped(DropCause::Timeout, spans);
            let name = self.name();
            self.fail(
                Cause::Timeout,
                format!("{name}: {spans} spans were not accepted for 10 minutes and are dropped"),
            );
        }
    }

    /// Drops the newest spans that only this destination has still to send. `false`: there are none.
    pub(super) fn make_room(&mut self) -> bool {
        let spans = self.backlog.drop_newest_of_our_own();
        if spans > 0 {
            self.counters().dropped(DropCause::QueueFull, spans);
            let name = self.name();
            self.fail(
                Cause::QueueFull,
                format!("{name}: lags behind, so spans are dropped for it to keep memory for the other destinations"),
            );
        }
        spans > 0
    }

    /// Goes on with what somebody waits for. `true`: it is for the outlet to finish now.
    pub(super) fn goes_on_to_finish(&mut self) -> bool {
        let waits_for_less = match self.errand {
            Errand::Nothing | Errand::Finish => false,
            Errand::Drain(mark) => !self.holds_less_than(mark),
            Errand::Abandon => self.flights.is_empty(),
        };
        if !waits_for_less {
            return false;
        }
        let finishes = self.outlet.keeps_back();
        self.errand = match finishes {
            true => Errand::Finish,
            false => Errand::Nothing,
        };
        finishes
    }

    fn holds_less_than(&self, mark: u64) -> bool {
        let waiting = self.backlog.oldest().into_iter();
        let on_their_way = self.flights.iter().flat_map(|flight| &flight.pieces);
        waiting
            .chain(on_their_way.map(Rc::as_ref))
            .any(|piece| piece.number < mark)
    }

    /// Drops what is left. The lane is not used any more.
    pub(super) fn close(&mut self) {
        let spans = self.backlog.drop_all();
        if spans > 0 {
            self.counters().dropped(DropCause::Shutdown, spans);
            let name = self.name();
            let message = format!("{name}: {spans} spans were not exported before shutdown ended");
            // The reason why they wait is worth more than that time was over.
            self.report(Cause::Shutdown, message.clone());
            self.failure.get_or_insert(message);
        }
    }

    fn name(&self) -> &'static str {
        &self.pipeline.destinations[self.index].name
    }

    fn recovered(&mut self) {
        if std::mem::take(&mut self.refused) {
            let message = format!("{}: accepts spans again", self.name());
            self.report(Cause::Recovered, message);
        }
    }

    fn fail(&mut self, cause: Cause, reason: String) {
        self.failure = Some(reason.clone());
        self.report(cause, reason);
    }

    fn report(&self, cause: Cause, message: String) {
        self.pipeline
            .diagnostics
            .report_about(self.index, cause, message);
    }
}
