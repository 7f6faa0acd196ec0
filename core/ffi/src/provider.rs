//! The provider: configured once, asked by everything else.
//!
//! Providers live as long as the process, and so do their handles: after a shutdown statistics can still be read.

use crate::bytes::{fill, place, polyspan_buffer};
use crate::config;
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::handle::{self, MOST_PROVIDERS};
use crate::sized::{self, Growing};
use polyspan::Provider;
use polyspan::generation::PerGeneration;
use polyspan::process;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// All providers of the process. Only ever grows, without a lock: a forked child finds it as it was.
static PROVIDERS: boxcar::Vec<Entry> = boxcar::Vec::new();

pub(crate) struct Entry {
    provider: Provider,
    /// The owner's number, for [`polyspan_provider_reap`]; 0 is the process.
    epoch: u64,
    life: AtomicU8,
    /// Diagnostics that were taken from the core but did not fit the caller's buffer.
    untold: PerGeneration<Mutex<String>>,
}

mod life {
    pub(super) const OPEN: u8 = 0;
    pub(super) const SHUT_DOWN: u8 = 1;
    pub(super) const BROKEN: u8 = 2;
}

/// An entry for the time of a call. If a panic passes it, the provider is switched off: what it left half-way is not
/// touched again.
pub(crate) struct InUse {
    entry: &'static Entry,
    /// Whether the thread was unwinding already, for a reason of the host's.
    unwinding: bool,
}

impl InUse {
    fn new(entry: &'static Entry) -> Self {
        Self {
            entry,
            unwinding: std::thread::panicking(),
        }
    }

    /// Whether the provider has been shut down.
    pub(crate) fn is_shut_down(&self) -> bool {
        self.entry.life.load(Ordering::Relaxed) == life::SHUT_DOWN
    }
}

impl Deref for InUse {
    type Target = Provider;

    #[inline]
    fn deref(&self) -> &Provider {
        &self.entry.provider
    }
}

impl Drop for InUse {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() && !self.unwinding {
            self.entry.switch_off();
        }
    }
}

impl Entry {
    #[cold]
    fn switch_off(&self) {
        self.life.store(life::BROKEN, Ordering::Relaxed);
        // What has ended before may still go out. We are unwinding: a second panic must not pass.
        let _ = catch_unwind(AssertUnwindSafe(|| self.provider.shutdown(Duration::ZERO)));
    }
}

/// The provider behind a handle.
#[inline]
pub(crate) fn find(provider: u64) -> Result<InUse, Failure> {
    let index = handle::provider_index(provider);
    index
        .and_then(at)
        .ok_or(Failure::Handle { kind: "provider" })?
}

/// The provider in place `index`.
#[inline]
pub(crate) fn at(index: u32) -> Option<Result<InUse, Failure>> {
    let entry = PROVIDERS.get(index as usize)?;
    Some(match entry.life.load(Ordering::Relaxed) {
        life::BROKEN => Err(Failure::Disabled),
        _ => Ok(InUse::new(entry)),
    })
}

/// Switches the provider in place `index` off: a panic happened in one of its spans.
#[cold]
pub(crate) fn broke(index: u32) {
    if let Some(entry) = PROVIDERS.get(index as usize) {
        entry.switch_off();
    }
}

fn milliseconds(timeout_ms: u32) -> Duration {
    Duration::from_millis(u64::from(timeout_ms))
}

/// How much a span may hold, and how often the sampler must be asked: for hosts that keep their spans.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct polyspan_limits {
    /// `sizeof(polyspan_limits)`.
    pub size: u32,
    /// Attributes of a span.
    pub attribute_count: u32,
    /// Events of a span.
    pub event_count: u32,
    /// Links of a span.
    pub link_count: u32,
    /// Attributes of an event.
    pub event_attribute_count: u32,
    /// Attributes of a link.
    pub link_attribute_count: u32,
    /// Characters of a string; `UINT32_MAX` is no limit. The library cuts, after redaction; hosts do not.
    pub value_length: u32,
    /// 1: local children have the verdict of their local root, so ask once per local root. 2: the sampler looks at name
    /// and kind. 4: it looks at attributes. 8: disabled, keep no spans and count none. 16: some baggage entries become
    /// attributes of spans, see `polyspan_propagation_copies`.
    pub mask: u32,
    /// The number of the policy in force, for the header of batches.
    pub policy_epoch: u32,
    /// Zero.
    pub reserved: u32,
}

// SAFETY: `repr(C)`, size first, integers only.
unsafe impl Growing for polyspan_limits {
    const FIRST: usize = 40;
}

