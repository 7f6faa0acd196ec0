//! What one environment holds, and the one provider that all environments of the process share.
//!
//! An environment is the main thread or a worker thread. Each has its own exchange, clock and counters; the first that
//! opens polyspan makes the provider, the others join it.

use crate::exchange::{Shared, slot};
use napi_sys as sys;
use polyspan::Provider;
use polyspan::config::ConfigOption;
use polyspan::stats::DropCause;
use std::ffi::c_void;
use std::ptr::null_mut;
use std::sync::{Mutex, PoisonError};

/// The provider of the process, while it is open.
static PROVIDER: Mutex<Option<Provider>> = Mutex::new(None);

/// The provider that is open, or the one that `make` makes; and whether it was there before.
pub(crate) fn provider_or<E>(
    make: impl FnOnce() -> Result<Provider, E>,
) -> Result<(Provider, bool), E> {
    let mut current = PROVIDER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(provider) = *current {
        return Ok((provider, true));
    }
    let provider = make()?;
    *current = Some(provider);
    Ok((provider, false))
}

/// The provider is being shut down: the next `open` makes another one.
pub(crate) fn forget_provider() {
    *PROVIDER.lock().unwrap_or_else(PoisonError::into_inner) = None;
}

/// What one environment holds.
pub(crate) struct Instance {
    pub(crate) open: Option<Open>,
    /// The zero of this environment's monotonic clock.
    pub(crate) origin: u64,
    /// Where a batch's text is read into; used again.
    pub(crate) wide: Vec<u16>,
}

/// What there is between `open` and the next `open`. It stays after a shutdown, for late spans and statistics.
pub(crate) struct Open {
    pub(crate) provider: Provider,
    pub(crate) exchange: Shared,
    pub(crate) ids: Shared,
    /// With a seed, the upper half of every trace id.
    pub(crate) seed: Option<u64>,
    /// Records handed over.
    pub(crate) submitted: u64,
    reported: Counts,
}

/// Spans of this environment, counted by JavaScript in the exchange.
#[derive(Clone, Copy, Default)]
struct Counts {
    started: u64,
    ended: u64,
    sampled_out: u64,
}

impl Instance {
    /// Makes this environment's instance and sees to its end.
    pub(crate) fn install(env: sys::napi_env) -> *mut Instance {
        let instance = Box::into_raw(Box::new(Instance {
            open: None,
            origin: polyspan::trace::monotonic_nanos(),
            wide: Vec::new(),
        }));
        // SAFETY: a live environment. The hook runs while the environment, and so the exchange's memory, is still there;
        // the finalizer runs last, after which no function of this environment can be called.
        unsafe {
            sys::napi_add_env_cleanup_hook(env, Some(settle), instance.cast());
            sys::napi_set_instance_data(env, instance.cast(), Some(drop_instance), null_mut());
        }
        instance
    }

    /// Stops tracing here, after a defect.
    pub(crate) fn abandon(&mut self) {
        self.open = None;
    }
}

impl Open {
    pub(crate) fn new(provider: Provider, exchange: Shared, ids: Shared) -> Self {
        Self {
            provider,
            exchange,
            ids,
            seed: seed(provider),
            submitted: 0,
            reported: Counts::default(),
        }
    }

    /// Tells the core what JavaScript has counted since the last time.
    pub(crate) fn report(&mut self) {
        let now = Counts {
            started: self.exchange.count(slot::STARTED),
            ended: self.exchange.count(slot::ENDED),
            sampled_out: self.exchange.count(slot::SAMPLED_OUT),
        };
        let before = std::mem::replace(&mut self.reported, now);
        let tell = |now: u64, before: u64, count: &dyn Fn(u64)| match now.saturating_sub(before) {
            0 => {}
            more => count(more),
        };
        tell(now.started, before.started, &|more| {
            self.provider.count_started(more)
        });
        tell(now.ended, before.ended, &|more| {
            self.provider.count_ended(more)
        });
        tell(now.sampled_out, before.sampled_out, &|more| {
            self.provider.count_sampled_out(more)
        });
    }

    /// Ended spans that were never handed over: the environment was ended while they waited in its batch.
    fn lost(&self) -> u64 {
        self.reported
            .ended
            .saturating_sub(self.reported.sampled_out + self.submitted)
    }
}

/// The seed of the ids, if they are to be repeatable.
fn seed(provider: Provider) -> Option<u64> {
    let option = ConfigOption::find("id_seed")?;
    option.show(provider.config()).parse().ok()
}

unsafe extern "C" fn settle(instance: *mut c_void) {
    // SAFETY: the hook's argument is the instance, which its finalizer drops later.
    let Some(instance) = (unsafe { instance.cast::<Instance>().as_mut() }) else {
        return;
    };
    let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        if let Some(mut open) = instance.open.take() {
            open.report();
            let lost = open.lost();
            if lost > 0 {
                open.provider.count_dropped(DropCause::HostExit, lost);
            }
        }
    }));
}

unsafe extern "C" fn drop_instance(_env: sys::napi_env, instance: *mut c_void, _hint: *mut c_void) {
    // SAFETY: made by `Box::into_raw` in `install`; Node.js calls the finalizer once, at the very end.
    drop(unsafe { Box::from_raw(instance.cast::<Instance>()) });
}
