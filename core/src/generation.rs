//! One pointer to mutable state, stamped with the fork generation in which that state was made.
//!
//! After a fork the stamp no longer matches. The child then installs fresh state by compare-and-swap and leaks the old
//! one unread: it may hold locks that no thread of the child will ever release. The new state remembers where the old one
//! is, so that a leak checker in the child finds memory that is still reachable and not lost.

#![allow(unsafe_code)]

#[cfg(loom)]
use loom::sync::atomic::AtomicPtr;
#[cfg(not(loom))]
use std::sync::atomic::AtomicPtr;
use std::sync::atomic::Ordering;

struct Stamped<T> {
    generation: u64,
    value: T,
    /// The state of the generation before. Never followed.
    _abandoned: *mut Stamped<T>,
}

/// State of which each process generation has its own. Never freed: the values live until the process ends.
pub struct PerGeneration<T: Send + Sync + 'static> {
    current: AtomicPtr<Stamped<T>>,
}

impl<T: Send + Sync + 'static> PerGeneration<T> {
    /// Without state yet; the first [`get`](Self::get) makes it.
    #[cfg(not(loom))]
    pub const fn new() -> Self {
        Self {
            current: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// As above; loom's pointers are not made at compile time.
    #[cfg(loom)]
    pub fn new() -> Self {
        Self {
            current: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// The state of `generation`, made by `make` if there is none. If several threads race, one state wins and the
    /// others are dropped unused.
    #[inline]
    pub fn get(&self, generation: u64, make: impl FnOnce() -> T) -> &'static T {
        match self.peek(generation) {
            Some(value) => value,
            None => self.install(generation, make),
        }
    }

    /// The state of `generation`, if it was made.
    #[inline]
    pub fn peek(&self, generation: u64) -> Option<&'static T> {
        let current = self.current.load(Ordering::Acquire);
        // SAFETY: the pointer is null or came from `Box::into_raw` in `install` and is never freed after it was
        // published; `Acquire` makes what was written before the publishing `Release` visible.
        let stamped = unsafe { current.as_ref() }?;
        (stamped.generation == generation).then_some(&stamped.value)
    }

    #[cold]
    fn install(&self, generation: u64, make: impl FnOnce() -> T) -> &'static T {
        let fresh = Box::into_raw(Box::new(Stamped {
            generation,
            value: make(),
            _abandoned: std::ptr::null_mut(),
        }));
        let mut seen = self.current.load(Ordering::Acquire);
        loop {
            // SAFETY: as in `peek`.
            if let Some(other) = unsafe { seen.as_ref() }
                && other.generation == generation
            {
                // SAFETY: `fresh` was never published, so nobody else has it.
                drop(unsafe { Box::from_raw(fresh) });
                return &other.value;
            }
            // SAFETY: `fresh` is not published yet, so nobody else has it.
            unsafe { (*fresh)._abandoned = seen };
            match self
                .current
                .compare_exchange(seen, fresh, Ordering::AcqRel, Ordering::Acquire)
            {
                // SAFETY: `fresh` is published now and is never freed.
                Ok(_) => return unsafe { &(*fresh).value },
                Err(now) => seen = now,
            }
        }
    }
}

impl<T: Send + Sync + 'static> Default for PerGeneration<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn abandoned_state_stays_reachable_from_the_new_one() {
        let state = PerGeneration::new();
        let old = state.get(1, || 1u32);
        state.get(2, || 2u32);
        let current = state.current.load(Ordering::Acquire);
        // SAFETY: published and never freed; in this test nobody has forked, so the old state may be read.
        let abandoned = unsafe { &(*(*current)._abandoned).value };
        assert!(std::ptr::eq(abandoned, old));
    }

    #[test]
    fn a_new_generation_gets_fresh_state_and_the_old_one_stays_readable() {
        let state = PerGeneration::new();
        let old = state.get(1, || String::from("parent"));
        let new = state.get(2, || String::from("child"));
        assert_eq!((old.as_str(), new.as_str()), ("parent", "child"));
        assert_eq!(state.get(2, || unreachable!("made once")).as_str(), "child");
    }
}

/// Run by `make test-loom`.
#[cfg(all(test, loom))]
mod model {
    use super::*;
    use loom::sync::Arc;

    #[test]
    fn racing_threads_agree_on_one_state() {
        loom::model(|| {
            let state = Arc::new(PerGeneration::<u32>::new());
            let racers: Vec<_> = (0..2)
                .map(|number| {
                    let state = state.clone();
                    loom::thread::spawn(move || *state.get(1, || number))
                })
                .collect();
            let seen: Vec<u32> = racers.into_iter().map(|r| r.join().unwrap()).collect();
            assert_eq!(seen[0], seen[1]);
            assert_eq!(state.peek(1), Some(&seen[0]));
        });
    }
}
