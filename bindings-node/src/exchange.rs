//! The memory that JavaScript and the addon share, so that the calls on the way of a span carry no values.
//!
//! It belongs to JavaScript (an ArrayBuffer, which the addon keeps alive), because not every host admits memory from
//! outside. Slots are eight bytes; the layout is `Exchange` in `native.ts`.

use crate::value;
use napi_sys as sys;
use std::ptr::null_mut;

/// Slot numbers.
pub(crate) mod slot {
    pub(crate) const MONOTONIC: usize = 0;
    pub(crate) const WALL_MILLIS: usize = 1;
    pub(crate) const WALL_NANOS: usize = 2;
    pub(crate) const STARTED: usize = 3;
    pub(crate) const ENDED: usize = 4;
    pub(crate) const SAMPLED_OUT: usize = 5;
    pub(crate) const POLICY: usize = 6;
    pub(crate) const TRACE_HIGH: usize = 7;
    pub(crate) const TRACE_LOW: usize = 8;
    pub(crate) const SPAN_ID: usize = 9;
    pub(crate) const FLAGS: usize = 10;
    pub(crate) const THRESHOLD: usize = 11;
    pub(crate) const HAS_THRESHOLD: usize = 12;
    pub(crate) const LENGTH: usize = 16;
}

/// Bits of the low half of the flags slot, above the eight trace flags.
pub(crate) const REMOTE: u32 = 1 << 8;
pub(crate) const HAS_PARENT: u32 = 1 << 9;

/// An ArrayBuffer of slots that stays where it is as long as the environment lives.
#[derive(Clone, Copy)]
pub(crate) struct Shared {
    memory: *mut u64,
    slots: usize,
    reference: sys::napi_ref,
}

impl Shared {
    /// A new buffer and the JavaScript value that stands for it.
    pub(crate) fn new(env: sys::napi_env, slots: usize) -> Option<(Self, sys::napi_value)> {
        let (mut memory, mut buffer, mut reference) = (null_mut(), null_mut(), null_mut());
        // SAFETY: a live environment and places for the results. The reference is strong, so the memory stays.
        let status = unsafe {
            sys::napi_create_arraybuffer(env, slots * 8, &mut memory, &mut buffer);
            sys::napi_create_reference(env, buffer, 1, &mut reference)
        };
        if status != sys::Status::napi_ok || memory.is_null() {
            return None;
        }
        let shared = Self {
            memory: memory.cast(),
            slots,
            reference,
        };
        Some((shared, buffer))
    }

    /// Lets the buffer go.
    pub(crate) fn release(self, env: sys::napi_env) {
        // SAFETY: the reference was made in `new` and is deleted once, because `self` is given away.
        unsafe { sys::napi_delete_reference(env, self.reference) };
    }

    pub(crate) fn len(&self) -> usize {
        self.slots
    }

    #[inline(always)]
    pub(crate) fn set(&self, at: usize, slot: u64) {
        debug_assert!(at < self.slots);
        // SAFETY: inside the buffer, which the reference keeps alive; JavaScript runs on this thread and so not now.
        // ArrayBuffers are aligned to eight bytes.
        unsafe { self.memory.add(at).write(slot) };
    }

    #[inline(always)]
    pub(crate) fn get(&self, at: usize) -> u64 {
        debug_assert!(at < self.slots);
        // SAFETY: as in `set`.
        unsafe { self.memory.add(at).read() }
    }

    #[inline(always)]
    pub(crate) fn set_number(&self, at: usize, number: f64) {
        self.set(at, number.to_bits());
    }

    /// A counter, which JavaScript holds as a double.
    pub(crate) fn count(&self, at: usize) -> u64 {
        f64::from_bits(self.get(at)) as u64
    }

    #[inline(always)]
    pub(crate) fn set_pair(&self, at: usize, low: u32, high: u32) {
        self.set(at, value::pair(low, high));
    }
}
