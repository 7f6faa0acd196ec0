//! An allocator that counts what each thread allocates.

#![allow(dead_code, reason = "each test file uses a part")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Counting;
static OF_WORKER: AtomicU64 = AtomicU64::new(0);
thread_local! {
    static MINE: Cell<u64> = const { Cell::new(0) };
    static IS_WORKER: Cell<Option<bool>> = const { Cell::new(None) };
}

/// Allocations of this thread so far.
pub fn mine() -> u64 {
    MINE.get()
}

/// Allocations of polyspan's worker so far.
pub fn of_worker() -> u64 {
    OF_WORKER.load(Relaxed)
}

fn count() {
    let _ = MINE.try_with(|mine| mine.set(mine.get() + 1));
    let worker = IS_WORKER.try_with(|known| {
        // The name is asked for once: asking may allocate.
        if known.get().is_none() {
            known.set(Some(false));
            known.set(Some(std::thread::current().name() == Some("polyspan")));
        }
        known.get() == Some(true)
    });
    if worker.unwrap_or(false) {
        OF_WORKER.fetch_add(1, Relaxed);
    }
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

#[global_allocator]
static ALLOCATOR: Counting = Counting;
