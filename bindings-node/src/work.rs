//! Waiting off the event loop: a task on one of libuv's threads, and a promise for its end.

use crate::{Outcome, value};
use napi_sys as sys;
use polyspan::Provider;
use polyspan::pipeline::FlushError;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::time::Duration;

/// What is waited for: one of the provider's waits.
pub(crate) type Wait = fn(&Provider, Duration) -> Result<(), FlushError>;

/// Whom to wait for, how long, and for what.
pub(crate) struct Task {
    pub(crate) provider: Option<Provider>,
    pub(crate) timeout: Duration,
    pub(crate) wait: Wait,
}

struct Running {
    task: Task,
    result: Result<(), String>,
    deferred: sys::napi_deferred,
    work: sys::napi_async_work,
}

/// Starts the task; the promise is rejected with the core's own message.
pub(crate) fn promise(env: sys::napi_env, task: Task) -> Outcome {
    let (mut deferred, mut promise) = (null_mut(), null_mut());
    // SAFETY: a live environment and places for the results.
    unsafe { sys::napi_create_promise(env, &mut deferred, &mut promise) };
    let running = Box::into_raw(Box::new(Running {
        task,
        result: Ok(()),
        deferred,
        work: null_mut(),
    }));
    let name = value::text(env, "polyspan");
    // SAFETY: `running` lives until `complete`, which Node.js calls once, also when the environment ends.
    let queued = unsafe {
        let work = &raw mut (*running).work;
        sys::napi_create_async_work(
            env,
            null_mut(),
            name,
            Some(execute),
            Some(complete),
            running.cast(),
            work,
        );
        sys::napi_queue_async_work(env, *work)
    };
    if queued == sys::Status::napi_ok {
        Ok(promise)
    } else {
        // SAFETY: nothing was queued, so nobody else has the pointer.
        drop(unsafe { Box::from_raw(running) });
        Err("polyspan cannot wait: this thread is ending".to_owned())
    }
}

/// Runs on a thread of libuv's pool, without JavaScript.
unsafe extern "C" fn execute(_env: sys::napi_env, running: *mut c_void) {
    // SAFETY: the pointer made in `promise`; until `complete` it is this thread's alone.
    let Some(running) = (unsafe { running.cast::<Running>().as_mut() }) else {
        return;
    };
    let Task {
        provider,
        timeout,
        wait,
    } = running.task;
    let waited = catch_unwind(AssertUnwindSafe(|| {
        provider.map_or(Ok(()), |provider| wait(&provider, timeout))
    }));
    running.result = match waited {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("polyspan failed while waiting; this is a defect of polyspan".to_owned()),
    };
}

/// Runs on the JavaScript thread again.
unsafe extern "C" fn complete(env: sys::napi_env, _status: sys::napi_status, running: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `promise`, and given back here, once.
    let running = unsafe { Box::from_raw(running.cast::<Running>()) };
    let mut end = null_mut();
    // SAFETY: a live environment; the deferred and the work are settled and deleted once, here.
    unsafe {
        match &running.result {
            Ok(()) => {
                sys::napi_get_undefined(env, &mut end);
                sys::napi_resolve_deferred(env, running.deferred, end);
            }
            Err(message) => {
                sys::napi_create_error(env, null_mut(), value::text(env, message), &mut end);
                sys::napi_reject_deferred(env, running.deferred, end);
            }
        }
        sys::napi_delete_async_work(env, running.work);
    }
}
