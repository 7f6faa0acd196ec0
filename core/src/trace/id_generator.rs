//! Where ids come from: random ones, repeatable ones for tests, or those of the program's own generator.
//!
//! For random ids each thread has its own generator (xoshiro256++, 256 bits of state) seeded by the operating system. A forked
//! child reseeds: the generator remembers the generation in which it was seeded.

use super::{SpanId, TraceId};
use crate::process;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};
use std::cell::RefCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

struct Seeded {
    generation: u64,
    random: Xoshiro256PlusPlus,
}

thread_local! {
    static GENERATOR: RefCell<Option<Seeded>> = const { RefCell::new(None) };
}

/// Makes the ids of traces and spans in a way of the program's own (OpenTelemetry specification, "Id Generators").
///
/// It is asked on the caller's thread, by any number of threads at once, and must not wait. Where it panics or gives an id of
/// zeroes, a random id is taken in its place.
pub trait IdGenerator: fmt::Debug + Send + Sync {
    /// The id of a new trace; not all zeroes.
    fn trace_id(&self) -> TraceId;

    /// The id of a new span; not zero.
    fn span_id(&self) -> SpanId;

    /// Whether the lower 56 bits of every trace id are random, evenly and independently of all else. Only then do roots carry the
    /// random flag of W3C Trace Context level 2, by which other systems trust the id for sampling.
    fn is_random(&self) -> bool {
        false
    }
}

/// Where the ids of one provider come from.
#[derive(Debug)]
pub(crate) enum Ids {
    /// Random, per thread.
    Random,
    /// A counter mixed with a seed: repeatable, for tests.
    Seeded { seed: u64, next: AtomicU64 },
    /// The program's own.
    Custom(Arc<dyn IdGenerator>),
}

impl Ids {
    pub(crate) fn new(seed: Option<u64>, custom: Option<Arc<dyn IdGenerator>>) -> Self {
        match (custom, seed) {
            (Some(custom), _) => Self::Custom(custom),
            (None, None) => Self::Random,
            (None, Some(seed)) => Self::Seeded {
                seed,
                next: AtomicU64::new(1),
            },
        }
    }

    /// Whether a trace id tells by its lower 56 bits whether the trace is sampled.
    #[inline]
    pub(crate) fn are_random(&self) -> bool {
        match self {
            Self::Random | Self::Seeded { .. } => true,
            Self::Custom(custom) => {
                catch_unwind(AssertUnwindSafe(|| custom.is_random())).unwrap_or(false)
            }
        }
    }

    #[inline]
    pub(crate) fn trace_id(&self) -> TraceId {
        match self {
            Self::Custom(custom) => catch_unwind(AssertUnwindSafe(|| custom.trace_id()))
                .ok()
                .filter(|id| id.is_valid())
                .unwrap_or_else(|| Self::Random.trace_id()),
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
            Self::Custom(custom) => catch_unwind(AssertUnwindSafe(|| custom.span_id()))
                .ok()
                .filter(|id| id.is_valid())
                .unwrap_or_else(|| Self::Random.span_id()),
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
        let ids = Ids::new(None, None);
        let traces: HashSet<_> = (0..1000).map(|_| ids.trace_id()).collect();
        let spans: HashSet<_> = (0..1000).map(|_| ids.span_id()).collect();
        assert_eq!((traces.len(), spans.len()), (1000, 1000));
        assert!(spans.iter().all(|id| id.is_valid()));
    }

    #[test]
    fn a_seed_gives_the_same_ids_again() {
        let draw = |seed| {
            let ids = Ids::new(Some(seed), None);
            (ids.trace_id(), ids.span_id(), ids.span_id())
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }

    #[test]
    fn threads_draw_different_ids() {
        let ids = Ids::new(None, None);
        let other = std::thread::scope(|scope| scope.spawn(|| ids.trace_id()).join().unwrap());
        assert_ne!(ids.trace_id(), other);
    }

    #[derive(Debug)]
    struct Counted {
        next: AtomicU64,
        random: bool,
    }

    impl IdGenerator for Counted {
        fn trace_id(&self) -> TraceId {
            TraceId::from_parts(7, self.next.fetch_add(1, Ordering::Relaxed))
        }

        fn span_id(&self) -> SpanId {
            match self.next.fetch_add(1, Ordering::Relaxed) {
                3 => panic!("no more ids"),
                number => SpanId::from_u64(number),
            }
        }

        fn is_random(&self) -> bool {
            self.random
        }
    }

    fn counted(random: bool) -> Ids {
        let next = AtomicU64::new(1);
        Ids::new(Some(1), Some(Arc::new(Counted { next, random })))
    }

    #[test]
    fn a_program_s_own_generator_makes_the_ids_and_says_whether_they_are_random() {
        let ids = counted(false);
        assert_eq!(ids.trace_id(), TraceId::from_parts(7, 1));
        assert_eq!(ids.span_id(), SpanId::from_u64(2));
        assert!(!ids.are_random());
        assert!(counted(true).are_random());
    }

    #[test]
    fn a_random_id_stands_in_for_one_that_is_zero_or_never_came() {
        #[derive(Debug)]
        struct Zeroes;
        impl IdGenerator for Zeroes {
            fn trace_id(&self) -> TraceId {
                TraceId::INVALID
            }
            fn span_id(&self) -> SpanId {
                SpanId::INVALID
            }
        }
        let ids = Ids::new(None, Some(Arc::new(Zeroes)));
        assert!(ids.trace_id().is_valid() && ids.span_id().is_valid());
        let ids = counted(false);
        let drawn = [ids.span_id(), ids.span_id(), ids.span_id(), ids.span_id()];
        assert!(drawn.iter().all(|id| id.is_valid()));
        assert_eq!(drawn[3], SpanId::from_u64(4));
    }
}
