//! Counters: the first instrument of the metrics seam.
//!
//! The core has no metrics yet: until it has, making a counter is answered with `POLYSPAN_E_DISABLED`, and bindings count
//! nothing. The signatures are final.

use crate::bytes::{place, polyspan_bytes};
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::provider::find;
use crate::value::{attributes, polyspan_node};
use std::ptr::null_mut;

const KIND: &str = "counter";

/// Makes a counter: a sum that only grows. The same names give the same counter; it lives as long as the provider.
///
/// `meter_version`, `unit` and `description` may be empty.
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
        unsafe { place(out, "out")? }.write(0);
        // SAFETY: borrowed for the call.
        unsafe {
            meter_name.text("meter_name")?;
            meter_version.text("meter_version")?;
            name.text("name")?;
            unit.text("unit")?;
            description.text("description")?;
        }
        find(provider)?;
        Err(Failure::Disabled)
    })
}

/// Adds to a counter, with attributes given as `count` nodes with keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_counter_add_int(
    counter: u64,
    value: i64,
    attributes: *const polyspan_node,
    count: usize,
) -> i32 {
    guard(null_mut(), || {
        let _ = (counter, value);
        // SAFETY: borrowed for the call.
        unsafe { self::attributes(attributes, count)? };
        Err(Failure::Handle { kind: KIND })
    })
}

/// As `polyspan_counter_add_int`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_counter_add_double(
    counter: u64,
    value: f64,
    attributes: *const polyspan_node,
    count: usize,
) -> i32 {
    guard(null_mut(), || {
        let _ = (counter, value);
        // SAFETY: borrowed for the call.
        unsafe { self::attributes(attributes, count)? };
        Err(Failure::Handle { kind: KIND })
    })
}
