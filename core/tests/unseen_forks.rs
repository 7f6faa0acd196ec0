//! Forks by system calls of which the C library knows nothing: none of its handlers is called.
//!
//! One test, as nobody else may be in the middle of anything: that the memory allocator works in the child of such a fork
//! is seen to by nobody either.

#![cfg(target_os = "linux")]
#![allow(unsafe_code, reason = "raw system calls")]

mod forking;
mod sink;

use forking::{SPANS_OF_A_CHILD, WHOLE, child, fork, fork_with_a_connection, in_child};
use polyspan::{Config, Provider};
use sink::Sink;
use std::io::Write;
use std::time::{Duration, Instant};

fn provider(sink: &Sink) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    config.set("schedule_delay", "60000").unwrap();
    Provider::new(config).unwrap()
}

/// Waits until all other threads sleep.
fn wait_for_quiet() {
    let until = Instant::now() + Duration::from_secs(10);
    let this = std::fs::read_link("/proc/thread-self").unwrap();
    let sleeps = |stat: &str| stat.rsplit(')').next().unwrap().starts_with(" S");
    let mut quiet = 0;
    while quiet < 3 {
        assert!(Instant::now() < until, "other threads are never idle");
        std::thread::sleep(Duration::from_millis(1));
        let others = std::fs::read_dir("/proc/self/task").unwrap().flatten();
        let others = others.filter(|task| Some(task.file_name().as_os_str()) != this.file_name());
        // A thread that ends meanwhile has no state to read.
        let mut stats = others.flat_map(|task| std::fs::read_to_string(task.path().join("stat")));
        quiet = if stats.all(|stat| sleeps(&stat)) {
            quiet + 1
        } else {
            0
        };
    }
}

/// `clone` as `fork` is made of it.
fn raw_fork() -> libc::pid_t {
    clone(libc::SIGCHLD)
}

fn clone(flags: libc::c_int) -> libc::pid_t {
    wait_for_quiet();
    // SAFETY: the child runs nothing but polyspan and leaves with `_exit`; without `CLONE_VM` it has its own copy of the
    // memory and of this stack.
    unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) as libc::pid_t }
}

/// As [`raw_fork`], into a process namespace of its own, where the child has the number 1; where that is not allowed (it
/// takes privileges), a plain one.
fn raw_fork_as_number_one() -> libc::pid_t {
    let pid = clone(libc::SIGCHLD | libc::CLONE_NEWPID);
    if pid >= 0 {
        return pid;
    }
    // Past the test runner, which shows what a test prints only if it fails.
    let error = std::io::Error::last_os_error();
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: a child with its parent's process id, as a process namespace is not allowed ({error}); a plain fork instead"
    );
    raw_fork()
}

#[test]
fn forks_that_skip_the_handlers_are_noticed() {
    the_first_span_of_a_child_is_its_own();
    children_of_children_are_noticed();
    children_with_the_process_id_of_their_parent_are_noticed();
}

fn the_first_span_of_a_child_is_its_own() {
    let sink = Sink::start();
    fork_with_a_connection(provider(&sink), raw_fork, 5);
    let requests = sink.traces();
    let spans = requests
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans);
    let mut names: Vec<_> = spans.map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    let of = |name| names.iter().filter(|other| **other == name).count() as u64;
    assert_eq!((of("child"), of("parent")), (5 * SPANS_OF_A_CHILD, 10));
}

fn children_of_children_are_noticed() {
    let sink = Sink::start();
    let provider = provider(&sink);
    let tracer = provider.tracer("test");
    tracer.start("before").end();
    let found = in_child(raw_fork, || {
        if child(provider, tracer) != WHOLE {
            return 3;
        }
        in_child(raw_fork, || child(provider, tracer)).unwrap_or(4)
    });
    assert_eq!(found, Some(WHOLE));
    let found = in_child(raw_fork, || {
        in_child(fork, || child(provider, tracer)).unwrap_or(5)
    });
    assert_eq!(found, Some(WHOLE));
    provider.shutdown(Duration::from_secs(30)).unwrap();
    assert_eq!(provider.stats().delivered, 1);
}

fn children_with_the_process_id_of_their_parent_are_noticed() {
    let sink = Sink::start();
    let provider = provider(&sink);
    let tracer = provider.tracer("test");
    tracer.start("before").end();
    // Both are number 1 in their namespaces.
    let found = in_child(raw_fork_as_number_one, || {
        if child(provider, tracer) != WHOLE {
            return 3;
        }
        in_child(raw_fork_as_number_one, || child(provider, tracer)).unwrap_or(4)
    });
    assert_eq!(found, Some(WHOLE));
    provider.shutdown(Duration::from_secs(30)).unwrap();
    assert_eq!(provider.stats().delivered, 1);
}
