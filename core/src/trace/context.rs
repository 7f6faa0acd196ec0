//! What one span hands to the next, in this process or another: ids, flags and the vendors' trace state.

use super::{SpanId, TraceId, TraceState};

/// The trace flags of W3C Trace Context level 2.
///
/// Only the two bits that the standard defines are ever held: it asks to send all others as zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct TraceFlags(u8);

impl TraceFlags {
    /// The caller may have recorded the span.
    pub const SAMPLED: Self = Self(1);
    /// The lower 56 bits of the trace id are random.
    pub const RANDOM: Self = Self(2);

    /// The known flags among `bits`.
    #[inline]
    pub const fn new(bits: u8) -> Self {
        Self(bits & (Self::SAMPLED.0 | Self::RANDOM.0))
    }

    /// The flags as they stand in `traceparent`.
    #[inline]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether the caller may have recorded the span.
    #[inline]
    pub const fn is_sampled(self) -> bool {
        self.0 & Self::SAMPLED.0 != 0
    }

    /// Whether the lower 56 bits of the trace id are known to be random.
    #[inline]
    pub const fn is_random(self) -> bool {
        self.0 & Self::RANDOM.0 != 0
    }

    /// These flags with the sampled bit as given.
    #[inline]
    pub const fn with_sampled(self, sampled: bool) -> Self {
        Self(self.0 & !Self::SAMPLED.0 | sampled as u8)
    }

    /// These flags with the random bit as given.
    #[inline]
    pub const fn with_random(self, random: bool) -> Self {
        Self(self.0 & !Self::RANDOM.0 | (random as u8) << 1)
    }
}

/// The part of a span that others may know: enough to be its parent or to link to it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct SpanContext {
    /// The trace to which the span belongs.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Whether it is sampled, and whether its trace id is random.
    pub flags: TraceFlags,
    /// Whether it came from another process.
    pub remote: bool,
    /// What tracing vendors passed along.
    pub state: TraceState,
}

impl SpanContext {
    /// The context of no span.
    pub const INVALID: Self = Self {
        trace_id: TraceId::INVALID,
        span_id: SpanId::INVALID,
        flags: TraceFlags(0),
        remote: false,
        state: TraceState::EMPTY,
    };

    /// Whether both ids are valid, so that the span can be a parent.
    #[inline]
    pub const fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// Whether the span's process may have recorded it.
    #[inline]
    pub const fn is_sampled(&self) -> bool {
        self.flags.is_sampled()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_the_standard_does_not_define_are_not_kept() {
        assert_eq!(TraceFlags::new(0xff).bits(), 3);
        assert_eq!(TraceFlags::new(0xfc).bits(), 0);
    }

    #[test]
    fn each_flag_is_read_and_set_alone() {
        let random = TraceFlags::RANDOM;
        assert!(random.is_random() && !random.is_sampled());
        assert_eq!(random.with_sampled(true).bits(), 3);
        assert_eq!(
            random.with_sampled(true).with_random(false),
            TraceFlags::SAMPLED
        );
        assert_eq!(random.with_sampled(false), random);
    }

    #[test]
    fn a_context_needs_both_ids_to_be_valid() {
        let mut context = SpanContext::INVALID;
        assert!(!context.is_valid());
        context.trace_id = TraceId::from_parts(0, 1);
        assert!(!context.is_valid());
        context.span_id = SpanId::from_u64(1);
        assert!(context.is_valid() && !context.is_sampled());
    }
}
