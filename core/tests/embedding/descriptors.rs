//! A host that becomes a daemon: it forks, goes on in the child, and closes every descriptor that it does not know.

use super::forking::{WHOLE, child, fork, in_child};
use super::provider;
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

/// The worker sleeps when it happens. One that is busy may close a number that is not its own any more before it looks, as
/// any program would; a standard library with debug assertions aborts then.
#[test]
fn a_worker_that_loses_its_descriptors_counts_its_spans_and_writes_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    // In this process, as its descriptors are to stay.
    let sink = Sink::start();
    let found = in_child(fork, || {
        let provider = provider(&sink.url(), &[("schedule_delay", "5")]);
        let tracer = provider.tracer("test");
        tracer.start("delivered").end();
        provider.flush(Duration::from_secs(10)).unwrap();
        wait_until("the worker sleeps", || is_asleep("polyspan"));
        close_all();
        let files = take_the_numbers(folder.path());
        tracer.start("after").end();
        let flushed = provider.flush(Duration::from_secs(3600));
        assert_ne!(flushed, Err(FlushError::Timeout));
        let _ = provider.shutdown(Duration::from_secs(3600));
        let stats = provider.stats();
        assert!(stats.is_balanced(), "{}", stats.to_json());
        assert_eq!(
            (stats.delivered, stats.dropped(DropCause::Shutdown)),
            (1, 1),
            "{}",
            stats.to_json()
        );
        assert!(are_empty(&files), "polyspan wrote into a file of its host");
        WHOLE
    });
    assert_eq!(found, Some(WHOLE));
}

/// Whether the thread of that name waits in the kernel.
fn is_asleep(name: &str) -> bool {
    std::fs::read_dir("/proc/self/task").unwrap().any(|task| {
        let path = task.unwrap().path().join("stat");
        std::fs::read_to_string(path)
            .is_ok_and(|stat| stat.contains(&format!("({name})")) && stat.contains(") S "))
    })
}
