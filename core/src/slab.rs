//! Values behind handles: 64-bit numbers that stay safe to use whatever the holder does with them.
//!
//! ```text
//! handle   63..60 kind | 59..20 generation | 19..0 slot          never 0
//! slot     generation, state  ──▶  vacant ── fill ──▶ idle ── enter ──▶ busy ── leave ──▶ idle
//!                                     ▲                                   └──── remove ──▶ vacant, generation + 1
//! ```
//!
//! For callers that cannot keep a Rust reference (the C ABI). A handle that was removed, was never given out, is of
//! another kind, or comes from another process or copy of the library finds another generation and is refused. One that
//! is in use by another thread is waited for, briefly: what is done with a value inside takes microseconds.
//!
//! There is no lock. What a fork catches half-way is at worst one slot that the child cannot use: its owner's thread does
//! not exist there, so the child is told [`Refusal::Busy`] at once instead of waiting for it.
//!
//! Slots are used again but never freed; memory is bounded by the capacity.

#![allow(unsafe_code)]

#[cfg(loom)]
use loom::{
    cell::UnsafeCell,
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
};
use std::fmt;
#[cfg(not(loom))]
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::process;
#[cfg(not(loom))]
use cell::UnsafeCell;

const INDEX_BITS: u32 = 20;
const GENERATION_BITS: u32 = 40;
const GENERATION_MASK: u64 = (1 << GENERATION_BITS) - 1;
/// The most slots that a slab can have.
pub const MOST_SLOTS: usize = 1 << INDEX_BITS;

const VACANT: u64 = 0;
const IDLE: u64 = 1;
const BUSY: u64 = 2;
const STATE_BITS: u32 = 2;

/// Free slots are kept in several lists, so that threads which start and end values at the same time do not fight over
/// one cache line.
#[cfg(not(loom))]
const STRIPES: usize = 16;
#[cfg(loom)]
const STRIPES: usize = 1;

/// Why a handle is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No value stands behind it (any more).
    Stale,
    /// Another thread has been using it for too long, or used it when this process was forked.
    Busy,
}

/// A table of values behind handles of one kind.
pub struct Slab<T: Send> {
    kind: u8,
    capacity: usize,
    slots: boxcar::Vec<Slot<T>>,
    free: [FreeList; STRIPES],
    /// Where generations start, so that handles of another process do not fit; 0 until the first slot is made.
    seed: AtomicU64,
}

struct Slot<T> {
    /// Generation and state.
    word: AtomicU64,
    /// The next free slot plus one; only meaningful in a free list.
    next_free: AtomicU32,
    /// The fork generation in which the value was put in.
    born: AtomicU64,
    value: UnsafeCell<Option<T>>,
}

// SAFETY: `value` is only touched by the thread that owns the slot: it popped the slot while it was vacant, or it moved the
// word from idle to busy. Both are atomic, so there is one owner at a time; the value itself may move between threads.
unsafe impl<T: Send> Sync for Slot<T> {}

/// A stack of vacant slots: the number of the first plus one below, a count of changes above, so that a slot which was
/// taken and put back in the meantime is not mistaken for one that stayed.
#[repr(align(128))]
struct FreeList {
    head: AtomicU64,
}

impl<T: Send> Slab<T> {
    /// An empty slab. `kind` (1 to 15) tells its handles from those of other slabs; `capacity` is at most [`MOST_SLOTS`].
    #[cfg(not(loom))]
    pub const fn new(kind: u8, capacity: usize) -> Self {
        assert!(kind > 0 && kind < 16 && capacity <= MOST_SLOTS);
        Self {
            kind,
            capacity,
            slots: boxcar::Vec::new(),
            free: [const {
                FreeList {
                    head: AtomicU64::new(0),
                }
            }; STRIPES],
            seed: AtomicU64::new(0),
        }
    }

    /// As above; loom's types cannot be made at compile time.
    #[cfg(loom)]
    pub fn new(kind: u8, capacity: usize) -> Self {
        Self {
            kind,
            capacity,
            slots: boxcar::Vec::new(),
            free: [FreeList {
                head: AtomicU64::new(0),
            }],
            seed: AtomicU64::new(1),
        }
    }

