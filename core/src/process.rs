//! What the core must know of the process it lives in: whether it was forked.
//!
//! A fork is met by *abandoning*: the handler in the child adds one to a counter, and all mutable state is stamped with the
//! count under which it was made (see [`crate::generation`]). Nothing runs in the parent, nothing is locked or joined.
//!
//! Forks that skip the handlers (a raw `clone`) are seen by a mark in a page of memory that Linux wipes in every child
//! (`MADV_WIPEONFORK`, since 4.14); elsewhere the process id tells, where it is looked at.

#![allow(unsafe_code)]

use std::sync::Once;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicU64, Ordering};

static GENERATION: AtomicU64 = AtomicU64::new(1);
static PID: AtomicU32 = AtomicU32::new(0);
static WATCH: Once = Once::new();

/// Stands where there is no page that a fork wipes.
static NEVER_WIPED: AtomicU32 = AtomicU32::new(mark::SEEN);
/// Where the mark is.
static MARK: AtomicPtr<AtomicU32> = AtomicPtr::new(&raw const NEVER_WIPED as *mut _);

mod mark {
    /// Wiped: this is a child that nobody has noticed.
    pub(super) const WIPED: u32 = 0;
    /// A thread has noticed it and is counting.
    pub(super) const COUNTING: u32 = 1;
    pub(super) const SEEN: u32 = 2;
}

/// The number of this process in its line of forks.
#[inline]
pub fn generation() -> u64 {
    if is_unseen() {
        forked_unseen();
    }
    GENERATION.load(Ordering::Relaxed)
}

#[inline]
fn is_unseen() -> bool {
    mark().load(Ordering::Acquire) != mark::SEEN
}

#[inline]
fn mark() -> &'static AtomicU32 {
    // SAFETY: it points to a static, or to the start of a page that is never unmapped.
    unsafe { &*MARK.load(Ordering::Relaxed) }
}

/// The mark is gone, so this is a child of which the handler was not told. One thread counts it, even if its process id is
/// that of its parent, as the first process of a namespace may find; the others wait for these few instructions. (A fork in
/// the middle of them wipes the mark again.)
#[cold]
fn forked_unseen() {
    while is_unseen() {
        let counts = mark().compare_exchange(
            mark::WIPED,
            mark::COUNTING,
            Ordering::Acquire,
            Ordering::Relaxed,
        );
        match counts {
            Ok(_) => count_fork(),
            Err(_) => std::thread::yield_now(),
        }
    }
}

fn count_fork() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
    PID.store(std::process::id(), Ordering::Relaxed);
    mark().store(mark::SEEN, Ordering::Release);
}

/// A page that every child finds wiped, with the mark on it.
#[cfg(target_os = "linux")]
fn wiped_on_fork() -> Option<*mut AtomicU32> {
    const LENGTH: usize = 4096;
    // SAFETY: a fresh private mapping, which nobody else knows; it is only kept if the kernel promises to wipe it.
    unsafe {
        let page = libc::mmap(
            std::ptr::null_mut(),
            LENGTH,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        );
        if page == libc::MAP_FAILED {
            return None;
        }
        if libc::madvise(page, LENGTH, libc::MADV_WIPEONFORK) != 0 {
            libc::munmap(page, LENGTH);
            return None;
        }
        let first = page.cast::<AtomicU32>();
        (*first).store(mark::SEEN, Ordering::Relaxed);
        Some(first)
    }
}

#[cfg(not(target_os = "linux"))]
fn wiped_on_fork() -> Option<*mut AtomicU32> {
    None
}

/// Nanoseconds by the system's monotonic clock; only differences mean something.
#[inline]
pub(crate) fn monotonic_nanos() -> u64 {
    #[cfg(unix)]
    {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: `time` is valid for writing; the clock exists on every Unix, and an error leaves zeroes.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
        (time.tv_sec as u64)
            .wrapping_mul(1_000_000_000)
            .wrapping_add(time.tv_nsec as u64)
    }
    #[cfg(not(unix))]
    {
        use std::sync::OnceLock;
        use std::time::Instant;
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        ORIGIN.get_or_init(Instant::now).elapsed().as_nanos() as u64
    }
}

/// The processor's time stamp counter; 0 where there is none that the core reads.
#[inline]
pub(crate) fn ticks() -> u64 {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 processor has the instruction, and it touches no memory.
    return unsafe { core::arch::x86_64::_rdtsc() };
    #[cfg(not(target_arch = "x86_64"))]
    0
}

/// Whether the kernel itself keeps time by that counter, so that it is steady and equal on all cores.
pub(crate) fn has_steady_ticks() -> bool {
    const SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    cfg!(all(target_arch = "x86_64", target_os = "linux"))
        && std::fs::read_to_string(SOURCE).is_ok_and(|source| source.trim() == "tsc")
}

/// The host's name, as the kernel has it.
pub(crate) fn host_name() -> Option<String> {
    #[cfg(unix)]
    {
        let mut name = [0u8; 256];
        // SAFETY: the buffer is writable for its whole length; the last byte stays zero whatever is written.
        let failed = unsafe { libc::gethostname(name.as_mut_ptr().cast(), name.len() - 1) } != 0;
        let end = name.iter().position(|byte| *byte == 0).unwrap_or_default();
        let name = String::from_utf8_lossy(&name[..end]).into_owned();
        (!failed && !name.is_empty()).then_some(name)
    }
    #[cfg(not(unix))]
    None
}

/// Starts counting forks. Cheap to call again.
///
/// Called when a provider is made, so that loading the library alone changes nothing in the host.
pub fn watch_forks() {
    WATCH.call_once(|| {
        PID.store(std::process::id(), Ordering::Relaxed);
        if let Some(page) = wiped_on_fork() {
            MARK.store(page, Ordering::Release);
        }
        #[cfg(unix)]
        // SAFETY: `forked` is async-signal-safe: it only touches atomics, so it may run in a child whose other threads
        // are gone. The library is never unloaded once it runs, so the address stays valid.
        unsafe {
            libc::pthread_atfork(None, None, Some(forked));
        }
    });
}

/// Compares the process id as well, for forks that skip at-fork handlers where the kernel wipes no memory.
///
/// One system call, so it is made where a chunk is handed over and where somebody waits, never for each span.
pub fn check_pid() {
    if is_unseen() {
        return forked_unseen();
    }
    let seen = PID.load(Ordering::Relaxed);
    let now = std::process::id();
    if seen != now
        && PID
            .compare_exchange(seen, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
        && seen != 0
    {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
}

/// Async-signal-safe: it touches atomics and asks for the process id.
#[cfg(unix)]
extern "C" fn forked() {
    count_fork();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_process_keeps_its_generation() {
        watch_forks();
        let before = generation();
        check_pid();
        assert_eq!(generation(), before);
    }
}
