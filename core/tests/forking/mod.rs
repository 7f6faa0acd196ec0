//! Forks, and what the children of a provider's process must be able to do.
//!
//! A child works on what its parent set up and leaves by `_exit`; its status says what it found.

#![allow(dead_code, reason = "each test file uses a part")]

use polyspan::{Provider, Tracer};
use std::io::Write;
use std::time::{Duration, Instant};

/// Long enough that only a bug reaches it.
const LONG: Duration = Duration::from_secs(30);

pub const SPANS_OF_A_CHILD: u64 = 7;

/// What a child that did everything right exits with; not 0, which others exit with too.
pub const WHOLE: i32 = 42;

/// `fork`, with the handlers of the C library.
pub fn fork() -> libc::pid_t {
    // SAFETY: the child runs nothing but polyspan and leaves with `_exit`; that this works is what is tested.
    unsafe { libc::fork() }
}

/// The exit status of a child that runs `work`; `None` if it hung or was killed.
pub fn in_child(fork: fn() -> libc::pid_t, work: impl FnOnce() -> i32) -> Option<i32> {
    let pid = fork();
    if pid == 0 {
        let work = std::panic::AssertUnwindSafe(work);
        let found = std::panic::catch_unwind(work).unwrap_or_else(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            // Past the test runner, which keeps what is printed in the parent's memory.
            let text = text.unwrap_or("something without a text");
            let _ = writeln!(std::io::stderr(), "a child panicked: {text}");
            1
        });
        // SAFETY: ends the child at once, without the parent's exit handlers.
        unsafe { libc::_exit(found) };
    }
    assert!(pid > 0, "fork failed");
    let (until, mut found) = (Instant::now() + LONG, 0);
    loop {
        // SAFETY: `found` is valid for writing; `pid` is our child.
        if unsafe { libc::waitpid(pid, &raw mut found, libc::WNOHANG) } == pid {
            return libc::WIFEXITED(found).then(|| libc::WEXITSTATUS(found));
        }
        if Instant::now() > until {
            // SAFETY: our child, which hangs; it is waited for in the next round.
            unsafe { libc::kill(pid, libc::SIGKILL) };
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// What a child does: spans of its own, and one that its parent had begun.
pub fn child(provider: Provider, tracer: Tracer) -> i32 {
    for _ in 0..SPANS_OF_A_CHILD {
        tracer.start("child").end();
    }
    let flushed = provider.flush(LONG / 2);
    let stats = provider.stats();
    let whole = flushed.is_ok()
        && stats.is_balanced()
        && (stats.started, stats.delivered) == (SPANS_OF_A_CHILD, SPANS_OF_A_CHILD);
    if whole {
        return WHOLE;
    }
    // Past the test runner, which keeps what is printed in the parent's memory.
    let _ = writeln!(
        std::io::stderr(),
        "a child: flush {flushed:?}, {}",
        stats.to_json()
    );
    2
}

/// Forks a provider that has an open connection and a span in a chunk; returns the parent's statistics after shutdown.
pub fn fork_with_a_connection(provider: Provider, fork: fn() -> libc::pid_t, forks: u64) {
    let tracer = provider.tracer("test");
    tracer.start("before").end();
    provider.flush(LONG).unwrap();
    for number in 0..forks {
        let open = tracer.start("parent");
        tracer.start("parent").end();
        let found = in_child(fork, || child(provider, tracer));
        assert_eq!(found, Some(WHOLE), "child {number}");
        open.end();
        // Goes over the connection that the child has a copy of.
        provider.flush(LONG).unwrap();
    }
    provider.shutdown(LONG).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    assert_eq!(stats.delivered, 1 + 2 * forks, "{}", stats.to_json());
    assert_eq!(stats.retries, 0, "a child disturbed the connection");
}
