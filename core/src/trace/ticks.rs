//! A monotonic clock that costs half of a `clock_gettime`: the processor's time stamp counter, where the kernel trusts it.
//!
//! Nothing is calibrated when the library is loaded. Until the worker has watched both clocks for a while, the system's
//! clock is read; from then on a straight line from ticks to nanoseconds, which the worker bends back to the system's
//! clock about once a second. The line is continuous where it bends, so time never goes back.

use crate::process;
use std::sync::atomic::{AtomicU64, Ordering, fence};

/// How long both clocks are watched before the line is first used.
const FIRST_WATCH: u64 = 20_000_000;
/// How often the line is bent.
const BEND: u64 = 1_000_000_000;
/// A line that is further off than this was broken by something else, such as a suspended machine.
const BROKEN: i64 = 1_000_000;

/// nanoseconds = `nanos` + (ticks - `ticks`) * `rate` / 2^32. Without a rate there is no line.
struct Line {
    /// Odd while the line is being written.
    sequence: AtomicU64,
    /// The generation whose worker wrote last: a child takes over from a writer that the fork cut off.
    writer: AtomicU64,
    ticks: AtomicU64,
    nanos: AtomicU64,
    rate: AtomicU64,
    /// Wall time minus monotonic time at the last bend.
    wall: AtomicU64,
}

static LINE: Line = Line {
    sequence: AtomicU64::new(0),
    writer: AtomicU64::new(0),
    ticks: AtomicU64::new(0),
    nanos: AtomicU64::new(0),
    rate: AtomicU64::new(0),
    wall: AtomicU64::new(0),
};

/// A wall clock that was looked at longer ago than this is looked at again.
const FRESH: u64 = 2 * BEND;

#[derive(Clone, Copy)]
struct Point {
    ticks: u64,
    nanos: u64,
}

/// Nanoseconds by a clock that never goes back; only differences mean something.
#[inline]
pub fn monotonic_nanos() -> u64 {
    match LINE.read() {
        Some((point, rate)) => on_line(point, rate, process::ticks()),
        None => process::monotonic_nanos(),
    }
}

/// Wall time and monotonic time of one moment, in nanoseconds. A step of the wall clock is seen within two seconds.
#[inline]
pub fn wall_and_monotonic_nanos() -> (u64, u64) {
    if let Some((point, rate)) = LINE.read() {
        let wall = LINE.wall.load(Ordering::Relaxed);
        let monotonic = on_line(point, rate, process::ticks());
        if monotonic.wrapping_sub(point.nanos) < FRESH {
            return (monotonic.wrapping_add(wall), monotonic);
        }
    }
    (super::clock::unix_nanos(), monotonic_nanos())
}

#[inline]
fn on_line(point: Point, rate: u64, ticks: u64) -> u64 {
    let since = u128::from(ticks.saturating_sub(point.ticks));
    point.nanos + ((since * u128::from(rate)) >> 32) as u64
}

impl Line {
    /// The line, unless there is none or it is just being written: nobody ever waits for a writer.
    #[inline]
    fn read(&self) -> Option<(Point, u64)> {
        let before = self.sequence.load(Ordering::Acquire);
        let point = Point {
            ticks: self.ticks.load(Ordering::Relaxed),
            nanos: self.nanos.load(Ordering::Relaxed),
        };
        let rate = self.rate.load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        let whole = before & 1 == 0 && before == self.sequence.load(Ordering::Relaxed);
        (whole && rate != 0).then_some((point, rate))
    }

    fn write(&self, point: Point, rate: u64) {
        let before = self.sequence.load(Ordering::Relaxed);
        let generation = process::generation();
        let cut_off = before & 1 == 1 && self.writer.load(Ordering::Relaxed) != generation;
        if before & 1 == 1 && !cut_off {
            return;
        }
        let writing = before + if cut_off { 2 } else { 1 };
        let mine = self
            .sequence
            .compare_exchange(before, writing, Ordering::Acquire, Ordering::Relaxed)
            .is_ok();
        if mine {
            fence(Ordering::Release);
            self.writer.store(generation, Ordering::Relaxed);
            self.ticks.store(point.ticks, Ordering::Relaxed);
            self.nanos.store(point.nanos, Ordering::Relaxed);
            self.rate.store(rate, Ordering::Relaxed);
            let wall = super::clock::unix_nanos().wrapping_sub(point.nanos);
            self.wall.store(wall, Ordering::Relaxed);
            self.sequence.store(writing + 1, Ordering::Release);
        }
    }
}

