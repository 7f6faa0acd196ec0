//! Handles: what they are made of, and how they are told from numbers that are none.
//!
//! ```text
//! provider  63..60 = 1 | 59..32 of this process | 31..0  provider
//! tracer    63..60 = 2 | 59..32 of this process | 31..20 provider | 19..0 tracer
//! config    63..60 = 3 | see polyspan::slab
//! span      63..60 = 4 | see polyspan::slab
//! counter   63..60 = 5 | as tracer
//! ```

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) mod kind {
    pub(crate) const PROVIDER: u8 = 1;
    pub(crate) const TRACER: u8 = 2;
    pub(crate) const CONFIG: u8 = 3;
    pub(crate) const SPAN: u8 = 4;
    pub(crate) const COUNTER: u8 = 5;
}

const PROVIDER_BITS: u32 = 12;
const PART_BITS: u32 = 20;
/// Most providers of a process.
pub(crate) const MOST_PROVIDERS: usize = 1 << PROVIDER_BITS;

/// The handle of the provider in place `index`.
pub(crate) fn provider(index: u32) -> u64 {
    u64::from(kind::PROVIDER) << 60 | nonce() | u64::from(index)
}

/// Where the provider of this handle stands.
#[inline]
pub(crate) fn provider_index(handle: u64) -> Option<u32> {
    (handle & !0xffff_ffff == provider(0)).then_some(handle as u32)
}

/// The handle of a tracer.
pub(crate) fn tracer(provider: u32, tracer: u32) -> u64 {
    part(kind::TRACER, provider, tracer)
}

/// Provider and number of the tracer of this handle.
#[inline]
pub(crate) fn tracer_parts(handle: u64) -> Option<(u32, u32)> {
    parts(kind::TRACER, handle)
}

/// The handle of a counter.
pub(crate) fn counter(provider: u32, counter: u32) -> u64 {
    part(kind::COUNTER, provider, counter)
}

/// Provider and number of the counter of this handle.
#[inline]
pub(crate) fn counter_parts(handle: u64) -> Option<(u32, u32)> {
    parts(kind::COUNTER, handle)
}

/// The handle of what a provider has as number `index` of its kind.
fn part(kind: u8, provider: u32, index: u32) -> u64 {
    u64::from(kind) << 60 | nonce() | u64::from(provider) << PART_BITS | u64::from(index)
}

#[inline]
fn parts(kind: u8, handle: u64) -> Option<(u32, u32)> {
    (handle & !0xffff_ffff == part(kind, 0, 0)).then_some((
        handle as u32 >> PART_BITS,
        handle as u32 & ((1 << PART_BITS) - 1),
    ))
}

/// 28 random bits in their place, so that handles of another process or of another copy of the library do not fit.
#[inline]
fn nonce() -> u64 {
    static NONCE: AtomicU64 = AtomicU64::new(0);
    #[cold]
    fn make() -> u64 {
        let fresh = (RandomState::new().hash_one(0_u64) & 0x0fff_ffff_0000_0000).max(1 << 32);
        match NONCE.compare_exchange(0, fresh, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => fresh,
            Err(other) => other,
        }
    }
    match NONCE.load(Ordering::Relaxed) {
        0 => make(),
        nonce => nonce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_lead_back_to_their_parts() {
        assert_eq!(provider_index(provider(4095)), Some(4095));
        assert_eq!(tracer_parts(tracer(4095, 9_999)), Some((4095, 9_999)));
        assert_eq!(counter_parts(counter(4095, 9_999)), Some((4095, 9_999)));
    }

    #[test]
    fn handles_of_another_kind_and_made_up_numbers_are_none() {
        let (provider, tracer) = (provider(0), tracer(0, 0));
        for wrong in [0, 1, u64::MAX, tracer, provider ^ 1 << 40] {
            assert_eq!(provider_index(wrong), None, "{wrong:x}");
        }
        for wrong in [0, 1, u64::MAX, provider, counter(0, 0), tracer ^ 1 << 40] {
            assert_eq!(tracer_parts(wrong), None, "{wrong:x}");
        }
    }
}
