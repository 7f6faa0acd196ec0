//! A span's identity as it crosses the interface.

use crate::bytes::polyspan_bytes;
use crate::failure::Failure;
use crate::sized::{self, Growing};
use polyspan::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// The identity of a span: what is propagated, except for the trace state, which is passed beside it as text.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct polyspan_context {
    /// `sizeof(polyspan_context)`.
    pub size: u32,
    /// The trace id, most significant byte first. All zero: no context.
    pub trace_id: [u8; 16],
    /// The span id, most significant byte first. All zero: no context.
    pub span_id: [u8; 8],
    /// The trace flags of W3C Trace Context: 1 sampled, 2 random.
    pub flags: u8,
    /// 1 if it came from another process.
    pub remote: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

// SAFETY: `repr(C)`, size first, integers only.
unsafe impl Growing for polyspan_context {
    const FIRST: usize = 32;
}

impl From<&SpanContext> for polyspan_context {
    fn from(context: &SpanContext) -> Self {
        Self {
            size: size_of::<Self>() as u32,
            trace_id: context.trace_id.to_bytes(),
            span_id: context.span_id.to_bytes(),
            flags: context.flags.bits(),
            remote: u8::from(context.remote),
            reserved: [0; 2],
        }
    }
}

/// Reads a context; `None` for null.
///
/// # Safety
///
/// `context` is null or the caller's for the call, and so is what `tracestate` refers to.
#[inline]
pub(crate) unsafe fn read(
    context: *const polyspan_context,
    tracestate: polyspan_bytes,
    argument: &'static str,
) -> Result<Option<SpanContext>, Failure> {
    if context.is_null() {
        return Ok(None);
    }
    // SAFETY: handed on.
    let (parts, state) = unsafe {
        (
            sized::read(context, argument)?,
            tracestate.text("tracestate")?,
        )
    };
    Ok(Some(SpanContext {
        trace_id: TraceId::from_bytes(parts.trace_id),
        span_id: SpanId::from_bytes(parts.span_id),
        flags: TraceFlags::new(parts.flags),
        remote: parts.remote != 0,
        state: if state.is_empty() {
            TraceState::EMPTY
        } else {
            TraceState::parse(state)
        },
    }))
}
