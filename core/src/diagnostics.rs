//! What polyspan tells of its own problems: bounded in number, size and rate.
//!
//! One line per cause and minute (of verdicts ten a second); what was held back is counted and told with the next line. Lines wait in a short ring.
//! A host that wants them takes them ([`Diagnostics::take`]); until one does, the worker writes them to standard error.
//! Nothing here runs on a caller's thread but adding a line.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::config::{LogLevel, readable};

/// Lines that wait; older ones give way.
const RING: usize = 64;
/// Characters of a line. Texts of servers and users may be of any length.
const LINE: usize = 600;
/// The time in which a cause is told once.
const PAUSE: Duration = Duration::from_secs(60);
/// Verdicts that are told in a second: enough to watch a program that is tried out, no flood under load.
const VERDICTS: u32 = 10;

macro_rules! causes {
    ($( $(#[$doc:meta])* $cause:ident = $level:ident ),+ $(,)?) => {
        /// What a line is about. Each cause has its own minute.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum Cause { $( $(#[$doc])* $cause ),+ }

        impl Cause {
            const COUNT: usize = [$(Cause::$cause),+].len();

            /// How grave it is.
            pub const fn level(self) -> LogLevel {
                match self { $( Cause::$cause => LogLevel::$level ),+ }
            }
        }
    };
}

causes! {
    /// A setting was ignored. Not held back: there are only so many settings, and each is told once.
    Config = Warn,
    /// Spans were dropped because the queue was full.
    QueueFull = Warn,
    /// A host handed over what cannot be read.
    Invalid = Error,
    /// The backend refused spans.
    Rejected = Error,
    /// The backend accepted some spans and refused others.
    PartialSuccess = Error,
    /// Spans are too large to be sent.
    TooLarge = Error,
    /// Spans were given up because the backend took none for too long.
    Timeout = Error,
    /// The backend cannot be reached or asks to wait; spans are kept.
    Unavailable = Warn,
    /// The backend takes spans again.
    Recovered = Info,
    /// It is not known whether spans arrived.
    Unconfirmed = Error,
    /// Spans were lost because the time for shutdown was over.
    Shutdown = Error,
    /// The worker could not be started.
    Worker = Error,
    /// A bug of polyspan was caught before it reached the host.
    Panic = Error,
    /// A limit dropped part of a span.
    Limit = Info,
    /// Baggage was not sent, because headers cannot carry it.
    Baggage = Warn,
    /// A sampler is not used as it should be, or failed. Each reason is told once.
    Sampler = Warn,
    /// Metrics could not be collected or sent.
    Metrics = Error,
    /// What polyspan does, for those who look for a fault.
    Detail = Debug,
    /// Whether a local root was sampled, and by which rule.
    Verdict = Debug,
}

impl Cause {
    /// How many lines are told in which time.
    const fn allowance(self) -> (u32, Duration) {
        match self {
            // There are only so many settings, and notices on samplers.
            Cause::Config | Cause::Sampler => (u32::MAX, PAUSE),
            Cause::Verdict => (VERDICTS, Duration::from_secs(1)),
            _ => (1, PAUSE),
        }
    }
}

/// The lines of one process generation.
///
/// A forked child makes new ones and never touches its parent's, whose lock may be held for ever.
#[derive(Debug)]
pub struct Diagnostics {
    level: LogLevel,
    pulled: AtomicBool,
    lines: Mutex<Lines>,
}

#[derive(Debug)]
struct Lines {
    ring: VecDeque<String>,
    /// Lines that left the ring unread.
    lost: u64,
    /// Of each thing that lines are about.
    pauses: Vec<[Pause; Cause::COUNT]>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Pause {
    since: Option<Instant>,
    told: u32,
    held_back: u64,
}

impl Pause {
    /// Whether a line may be told now, and then how many were held back before it.
    fn admit(&mut self, cause: Cause, now: Instant) -> Option<u64> {
        let (most, time) = cause.allowance();
        let is_over = |since| now.saturating_duration_since(since) >= time;
        if self.since.is_none_or(is_over) {
            self.since = Some(now);
            self.told = 0;
        }
        if self.told >= most {
            self.held_back += 1;
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.held_back))
    }
}

impl Diagnostics {
    /// Without lines yet. `pulled` tells whether a host takes the lines, as far as is known (a forked child learns it from
    /// its parent's [`is_pulled`](Self::is_pulled)); else the worker writes them to standard error.
    pub fn new(level: LogLevel, pulled: bool) -> Self {
        Self {
            level,
            pulled: AtomicBool::new(pulled),
            lines: Mutex::new(Lines {
                ring: VecDeque::new(),
                lost: 0,
                pauses: Vec::new(),
            }),
        }
    }

    /// Whether lines of this cause are wanted at all; asks for no lock.
    pub fn wants(&self, cause: Cause) -> bool {
        cause.level() <= self.level
    }

    /// Adds a line, unless its cause was told within the last minute.
    pub fn report(&self, cause: Cause, message: String) {
        self.report_about(0, cause, message);
    }

    /// Adds a line about one of several things, such as destinations, numbered from 0: each has its own minutes.
    pub fn report_about(&self, thing: usize, cause: Cause, message: String) {
        self.report_at(thing, cause, &message, Instant::now());
    }

    /// Adds a line that is only made if it is told.
    pub fn report_made(&self, cause: Cause, make: impl FnOnce() -> String) {
        if self.wants(cause)
            && let Some(held_back) = self.admit(0, cause, Instant::now())
        {
            self.add(&make(), held_back);
        }
    }

    fn report_at(&self, thing: usize, cause: Cause, message: &str, now: Instant) {
        if self.wants(cause)
            && let Some(held_back) = self.admit(thing, cause, now)
        {
            self.add(message, held_back);
        }
    }

    fn admit(&self, thing: usize, cause: Cause, now: Instant) -> Option<u64> {
        let mut lines = self.lines();
        if lines.pauses.len() <= thing {
            lines.pauses.resize_with(thing + 1, Default::default);
        }
        lines.pauses[thing][cause as usize].admit(cause, now)
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, message: &str, held_back: u64) {
        let mut line = readable(message, LINE);
        if held_back > 0 {
            let times = if held_back == 1 { "time" } else { "times" };
            line.push_str(&format!(
                " ({held_back} more {times} since it was last told)"
            ));
        }
        let mut lines = self.lines();
        if lines.ring.len() == RING {
            lines.ring.pop_front();
            lines.lost += 1;
        }
        lines.ring.push_back(line);
    }

    /// The lines that wait. From the first call on they are the host's, and nothing is written to standard error any more.
    pub fn take(&self) -> Vec<String> {
        self.pulled.store(true, Ordering::Relaxed);
        self.drain()
    }

    /// Whether a host takes the lines.
    pub fn is_pulled(&self) -> bool {
        self.pulled.load(Ordering::Relaxed)
    }

    /// Writes the lines that wait to standard error, unless a host takes them. For the worker.
    pub fn flush_to_stderr(&self) {
        if !self.is_pulled() {
            self.write_to(&mut |text| write_stderr(text));
        }
    }

    fn write_to(&self, write: &mut dyn FnMut(&[u8])) {
        let text: String = self
            .drain()
            .into_iter()
            .map(|line| format!("polyspan: {line}\n"))
            .collect();
        if !text.is_empty() {
            write(text.as_bytes());
        }
    }

    fn drain(&self) -> Vec<String> {
        let mut lines = self.lines();
        let lost = std::mem::take(&mut lines.lost);
        let first = (lost > 0).then(|| format!("{lost} earlier messages were not kept"));
        first.into_iter().chain(lines.ring.drain(..)).collect()
    }
}

/// Writes past the standard library's lock on standard error, which a forked child may have inherited locked. A closed
/// standard error is nothing to fail for.
#[cfg(unix)]
fn write_stderr(text: &[u8]) {
    use std::os::fd::AsFd;
    if let Ok(descriptor) = std::io::stderr().as_fd().try_clone_to_owned() {
        let _ = std::fs::File::from(descriptor).write_all(text);
    }
}

#[cfg(not(unix))]
fn write_stderr(text: &[u8]) {
    let _ = std::io::stderr().write_all(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostics() -> Diagnostics {
        Diagnostics::new(LogLevel::Info, false)
    }

    #[test]
    fn a_cause_is_told_once_a_minute_and_then_with_what_was_held_back() {
        let diagnostics = diagnostics();
        let start = Instant::now();
        for second in [0, 1, 59] {
            let now = start + Duration::from_secs(second);
            diagnostics.report_at(0, Cause::Unavailable, "no answer", now);
        }
        diagnostics.report_at(0, Cause::Rejected, "400", start);
        assert_eq!(diagnostics.take(), ["no answer", "400"]);
        diagnostics.report_at(0, Cause::Unavailable, "still none", start + PAUSE);
        assert_eq!(
            diagnostics.take(),
            ["still none (2 more times since it was last told)"]
        );
    }

    #[test]
    fn verdicts_are_told_ten_a_second() {
        let diagnostics = Diagnostics::new(LogLevel::Debug, false);
        let start = Instant::now();
        for _ in 0..25 {
            diagnostics.report_at(0, Cause::Verdict, "sampled", start);
        }
        assert_eq!(diagnostics.take().len(), 10);
        diagnostics.report_at(0, Cause::Verdict, "sampled", start + Duration::from_secs(1));
        assert_eq!(
            diagnostics.take(),
            ["sampled (15 more times since it was last told)"]
        );
    }

    #[test]
    fn a_line_that_is_not_told_is_not_made() {
        let quiet = Diagnostics::new(LogLevel::Info, false);
        quiet.report_made(Cause::Verdict, || panic!("nobody wants it"));
        let loud = Diagnostics::new(LogLevel::Debug, false);
        loud.report_made(Cause::Detail, || "once".to_owned());
        loud.report_made(Cause::Detail, || panic!("held back"));
        assert_eq!(loud.take(), ["once"]);
    }

    #[test]
    fn each_thing_has_its_own_minutes() {
        let diagnostics = diagnostics();
        for thing in [0, 1, 1] {
            diagnostics.report_about(thing, Cause::Rejected, format!("of {thing}"));
        }
        assert_eq!(diagnostics.take(), ["of 0", "of 1"]);
    }

    #[test]
    fn ignored_settings_are_all_told() {
        let diagnostics = diagnostics();
        diagnostics.report(Cause::Config, "A".into());
        diagnostics.report(Cause::Config, "B".into());
        assert_eq!(diagnostics.take(), ["A", "B"]);
    }

    #[test]
    fn lines_are_bounded_in_number_and_length() {
        let diagnostics = diagnostics();
        for number in 0..RING + 3 {
            diagnostics.report(Cause::Config, number.to_string());
        }
        let lines = diagnostics.take();
        assert_eq!(lines.len(), RING + 1);
        assert_eq!(lines[0], "3 earlier messages were not kept");
        assert_eq!(lines[1], "3");
        diagnostics.report(Cause::Config, "x".repeat(1 << 20));
        assert!(diagnostics.take()[0].len() < 2 * LINE);
    }

    #[test]
    fn a_message_stays_on_its_line() {
        let diagnostics = diagnostics();
        diagnostics.report(Cause::Rejected, "no\nway\u{1b}[2J".into());
        assert_eq!(diagnostics.take(), ["no\\nway\\u{1b}[2J"]);
    }

    #[test]
    fn the_log_level_decides_what_is_kept() {
        for (level, expected) in [
            (LogLevel::None, 0),
            (LogLevel::Error, 1),
            (LogLevel::Warn, 2),
            (LogLevel::Info, 3),
            (LogLevel::Debug, 4),
        ] {
            let diagnostics = Diagnostics::new(level, false);
            for cause in [
                Cause::Panic,
                Cause::QueueFull,
                Cause::Recovered,
                Cause::Detail,
            ] {
                diagnostics.report(cause, "x".into());
            }
            assert_eq!(diagnostics.take().len(), expected, "{level}");
        }
    }

    #[test]
    fn lines_go_to_standard_error_until_a_host_takes_them() {
        let diagnostics = diagnostics();
        let mut written = Vec::new();
        diagnostics.report(Cause::Rejected, "first".into());
        diagnostics.write_to(&mut |text| written.extend_from_slice(text));
        assert_eq!(written, b"polyspan: first\n");
        assert!(!diagnostics.is_pulled());
        diagnostics.report(Cause::TooLarge, "second".into());
        assert_eq!(diagnostics.take(), ["second"]);
        diagnostics.report(Cause::Panic, "third".into());
        diagnostics.flush_to_stderr();
        assert_eq!(diagnostics.take(), ["third"], "kept for the host");
    }

    #[test]
    fn nothing_waiting_writes_nothing() {
        diagnostics().write_to(&mut |_| panic!("nothing to write"));
    }

    #[test]
    fn no_lock_is_held_while_writing() {
        let diagnostics = diagnostics();
        diagnostics.report(Cause::Rejected, "first".into());
        diagnostics.write_to(&mut |_| diagnostics.report(Cause::TooLarge, "during".into()));
        assert_eq!(diagnostics.take(), ["during"]);
    }
}
