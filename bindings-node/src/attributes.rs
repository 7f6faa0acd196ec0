//! Attributes that cross by themselves, not in a batch: a flat array of keys and values, as `value.ts` keeps them.
//!
//! ```text
//! string, boolean, number, bigint   what a batch makes of them: an integral number is an int
//! null                              the empty value
//! Uint8Array                        bytes
//! array                             list
//! { members: [key, value, …] }      map
//! ```

use crate::value::{read_boolean, read_number, read_text, read_typed_array};
use napi_sys as sys;
use polyspan::Value;
use polyspan::trace::OwnedValue;
use std::ptr::null_mut;

/// Reads a flat array of keys and values. What JavaScript would never send reads as the empty value.
pub(crate) fn read(env: sys::napi_env, flat: sys::napi_value) -> Vec<(String, OwnedValue)> {
    read_members(env, flat, 1)
}

fn read_members(
    env: sys::napi_env,
    flat: sys::napi_value,
    depth: usize,
) -> Vec<(String, OwnedValue)> {
    (0..length(env, flat) / 2)
        .map(|member| {
            let key = read_text(env, element(env, flat, 2 * member));
            let value = read_value(env, element(env, flat, 2 * member + 1), depth);
            (key, value)
        })
        .collect()
}

fn read_value(env: sys::napi_env, value: sys::napi_value, depth: usize) -> OwnedValue {
    let mut kind = sys::ValueType::napi_undefined;
    // SAFETY: a live environment, one of its values, and a place for the result; so everywhere below.
    unsafe { sys::napi_typeof(env, value, &mut kind) };
    match kind {
        sys::ValueType::napi_string => OwnedValue::Str(read_text(env, value)),
        sys::ValueType::napi_number => OwnedValue::number(read_number(env, value)),
        sys::ValueType::napi_boolean => OwnedValue::Bool(read_boolean(env, value)),
        sys::ValueType::napi_bigint => read_bigint(env, value),
        sys::ValueType::napi_object if depth <= Value::MAX_DEPTH => read_object(env, value, depth),
        _ => OwnedValue::Empty,
    }
}

fn read_object(env: sys::napi_env, object: sys::napi_value, depth: usize) -> OwnedValue {
    let is = |test: unsafe extern "C" fn(
        sys::napi_env,
        sys::napi_value,
        *mut bool,
    ) -> sys::napi_status| {
        let mut truth = false;
        // SAFETY: as above.
        unsafe { test(env, object, &mut truth) };
        truth
    };
    if is(sys::napi_is_array) {
        let values = (0..length(env, object))
            .map(|index| read_value(env, element(env, object, index), depth + 1));
        return OwnedValue::Array(values.collect());
    }
    if is(sys::napi_is_typedarray) {
        return OwnedValue::Bytes(read_bytes(env, object));
    }
    let mut members = null_mut();
    // SAFETY: as above; an object of `value.ts`, whose property is a plain field, so that no code of the host runs.
    unsafe { sys::napi_get_named_property(env, object, c"members".as_ptr(), &mut members) };
    OwnedValue::Map(read_members(env, members, depth + 1))
}

/// An int, or outside int64 its decimal digits, as in a batch.
fn read_bigint(env: sys::napi_env, value: sys::napi_value) -> OwnedValue {
    let (mut number, mut lossless) = (0, false);
    // SAFETY: as above.
    unsafe { sys::napi_get_value_bigint_int64(env, value, &mut number, &mut lossless) };
    if lossless {
        return OwnedValue::Int(number);
    }
    let mut digits = null_mut();
    // SAFETY: as above. A bigint is no object, so no code of the host runs.
    unsafe { sys::napi_coerce_to_string(env, value, &mut digits) };
    OwnedValue::Str(read_text(env, digits))
}

fn read_bytes(env: sys::napi_env, array: sys::napi_value) -> Vec<u8> {
    let bytes = sys::TypedarrayType::uint8_array;
    let Some((memory, length)) = read_typed_array(env, array, bytes) else {
        return Vec::new();
    };
    // SAFETY: `length` bytes of a Uint8Array; JavaScript does not run during this call.
    unsafe { std::slice::from_raw_parts(memory.cast::<u8>().as_ptr(), length) }.to_vec()
}

fn length(env: sys::napi_env, array: sys::napi_value) -> u32 {
    let mut length = 0;
    // SAFETY: as above; the result stays zero for what is no array.
    unsafe { sys::napi_get_array_length(env, array, &mut length) };
    length
}

fn element(env: sys::napi_env, array: sys::napi_value, index: u32) -> sys::napi_value {
    let mut element = null_mut();
    // SAFETY: as above.
    unsafe { sys::napi_get_element(env, array, index, &mut element) };
    element
}
