//! The printer: a thread of its own, so that a stopped terminal never stops the receiver.
//!
//! Traces go to stdout, as trees or (`--json`) as one line of OTLP/JSON `TracesData` each, the form of the
//! OTLP file exporter. What the viewer has to say about itself goes to stderr.

use std::io::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::json::traces_data;
use super::render::{Page, render};
use super::shared::Shared;
use super::store::{Counts, Store};
use super::text::count;
use super::trace::{Ending, Story, regroup};

/// How traces are written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    Tree(Page),
    Json,
}

/// Evictions are told once in so much time.
const BETWEEN_NOTICES: Duration = Duration::from_secs(1);

/// Prints what is due until `ended` is set, then what is left. `finished` is called once, after `once`
/// complete traces.
pub(crate) fn print(
    shared: &Shared,
    form: Form,
    quiet: Duration,
    once: Option<u64>,
    ended: &AtomicBool,
    finished: impl FnOnce(),
) -> io::Result<()> {
    let mut notices = Notices::default();
    let mut finished = Some(finished);
    let mut complete = 0;
    loop {
        let mut store = shared.lock();
        let stories = store.due(Instant::now());
        let counts = store.counts();
        if stories.is_empty() {
            // `ended` is read under the lock and set before `wake`, so the wake-up cannot be missed.
            if ended.load(Ordering::Acquire) {
                drop(store);
                loop {
                    let rest = shared.lock().rest();
                    if rest.is_empty() {
                        break;
                    }
                    write(&rest, form)?;
                }
                notices.close(shared);
                return Ok(());
            }
            let _woken: std::sync::MutexGuard<'_, Store> =
                shared.sleep(store, quiet.max(Duration::from_millis(10)) / 4);
            continue;
        }
        drop(store);
        write(&stories, form)?;
        notices.evictions(&counts, Instant::now());
        complete += stories
            .iter()
            .filter(|story| story.ending == Ending::Complete)
            .count() as u64;
        if once.is_some_and(|once| complete >= once)
            && let Some(finished) = finished.take()
        {
            finished();
        }
    }
}

fn write(stories: &[Story], form: Form) -> io::Result<()> {
    // Rendered first: the lock on stdout is held no longer than needed.
    let text: String = stories.iter().map(|story| told(story, form)).collect();
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

fn told(story: &Story, form: Form) -> String {
    match form {
        Form::Tree(page) => render(story, page) + "\n",
        Form::Json => {
            let new = if story.ending == Ending::Late {
                &story.spans[story.told_before..]
            } else {
                &story.spans
            };
            traces_data(&regroup(new.to_vec())).to_string() + "\n"
        }
    }
}

/// Like `eprintln`, which would panic where nobody listens any more.
fn say(line: &str) {
    let _unheard = writeln!(io::stderr(), "{line}");
}

#[derive(Default)]
struct Notices {
    last: Option<Instant>,
    told: u64,
}

impl Notices {
    fn evictions(&mut self, counts: &Counts, now: Instant) {
        let is_soon = self.last.is_some_and(|last| now - last < BETWEEN_NOTICES);
        if counts.evicted_traces == self.told || is_soon {
            return;
        }
        say(&format!(
            "polyspan view: the memory bound is reached; {} evicted, the oldest first ({} so far); raise --memory-mb to keep more",
            count(counts.evicted_traces - self.told, "trace"),
            counts.evicted_traces
        ));
        self.last = Some(now);
        self.told = counts.evicted_traces;
    }

    fn close(&mut self, shared: &Shared) {
        let (counts, size) = {
            let store = shared.lock();
            (store.counts(), store.size())
        };
        let mut parts = vec![
            count(counts.requests, "request"),
            count(counts.received_spans, "span") + " received",
            count(size.traces as u64, "trace") + " kept",
        ];
        let losses = [
            (counts.rejected_requests, "request", "rejected"),
            (counts.duplicate_spans, "duplicate span", ""),
            (counts.invalid_spans, "span", "with invalid ids"),
            (counts.refused_spans, "span", "without room"),
            (counts.evicted_traces, "trace", "evicted"),
        ];
        for (number, noun, fate) in losses {
            if number > 0 {
                parts.push(
                    format!("{} {fate}", count(number, noun))
                        .trim_end()
                        .to_owned(),
                );
            }
        }
        let line = format!("polyspan view: {}", parts.join(", "));
        say(&line);
    }
}
