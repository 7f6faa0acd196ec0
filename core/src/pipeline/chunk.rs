//! Where finished spans of one thread gather before they go to the queue.
//!
//! Each thread that ends spans has a [`Local`]: a chunk behind a mutex that only the worker's timer ever contends for, and
//! counters that only its own thread writes. Locals are never freed; a thread that ends leaves its own to the next one, so
//! there are as many as there were threads at once.

use super::Pipeline;
use crate::trace::{Batch, Content, Identity, Recorder, layout};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A chunk is handed over when it holds this much.
const CHUNK_BYTES: usize = 64 << 10;
/// A thread's first buffer: threads that end few spans must not hold much.
const FIRST_SLOTS: usize = 256;
const FIRST_TEXT: usize = 1 << 10;

/// One thread's part of a pipeline.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(crate) struct Local {
    taken: AtomicBool,
    chunk: Mutex<Chunk>,
    pub(crate) started: Count,
    pub(crate) live: Count,
    pub(crate) ended: Count,
    pub(crate) sampled_out: Count,
    pub(crate) dropped: Count,
    pub(crate) local_roots: Count,
    pub(crate) local_roots_sampled: Count,
}

/// A number that one thread writes and any thread reads: no atomic read-modify-write on the hot path.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    #[inline]
    pub(crate) fn add(&self, number: u64) {
        let now = self.0.load(Ordering::Relaxed);
        self.0.store(now.wrapping_add(number), Ordering::Relaxed);
    }

    #[inline]
    pub(crate) fn subtract(&self, number: u64) {
        self.add(number.wrapping_neg());
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Records that are being gathered.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    slots: Vec<u64>,
    text: String,
    records: u32,
}

impl Local {
    pub(crate) fn chunk(&self) -> MutexGuard<'_, Chunk> {
        // A poisoned chunk holds whole records only: they are appended last.
        self.chunk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Chunk {
    /// Appends a record. `false`: the memory budget is spent, the record is dropped.
    #[inline]
    pub(crate) fn append(
        &mut self,
        pipeline: &Pipeline,
        recorder: &Recorder,
        identity: &Identity<'_>,
    ) -> bool {
        let (slots, text) = recorder.size(identity.context);
        if self.is_full(pipeline, slots, text) {
            self.hand_over(pipeline);
        }
        if !self.make_room(pipeline, slots + layout::HEADER, text) {
            return false;
        }
        if self.records == 0 {
            self.slots.extend_from_slice(&layout::header(0, 0));
        }
        recorder.append_to(identity, &mut self.slots, &mut self.text);
        self.records += 1;
        true
    }

    #[inline]
    fn is_full(&self, pipeline: &Pipeline, slots: usize, text: usize) -> bool {
        self.records > 0
            && (self.records >= pipeline.chunk_records
                || (self.slots.len() + slots) * 8 + self.text.len() + text > CHUNK_BYTES)
    }

    /// Whether nothing was appended since the chunk was last handed over.
    pub(crate) fn is_empty(&self) -> bool {
        self.records == 0
    }

    #[inline]
    fn make_room(&mut self, pipeline: &Pipeline, slots: usize, text: usize) -> bool {
        let fits = self.slots.capacity() - self.slots.len() >= slots
            && self.text.capacity() - self.text.len() >= text;
        fits || self.grow(pipeline, slots, text)
    }

    /// Doubles what is too small, and charges the growth to the memory budget.
    #[cold]
    fn grow(&mut self, pipeline: &Pipeline, slots: usize, text: usize) -> bool {
        let target = |length: usize, capacity: usize, more: usize, first: usize| {
            if capacity - length >= more {
                capacity
            } else {
                (length + more).max(capacity * 2).max(first)
            }
        };
        let to_slots = target(self.slots.len(), self.slots.capacity(), slots, FIRST_SLOTS);
        let to_text = target(self.text.len(), self.text.capacity(), text, FIRST_TEXT);
        let before = self.bytes();
        if !pipeline.budget.charge(to_slots * 8 + to_text - before) {
            return false;
        }
        self.slots.reserve_exact(to_slots - self.slots.len());
        self.text.reserve_exact(to_text - self.text.len());
        true
    }

    fn bytes(&self) -> usize {
        self.slots.capacity() * 8 + self.text.capacity()
    }

    /// Gives what is gathered to the queue and goes on with used buffers, if there are some.
    #[cold]
    fn hand_over(&mut self, pipeline: &Pipeline) {
        if let Some(batch) = self.take() {
            pipeline.enqueue(batch);
            if let Some((slots, text)) = pipeline.budget.recycled() {
                // The buffer is empty, so it is well-formed.
                (self.slots, self.text) = (slots, String::from_utf8(text).unwrap_or_default());
            }
        }
    }

    /// What is gathered, with its header; the chunk is left without buffers.
    pub(crate) fn take(&mut self) -> Option<Batch> {
        if self.records == 0 {
            return None;
        }
        let records = std::mem::take(&mut self.records);
        let mut slots = std::mem::take(&mut self.slots);
        slots[..layout::HEADER].copy_from_slice(&layout::header(records, 1));
        Some(Batch {
            slots,
            text: Content::Utf8(std::mem::take(&mut self.text)),
            records,
        })
    }
}

thread_local! {
    /// The pipeline that this thread used last.
    static LAST: Cell<(u64, Option<&'static Local>)> = const { Cell::new((0, None)) };
    static OWNED: RefCell<Owned> = const { RefCell::new(Owned(Vec::new())) };
}

/// The locals that this thread took, by pipeline.
struct Owned(Vec<(u64, &'static Local)>);

impl Drop for Owned {
    fn drop(&mut self) {
        for (_, local) in self.0.drain(..) {
            local.taken.store(false, Ordering::Release);
        }
        let _ = LAST.try_with(|last| last.set((0, None)));
    }
}

/// This thread's part of `pipeline`.
#[inline]
pub(crate) fn local(pipeline: &'static Pipeline) -> &'static Local {
    match LAST.try_with(Cell::get) {
        Ok((uid, Some(local))) if uid == pipeline.uid => local,
        _ => find(pipeline),
    }
}

#[cold]
fn find(pipeline: &'static Pipeline) -> &'static Local {
    let known = OWNED.try_with(|owned| {
        let mut owned = owned.borrow_mut();
        if let Some(&(_, local)) = owned.0.iter().find(|(uid, _)| *uid == pipeline.uid) {
            return local;
        }
        let local = claim(pipeline);
        // Locals of pipelines that are closed stay listed until the thread ends; they are few and small.
        owned.0.push((pipeline.uid, local));
        local
    });
    match known {
        Ok(local) => {
            let _ = LAST.try_with(|last| last.set((pipeline.uid, Some(local))));
            local
        }
        // The thread is ending and its thread-locals are gone: use a local once and leave it.
        Err(_) => {
            let local = claim(pipeline);
            local.taken.store(false, Ordering::Release);
            local
        }
    }
}

fn claim(pipeline: &'static Pipeline) -> &'static Local {
    let free = |local: &&'static Local| {
        local
            .taken
            .compare_exchange(false, true, Ordering::AcqRel, Ordering::Relaxed)
            .is_ok()
    };
    if let Some(local) = pipeline.locals.iter().map(|(_, local)| local).find(free) {
        return local;
    }
    let index = pipeline.locals.push(Local {
        taken: AtomicBool::new(true),
        ..Local::default()
    });
    &pipeline.locals[index]
}
