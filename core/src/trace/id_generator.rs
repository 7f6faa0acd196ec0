//! Random ids.
//!
//! Each thread has its own generator (xoshiro256++, 256 bits of state) seeded by the operating system. A forked child
//! reseeds: the generator remembers the generation in which it was seeded.

use super::{SpanId, TraceId};
use crate::process;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

struct Seeded {
    generation: u64,
    random: Xoshiro256PlusPlus,
}

thread_local! {
    static GENERATOR: RefCell<Option<Seeded>> = const { RefCell::new(None) };
}

/// Where ids come from.
#[derive(Debug)]
pub(crate) enum IdGenerator {
    /// Random, per thread.
    Random,
    /// A counter mixed with a seed: repeatable, for tests.
    Seeded { seed: u64, next: AtomicU64 },
}

impl IdGenerator {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        match seed {
            None => Self::Random,
            Some(seed) => Self::Seeded {
                seed,
                next: AtomicU64::new(1),
            },
        }
    }

    #[inline]
    pub(crate) fn trace_id(&self) -> TraceId {
        match self {
            Self::Random => {
                random(|random| TraceId::from_parts(random.next_u64(), not_zero(random)))
            }
            Self::Seeded { seed, next } => {
                TraceId::from_parts(*seed, mix(*seed, next.fetch_add(1, Ordering::Relaxed)))
            }
        }
    }

    #[inline]
    pub(crate) fn span_id(&self) -> SpanId {
        match self {
            Self::Random => random(|random| SpanId::from_u64(not_zero(random))),
            Self::Seeded { seed, next } => {
                SpanId::from_u64(mix(*seed, next.fetch_add(1, Ordering::Relaxed)))
            }
        }
    }
}

/// 128 random bits, for a service instance id.
pub(crate) fn random_u128() -> u128 {
    random(|random| (u128::from(random.next_u64()) << 64) | u128::from(random.next_u64()))
}

#[inline]
fn random<T>(draw: impl FnOnce(&mut Xoshiro256PlusPlus) -> T) -> T {
    GENERATOR.with_borrow_mut(|slot| {
        let generation = process::generation();
        match slot {
            Some(seeded) if seeded.generation == generation => draw(&mut seeded.random),
            _ => draw(&mut slot.insert(seed(generation)).random),
        }
    })
}

#[cold]
fn seed(generation: u64) -> Seeded {
    let mut bytes = [0u8; 32];
    if getrandom::fill(&mut bytes).is_err() {
        // No source of randomness at all (a sandbox without the system call): ids must still differ between processes
        // and threads, so the addresses and clocks that do are mixed.
        let here = std::ptr::from_ref(&bytes).addr() as u64;
        let clock = super::clock::unix_nanos();
        for (word, chunk) in bytes.chunks_exact_mut(8).enumerate() {
            let salt = clock ^ (here << word) ^ (u64::from(std::process::id()) << 32);
            chunk.copy_from_slice(&mix(salt, word as u64 + 1).to_le_bytes());
        }
    }
    Seeded {
        generation,
        random: Xoshiro256PlusPlus::from_seed(bytes),
    }
}

#[inline]
fn not_zero(random: &mut Xoshiro256PlusPlus) -> u64 {
    loop {
        let drawn = random.next_u64();
        if drawn != 0 {
            return drawn;
        }
    }
}

/// SplitMix64's finaliser: a bijection, so different numbers never give the same id.
fn mix(seed: u64, number: u64) -> u64 {
    let mut z = seed.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn random_ids_are_valid_and_differ() {
        let ids = IdGenerator::new(None);
        let traces: HashSet<_> = (0..1000).map(|_| ids.trace_id()).collect();
        let spans: HashSet<_> = (0..1000).map(|_| ids.span_id()).collect();
        assert_eq!((traces.len(), spans.len()), (1000, 1000));
        assert!(spans.iter().all(|id| id.is_valid()));
    }

    #[test]
    fn a_seed_gives_the_same_ids_again() {
        let draw = |seed| {
            let ids = IdGenerator::new(Some(seed));
            (ids.trace_id(), ids.span_id(), ids.span_id())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn threads_draw_different_ids() {
        let ids = IdGenerator::new(None);
        let other = std::thread::scope(|scope| scope.spawn(|| ids.trace_id()).join().unwrap());
        assert_ne!(ids.trace_id(), other);
    }
}
