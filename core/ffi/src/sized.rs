//! Structs that may grow: they start with their size, so that a caller and a library of different age understand each other.
//!
//! caller is older: the library writes only the fields that the caller has. Caller is newer: the fields that the library
//! does not know stay as they are.

use crate::bytes::{misaligned, place};
use crate::failure::Failure;

/// A struct whose first field is `size: u32`.
///
/// # Safety
///
/// `repr(C)`, first field `size: u32`, all fields integers or pointers or arrays of them, no padding that matters.
pub(crate) unsafe trait Growing: Sized {
    /// Its size in version 1 of the interface: the least that a caller can have.
    const FIRST: usize;
}

/// Larger than any version will be; a larger number is memory that nobody initialised.
const LARGEST: u32 = 4096;

/// Reads a struct of the caller; fields that an older caller does not have are zero.
///
/// # Safety
///
/// `from` is null or points to as many readable bytes as its `size` says.
#[inline]
pub(crate) unsafe fn read<T: Growing>(
    from: *const T,
    argument: &'static str,
) -> Result<T, Failure> {
    // SAFETY: handed on.
    let size = unsafe { size_of_value(from, argument)? };
    // SAFETY: `T` is made of integers, for which zeroes are values.
    let mut value: T = unsafe { std::mem::zeroed() };
    // SAFETY: `size` is at most what both have.
    unsafe {
        std::ptr::copy_nonoverlapping(from.cast::<u8>(), (&raw mut value).cast::<u8>(), size);
    }
    Ok(value)
}

/// Checks the place for a struct before the work for it is done.
///
/// # Safety
///
/// As for [`write`].
#[inline]
pub(crate) unsafe fn check<T: Growing>(out: *mut T, argument: &'static str) -> Result<(), Failure> {
    // SAFETY: handed on.
    unsafe { size_of_value(out, argument) }.map(|_| ())
}

/// Writes a struct of the caller, as much of it as the caller has. Its `size` stays.
///
/// # Safety
///
/// `out` is null or points to as many writable bytes as its `size` says.
#[inline]
pub(crate) unsafe fn write<T: Growing>(
    out: *mut T,
    argument: &'static str,
    value: &T,
) -> Result<(), Failure> {
    const HEAD: usize = size_of::<u32>();
    // SAFETY: handed on.
    let size = unsafe { size_of_value(out, argument)? };
    // SAFETY: `size` is at most what both have; both start with `size: u32`, which is left out.
    unsafe {
        std::ptr::copy_nonoverlapping(
            std::ptr::from_ref(value).cast::<u8>().add(HEAD),
            out.cast::<u8>().add(HEAD),
            size - HEAD,
        );
    }
    Ok(())
}

/// How many bytes the caller and this library both have.
#[inline]
unsafe fn size_of_value<T: Growing>(
    value: *const T,
    argument: &'static str,
) -> Result<usize, Failure> {
    if value.is_null() {
        return Err(Failure::Null { argument });
    }
    if !value.is_aligned() {
        return Err(misaligned(argument));
    }
    // SAFETY: not null and aligned; the size stands first in all of them.
    let found = unsafe { place(value.cast_mut().cast::<u32>(), argument)?.assume_init_read() };
    if (found as usize) < T::FIRST || found > LARGEST {
        return Err(Failure::Size {
            argument,
            found,
            expected: T::FIRST,
        });
    }
    Ok((found as usize).min(size_of::<T>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[repr(C)]
    struct Second {
        size: u32,
        old: u32,
        new: u64,
    }
    // SAFETY: integers, size first.
    unsafe impl Growing for Second {
        const FIRST: usize = 8;
    }

    #[test]
    fn an_older_caller_keeps_what_it_does_not_know_and_is_read_as_zero() {
        let mut older = Second {
            size: 8,
            old: 1,
            new: 2,
        };
        // SAFETY: the struct is there as a whole.
        unsafe {
            let read = read(&raw const older, "in").unwrap();
            assert_eq!((read.old, read.new), (1, 0));
            let result = Second {
                size: 16,
                old: 5,
                new: 6,
            };
            write(&raw mut older, "out", &result).unwrap();
        }
        assert_eq!((older.size, older.old, older.new), (8, 5, 2));
    }

    #[test]
    fn a_size_that_nobody_set_is_refused() {
        for size in [0, 7, 4097, u32::MAX] {
            let value = Second {
                size,
                old: 0,
                new: 0,
            };
            // SAFETY: the struct is there as a whole.
            let result = unsafe { read(&raw const value, "in") };
            assert!(matches!(result, Err(Failure::Size { found, .. }) if found == size));
        }
    }
}
