//! The one memory budget: thread chunks, queue, what is in flight and what waits to be sent again.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

type Buffers = (Vec<u64>, Vec<u8>);

/// Bytes in use, against their limit; and buffers that are used again.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    limit: usize,
    free: Mutex<Vec<Buffers>>,
    free_most: usize,
}

impl Budget {
    pub(crate) fn new(limit: usize) -> Self {
        // At most an eighth of the budget waits in used buffers of a full chunk (about 64 KiB each).
        let free_most = (limit / (8 << 16)).clamp(1, 16);
        Self {
            used: AtomicUsize::new(0),
            limit,
            free: Mutex::new(Vec::with_capacity(free_most)),
            free_most,
        }
    }

    /// Takes `bytes` from the budget, or says that it is spent.
    pub(crate) fn charge(&self, bytes: usize) -> bool {
        let before = self.used.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.limit {
            self.used.fetch_sub(bytes, Ordering::Relaxed);
            return false;
        }
        true
    }

    /// Gives `bytes` back.
    pub(crate) fn release(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether less than a quarter is left.
    pub(crate) fn is_crowded(&self) -> bool {
        self.used() > self.limit / 4 * 3
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit
    }

    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Empty buffers that were used before, charged.
    pub(crate) fn recycled(&self) -> Option<Buffers> {
        let (slots, text) = self.free().pop()?;
        self.charge(bytes(&slots, &text)).then_some((slots, text))
    }

    /// Takes buffers back, and what they were charged with.
    pub(crate) fn recycle(&self, mut slots: Vec<u64>, text: impl Into<Vec<u8>>) {
        let mut text = text.into();
        let size = bytes(&slots, &text);
        self.release(size);
        slots.clear();
        text.clear();
        // Small buffers come from idle threads, very large ones from a single batch: neither fits the next user.
        if (32 << 10..256 << 10).contains(&size) {
            let mut free = self.free();
            if free.len() < self.free_most {
                free.push((slots, text));
            }
        }
    }

    /// Frees the used buffers.
    pub(crate) fn clear(&self) {
        self.free().clear();
    }

    fn free(&self) -> std::sync::MutexGuard<'_, Vec<Buffers>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(slots: &Vec<u64>, text: &Vec<u8>) -> usize {
    slots.capacity() * 8 + text.capacity()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_and_not_charged() {
        let budget = Budget::new(1000);
        assert!(budget.charge(900));
        assert!(!budget.charge(101));
        assert_eq!(budget.used(), 900);
        budget.release(900);
        assert!(budget.charge(1000));
    }

    #[test]
    fn a_recycled_buffer_keeps_its_capacity_and_is_charged_again() {
        let budget = Budget::new(1 << 20);
        assert!(budget.charge(64 << 10));
        budget.recycle(Vec::with_capacity(6 << 10), Vec::with_capacity(16 << 10));
        assert_eq!(budget.used(), 0);
        let (slots, _) = budget.recycled().expect("one was recycled");
        assert_eq!(slots.capacity(), 6 << 10);
        assert_eq!(budget.used(), 64 << 10);
        assert!(budget.recycled().is_none());
    }
}