/// Makes a provider of a configuration, whose handle is used up, also if this fails.
///
/// No thread is started and no connection made before the first span has ended. `epoch` names the owner for
/// `polyspan_provider_reap`; 0 is the process itself. `POLYSPAN_E_CONFIG`: `err` says which setting is wrong.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_new(
    config: u64,
    epoch: u64,
    out: *mut u64,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        let config = config::take(config)?;
        if PROVIDERS.count() >= MOST_PROVIDERS {
            return Err(Failure::Exhausted {
                kind: "provider",
                most: MOST_PROVIDERS,
            });
        }
        let index = PROVIDERS.push(Entry {
            provider: Provider::new(config)?,
            epoch,
            life: AtomicU8::new(life::OPEN),
            untold: PerGeneration::new(),
        });
        *out = handle::provider(index as u32);
        Ok(())
    })
}

/// Exports all spans that have ended until now and waits for it, at most `timeout_ms`.
///
/// `POLYSPAN_E_TIMEOUT`: time was over first. `POLYSPAN_E_EXPORT`: the backend did not take everything.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_flush(
    provider: u64,
    timeout_ms: u32,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || Ok(find(provider)?.flush(milliseconds(timeout_ms))?))
}

/// Closes a provider: exports what has ended, at most for `timeout_ms`, and drops the rest.
///
/// 0 does not wait: the export goes on in the background for at most five seconds. Spans that end later are counted as
/// dropped. May be called again, to wait.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_shutdown(
    provider: u64,
    timeout_ms: u32,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        let provider = find(provider)?;
        provider
            .entry
            .life
            .store(life::SHUT_DOWN, Ordering::Relaxed);
        Ok(provider.shutdown(milliseconds(timeout_ms))?)
    })
}

/// Shuts down, without waiting, every provider whose owner is neither `epoch` nor the process (0), and counts them.
///
/// For hosts whose managed part can be unloaded while the process goes on, such as the Unity editor: the new domain calls
/// it with its own number and so collects what the old one left. `reaped` may be null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_reap(epoch: u64, reaped: *mut u32) -> i32 {
    guard(null_mut(), || {
        let mut count = 0;
        for (_, entry) in &PROVIDERS {
            let left = entry.epoch != epoch && entry.epoch != 0;
            let swap = |from, to| {
                entry
                    .life
                    .compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed)
            };
            if left && swap(life::OPEN, life::SHUT_DOWN).is_ok() {
                // It is not waited for, so there is nothing to report.
                let _ = InUse::new(entry).shutdown(Duration::ZERO);
                count += 1;
            }
        }
        if !reaped.is_null() {
            // SAFETY: by the header's contract the caller's.
            unsafe { place(reaped, "reaped")? }.write(count);
        }
        Ok(())
    })
}

/// The policy in force in words, its fingerprint first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_describe(
    provider: u64,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let words = find(provider)?.describe();
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", words.as_bytes()) }
    })
}

/// The policy's fingerprint: `r:<8 hex> s:<8 hex> p:<8 hex>`, equal in all processes with the same policy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_fingerprint(
    provider: u64,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let fingerprint = find(provider)?.fingerprint();
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", fingerprint.as_bytes()) }
    })
}

/// What went wrong since the last call, a line each; length 0 if nothing did.
///
/// From the first call on the library no longer writes it to standard error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_diagnostics(
    provider: u64,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let provider = find(provider)?;
        let untold = &provider.entry.untold;
        let untold = untold.get(process::generation(), Mutex::default);
        let mut untold = untold.lock().unwrap_or_else(PoisonError::into_inner);
        for line in provider.take_diagnostics() {
            untold.push_str(&line);
            untold.push('\n');
        }
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", untold.as_bytes())? };
        untold.clear();
        Ok(())
    })
}

/// Limits and sampling mask, for hosts that keep their spans until they submit them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_limits(provider: u64, out: *mut polyspan_limits) -> i32 {
    guard(null_mut(), || {
        let provider = find(provider)?;
        let limits = provider.limits();
        let mask = provider.sampling_mask();
        let result = polyspan_limits {
            size: 0,
            attribute_count: limits.attribute_count,
            event_count: limits.event_count,
            link_count: limits.link_count,
            event_attribute_count: limits.event_attribute_count,
            link_attribute_count: limits.link_attribute_count,
            value_length: limits.value_length.unwrap_or(u32::MAX),
            mask: u32::from(mask.inheritable)
                | u32::from(mask.needs_name_kind) << 1
                | u32::from(mask.needs_attributes) << 2
                | u32::from(provider.is_disabled()) << 3
                | u32::from(!provider.baggage_attributes().is_empty()) << 4,
            policy_epoch: provider.policy_epoch(),
            reserved: 0,
        };
        // SAFETY: by the header's contract null or the caller's.
        unsafe { sized::write(out, "out", &result) }
    })
}

#[cfg(test)]
#[path = "provider_tests.rs"]
pub(crate) mod tests;
