//! JavaScript values to Rust's and back.
//!
//! Values come from our own `native.ts`, so a wrong type is not an error worth a message: it reads as empty or zero.

use napi_sys as sys;
use std::ffi::{CStr, c_void};
use std::ptr::{NonNull, null_mut};

/// Two halves as one slot.
#[inline(always)]
pub(crate) fn pair(low: u32, high: u32) -> u64 {
    u64::from(low) | (u64::from(high) << 32)
}

/// Bytes of a text that is read at once; a longer one is measured first, which is a call more.
const SHORT: usize = 256;

/// A string, with U+FFFD for lone surrogates; empty for what is none.
pub(crate) fn read_text(env: sys::napi_env, value: sys::napi_value) -> String {
    let mut short = [0u8; SHORT];
    let mut written = 0;
    // SAFETY: the buffer has the size that is given, and Node.js ends the text with a zero byte inside it.
    unsafe {
        sys::napi_get_value_string_utf8(env, value, short.as_mut_ptr().cast(), SHORT, &mut written)
    };
    // Whole characters are written as long as they fit with the zero byte, so that a text that was cut fills all but four.
    if written < SHORT - 4 {
        return String::from_utf8_lossy(&short[..written]).into_owned();
    }
    read_long_text(env, value)
}

fn read_long_text(env: sys::napi_env, value: sys::napi_value) -> String {
    let mut length = 0;
    // SAFETY: without a buffer the call only measures.
    unsafe { sys::napi_get_value_string_utf8(env, value, null_mut(), 0, &mut length) };
    let mut bytes: Vec<u8> = Vec::with_capacity(length + 1);
    let mut written = 0;
    // SAFETY: the buffer has room for the text and the zero byte that is written after it.
    unsafe {
        sys::napi_get_value_string_utf8(
            env,
            value,
            bytes.as_mut_ptr().cast(),
            length + 1,
            &mut written,
        );
        bytes.set_len(written.min(length));
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

/// An array of strings.
pub(crate) fn read_texts(env: sys::napi_env, array: sys::napi_value) -> Vec<String> {
    let mut length = 0;
    // SAFETY: a live environment and a place for the result, which stays zero if this is no array.
    unsafe { sys::napi_get_array_length(env, array, &mut length) };
    (0..length)
        .map(|index| {
            let mut element = null_mut();
            // SAFETY: as above; `index` is inside the array.
            unsafe { sys::napi_get_element(env, array, index, &mut element) };
            read_text(env, element)
        })
        .collect()
}

/// A number; zero for what is none.
#[inline(always)]
pub(crate) fn read_number(env: sys::napi_env, value: sys::napi_value) -> f64 {
    let mut number = 0.0;
    // SAFETY: a live environment and a place for the result.
    unsafe { sys::napi_get_value_double(env, value, &mut number) };
    number
}

/// A boolean; false for what is none.
pub(crate) fn read_boolean(env: sys::napi_env, value: sys::napi_value) -> bool {
    let mut truth = false;
    // SAFETY: a live environment and a place for the result.
    unsafe { sys::napi_get_value_bool(env, value, &mut truth) };
    truth
}

/// Where the elements of a typed array are, and how many; none for an array of another kind, for what is no typed array, and
/// for an empty one that has no memory at all. Good until JavaScript runs again.
pub(crate) fn read_typed_array(
    env: sys::napi_env,
    array: sys::napi_value,
    wanted: sys::napi_typedarray_type,
) -> Option<(NonNull<c_void>, usize)> {
    let (mut kind, mut length, mut memory) = (0, 0, null_mut());
    // SAFETY: a live environment and places for the results; the rest is not asked for.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            array,
            &mut kind,
            &mut length,
            &mut memory,
            null_mut(),
            null_mut(),
        )
    };
    let memory = NonNull::new(memory)?;
    (status == sys::Status::napi_ok && kind == wanted).then_some((memory, length))
}

pub(crate) fn number(env: sys::napi_env, number: f64) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: a live environment and a place for the result.
    unsafe { sys::napi_create_double(env, number, &mut value) };
    value
}

pub(crate) fn boolean(env: sys::napi_env, truth: bool) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: a live environment and a place for the result.
    unsafe { sys::napi_get_boolean(env, truth, &mut value) };
    value
}

pub(crate) fn text(env: sys::napi_env, text: &str) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: the text is valid UTF-8 of the given length.
    unsafe {
        sys::napi_create_string_utf8(env, text.as_ptr().cast(), text.len() as isize, &mut value)
    };
    value
}

/// An array of strings.
pub(crate) fn texts<'a>(
    env: sys::napi_env,
    texts: impl IntoIterator<Item = &'a str>,
) -> sys::napi_value {
    let mut array = null_mut();
    // SAFETY: a live environment and a place for the result.
    unsafe { sys::napi_create_array(env, &mut array) };
    for (index, element) in (0..).zip(texts) {
        // SAFETY: as above; both values belong to this environment.
        unsafe { sys::napi_set_element(env, array, index, text(env, element)) };
    }
    array
}

pub(crate) fn object(env: sys::napi_env) -> sys::napi_value {
    let mut value = null_mut();
    // SAFETY: a live environment and a place for the result.
    unsafe { sys::napi_create_object(env, &mut value) };
    value
}

pub(crate) fn set(
    env: sys::napi_env,
    object: sys::napi_value,
    name: &CStr,
    value: sys::napi_value,
) {
    // SAFETY: both values belong to this environment; the name ends with a zero byte.
    unsafe { sys::napi_set_named_property(env, object, name.as_ptr(), value) };
}