    /// A place for a value that is about to be made; `None` if the slab is full. Taken first, so that nothing is made that
    /// has no place.
    #[inline]
    pub fn vacancy(&self) -> Option<Vacancy<'_, T>> {
        let index = match self.pop(stripe()) {
            Some(index) => index,
            None => self.grow()?,
        };
        Some(Vacancy {
            slab: self,
            slot: self.slots.get(index as usize)?,
            index,
        })
    }

    /// Enters the value behind `handle`, alone until the result is dropped.
    ///
    /// # Errors
    ///
    /// See [`Refusal`].
    #[inline]
    pub fn enter(&self, handle: u64) -> Result<Entered<'_, T>, Refusal> {
        if handle >> (INDEX_BITS + GENERATION_BITS) != u64::from(self.kind) {
            return Err(Refusal::Stale);
        }
        let index = (handle & (MOST_SLOTS as u64 - 1)) as u32;
        let generation = (handle >> INDEX_BITS) & GENERATION_MASK;
        let slot = self.slots.get(index as usize).ok_or(Refusal::Stale)?;
        let idle = word(generation, IDLE);
        let busy = word(generation, BUSY);
        let mut wait = Wait::default();
        loop {
            // Acquire: what the last owner wrote into the value is seen.
            match slot
                .word
                .compare_exchange(idle, busy, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => {
                    return Ok(Entered {
                        slab: self,
                        slot,
                        index,
                        generation,
                        unwinding: std::thread::panicking(),
                    });
                }
                Err(now) if now == busy => wait.again(&slot.born)?,
                Err(_) => return Err(Refusal::Stale),
            }
        }
    }

    /// Makes a new slot. Several threads at the limit may overshoot it by one each.
    #[cold]
    fn grow(&self) -> Option<u32> {
        // Slots that other threads have freed come before new ones.
        if let Some(index) = (0..STRIPES).find_map(|stripe| self.pop(stripe)) {
            return Some(index);
        }
        if self.slots.count() >= self.capacity {
            return None;
        }
        let index = self.slots.push(Slot {
            word: AtomicU64::new(word(self.first_generation(), VACANT)),
            next_free: AtomicU32::new(0),
            born: AtomicU64::new(0),
            value: UnsafeCell::new(None),
        });
        (index < MOST_SLOTS).then_some(index as u32)
    }

    fn first_generation(&self) -> u64 {
        use std::hash::{BuildHasher, RandomState};
        let seed = self.seed.load(Ordering::Relaxed);
        if seed != 0 {
            return seed;
        }
        let fresh = (RandomState::new().hash_one(0_u64) & GENERATION_MASK).max(1);
        match self
            .seed
            .compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed)
        {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }

    #[inline]
    fn pop(&self, stripe: usize) -> Option<u32> {
        let list = &self.free[stripe].head;
        let mut head = list.load(Ordering::Acquire);
        loop {
            let index = (head as u32).checked_sub(1)?;
            let next = self
                .slots
                .get(index as usize)?
                .next_free
                .load(Ordering::Relaxed);
            let after = changed(head, next);
            match list.compare_exchange_weak(head, after, Ordering::Acquire, Ordering::Acquire) {
                Ok(_) => return Some(index),
                Err(now) => head = now,
            }
        }
    }

    #[inline]
    fn push(&self, slot: &Slot<T>, index: u32) {
        let list = &self.free[stripe()].head;
        let mut head = list.load(Ordering::Relaxed);
        loop {
            slot.next_free.store(head as u32, Ordering::Relaxed);
            let after = changed(head, index + 1);
            match list.compare_exchange_weak(head, after, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => head = now,
            }
        }
    }
}

impl<T: Send> fmt::Debug for Slab<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slab")
            .field("kind", &self.kind)
            .field("capacity", &self.capacity)
            .field("slots", &self.slots.count())
            .finish_non_exhaustive()
    }
}

/// A slot that is owned but holds nothing yet. Dropped unfilled, it becomes free again.
pub struct Vacancy<'s, T: Send> {
    slab: &'s Slab<T>,
    slot: &'s Slot<T>,
    index: u32,
}

impl<T: Send> Vacancy<'_, T> {
    /// Puts a value in and returns its handle.
    #[inline]
    pub fn fill(self, value: T) -> u64 {
        let (slab, slot, index) = (self.slab, self.slot, self.index);
        std::mem::forget(self);
        // SAFETY: a vacant slot that is in no free list belongs to whoever took it out, which is us.
        slot.value.with_mut(|place| unsafe { *place = Some(value) });
        slot.born.store(process::generation(), Ordering::Relaxed);
        let generation = slot.word.load(Ordering::Relaxed) >> STATE_BITS;
        // Release: whoever enters sees the value.
        slot.word.store(word(generation, IDLE), Ordering::Release);
        u64::from(slab.kind) << (INDEX_BITS + GENERATION_BITS)
            | generation << INDEX_BITS
            | u64::from(index)
    }
}

