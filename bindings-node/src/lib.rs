//! polyspan for Node.js: the addon.
//!
//! | file | is |
//! |---|---|
//! | `lib.rs` | what JavaScript sees: the list of functions, one instance per environment |
//! | [`instance`] | what an environment (the main thread, each worker thread) holds, and the process's one provider |
//! | [`exchange`] | the memory that JavaScript and the addon share |
//! | [`span`] | the calls on the way of a span: clock, ids, sampling, submitting |
//! | [`metrics`] | the calls of a counter |
//! | [`propagation`] | headers in and out |
//! | [`lifecycle`] | opening, flushing, shutting down, statistics |
//! | [`work`] | waiting off the event loop, behind a promise |
//! | [`attributes`], [`value`] | JavaScript values to Rust's and back |
//!
//! All of it is raw Node-API. A span crosses only in batches; the call that takes a batch copies and returns, so nothing of
//! the core's work happens on the JavaScript thread. Nothing here ever calls into JavaScript: data flows one way, and what
//! JavaScript waits for is a promise. The counterpart is `src/native.ts`.

#![allow(unsafe_code)]

mod attributes;
mod exchange;
mod instance;
mod lifecycle;
mod metrics;
mod propagation;
mod span;
mod value;
mod work;

use instance::Instance;
use napi_sys as sys;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;

/// Raised together with `ABI` in `native.ts` whenever a function or the exchange changes.
const ABI: u32 = 4;

/// What a call gets: where it runs, and what that environment holds.
pub(crate) struct Call<'a> {
    pub(crate) env: sys::napi_env,
    pub(crate) instance: &'a mut Instance,
}

/// How a function ends: with a value, with nothing (`undefined`), or with an exception.
pub(crate) type Outcome = Result<sys::napi_value, String>;

/// One function of the addon, with as many arguments as it takes; those that were left out are `undefined`.
pub(crate) type Function<const ARGUMENTS: usize> =
    fn(Call<'_>, [sys::napi_value; ARGUMENTS]) -> Outcome;

/// `undefined`.
pub(crate) const NOTHING: Outcome = Ok(null_mut());

/// Makes the C function that Node.js calls for a [`Function`]: it fetches the arguments and keeps panics inside.
macro_rules! export {
    ($function:path, $arguments:literal) => {{
        unsafe extern "C" fn entry(
            env: sys::napi_env,
            info: sys::napi_callback_info,
        ) -> sys::napi_value {
            // SAFETY: Node.js calls with a live environment and the call's own info.
            unsafe { enter(env, info, $function as Function<$arguments>) }
        }
        entry as unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value
    }};
}

/// # Safety
///
/// `env` and `info` are those of a call that Node.js is making, to a function made by [`register`].
#[inline(always)]
unsafe fn enter<const ARGUMENTS: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    function: Function<ARGUMENTS>,
) -> sys::napi_value {
    let mut arguments = [null_mut(); ARGUMENTS];
    let mut count = ARGUMENTS;
    let mut data: *mut c_void = null_mut();
    // SAFETY: the array has room for `count` values; Node.js fills what was not given with undefined.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &mut count,
            arguments.as_mut_ptr(),
            null_mut(),
            &mut data,
        );
    }
    // SAFETY: `register` gave every function the environment's instance, which lives until the environment is gone; one
    // environment runs on one thread, and no function here calls back into JavaScript, so there is no second reference.
    let Some(instance) = (unsafe { data.cast::<Instance>().as_mut() }) else {
        return null_mut();
    };
    let call = Call { env, instance };
    match catch_unwind(AssertUnwindSafe(|| function(call, arguments))) {
        Ok(Ok(value)) => value,
        Ok(Err(message)) => throw(env, &message),
        Err(_) => {
            // The hook has printed where. From here on this environment traces nothing, and its program goes on.
            // SAFETY: as above; the closure that held the reference is gone.
            if let Some(instance) = unsafe { data.cast::<Instance>().as_mut() } {
                instance.abandon();
            }
            null_mut()
        }
    }
}

fn throw(env: sys::napi_env, message: &str) -> sys::napi_value {
    // A C string ends at the first zero byte.
    let message = std::ffi::CString::new(message.replace('\0', "\u{fffd}")).unwrap_or_default();
    // SAFETY: the environment is live and the string ends with a zero byte.
    unsafe { sys::napi_throw_error(env, null_mut(), message.as_ptr()) };
    null_mut()
}

/// Node.js calls this once for each environment that loads the addon.
///
/// # Safety
///
/// Called by Node.js with a live environment and an object.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn napi_register_module_v1(
    env: sys::napi_env,
    exports: sys::napi_value,
) -> sys::napi_value {
    let registered = catch_unwind(|| register(env, exports));
    if registered.is_err() {
        return null_mut();
    }
    exports
}

fn register(env: sys::napi_env, exports: sys::napi_value) {
    let instance = Instance::install(env);
    let define = |name: &CStr, function: sys::napi_callback| {
        let mut value = null_mut();
        // SAFETY: a live environment, a name that ends with a zero byte, and data that outlives the function.
        unsafe {
            sys::napi_create_function(
                env,
                name.as_ptr(),
                -1,
                function,
                instance.cast(),
                &mut value,
            );
            sys::napi_set_named_property(env, exports, name.as_ptr(), value);
        }
    };
    define(c"now", Some(export!(span::now, 0)));
    define(c"fillIds", Some(export!(span::fill_ids, 0)));
    define(c"tracer", Some(export!(span::tracer, 3)));
    define(c"sample", Some(export!(span::sample, 2)));
    define(c"submit", Some(export!(span::submit, 4)));
    define(c"counter", Some(export!(metrics::counter, 6)));
    define(c"add", Some(export!(metrics::add, 4)));
    define(c"inject", Some(export!(propagation::inject, 2)));
    define(c"extract", Some(export!(propagation::extract, 1)));
    define(c"copies", Some(export!(propagation::copies, 1)));
    define(
        c"parseTraceState",
        Some(export!(propagation::parse_trace_state, 1)),
    );
    define(c"open", Some(export!(lifecycle::open, 1)));
    define(c"flush", Some(export!(lifecycle::flush, 1)));
    define(c"shutdown", Some(export!(lifecycle::shutdown, 1)));
    define(c"shutdownSync", Some(export!(lifecycle::shutdown_sync, 1)));
    define(c"leave", Some(export!(lifecycle::leave, 0)));
    define(c"stats", Some(export!(lifecycle::stats, 0)));
    define(c"describe", Some(export!(lifecycle::describe, 0)));
    value::set(env, exports, c"abi", value::number(env, f64::from(ABI)));
    value::set(
        env,
        exports,
        c"version",
        value::text(env, env!("CARGO_PKG_VERSION")),
    );
}
