//! What waits on the worker to be sent: batches, cut into pieces that fit into a request.
//!
//! A piece is shared by all destinations that still have to send it, and each destination has its own [`Backlog`]: where it
//! stands, what it was refused and what it has to send again is its own affair. A batch leaves the pipeline, and its memory
//! goes back to the budget, with the last piece of it that anybody holds.

use super::Pipeline;
use crate::trace::{Batch, layout};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A request is closed when the records in it take this much.
const EXPORT_BYTES: usize = 1 << 20;

/// A batch with the pipeline that it leaves when it is dropped.
struct Held {
    batch: Batch,
    pipeline: &'static Pipeline,
}

impl Drop for Held {
    fn drop(&mut self) {
        let pipeline = self.pipeline;
        pipeline
            .waiting_spans
            .fetch_sub(self.batch.records as usize, Ordering::Relaxed);
        let slots = std::mem::take(&mut self.batch.slots);
        let text = std::mem::take(&mut self.batch.text);
        pipeline.budget.recycle(slots, text);
    }
}

/// Part of a batch: from a slot on, so many records.
pub(super) struct Piece {
    held: Rc<Held>,
    pub(super) slot: usize,
    pub(super) records: u32,
    /// Counts up in the order in which batches came; halves of a piece have the same number.
    pub(super) number: u64,
    bytes: usize,
    pub(super) since: Instant,
    /// Its redactions were counted when it was encoded before.
    counted: Cell<bool>,
}

/// Cuts a batch into pieces of at most `most` records.
pub(super) fn cut(
    batch: Batch,
    pipeline: &'static Pipeline,
    number: u64,
    most: u32,
) -> Vec<Rc<Piece>> {
    let held = Rc::new(Held { batch, pipeline });
    let since = Instant::now();
    let mut pieces = Vec::new();
    let mut slot = layout::HEADER;
    let mut left = held.batch.records;
    while left > 0 {
        let wanted = left.min(most);
        // Where the records cannot be followed to the end, the encoder finds and counts what is wrong.
        let (next, records) = match follow(&held.batch, slot, wanted) {
            Some(next) => (next, wanted),
            None => (slot, left),
        };
        pieces.push(Rc::new(Piece {
            held: held.clone(),
            slot,
            records,
            number,
            bytes: (next - slot) * 8,
            since,
            counted: Cell::new(false),
        }));
        slot = next;
        left -= records;
    }
    pieces
}

impl Piece {
    pub(super) fn batch(&self) -> &Batch {
        &self.held.batch
    }

    /// Whether this is the first time that it is encoded.
    pub(super) fn is_fresh(&self) -> bool {
        !self.counted.get()
    }

    /// Its redactions are counted now.
    pub(super) fn count(&self) {
        self.counted.set(true);
    }

    /// Two halves, each the only piece of its request; `None` for a single span, or if the records cannot be followed.
    pub(super) fn split(&self) -> Option<[Rc<Piece>; 2]> {
        let half = self.records / 2;
        let middle = (half > 0).then(|| follow(self.batch(), self.slot, half))??;
        Some([
            self.part(self.slot, half),
            self.part(middle, self.records - half),
        ])
    }

    /// The same records, as the only piece of their request.
    pub(super) fn alone(&self) -> Rc<Piece> {
        self.part(self.slot, self.records)
    }

    fn part(&self, slot: usize, records: u32) -> Rc<Piece> {
        Rc::new(Piece {
            held: self.held.clone(),
            slot,
            records,
            bytes: EXPORT_BYTES,
            number: self.number,
            since: self.since,
            counted: self.counted.clone(),
        })
    }

    fn place(&self) -> (u64, usize) {
        (self.number, self.slot)
    }
}

/// The slot after so many records.
fn follow(batch: &Batch, slot: usize, records: u32) -> Option<usize> {
    (0..records).try_fold(slot, |at, _| {
        batch.record(at).ok().map(|record| at + record.slots())
    })
}

/// What one destination still has to send, oldest first.
#[derive(Default)]
pub(super) struct Backlog {
    pieces: VecDeque<Rc<Piece>>,
    spans: usize,
    bytes: usize,
}

impl Backlog {
    pub(super) fn push(&mut self, piece: Rc<Piece>) {
        self.spans += piece.records as usize;
        self.bytes += piece.bytes;
        self.pieces.push_back(piece);
    }

