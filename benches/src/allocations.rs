//! Counts allocations: give a program `#[global_allocator] static ALLOCATOR: Counting = Counting;`.

#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The system's allocator, counting.
#[derive(Debug)]
pub struct Counting;

static ALL: AtomicU64 = AtomicU64::new(0);
thread_local! { static MINE: Cell<u64> = const { Cell::new(0) }; }

/// Allocations of all threads so far.
pub fn of_process() -> u64 {
    ALL.load(Relaxed)
}

/// Allocations of the calling thread so far.
pub fn of_thread() -> u64 {
    MINE.get()
}

fn count() {
    ALL.fetch_add(1, Relaxed);
    let _ = MINE.try_with(|mine| mine.set(mine.get() + 1));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(pointer, layout, size) }
    }
}
