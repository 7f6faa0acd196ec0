//! The C ABI of polyspan: what C, .NET and Unity call. `include/polyspan.h` and the C# bindings are generated from these
//! files (`cargo run -p xtask -- gen`), so the comments here are written for whoever reads the header.
//!
//! # The rules
//!
//! 1. An export is `polyspan_<noun>_<verb>`, written by hand (both generators pass over what a macro makes and emit what a
//!    `cfg` switches off), and returns a status; only [`version::polyspan_abi_version`] returns its number. Its body stands inside
//!    [`guard`](guard::guard): a panic becomes a status, the provider becomes a no-op, the host lives.
//! 2. It checks its arguments, calls one function of the core, writes the result. More than fifteen lines: the core lacks
//!    a function.
//! 3. Status numbers are fixed for ever ([`error`]). Texts of errors, like all output, go into memory of the caller; the
//!    library owns nothing that a caller must free.
//! 4. Text is pointer and length, UTF-8, checked, borrowed for the call ([`bytes`]). A struct that may grow starts with its
//!    size ([`sized`]). No `bool`, no unions, no callbacks, no arrays of structs in structs; constants are literals and
//!    never `usize`: everything else one of the generators gets wrong without saying so.
//! 5. What lives longer than a call is behind a handle: a number that stays safe to pass whatever happened to what it named.
//! 6. A wait takes `timeout_ms`, and 0 means not to wait. Everything else returns at once.
//! 7. What was published is not changed: new functions and new fields at the end of sized structs are, with the same
//!    version; everything else is a new version.
//!
//! | file | nouns |
//! |---|---|
//! | [`config`], [`provider`], [`stats`] | options, the provider and what became of its spans |
//! | [`tracer`], [`span`], [`value`] | live spans, for C |
//! | [`sampler`], [`id`], [`batch`] | for hosts that keep their spans and submit many at once: .NET, Unity |
//! | [`counter`] | metrics |
//! | [`context`], [`propagation`] | identity of a span, and its way into other processes |

#![allow(unsafe_code)]
#![allow(non_camel_case_types)]
// The contract on top of the header is the safety section of every export.
#![allow(clippy::missing_safety_doc)]

#[cfg(panic = "abort")]
compile_error!("polyspan-ffi turns panics into a status, which needs panic = \"unwind\"");

pub mod batch;
pub mod bytes;
pub mod config;
pub mod context;
pub mod counter;
pub mod error;
mod failure;
pub mod guard;
pub mod handle;
pub mod id;
pub mod propagation;
pub mod provider;
pub mod sampler;
pub mod sized;
pub mod span;
pub mod stats;
pub mod tracer;
pub mod value;
pub mod version;