    /// Whether there is enough for a request of `most` records that need not wait for more.
    pub(super) fn fills(&self, most: usize) -> bool {
        self.spans >= most || self.bytes >= EXPORT_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    pub(super) fn oldest(&self) -> Option<&Piece> {
        self.pieces.front().map(Rc::as_ref)
    }

    /// Takes the pieces of the next request, of at most `most` records.
    ///
    /// Pieces that were encoded before are not mixed with fresh ones: the redactions of one request are counted or not.
    pub(super) fn next(&mut self, most: usize) -> Vec<Rc<Piece>> {
        let (mut pieces, mut spans, mut bytes) = (Vec::<Rc<Piece>>::new(), 0, 0);
        while let Some(piece) = self.pieces.front() {
            let fits =
                spans + piece.records as usize <= most && bytes + piece.bytes <= EXPORT_BYTES;
            if let Some(first) = pieces.first()
                && !(fits && first.is_fresh() == piece.is_fresh())
            {
                break;
            }
            spans += piece.records as usize;
            bytes += piece.bytes;
            pieces.extend(self.pieces.pop_front());
        }
        self.spans -= spans;
        self.bytes -= bytes;
        pieces
    }

    /// Puts pieces back to where they came from, also if younger ones were put back before.
    pub(super) fn put_back(&mut self, pieces: impl IntoIterator<Item = Rc<Piece>>) {
        for piece in pieces {
            self.spans += piece.records as usize;
            self.bytes += piece.bytes;
            let place = piece.place();
            let at = self.pieces.partition_point(|other| other.place() < place);
            self.pieces.insert(at, piece);
        }
    }

    /// Takes the oldest pieces as long as `taken` says so, and tells how many records that were.
    pub(super) fn drop_oldest(&mut self, dropped: impl Fn(&Piece) -> bool) -> u64 {
        let mut records = 0;
        while self.pieces.front().is_some_and(|piece| dropped(piece)) {
            records += self.forget(VecDeque::pop_front);
        }
        records
    }

    /// Drops the newest piece whose memory nobody else needs, and tells how many records that were; 0 if there is none.
    pub(super) fn drop_newest_of_our_own(&mut self) -> u64 {
        let own = |piece: &Rc<Piece>| Rc::strong_count(piece) == 1;
        match self.pieces.iter().rposition(own) {
            Some(at) => self.forget(|pieces| pieces.remove(at)),
            None => 0,
        }
    }

    /// Drops everything, and tells how many records that were.
    pub(super) fn drop_all(&mut self) -> u64 {
        self.drop_oldest(|_| true)
    }

    fn forget(&mut self, take: impl FnOnce(&mut VecDeque<Rc<Piece>>) -> Option<Rc<Piece>>) -> u64 {
        let Some(piece) = take(&mut self.pieces) else {
            return 0;
        };
        self.spans -= piece.records as usize;
        self.bytes -= piece.bytes;
        u64::from(piece.records)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::trace::layout;

    fn pipeline() -> &'static Pipeline {
        Box::leak(Box::new(Pipeline::new(&Config::default(), 1, false)))
    }

    /// Pieces of one record each; what is in the records does not matter here.
    fn pieces(
        pipeline: &'static Pipeline,
        numbers: impl IntoIterator<Item = u64>,
    ) -> Vec<Rc<Piece>> {
        let piece = |number| {
            let batch = Batch::open(layout::header(0, 0).to_vec(), Vec::new()).unwrap();
            let held = Rc::new(Held { batch, pipeline });
            Rc::new(Piece {
                held,
                slot: 0,
                records: 1,
                number,
                bytes: 8,
                since: Instant::now(),
                counted: Cell::new(false),
            })
        };
        numbers.into_iter().map(piece).collect()
    }

    fn numbers(pieces: &[Rc<Piece>]) -> Vec<u64> {
        pieces.iter().map(|piece| piece.number).collect()
    }

    #[test]
    fn what_comes_back_late_stands_where_it_stood() {
        let mut backlog = Backlog::default();
        for piece in pieces(pipeline(), 1..=8) {
            backlog.push(piece);
        }
        let (first, second) = (backlog.next(3), backlog.next(3));
        assert_eq!(
            (numbers(&first), numbers(&second)),
            (vec![1, 2, 3], vec![4, 5, 6])
        );
        backlog.put_back(second);
        backlog.put_back(first);
        assert!(backlog.fills(8) && !backlog.fills(9));
        assert_eq!(numbers(&backlog.next(8)), (1..=8).collect::<Vec<_>>());
        assert!(backlog.is_empty() && !backlog.fills(1));
    }

    #[test]
    fn what_was_encoded_before_is_not_mixed_with_what_was_not() {
        let mut backlog = Backlog::default();
        for piece in pieces(pipeline(), 1..=4) {
            if piece.number <= 2 {
                piece.count();
            }
            backlog.push(piece);
        }
        assert_eq!(numbers(&backlog.next(10)), [1, 2]);
        assert_eq!(numbers(&backlog.next(10)), [3, 4]);
    }

    #[test]
    fn only_what_nobody_else_needs_makes_room() {
        let pieces = pieces(pipeline(), 1..=3);
        let mut backlog = Backlog::default();
        for piece in &pieces {
            backlog.push(piece.clone());
        }
        assert_eq!(
            backlog.drop_newest_of_our_own(),
            0,
            "others need all of them"
        );
        let others = pieces[2].clone();
        drop(pieces);
        assert_eq!(backlog.drop_newest_of_our_own(), 1);
        assert_eq!(numbers(&backlog.next(10)), [1, 3]);
        drop(others);
    }

    #[test]
    fn a_batch_leaves_the_pipeline_with_the_last_piece_of_it() {
        let pipeline = pipeline();
        pipeline.waiting_spans.store(2, Ordering::Relaxed);
        let mut batch = Batch::open(layout::header(0, 0).to_vec(), Vec::new()).unwrap();
        batch.records = 2;
        // Its records cannot be followed, so it is one piece.
        let mut pieces = cut(batch, pipeline, 1, 1);
        let mine = pieces.pop().unwrap();
        let part = mine.alone();
        drop(mine);
        assert_eq!(pipeline.waiting_spans.load(Ordering::Relaxed), 2);
        drop(part);
        assert_eq!(pipeline.waiting_spans.load(Ordering::Relaxed), 0);
    }
}
