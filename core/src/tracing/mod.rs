//! Spans of the [`tracing`](https://docs.rs/tracing) crate's macros, exported by polyspan. Feature `tracing`.
//!
//! [`layer`] makes a layer for a [`tracing_subscriber`] registry. Spans go straight into polyspan's records: not through the
//! `opentelemetry` crate, and in steady state without an allocation.
//!
//! ```
//! use polyspan::{Config, Provider};
//! use std::time::Duration;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let provider = Provider::new(Config::from_env().service_name("checkout"))?;
//! let subscriber = tracing_subscriber::registry()
//!     .with(polyspan::tracing::layer(provider.tracer("checkout")));
//! # let provider = Provider::noop();
//! # tracing::subscriber::with_default(subscriber, || {
//! // A program does this once, by `tracing::subscriber::set_global_default(subscriber)?`.
//!
//! let span = tracing::info_span!("charge", otel.kind = "client", card.country = "NL");
//! span.in_scope(|| tracing::info!(amount = 9.5, "authorized"));
//! drop(span);
//! # });
//!
//! provider.shutdown(Duration::from_secs(5))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What becomes of what
//!
//! `tracing`                         | exported
//! ----------------------------------|---------------------------------------------------------------------------------
//! a span                            | a span with its name; it ends when it was left for the last time, or, never entered, when it is closed
//! its fields, recorded ones too     | attributes: numbers, truth values, texts and bytes as such, the rest as its text
//! an event within a span            | an event named like its message; without a message, like the place where it stands
//! an event of level `ERROR`         | also sets the span's status to error
//! a field `error`, or an error value | an event `exception` with `exception.message`, and the status' description; the causes stand in `exception.stacktrace`
//! `follows_from`                    | a link
//! an event outside all spans        | nothing
//!
//! Some fields of a span are not attributes:
//!
//! field                     | is
//! --------------------------|------------------------------------------------------
//! `otel.name`               | the exported name
//! `otel.kind`               | `server`, `client`, `producer`, `consumer`, `internal`
//! `otel.status_code`        | `ok`, `error`
//! `otel.status_description` | the status' description; sets it to error (also `otel.status_message`)
//!
//! # Context
//!
//! A span continues the span in which it stands. Where a request comes in or goes out, [`SpanExt`] reads and writes the
//! headers. If the feature `opentelemetry` is on too, a span that stands in no other one continues the active span of the
//! `opentelemetry` crate, so that instrumentation behind that API can be the server of handlers with `#[instrument]`.
//!
//! In a forked child, spans that were open before are unknown: what it starts under them begins a new trace.

mod fields;
mod layer;
mod open;
mod span_ext;

pub use layer::{Layer, layer};
pub use span_ext::{SetParentError, SpanExt};

use std::cell::Cell;

thread_local! {
    static IS_IGNORED: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as polyspan's own: what its libraries trace while they export spans would make more spans to export.
pub(crate) fn ignore_this_thread() {
    IS_IGNORED.set(true);
}

/// Runs `work`, in which the program's sampler and id generator may be called, while a lock of the layer is held: what they
/// trace is not seen.
fn ignoring<R>(work: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            IS_IGNORED.set(self.0);
        }
    }
    let _restore = Restore(IS_IGNORED.replace(true));
    work()
}

fn is_ignored() -> bool {
    IS_IGNORED.get()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Provider};
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn what_polyspans_own_thread_traces_is_not_exported() {
        let mut config = Config::default();
        config.set("endpoint", "http://127.0.0.1:1").unwrap();
        let provider = Provider::new(config).unwrap();
        let subscriber = tracing_subscriber::registry().with(layer(provider.tracer("test")));
        let worker = std::thread::spawn(|| {
            ignore_this_thread();
            tracing::subscriber::with_default(subscriber, || {
                tracing::info_span!("send").in_scope(|| tracing::info!("sent"));
            });
        });
        worker.join().unwrap();
        assert_eq!(provider.stats().started, 0);
    }
}
