//! The core's lock-free files under loom, which tries all interleavings of the threads in their models.
//!
//! `make test-loom` sets the flag `--cfg loom`. The files are compiled here once more because the whole core cannot be: under
//! that flag tokio has no network. Without it this crate is empty.

#![cfg(loom)]
#![allow(dead_code, unused_imports, missing_docs)]

#[path = "../../../core/src/generation.rs"]
pub mod generation;
#[path = "../../../core/src/slab.rs"]
pub mod slab;

/// Stands in for the core's: no process forks inside a model.
pub mod process {
    /// Always the same.
    pub fn generation() -> u64 {
        1
    }
}
