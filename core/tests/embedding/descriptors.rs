//! A host that becomes a daemon: it forks, goes on in the child, and closes every descriptor that it does not know.

use super::forking::{WHOLE, child, fork, in_child};
use super::provider;
use super::scripted_server::{ScriptedServer, Step, answer, status};
use super::sink::Sink;
use super::wait_until;
use polyspan::pipeline::FlushError;
use polyspan::stats::DropCause;
use std::fs::File;
use std::time::Duration;

/// Closes all but the standard streams.
fn close_all() {
    // SAFETY: the descriptors that others of this process have are not used by them afterwards; that polyspan copes is
    // what is tested.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0) };
    assert_eq!(closed, 0);
}

/// Takes the numbers of the descriptors that were closed for files, which nobody else may write to.
fn take_the_numbers(folder: &std::path::Path) -> Vec<File> {
    let open = |number: u32| File::create_new(folder.join(number.to_string())).unwrap();
    (0..40).map(open).collect()
}

fn are_empty(files: &[File]) -> bool {
    files
        .iter()
        .all(|file| file.metadata().is_ok_and(|file| file.len() == 0))
}

#[test]
fn a_daemon_that_closes_all_descriptors_delivers_and_its_files_stay_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[("schedule_delay", "5")]);
    let tracer = provider.tracer("test");
    tracer.start("before").end();
    provider.flush(Duration::from_secs(10)).unwrap();
    let found = in_child(fork, || {
        let open = tracer.start("parent");
        close_all();
        let files = take_the_numbers(folder.path());
        // Once more, as daemons do that must never get a terminal.
        let found = in_child(fork, || match child(provider, tracer) {
            WHOLE if are_empty(&files) => WHOLE,
            WHOLE => 3,
            other => other,
        });
        drop(open);
        match found {
            Some(WHOLE) if are_empty(&files) => WHOLE,
            Some(WHOLE) => 4,
            other => other.unwrap_or(5),
        }
    });
    assert_eq!(found, Some(WHOLE));
    tracer.start("after").end();
    provider.shutdown(Duration::from_secs(10)).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    assert_eq!((stats.delivered, stats.retries), (2, 0));
}

/// A process in which a worker that has delivered a span and was then answered as `then` says loses its descriptors.
fn lose_descriptors(then: Step, wait_for_worker: bool) {
    let folder = tempfile::tempdir().unwrap();
    // In this process, as its descriptors are to stay.
    let server = ScriptedServer::start([status(200), then]);
    let found = in_child(fork, || {
        let provider = provider(&server.url(), &[("schedule_delay", "5")]);
        let tracer = provider.tracer("test");
        tracer.start("delivered").end();
        provider.flush(Duration::from_secs(10)).unwrap();
        tracer.start("on its way").end();
        wait_until("the second request", || provider.stats().requests == 2);
        close_all();
        let files = take_the_numbers(folder.path());
        tracer.start("after").end();
        if wait_for_worker {
            wait_until("the worker notices", || !tracer.is_enabled());
        }
        let flushed = provider.flush(Duration::from_secs(3600));
        assert_ne!(flushed, Err(FlushError::Timeout));
        tracer.start("later").end();
        let _ = provider.shutdown(Duration::from_secs(3600));
        let stats = provider.stats();
        assert!(stats.is_balanced(), "{}", stats.to_json());
        assert!(
            stats.delivered >= 1 && stats.dropped(DropCause::Shutdown) >= 1,
            "{}",
            stats.to_json()
        );
        assert!(are_empty(&files), "polyspan wrote into a file of its host");
        WHOLE
    });
    assert_eq!(found, Some(WHOLE));
}

#[test]
fn a_worker_that_loses_its_descriptors_counts_its_spans_and_writes_nowhere() {
    lose_descriptors(status(200), false);
    lose_descriptors(answer(503, &[("retry-after", "1")], ""), true);
}
