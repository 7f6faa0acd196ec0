//! What is known of the spans that a host's API names only by a number: a map in shards, so that threads rarely meet.
//!
//! In steady state nothing is allocated: a map keeps its room when an entry is taken out.

use crate::generation::PerGeneration;
use crate::process;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A power of two, some times the threads of a usual machine.
const SHARDS: usize = 64;

/// Entries by number. A forked child starts with none: locks that other threads of its parent held stay locked for ever.
pub(crate) struct Shards<V: Send + 'static> {
    state: PerGeneration<Vec<Shard<V>>>,
}

/// On a cache line of its own, so that threads that use neighbours do not slow each other down.
#[repr(align(64))]
struct Shard<V>(Mutex<Entries<V>>);

pub(crate) type Entries<V> = HashMap<u64, V, BuildHasherDefault<Mix>>;

impl<V: Send + 'static> Shards<V> {
    pub(crate) const fn new() -> Self {
        Self {
            state: PerGeneration::new(),
        }
    }

    /// The shard to which `number` belongs, locked. No code of the host may run while it is.
    #[inline]
    pub(crate) fn lock(&self, number: u64) -> MutexGuard<'_, Entries<V>> {
        let shards = self.state.get(process::generation(), || {
            (0..SHARDS).map(|_| Shard(Mutex::default())).collect()
        });
        let shard = &shards[mix(number) as usize % SHARDS];
        shard.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Spreads numbers that count up over all bits.
#[inline]
fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

/// Hashes one number.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    #[inline]
    fn write_u64(&mut self, number: u64) {
        // Other bits than those by which the shard was chosen.
        self.0 = mix(number).rotate_right(16);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_count_up_spread_over_the_shards() {
        let mut counts = [0; SHARDS];
        for number in 0..6400 {
            counts[mix(number) as usize % SHARDS] += 1;
        }
        assert!(
            counts.iter().all(|count| (50..200).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn what_is_put_in_is_found_until_it_is_taken_out() {
        let shards = Shards::new();
        for number in 0..1000 {
            shards.lock(number).insert(number, number * 2);
        }
        for number in 0..1000 {
            assert_eq!(shards.lock(number).get(&number), Some(&(number * 2)));
            assert_eq!(shards.lock(number).remove(&number), Some(number * 2));
            assert_eq!(shards.lock(number).get(&number), None);
        }
    }
}
