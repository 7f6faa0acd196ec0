//! A wall clock that jumps while spans are open: nobody's child starts before its parent, and no span gets longer.
//!
//! This program has its own `clock_gettime`, which the standard library and polyspan call instead of that of the C
//! library. One test, as the clock is that of the whole process.

#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "a clock of our own")]

use polyspan::config::Destination;
use polyspan::export::memory::{FinishedSpan, InMemory};
use polyspan::{Config, Provider, Span, Tracer};
use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

/// By how many seconds the wall clock is wrong.
static OFF: AtomicI64 = AtomicI64::new(0);

const HOUR: i64 = 3600;
const SOON: Duration = Duration::from_secs(10);

/// # Safety
///
/// As that of the C library.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(
    clock: libc::clockid_t,
    time: *mut libc::timespec,
) -> libc::c_int {
    // SAFETY: the caller's pointer is handed on; the kernel checks it.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 && clock == libc::CLOCK_REALTIME {
        // SAFETY: the kernel has just written there.
        unsafe { (*time).tv_sec += OFF.load(Ordering::SeqCst) };
    }
    result as libc::c_int
}

/// A child and a grandchild of `parent`, each begun on a thread of its own after the clock has jumped to `off`.
fn descend(tracer: Tracer, parent: &Span, off: i64) {
    OFF.store(off, Ordering::SeqCst);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut child = tracer.span("child").parent(parent).start();
            child.add_event("event", &[]);
            OFF.store(-off, Ordering::SeqCst);
            let grandchild = tracer.span("grandchild").parent(&child).start();
            grandchild.end();
            child.end();
        });
    });
}

fn check(spans: &[FinishedSpan]) {
    let by_id: HashMap<_, _> = spans.iter().map(|span| (span.span_id, span)).collect();
    for span in spans {
        let length = span.end.duration_since(span.start);
        let length = length.unwrap_or_else(|_| panic!("{} ends before it starts", span.name));
        assert!(
            length < Duration::from_secs(HOUR as u64 / 2),
            "{} lasts {length:?}",
            span.name
        );
        for event in &span.events {
            assert!(
                (span.start..=span.end).contains(&event.time),
                "{}'s event",
                span.name
            );
        }
        if let Some(parent) = span.parent_span_id.map(|id| by_id[&id]) {
            assert!(
                span.start >= parent.start,
                "{} before {}",
                span.name,
                parent.name
            );
            assert!(
                span.end <= parent.end,
                "{} after {}",
                span.name,
                parent.name
            );
        }
    }
}

/// How far the start of a span that begins now is from the wall clock's time.
fn error_of_a_root(tracer: Tracer) -> Duration {
    let root = tracer.start("probe");
    let start = SystemTime::UNIX_EPOCH + Duration::from_nanos(root.start_unix_nanos());
    let now = SystemTime::now();
    let error = now.duration_since(start);
    root.end();
    error.unwrap_or_else(|ahead| ahead.duration())
}

/// Past the test runner, which shows what a test prints only if it fails.
fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Waits until polyspan reads the processor's counter, which a jump shows: it does not notice it at once. Returns how many
/// spans that took. Where the kernel does not keep time by the counter, polyspan never reads it.
fn until_ticks_are_counted(provider: Provider) -> u64 {
    const SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
    if let Ok(source) = std::fs::read_to_string(SOURCE)
        && source.trim() != "tsc"
    {
        tell(&format!(
            "SKIPPED: jumps while the processor's counter is read, as this kernel keeps time by {}",
            source.trim()
        ));
        return 0;
    }
    let until = std::time::Instant::now() + SOON;
    for spans in 1.. {
        OFF.store(HOUR, Ordering::SeqCst);
        let error = error_of_a_root(provider.tracer("test"));
        OFF.store(0, Ordering::SeqCst);
        if error > Duration::from_secs(60) {
            return spans;
        }
        assert!(std::time::Instant::now() < until, "ticks are never counted");
        std::thread::sleep(Duration::from_millis(10));
        // Wakes the worker, which calibrates.
        provider.flush(SOON).unwrap();
    }
    unreachable!("a loop without an end")
}

#[test]
fn a_wall_clock_that_jumps_an_hour_either_way_disorders_no_trace() {
    let before = SystemTime::now();
    OFF.store(HOUR, Ordering::SeqCst);
    let jump = SystemTime::now().duration_since(before).unwrap();
    assert!(
        jump >= Duration::from_secs(HOUR as u64),
        "this test's clock is in use"
    );
    OFF.store(0, Ordering::SeqCst);

    let memory = InMemory::new();
    let config = Config::default().trace_destinations([Destination::from(&memory)]);
    let provider = Provider::new(config).unwrap();
    let tracer = provider.tracer("test");
    let mut spans = 0;
    // In the second round the worker has calibrated the counter that is then read instead of the clock.
    for round in 0..2 {
        if round == 1 {
            spans += until_ticks_are_counted(provider);
        }
        for off in [HOUR, -HOUR, 0] {
            let parent = tracer.start("parent");
            descend(tracer, &parent, off);
            OFF.store(off, Ordering::SeqCst);
            parent.end();
            spans += 3;
            // A clock that jumped holds up neither timers nor those who wait.
            provider.flush(SOON).unwrap();
        }
        // A jump is taken over by new traces, though not at once.
        for off in [HOUR, -HOUR, 0] {
            OFF.store(off, Ordering::SeqCst);
            let until = std::time::Instant::now() + SOON;
            while error_of_a_root(tracer) > Duration::from_secs(60) {
                spans += 1;
                assert!(
                    std::time::Instant::now() < until,
                    "round {round}: the jump is not noticed"
                );
                std::thread::sleep(Duration::from_millis(20));
            }
            spans += 1;
        }
    }
    provider.shutdown(SOON).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    assert_eq!(stats.delivered, spans);
    check(&memory.spans());
}
