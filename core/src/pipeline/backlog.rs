//! What waits on the worker to be sent: batches, cut into pieces that fit into a request.

use crate::trace::{Batch, layout};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Instant;

/// A request is closed when the records in it take this much.
const EXPORT_BYTES: usize = 1 << 20;

/// Part of a batch.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) batch: Rc<Batch>,
    pub(super) slot: usize,
    pub(super) records: u32,
    bytes: usize,
    pub(super) since: Instant,
    /// Its redactions were counted when it was encoded before.
    pub(super) counted: bool,
}

/// Pieces in the order in which they are sent.
#[derive(Debug, Default)]
pub(super) struct Backlog(VecDeque<Piece>);

impl Backlog {
    /// Appends a batch, in pieces of at most `most` records.
    pub(super) fn push(&mut self, batch: Batch, most: u32) {
        let batch = Rc::new(batch);
        let since = Instant::now();
        let mut slot = layout::HEADER;
        let mut left = batch.records;
        while left > 0 {
            let wanted = left.min(most);
            // Where the records cannot be followed to the end, the encoder finds and counts what is wrong.
            let (next, records) = match follow(&batch, slot, wanted) {
                Some(next) => (next, wanted),
                None => (slot, left),
            };
            self.0.push_back(Piece {
                batch: batch.clone(),
                slot,
                records,
                bytes: (next - slot) * 8,
                since,
                counted: false,
            });
            slot = next;
            left -= records;
        }
    }

    /// Takes the pieces of the next request, of at most `most` records.
    pub(super) fn next(&mut self, most: usize) -> Vec<Piece> {
        let (mut pieces, mut spans, mut bytes) = (Vec::new(), 0, 0);
        while let Some(piece) = self.0.front() {
            let fits =
                spans + piece.records as usize <= most && bytes + piece.bytes <= EXPORT_BYTES;
            if !fits && !pieces.is_empty() {
                break;
            }
            spans += piece.records as usize;
            bytes += piece.bytes;
            pieces.extend(self.0.pop_front());
        }
        pieces
    }

    /// Puts pieces that were encoded before at the head again.
    pub(super) fn put_back(&mut self, pieces: Vec<Piece>) {
        for mut piece in pieces.into_iter().rev() {
            piece.counted = true;
            self.0.push_front(piece);
        }
    }

    pub(super) fn take_all(&mut self) -> Vec<Piece> {
        std::mem::take(&mut self.0).into()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn spans(&self) -> usize {
        self.0.iter().map(|piece| piece.records as usize).sum()
    }
}

impl Piece {
    /// Two halves; `None` for a single span, or if the records cannot be followed.
    pub(super) fn split(&self) -> Option<[Piece; 2]> {
        let half = self.records / 2;
        let middle = (half > 0).then(|| follow(&self.batch, self.slot, half))??;
        let piece = |slot, records| Piece {
            batch: self.batch.clone(),
            slot,
            records,
            bytes: self.bytes / 2,
            since: self.since,
            counted: self.counted,
        };
        let halves = [piece(self.slot, half), piece(middle, self.records - half)];
        Some(halves.map(Piece::alone))
    }

    /// The same piece, as the only one of its request.
    pub(super) fn alone(self) -> Piece {
        Piece {
            bytes: EXPORT_BYTES,
            ..self
        }
    }
}

/// The slot after so many records.
fn follow(batch: &Batch, slot: usize, records: u32) -> Option<usize> {
    (0..records).try_fold(slot, |at, _| {
        batch.record(at).ok().map(|record| at + record.slots())
    })
}
