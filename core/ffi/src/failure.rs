//! Why a call fails: which status that is, and in which words. In a file of its own because the generators, which read
//! [`crate::error`], know no enums with fields.

use crate::error::*;
use polyspan::config::ConfigError;
use polyspan::pipeline::FlushError;
use polyspan::slab::Refusal;
use polyspan::trace::BatchError;
use std::fmt;

/// Why an export does not return [`POLYSPAN_OK`].
#[derive(Debug)]
pub(crate) enum Failure {
    Null {
        argument: &'static str,
    },
    Utf8 {
        argument: &'static str,
        valid_up_to: usize,
    },
    Argument {
        argument: &'static str,
        must: &'static str,
    },
    Buffer {
        argument: &'static str,
        needed: usize,
        capacity: usize,
    },
    Handle {
        kind: &'static str,
    },
    Size {
        argument: &'static str,
        found: u32,
        expected: usize,
    },
    Config(ConfigError),
    Batch(BatchError),
    Flush(FlushError),
    Shutdown,
    Disabled,
    Exhausted {
        kind: &'static str,
        most: usize,
    },
    Busy,
    Panic {
        message: String,
    },
}

impl Failure {
    pub(crate) fn status(&self) -> i32 {
        match self {
            Self::Null { .. } => POLYSPAN_E_NULL,
            Self::Utf8 { .. } => POLYSPAN_E_UTF8,
            Self::Argument { .. } | Self::Batch(_) => POLYSPAN_E_ARGUMENT,
            Self::Buffer { .. } => POLYSPAN_E_BUFFER,
            Self::Handle { .. } => POLYSPAN_E_HANDLE,
            Self::Size { .. } => POLYSPAN_E_SIZE,
            Self::Panic { .. } => POLYSPAN_E_PANIC,
            Self::Config(_) => POLYSPAN_E_CONFIG,
            Self::Flush(FlushError::Failed { .. }) => POLYSPAN_E_EXPORT,
            Self::Flush(FlushError::Timeout) => POLYSPAN_E_TIMEOUT,
            Self::Shutdown => POLYSPAN_E_SHUTDOWN,
            Self::Disabled => POLYSPAN_E_DISABLED,
            Self::Exhausted { .. } => POLYSPAN_E_EXHAUSTED,
            Self::Busy => POLYSPAN_E_BUSY,
        }
    }

    /// What a slab's refusal means for a handle of `kind`.
    pub(crate) fn refused(refusal: Refusal, kind: &'static str) -> Self {
        match refusal {
            Refusal::Stale => Self::Handle { kind },
            Refusal::Busy => Self::Busy,
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<BatchError> for Failure {
    fn from(error: BatchError) -> Self {
        Self::Batch(error)
    }
}

impl From<FlushError> for Failure {
    fn from(error: FlushError) -> Self {
        Self::Flush(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null { argument } => write!(f, "{argument} is null; it must point to memory"),
            Self::Utf8 {
                argument,
                valid_up_to,
            } => write!(
                f,
                "{argument} is not UTF-8 from byte {valid_up_to} on; it must be"
            ),
            Self::Argument { argument, must } => write!(f, "{argument} must {must}"),
            Self::Buffer {
                argument,
                needed,
                capacity,
            } => write!(
                f,
                "{argument} has room for {capacity} bytes; {needed} are needed"
            ),
            Self::Handle { kind } => write!(
                f,
                "this is not the handle of a {kind} of this process, or the {kind} has ended"
            ),
            Self::Size {
                argument,
                found,
                expected,
            } => write!(
                f,
                "{argument}.size is {found}; it must be the sizeof of the struct, {expected} in version 1"
            ),
            Self::Config(error) => error.fmt(f),
            Self::Batch(error) => error.fmt(f),
            Self::Flush(error) => error.fmt(f),
            Self::Shutdown => f.write_str(
                "the provider was shut down; what is handed over now is counted as dropped",
            ),
            Self::Disabled => {
                f.write_str("the provider was switched off after an error inside polyspan")
            }
            Self::Exhausted { kind, most } => {
                write!(
                    f,
                    "there are {most} {kind}s already, the most there can be; end some first"
                )
            }
            Self::Busy => {
                f.write_str("the span is in use by another thread that does not come to an end")
            }
            Self::Panic { message } => write!(
                f,
                "polyspan caught an error of its own and switched the provider off; please report: {message}"
            ),
        }
    }
}
