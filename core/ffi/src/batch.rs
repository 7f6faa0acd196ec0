//! Many finished spans in one call, for hosts that keep their spans (`docs/span-batch.md`).

use crate::bytes::{place, slice};
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::provider::find;

/// Submits a span batch: `slots` is its slot buffer, `text` its text buffer (lengths in slots and bytes). Both are copied.
///
/// `accepted`, which may be null, receives how many records the batch claims; those that turn out wrong when they are read
/// later are counted as dropped. `POLYSPAN_E_ARGUMENT`: the header is wrong, nothing was taken. `POLYSPAN_E_SHUTDOWN`: the
/// provider is shut down, the records are counted as dropped.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_batch_submit(
    provider: u64,
    slots: *const u64,
    slot_count: usize,
    text: *const u8,
    text_len: usize,
    accepted: *mut u32,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        let provider = find(provider)?;
        // SAFETY: borrowed for the call.
        let (slots, text) = unsafe {
            (
                slice(slots, slot_count, "slots")?,
                slice(text, text_len, "text")?,
            )
        };
        let (mut own_slots, mut own_text) = provider.buffers();
        own_slots.extend_from_slice(slots);
        own_text.extend_from_slice(text);
        let shut_down = provider.is_shut_down();
        let records = provider.submit(own_slots, own_text)?;
        if !accepted.is_null() {
            // SAFETY: by the header's contract the caller's.
            unsafe { place(accepted, "accepted")? }.write(if shut_down { 0 } else { records });
        }
        if shut_down {
            Err(Failure::Shutdown)
        } else {
            Ok(())
        }
    })
}
