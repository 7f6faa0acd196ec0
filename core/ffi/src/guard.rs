//! What stands between the core and its host: no panic gets out, and every way out has a status and a text.

use crate::error::{POLYSPAN_E_SIZE, POLYSPAN_OK, polyspan_error};
use crate::failure::Failure;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Runs the body of an export and returns its status. `err` may be null.
///
/// Which provider a panic switches off is known to the guards that lookups hand out ([`crate::provider::InUse`]); they act
/// while the panic passes them.
#[inline]
pub(crate) fn guard(err: *mut polyspan_error, body: impl FnOnce() -> Result<(), Failure>) -> i32 {
    if !is_usable(err) {
        return POLYSPAN_E_SIZE;
    }
    // What the body leaves half-way is either taken out of use (slots, providers) or atomic.
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => {
            report(err, POLYSPAN_OK, "");
            POLYSPAN_OK
        }
        Ok(Err(failure)) => fail(err, &failure),
        Err(panic) => fail(
            err,
            &Failure::Panic {
                message: message_of(panic),
            },
        ),
    }
}

#[cold]
fn fail(err: *mut polyspan_error, failure: &Failure) -> i32 {
    let status = failure.status();
    if !err.is_null() {
        // Writing the text is itself guarded: it must not be what takes the host down.
        let text = catch_unwind(AssertUnwindSafe(|| failure.to_string())).unwrap_or_default();
        report(err, status, &text);
    }
    status
}

fn message_of(panic: Box<dyn Any + Send>) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_owned());
    // Dropping what was thrown may panic again; a leak is the lesser evil.
    std::mem::forget(panic);
    message
}

#[inline]
fn is_usable(err: *mut polyspan_error) -> bool {
    // SAFETY: not null and aligned, so by the header's contract it is a polyspan_error of the caller.
    err.is_null()
        || err.is_aligned()
            && unsafe { (&raw const (*err).size).read() } as usize >= size_of::<polyspan_error>()
}

#[inline]
fn report(err: *mut polyspan_error, code: i32, text: &str) {
    // SAFETY: null or checked by `is_usable`; the caller lends it for the call.
    let Some(err) = (unsafe { err.as_mut() }) else {
        return;
    };
    let most = text.len().min(err.text.len() - 1);
    let len = (0..=most)
        .rev()
        .find(|&end| text.is_char_boundary(end))
        .unwrap_or(0);
    err.code = code;
    err.len = len as u32;
    err.text[..len].copy_from_slice(&text.as_bytes()[..len]);
    err.text[len] = 0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{POLYSPAN_E_NULL, POLYSPAN_E_PANIC};

    fn error() -> polyspan_error {
        polyspan_error {
            size: size_of::<polyspan_error>() as u32,
            code: -1,
            len: 7,
            text: [b'x'; 500],
        }
    }

    fn text(error: &polyspan_error) -> &str {
        std::str::from_utf8(&error.text[..error.len as usize]).unwrap()
    }

    #[test]
    fn success_clears_the_error() {
        let mut err = error();
        assert_eq!(guard(&raw mut err, || Ok(())), POLYSPAN_OK);
        assert_eq!((err.code, text(&err), err.text[0]), (POLYSPAN_OK, "", 0));
    }

    #[test]
    fn a_failure_has_its_status_and_a_sentence() {
        let mut err = error();
        let status = guard(&raw mut err, || Err(Failure::Null { argument: "out" }));
        assert_eq!((status, err.code), (POLYSPAN_E_NULL, POLYSPAN_E_NULL));
        assert_eq!(text(&err), "out is null; it must point to memory");
    }

    #[test]
    fn a_panic_becomes_a_status_and_the_caller_goes_on() {
        let mut err = error();
        let status = guard(&raw mut err, || panic!("number {}", 7));
        assert_eq!((status, err.code), (POLYSPAN_E_PANIC, POLYSPAN_E_PANIC));
        assert!(
            text(&err).ends_with("please report: number 7"),
            "{}",
            text(&err)
        );
        let null = std::ptr::null_mut();
        assert_eq!(guard(null, || panic!("unheard")), POLYSPAN_E_PANIC);
    }

    #[test]
    fn a_panic_with_something_that_panics_again_when_dropped_is_survived() {
        struct Bomb;
        impl Drop for Bomb {
            fn drop(&mut self) {
                panic!("again");
            }
        }
        let null = std::ptr::null_mut();
        let status = guard(null, || std::panic::panic_any(Bomb));
        assert_eq!(status, POLYSPAN_E_PANIC);
    }

    #[test]
    fn a_long_text_is_cut_between_characters_and_ends_with_zero() {
        let mut err = error();
        report(&raw mut err, 1, &"ä".repeat(300));
        assert_eq!((err.len, err.text[499]), (498, b'x'));
        assert_eq!(err.text[498], 0);
        assert_eq!(text(&err), "ä".repeat(249));
    }

    #[test]
    fn an_error_whose_size_was_not_set_is_not_written_to_and_nothing_runs() {
        let mut err = error();
        err.size = 0;
        let status = guard(&raw mut err, || unreachable!("does not run"));
        assert_eq!((status, err.code), (POLYSPAN_E_SIZE, -1));
    }
}
