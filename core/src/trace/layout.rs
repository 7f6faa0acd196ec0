//! Slot numbers and bit positions of the span batch format (`docs/span-batch.md`).

/// Magic and version, `P S B 1`.
pub(crate) const MAGIC: u32 = 0x0142_5350;
/// Slots of a batch's header.
pub(crate) const HEADER: usize = 2;

pub(crate) mod head {
    pub(crate) const SLOTS: usize = 17;
    pub(crate) const LENGTH_FLAGS: usize = 0;
    pub(crate) const TRACE_HIGH: usize = 1;
    pub(crate) const TRACE_LOW: usize = 2;
    pub(crate) const SPAN: usize = 3;
    pub(crate) const PARENT: usize = 4;
    pub(crate) const LOCAL_ROOT: usize = 5;
    pub(crate) const START: usize = 6;
    pub(crate) const END: usize = 7;
    pub(crate) const NANOS: usize = 8;
    pub(crate) const TRACER_BASE: usize = 9;
    pub(crate) const NAME: usize = 10;
    pub(crate) const STATE: usize = 11;
    pub(crate) const STATUS: usize = 12;
    pub(crate) const THRESHOLD: usize = 13;
    pub(crate) const COUNTS: usize = 14;
    pub(crate) const DROPPED: usize = 15;
    pub(crate) const LINKS_ATTRIBUTES: usize = 16;
}

pub(crate) mod flag {
    pub(crate) const KIND_MASK: u32 = 7;
    pub(crate) const VERDICT_SHIFT: u32 = 3;
    pub(crate) const VERDICT_SAMPLED: u32 = 2;
    pub(crate) const STATUS_SHIFT: u32 = 5;
    pub(crate) const TRACE_FLAGS_SHIFT: u32 = 8;
    pub(crate) const PARENT_REMOTE: u32 = 1 << 10;
    pub(crate) const LAST_OF_LOCAL_TRACE: u32 = 1 << 11;
    pub(crate) const HAS_THRESHOLD: u32 = 1 << 12;
}

pub(crate) mod kind {
    pub(crate) const EMPTY: u32 = 0;
    pub(crate) const BOOL: u32 = 1;
    pub(crate) const INT: u32 = 2;
    pub(crate) const DOUBLE: u32 = 3;
    pub(crate) const STRING: u32 = 4;
    pub(crate) const NUMBER: u32 = 5;
    pub(crate) const BYTES: u32 = 6;
    pub(crate) const ARRAY: u32 = 7;
    pub(crate) const MAP: u32 = 8;
}

pub(crate) mod item {
    pub(crate) const EVENT: u32 = 1;
    pub(crate) const LINK: u32 = 2;
    pub(crate) const LINK_REMOTE: u32 = 1 << 8;
}

#[inline]
pub(crate) fn pair(lo: u32, hi: u32) -> u64 {
    u64::from(lo) | (u64::from(hi) << 32)
}

#[inline]
pub(crate) fn unpair(slot: u64) -> (u32, u32) {
    (slot as u32, (slot >> 32) as u32)
}

/// Whole milliseconds as the bits of a double, and the nanoseconds left over.
#[inline]
pub(crate) fn split_time(unix_nanos: u64) -> (u64, u32) {
    let millis = unix_nanos / 1_000_000;
    ((millis as f64).to_bits(), (unix_nanos % 1_000_000) as u32)
}

/// The header of a batch of `records` in UTF-8.
pub(crate) fn header(records: u32, policy_epoch: u32) -> [u64; HEADER] {
    [pair(MAGIC, 0), pair(records, policy_epoch)]
}
