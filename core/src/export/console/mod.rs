//! The console exporter: what a developer reads in the terminal in which the program runs.
//!
//! ```text
//! trace 4bf92f3577b34da6a3ce929d0e0e4736  shop  2 spans  182.1 ms
//! ● POST /orders  SERVER  182.1 ms
//! │   http.request.method = POST
//! └╴charge  CLIENT  47.3 ms  ERROR no funds
//!       @1.2 ms exception  exception.type = Declined
//! ```
//!
//! A local trace is printed when its local root has ended. Spans that end without one, because it goes on for long or has
//! ended before them, wait for it a while and are then printed by themselves. What is printed is what is exported elsewhere:
//! redacted and cut. Colours are used on a terminal only, and not if `NO_COLOR` is set.

mod metrics;
mod spans;

use std::collections::HashMap;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use super::finished::{self, FinishedSpan};
use crate::config::Signal;
use crate::trace::TraceId;

/// Spans wait so long for their local root.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many spans wait at most.
const MOST_WAITING: usize = 2048;

/// Prints one signal.
#[derive(Debug)]
pub(crate) struct Console {
    signal: Signal,
    paint: Paint,
    waiting: HashMap<TraceId, Waiting>,
    spans: usize,
}

/// Spans of a trace whose local root has not ended.
#[derive(Debug)]
struct Waiting {
    since: Instant,
    spans: Vec<FinishedSpan>,
}

impl Console {
    pub(crate) fn new(signal: Signal) -> Console {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Console {
            signal,
            paint: Paint {
                colours: io::stdout().is_terminal() && !plain,
            },
            waiting: HashMap::new(),
            spans: 0,
        }
    }

    /// Prints what is complete with `request`, an encoded request of the signal.
    pub(crate) fn print(&mut self, request: &[u8]) -> Result<(), String> {
        let text = match self.signal {
            Signal::Traces => self.traces(request, Instant::now()),
            Signal::Metrics => metrics::text(request, self.paint),
        };
        write_stdout(text.map_err(|error| error.to_string())?.as_bytes())
    }

    /// Prints what still waits.
    pub(crate) fn print_rest(&mut self) -> Result<(), String> {
        let text = self.take(|_| true);
        write_stdout(text.as_bytes())
    }

    /// The picture of the traces that are complete now, or have waited for too long.
    fn traces(&mut self, request: &[u8], now: Instant) -> Result<String, prost::DecodeError> {
        for span in finished::spans(request)? {
            let waiting = self.waiting.entry(span.trace_id);
            let waiting = waiting.or_insert_with(|| Waiting {
                since: now,
                spans: Vec::new(),
            });
            waiting.spans.push(span);
            self.spans += 1;
        }
        let crowded = self.spans > MOST_WAITING;
        Ok(self.take(|waiting| {
            crowded
                || now.duration_since(waiting.since) > PATIENCE
                || waiting.spans.iter().any(FinishedSpan::is_local_root)
        }))
    }

    /// The picture of the traces for which `ready` holds, in the order in which they came.
    fn take(&mut self, ready: impl Fn(&Waiting) -> bool) -> String {
        let mut taken: Vec<_> = self
            .waiting
            .extract_if(|_, waiting| ready(waiting))
            .map(|(_, waiting)| waiting)
            .collect();
        taken.sort_by_key(|waiting| (waiting.since, waiting.spans.first().map(|one| one.start)));
        self.spans -= taken
            .iter()
            .map(|waiting| waiting.spans.len())
            .sum::<usize>();
        let texts = taken.iter();
        texts
            .map(|waiting| spans::text(&waiting.spans, self.paint))
            .collect()
    }
}

/// Whether, and how, text is coloured.
#[derive(Clone, Copy, Debug)]
struct Paint {
    colours: bool,
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const CYAN: &str = "36";

impl Paint {
    fn paint(self, colour: &str, text: &str) -> String {
        match self.colours && !text.is_empty() {
            true => format!("\x1b[{colour}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

/// Writes past the standard library's lock and buffer: a forked child may have inherited the lock taken, and the host has a
/// buffer of its own.
pub(super) fn write_stdout(text: &[u8]) -> Result<(), String> {
    if text.is_empty() {
        return Ok(());
    }
    stdout()
        .and_then(|mut stdout| stdout.write_all(text))
        .map_err(|error| format!("standard output: {error}"))
}

#[cfg(unix)]
fn stdout() -> io::Result<std::fs::File> {
    use std::os::fd::AsFd;
    io::stdout().as_fd().try_clone_to_owned().map(Into::into)
}

#[cfg(not(unix))]
fn stdout() -> io::Result<io::Stdout> {
    Ok(io::stdout())
}

#[cfg(test)]
mod tests;
