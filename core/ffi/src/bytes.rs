//! Text and bytes in, text and bytes out.

use crate::failure::Failure;
use std::mem::MaybeUninit;

/// Bytes of the caller, read during the call. Null is allowed where `len` is 0.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct polyspan_bytes {
    /// The first byte.
    pub data: *const u8,
    /// How many there are.
    pub len: usize,
}

/// Memory of the caller that the library writes to.
///
/// After the call `len` is the length of the whole result, also where it does not fit: then nothing is written and
/// the status is `POLYSPAN_E_BUFFER`. So ask with `data` null and `capacity` 0 for the length, or guess and ask again.
#[repr(C)]
#[derive(Debug)]
pub struct polyspan_buffer {
    /// The memory; may be null if `capacity` is 0.
    pub data: *mut u8,
    /// Its size in bytes.
    pub capacity: usize,
    /// Written by the library: the length of the result in bytes. No zero byte is added.
    pub len: usize,
}

impl polyspan_bytes {
    /// The bytes.
    ///
    /// # Safety
    ///
    /// `data` points to `len` bytes that nobody changes for as long as the result lives, or is null.
    #[inline]
    pub(crate) unsafe fn slice<'a>(self, argument: &'static str) -> Result<&'a [u8], Failure> {
        // SAFETY: handed on.
        unsafe { slice(self.data, self.len, argument) }
    }

    /// The bytes as text.
    ///
    /// # Safety
    ///
    /// As for [`slice`](Self::slice).
    #[inline]
    pub(crate) unsafe fn text<'a>(self, argument: &'static str) -> Result<&'a str, Failure> {
        // SAFETY: handed on.
        let bytes = unsafe { self.slice(argument)? };
        std::str::from_utf8(bytes).map_err(|error| Failure::Utf8 {
            argument,
            valid_up_to: error.valid_up_to(),
        })
    }
}

/// `len` values at `data`, which may be null if there are none.
///
/// # Safety
///
/// `data` points to `len` values that nobody changes for as long as the result lives, or is null.
#[inline]
pub(crate) unsafe fn slice<'a, T>(
    data: *const T,
    len: usize,
    argument: &'static str,
) -> Result<&'a [T], Failure> {
    if len == 0 {
        return Ok(&[]);
    }
    if data.is_null() {
        return Err(Failure::Null { argument });
    }
    if !data.is_aligned() {
        return Err(misaligned(argument));
    }
    if len > isize::MAX as usize / size_of::<T>() {
        return Err(Failure::Argument {
            argument,
            must: "have a length that fits into memory",
        });
    }
    // SAFETY: not null, aligned, of a possible length; the rest is the caller's promise.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Where a result is to be written, checked before anything is done for it.
///
/// # Safety
///
/// `out` is null or points to memory for a `T` that is the callee's for the call.
#[inline]
pub(crate) unsafe fn place<'a, T>(
    out: *mut T,
    argument: &'static str,
) -> Result<&'a mut MaybeUninit<T>, Failure> {
    if out.is_null() {
        return Err(Failure::Null { argument });
    }
    if !out.is_aligned() {
        return Err(misaligned(argument));
    }
    // SAFETY: not null and aligned; the rest is the caller's promise. `MaybeUninit` asks for no value.
    Ok(unsafe { &mut *out.cast() })
}

/// Where `count` bytes are to be written.
///
/// # Safety
///
/// `out` is null or points to `N` bytes that are the callee's for the call.
#[inline]
pub(crate) unsafe fn byte_place<'a, const N: usize>(
    out: *mut u8,
    argument: &'static str,
) -> Result<&'a mut MaybeUninit<[u8; N]>, Failure> {
    // SAFETY: handed on; bytes are always aligned.
    unsafe { place(out.cast::<[u8; N]>(), argument) }
}

/// Writes a result into the caller's buffer.
///
/// # Safety
///
/// `out` is null or points to a [`polyspan_buffer`] that describes memory of the caller.
pub(crate) unsafe fn fill(
    out: *mut polyspan_buffer,
    argument: &'static str,
    result: &[u8],
) -> Result<(), Failure> {
    // SAFETY: handed on. Its fields are plain numbers, for which any bits do.
    let buffer = unsafe { place(out, argument)?.assume_init_mut() };
    buffer.len = result.len();
    if result.is_empty() {
        return Ok(());
    }
    if buffer.capacity < result.len() {
        return Err(Failure::Buffer {
            argument,
            needed: result.len(),
            capacity: buffer.capacity,
        });
    }
    if buffer.data.is_null() {
        return Err(Failure::Null { argument });
    }
    // SAFETY: the caller's memory has `capacity` bytes, which are enough; a result of ours never overlaps it.
    unsafe { std::ptr::copy_nonoverlapping(result.as_ptr(), buffer.data, result.len()) };
    Ok(())
}

pub(crate) fn misaligned(argument: &'static str) -> Failure {
    Failure::Argument {
        argument,
        must: "be aligned for its type",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr;

    fn bytes(data: &[u8]) -> polyspan_bytes {
        polyspan_bytes {
            data: data.as_ptr(),
            len: data.len(),
        }
    }

    #[test]
    fn null_is_empty_but_cannot_have_a_length() {
        let null = |len| polyspan_bytes {
            data: ptr::null(),
            len,
        };
        // SAFETY: nothing is read.
        unsafe {
            assert_eq!(null(0).text("name").unwrap(), "");
            assert!(matches!(
                null(1).text("name"),
                Err(Failure::Null { argument: "name" })
            ));
        }
    }

    #[test]
    fn text_that_is_not_utf8_is_refused_with_its_place() {
        // SAFETY: the literals outlive the calls.
        unsafe {
            assert_eq!(bytes("ä".as_bytes()).text("name").unwrap(), "ä");
            assert!(matches!(
                bytes(b"ok\xff").text("name"),
                Err(Failure::Utf8 { valid_up_to: 2, .. })
            ));
        }
    }

    #[test]
    fn an_impossible_length_and_a_crooked_pointer_are_refused() {
        let slots = [0_u64; 2];
        // SAFETY: both are refused before anything is read.
        unsafe {
            let huge = slice(slots.as_ptr(), usize::MAX / 2, "slots");
            assert!(matches!(huge, Err(Failure::Argument { .. })));
            let crooked = slots.as_ptr().byte_add(1);
            assert!(matches!(
                slice(crooked, 1, "slots"),
                Err(Failure::Argument { .. })
            ));
        }
    }

    #[test]
    fn a_buffer_that_is_too_small_learns_the_length_and_stays_as_it_is() {
        let mut memory = *b"....";
        let mut buffer = polyspan_buffer {
            data: memory.as_mut_ptr(),
            capacity: 4,
            len: 99,
        };
        // SAFETY: the buffer describes `memory`.
        unsafe {
            assert!(fill(&raw mut buffer, "out", b"hello").is_err());
            assert_eq!((buffer.len, memory), (5, *b"...."));
            fill(&raw mut buffer, "out", b"hell").unwrap();
            assert_eq!((buffer.len, memory), (4, *b"hell"));
            fill(&raw mut buffer, "out", b"").unwrap();
            assert_eq!(buffer.len, 0);
        }
    }
}