impl<T: Send> Drop for Vacancy<'_, T> {
    fn drop(&mut self) {
        self.slab.push(self.slot, self.index);
    }
}

/// A value that this thread has to itself.
///
/// If a panic unwinds through it, the value may be half changed: the handle is stale from then on, and the slot is not
/// used again.
pub struct Entered<'s, T: Send> {
    slab: &'s Slab<T>,
    slot: &'s Slot<T>,
    index: u32,
    generation: u64,
    /// Whether the thread was unwinding already when it entered.
    unwinding: bool,
}

impl<T: Send> Entered<'_, T> {
    /// Uses the value.
    #[inline]
    pub fn with<R>(&mut self, body: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.slot.value.with_mut(|place| {
            // SAFETY: the word is busy with our generation, so no other thread touches the value until we leave, and
            // `&mut self` keeps us from doing it twice.
            unsafe { (*place).as_mut() }.map(body)
        })
    }

    /// Takes the value out; the handle is stale from then on.
    #[inline]
    pub fn remove(self) -> Option<T> {
        let (slab, slot, index) = (self.slab, self.slot, self.index);
        let next = self.generation.wrapping_add(1) & GENERATION_MASK;
        std::mem::forget(self);
        // SAFETY: as in `with`.
        let value = slot.value.with_mut(|place| unsafe { (*place).take() });
        // Release, for whoever enters the next value; the free list orders the taking of the slot.
        slot.word.store(word(next, VACANT), Ordering::Release);
        slab.push(slot, index);
        value
    }
}

impl<T: Send> Drop for Entered<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let after = if std::thread::panicking() && !self.unwinding {
            word(self.generation.wrapping_add(1) & GENERATION_MASK, VACANT)
        } else {
            word(self.generation, IDLE)
        };
        // Release: the next owner sees what we wrote.
        self.slot.word.store(after, Ordering::Release);
    }
}

#[inline]
const fn word(generation: u64, state: u64) -> u64 {
    generation << STATE_BITS | state
}

#[inline]
const fn changed(head: u64, first: u32) -> u64 {
    (head >> 32).wrapping_add(1) << 32 | first as u64
}

/// Waits for another thread to leave a value, without a lock that a fork could leave behind.
#[derive(Default)]
struct Wait {
    rounds: u32,
    #[cfg(not(loom))]
    since: Option<std::time::Instant>,
}

impl Wait {
    #[cold]
    #[cfg(not(loom))]
    fn again(&mut self, born: &AtomicU64) -> Result<(), Refusal> {
        use std::time::{Duration, Instant};
        /// Far longer than any use of a value; only a caller that interrupted its own use (a signal handler) gets here.
        const LONGEST: Duration = Duration::from_secs(1);
        const SPINS: u32 = 64;
        self.rounds += 1;
        if self.rounds <= SPINS {
            std::hint::spin_loop();
            return Ok(());
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        if born.load(Ordering::Relaxed) != process::generation() || since.elapsed() > LONGEST {
            return Err(Refusal::Busy);
        }
        std::thread::yield_now();
        Ok(())
    }

    #[cfg(loom)]
    fn again(&mut self, _born: &AtomicU64) -> Result<(), Refusal> {
        self.rounds += 1;
        loom::thread::yield_now();
        Ok(())
    }
}

/// Which free list the calling thread uses.
#[inline]
fn stripe() -> usize {
    #[cfg(loom)]
    {
        0
    }
    #[cfg(not(loom))]
    {
        use std::sync::atomic::AtomicUsize;
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static STRIPE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES;
        }
        STRIPE.with(|stripe| *stripe)
    }
}

/// Loom's form of a cell, over the standard one.
#[cfg(not(loom))]
mod cell {
    pub(super) struct UnsafeCell<T>(std::cell::UnsafeCell<T>);

    impl<T> UnsafeCell<T> {
        pub(super) const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(super) fn with_mut<R>(&self, body: impl FnOnce(*mut T) -> R) -> R {
            body(self.0.get())
        }
    }
}

#[cfg(test)]
#[path = "slab_tests.rs"]
mod tests;
