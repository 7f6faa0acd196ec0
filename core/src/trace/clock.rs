//! Time for spans.
//!
//! The local root reads wall time once; every other time of its local trace is that plus a monotonic difference, so a
//! child never starts before its parent and a step of the wall clock never stretches a span.

use super::ticks;
use std::time::{SystemTime, UNIX_EPOCH};

/// Nanoseconds since the Unix epoch by the wall clock.
#[inline]
pub(crate) fn unix_nanos() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}

/// The instant to which all times of a local trace refer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anchor {
    wall: u64,
    monotonic: u64,
}

impl Anchor {
    /// Now. Its wall time is the local root's start.
    #[inline]
    pub(crate) fn now() -> Self {
        let (wall, monotonic) = ticks::wall_and_monotonic_nanos();
        Self { wall, monotonic }
    }

    /// An anchor that nobody asks; it costs no look at a clock.
    pub(crate) const fn never() -> Self {
        Self {
            wall: 0,
            monotonic: 0,
        }
    }

    /// The wall time of this anchor, in nanoseconds since the Unix epoch.
    #[inline]
    pub(crate) fn wall(self) -> u64 {
        self.wall
    }

    /// Unix nanoseconds of this moment, by this anchor.
    #[inline]
    pub(crate) fn elapsed(self) -> u64 {
        self.wall
            .wrapping_add(ticks::monotonic_nanos().saturating_sub(self.monotonic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_starts_at_wall_time_and_goes_on_from_there() {
        let before = unix_nanos();
        let anchor = Anchor::now();
        assert!((before..=before + 1_000_000_000).contains(&anchor.wall()));
        let first = anchor.elapsed();
        assert!(anchor.wall() <= first && first <= anchor.elapsed());
    }
}
