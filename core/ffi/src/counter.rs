//! Counters: sums that only grow.

use crate::bytes::{place, polyspan_bytes};
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::handle;
use crate::provider::{self, InUse};
use crate::value::{attributes, polyspan_node};
use polyspan::{Counter, Scope};
use std::ptr::null_mut;

/// The counter behind a handle, and its provider.
fn find(counter: u64) -> Result<(InUse, Counter), Failure> {
    const FAILURE: Failure = Failure::Handle { kind: "counter" };
    let (place, index) = handle::counter_parts(counter).ok_or(FAILURE)?;
    let provider = provider::at(place).ok_or(FAILURE)??;
    let counter = provider.counter_at(index).ok_or(FAILURE)?;
    Ok((provider, counter))
}

/// Makes a counter: a sum that only grows. The same names give the same counter; it lives as long as the provider.
///
/// `meter_version`, `unit` (UCUM) and `description` may be empty. `POLYSPAN_E_DISABLED`: nothing would count, because the
/// provider is disabled, its `metrics_exporter` is `none`, or the name or unit is not allowed, which
/// `polyspan_provider_diagnostics` tells. Nothing is started: the first addition does.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_counter_new(
    provider: u64,
    meter_name: polyspan_bytes,
    meter_version: polyspan_bytes,
    name: polyspan_bytes,
    unit: polyspan_bytes,
    description: polyspan_bytes,
    out: *mut u64,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        // SAFETY: borrowed for the call.
        let (scope, name, unit, description) = unsafe {
            let scope = Scope {
                name: meter_name.text("meter_name")?,
                version: meter_version.text("meter_version")?,
                ..Scope::default()
            };
            let (name, unit) = (name.text("name")?, unit.text("unit")?);
            (scope, name, unit, description.text("description")?)
        };
        let place_of_provider =
            handle::provider_index(provider).ok_or(Failure::Handle { kind: "provider" })?;
        let counter = provider::find(provider)?.counter(scope, name, unit, description);
        let index = counter.index().ok_or(Failure::Disabled)?;
        *out = handle::counter(place_of_provider, index);
        Ok(())
    })
}

/// Adds to a counter, with attributes given as `count` nodes with keys. A negative `value` is ignored, and so is what comes
/// after shutdown.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_counter_add_int(
    counter: u64,
    value: i64,
    attributes: *const polyspan_node,
    count: usize,
) -> i32 {
    guard(null_mut(), || {
        let (_provider, counter) = find(counter)?;
        // SAFETY: borrowed for the call.
        let attributes = unsafe { self::attributes(attributes, count)? };
        if let Ok(value) = u64::try_from(value) {
            counter.add_u64(value, &attributes);
        }
        Ok(())
    })
}

/// As `polyspan_counter_add_int`; what is negative or not finite is ignored. A counter should be given numbers of one type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_counter_add_double(
    counter: u64,
    value: f64,
    attributes: *const polyspan_node,
    count: usize,
) -> i32 {
    guard(null_mut(), || {
        let (_provider, counter) = find(counter)?;
        // SAFETY: borrowed for the call.
        let attributes = unsafe { self::attributes(attributes, count)? };
        counter.add_f64(value, &attributes);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{POLYSPAN_E_DISABLED, POLYSPAN_E_HANDLE, POLYSPAN_E_UTF8, POLYSPAN_OK};
    use std::ptr::null;

    fn bytes(text: &[u8]) -> polyspan_bytes {
        polyspan_bytes {
            data: text.as_ptr(),
            len: text.len(),
        }
    }

    fn make(provider: u64, name: &[u8]) -> (i32, u64) {
        let mut counter = u64::MAX;
        let (meter, none) = (bytes(b"meter"), bytes(b""));
        // SAFETY: all memory is this function's.
        let status = unsafe {
            polyspan_counter_new(
                provider,
                meter,
                none,
                bytes(name),
                none,
                none,
                &raw mut counter,
                null_mut(),
            )
        };
        (status, counter)
    }

    fn provider(option: (&str, &str)) -> u64 {
        use crate::config::{polyspan_config_new, polyspan_config_set};
        use crate::provider::polyspan_provider_new;
        let (mut config, mut provider) = (0, 0);
        let (name, value) = (bytes(option.0.as_bytes()), bytes(option.1.as_bytes()));
        // SAFETY: all memory is this function's.
        unsafe {
            assert_eq!(
                polyspan_config_new(&raw mut config, null_mut()),
                POLYSPAN_OK
            );
            let set = polyspan_config_set(config, name, value, null_mut());
            assert_eq!(set, POLYSPAN_OK);
            let made = polyspan_provider_new(config, 0, &raw mut provider, null_mut());
            assert_eq!(made, POLYSPAN_OK);
        }
        provider
    }

    #[test]
    fn the_same_names_give_the_same_counter() {
        let provider = provider(("endpoint", "http://127.0.0.1:1"));
        let (status, counter) = make(provider, b"c");
        assert_eq!(status, POLYSPAN_OK);
        assert_eq!(make(provider, b"c"), (POLYSPAN_OK, counter));
        assert_ne!(make(provider, b"other").1, counter);
        // SAFETY: no attributes.
        let added = unsafe { polyspan_counter_add_int(counter, -1, null(), 0) };
        assert_eq!(added, POLYSPAN_OK);
    }

    #[test]
    fn where_nothing_counts_there_is_no_handle() {
        for option in [("disabled", "true"), ("metrics_exporter", "none")] {
            let made = make(provider(option), b"c");
            assert_eq!(made, (POLYSPAN_E_DISABLED, 0), "{option:?}");
        }
        let provider = provider(("endpoint", "http://127.0.0.1:1"));
        assert_eq!(make(provider, b"9"), (POLYSPAN_E_DISABLED, 0));
        assert_eq!(make(provider, b"\xff"), (POLYSPAN_E_UTF8, 0));
    }

    #[test]
    fn a_handle_of_something_else_is_refused() {
        let provider = provider(("endpoint", "http://127.0.0.1:1"));
        let counter = make(provider, b"c").1;
        for wrong in [0, provider, counter + 1, counter ^ 1 << 40] {
            // SAFETY: no attributes.
            let added = unsafe { polyspan_counter_add_double(wrong, 1.0, null(), 0) };
            assert_eq!(added, POLYSPAN_E_HANDLE, "{wrong:x}");
        }
        assert_eq!(make(counter, b"c"), (POLYSPAN_E_HANDLE, 0));
    }
}