/// The worker's side: watches both clocks and writes the line.
pub(crate) struct Calibration {
    origin: Option<Point>,
    bent: u64,
}

impl Calibration {
    /// Starts watching, if this machine's counter can be trusted.
    pub(crate) fn new() -> Self {
        Self {
            origin: process::has_steady_ticks().then(now),
            bent: 0,
        }
    }

    /// To be called now and then; does nothing most of the time.
    pub(crate) fn tend(&mut self) {
        let Some(origin) = self.origin else { return };
        let now = now();
        let watched = now.nanos.saturating_sub(origin.nanos);
        if watched < FIRST_WATCH || now.nanos.saturating_sub(self.bent) < BEND {
            return;
        }
        let Some(rate) = slope(origin, now) else {
            return;
        };
        self.bent = now.nanos;
        let Some((point, old_rate)) = LINE.read() else {
            return LINE.write(now, rate);
        };
        let said = on_line(point, old_rate, now.ticks);
        let error = now.nanos.wrapping_sub(said) as i64;
        if error.abs() > BROKEN {
            // Both clocks are watched anew from here; ahead of the system's clock the line must wait, not go back.
            self.origin = Some(now);
            let nanos = now.nanos.max(said);
            return LINE.write(Point { nanos, ..now }, rate);
        }
        // Steer so that the line meets the system's clock after the next second.
        let correction = (i128::from(rate) * i128::from(error) / i128::from(BEND)) as i64;
        let steered = rate.saturating_add_signed(correction);
        LINE.write(Point { nanos: said, ..now }, steered);
    }
}

fn now() -> Point {
    Point {
        ticks: process::ticks(),
        nanos: process::monotonic_nanos(),
    }
}

/// Nanoseconds per tick, times 2^32.
fn slope(from: Point, to: Point) -> Option<u64> {
    let ticks = to
        .ticks
        .checked_sub(from.ticks)
        .filter(|ticks| *ticks > 0)?;
    let nanos = to.nanos.checked_sub(from.nanos)?;
    u64::try_from((u128::from(nanos) << 32) / u128::from(ticks)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_line_goes_through_both_of_its_points() {
        let from = Point {
            ticks: 1_000,
            nanos: 500,
        };
        let to = Point {
            ticks: 3_001_000,
            nanos: 1_000_500,
        };
        let rate = slope(from, to).unwrap();
        assert_eq!(on_line(from, rate, from.ticks), 500);
        assert!(on_line(from, rate, to.ticks).abs_diff(1_000_500) <= 1);
    }

    #[test]
    fn counted_time_agrees_with_the_systems_and_never_goes_back() {
        let mut calibration = Calibration::new();
        let mut last = monotonic_nanos();
        for _ in 0..30 {
            // What is waited for is the clock.
            let later = process::monotonic_nanos() + 2_000_000;
            while process::monotonic_nanos() < later {
                std::thread::sleep(Duration::from_micros(500));
            }
            calibration.tend();
            calibration.bent = 0;
            let now = monotonic_nanos();
            assert!(now >= last);
            last = now;
            let system = process::monotonic_nanos();
            assert!(system.abs_diff(now) < 50_000_000, "{system} {now}");
        }
    }

    #[test]
    fn a_writer_that_a_fork_cut_off_is_taken_over() {
        let line = Line {
            sequence: AtomicU64::new(7),
            writer: AtomicU64::new(process::generation().wrapping_sub(1)),
            ticks: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            rate: AtomicU64::new(0),
            wall: AtomicU64::new(0),
        };
        assert!(line.read().is_none());
        line.write(Point { ticks: 1, nanos: 2 }, 3);
        assert_eq!(line.read().map(|(_, rate)| rate), Some(3));
    }
}
