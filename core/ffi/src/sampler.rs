//! The head verdict, for hosts that keep their spans: it is asked of the core and written nowhere else.

use crate::bytes::{polyspan_bytes, slice};
use crate::context::{self, polyspan_context};
use crate::failure::Failure;
use crate::guard::guard;
use crate::provider::find;
use crate::sized::{self, Growing};
use polyspan::sample::Candidate;
use polyspan::{SpanKind, TraceId};
use std::ptr::null_mut;

/// What the sampler decided about a span that starts.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct polyspan_decision {
    /// `sizeof(polyspan_decision)`.
    pub size: u32,
    /// 0 drop, 1 record only, 2 sample: the numbers of the span batch.
    pub verdict: u32,
    /// The trace flags of the new span: 1 sampled, 2 random.
    pub flags: u8,
    /// 1 if `threshold` holds one.
    pub has_threshold: u8,
    /// Zero.
    pub reserved: [u8; 6],
    /// The sampling threshold, 56 bits.
    pub threshold: u64,
    /// The trace id of the new span: the parent's, the one that was passed, or a new one.
    pub trace_id: [u8; 16],
}

// SAFETY: `repr(C)`, size first, integers only.
unsafe impl Growing for polyspan_decision {
    const FIRST: usize = 40;
}

/// Asks the sampler about a span that starts.
///
/// `parent` is null for a root; then `trace_id` may bring the trace id (16 bytes), or be null to get a new one. Name and
/// kind (1 internal, 2 server, 3 client, 4 producer, 5 consumer) need not be given unless the mask of
/// `polyspan_provider_limits` says so.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_sampler_decide(
    provider: u64,
    parent: *const polyspan_context,
    parent_tracestate: polyspan_bytes,
    trace_id: *const u8,
    name: polyspan_bytes,
    kind: u32,
    out: *mut polyspan_decision,
) -> i32 {
    guard(null_mut(), || {
        let provider = find(provider)?;
        // SAFETY: borrowed for the call.
        let (parent, name) = unsafe {
            sized::check(out, "out")?;
            (
                context::read(parent, parent_tracestate, "parent")?
                    .filter(|parent| parent.is_valid()),
                name.text("name")?,
            )
        };
        let trace_id = match &parent {
            Some(parent) => parent.trace_id,
            // SAFETY: null or 16 bytes of the caller.
            None => unsafe { given_trace_id(trace_id)? }.unwrap_or_else(|| provider.new_trace_id()),
        };
        let decision = provider.sample(&Candidate {
            parent: parent.as_ref(),
            name,
            kind: SpanKind::from_number(kind),
            ..Candidate::root(trace_id)
        });
        let result = polyspan_decision {
            size: 0,
            verdict: decision.verdict as u32,
            flags: decision.flags.bits(),
            has_threshold: u8::from(decision.threshold.is_some()),
            reserved: [0; 6],
            threshold: decision.threshold.unwrap_or(0),
            trace_id: trace_id.to_bytes(),
        };
        // SAFETY: by the header's contract the caller's.
        unsafe { sized::write(out, "out", &result) }
    })
}

/// The caller's trace id, if there is a valid one.
///
/// # Safety
///
/// `trace_id` is null or points to 16 bytes.
unsafe fn given_trace_id(trace_id: *const u8) -> Result<Option<TraceId>, Failure> {
    if trace_id.is_null() {
        return Ok(None);
    }
    // SAFETY: handed on.
    let bytes = unsafe { slice(trace_id.cast::<[u8; 16]>(), 1, "trace_id")? };
    let id = bytes.first().copied().map(TraceId::from_bytes);
    Ok(id.filter(|id| id.is_valid()))
}
