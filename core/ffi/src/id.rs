//! New ids, for hosts that keep their spans.

use crate::bytes::byte_place;
use crate::guard::guard;
use crate::provider::find;
use std::ptr::null_mut;

/// Makes a new trace id (16 bytes) and a new span id (8 bytes), most significant byte first. Either may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_id_generate(
    provider: u64,
    trace_id: *mut u8,
    span_id: *mut u8,
) -> i32 {
    guard(null_mut(), || {
        let provider = find(provider)?;
        // SAFETY: by the header's contract null or bytes of the caller.
        unsafe {
            if !trace_id.is_null() {
                byte_place(trace_id, "trace_id")?.write(provider.new_trace_id().to_bytes());
            }
            if !span_id.is_null() {
                byte_place(span_id, "span_id")?.write(provider.new_span_id().to_bytes());
            }
        }
        Ok(())
    })
}
