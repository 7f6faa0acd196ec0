//! Status numbers, and the text that goes with them.
//!
//! 0 is success, 1 to 99 an argument, 100 a panic, the 200s configuration, the 300s export, the 400s the life of things.
//! A number keeps its meaning for ever.

/// It worked.
pub const POLYSPAN_OK: i32 = 0;
/// A pointer is null that must not be.
pub const POLYSPAN_E_NULL: i32 = 1;
/// A text is not UTF-8.
pub const POLYSPAN_E_UTF8: i32 = 2;
/// An argument has a value that it cannot have.
pub const POLYSPAN_E_ARGUMENT: i32 = 3;
/// A buffer is too small; its `len` says how much is needed. Nothing was lost: call again with more.
pub const POLYSPAN_E_BUFFER: i32 = 4;
/// A handle is of another kind, has ended, or was never given out.
pub const POLYSPAN_E_HANDLE: i32 = 5;
/// The `size` of a struct was not set to its `sizeof`.
pub const POLYSPAN_E_SIZE: i32 = 6;
/// A defect of polyspan was caught. The provider is a no-op from now on; the process is not harmed. Please report it.
pub const POLYSPAN_E_PANIC: i32 = 100;
/// An option is wrong; the text names it, its value and what is allowed.
pub const POLYSPAN_E_CONFIG: i32 = 200;
/// The backend did not take everything.
pub const POLYSPAN_E_EXPORT: i32 = 300;
/// Time was over before everything was exported; what is left goes on in the background.
pub const POLYSPAN_E_TIMEOUT: i32 = 301;
/// The provider was shut down; what was handed over is counted as dropped.
pub const POLYSPAN_E_SHUTDOWN: i32 = 400;
/// The provider was switched off after a panic.
pub const POLYSPAN_E_DISABLED: i32 = 401;
/// There are too many things of that kind at a time; end or free some.
pub const POLYSPAN_E_EXHAUSTED: i32 = 402;
/// The span is in use by another thread and stayed so for a second, or was when this process was forked.
pub const POLYSPAN_E_BUSY: i32 = 403;

/// What went wrong, in words: memory of the caller, filled by the library. Set `size` before the call.
#[repr(C)]
#[derive(Debug)]
pub struct polyspan_error {
    /// `sizeof(polyspan_error)`.
    pub size: u32,
    /// The status that the function returned.
    pub code: i32,
    /// Bytes of `text`, 0 after a success.
    pub len: u32,
    /// A sentence in UTF-8 that says what was wrong, where, and what to do. Ends with a zero byte; cut if it is too long.
    pub text: [u8; 500],
}
