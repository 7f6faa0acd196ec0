//! With `OTEL_SDK_DISABLED=true` nothing is started, opened or allocated, and contexts are passed on all the same.
//!
//! One test, so that the process has nothing else going on.

#![allow(unsafe_code, reason = "an allocator that counts")]
#![cfg(target_os = "linux")]

mod counting;

use polyspan::propagate::Pairs;
use polyspan::{Baggage, Config, Provider, SpanKind, Status};
use std::time::Duration;

/// Threads and open files, sockets among them, of this process.
fn in_use() -> (Vec<String>, Vec<String>) {
    let names = |folder| {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| {
                let entry = entry.unwrap();
                let target = std::fs::read_link(entry.path()).unwrap_or_default();
                format!("{:?} {}", entry.file_name(), target.display())
            })
            .collect();
        names.sort();
        names
    };
    // The folder of open files shows the one by which it is read.
    (names("/proc/self/task"), names("/proc/self/fd"))
}

#[test]
fn nothing_is_started_opened_or_allocated_and_contexts_are_passed_on() {
    let before = in_use();
    let config =
        Config::from_lookup(&|name| (name == "OTEL_SDK_DISABLED").then(|| "true".to_owned()));
    let provider = Provider::new(config).unwrap();
    let tracer = provider.tracer("test");
    let work = || {
        let mut parent = tracer.span("parent").kind(SpanKind::Server).start();
        parent.set_attribute("text", "x");
        parent.add_event("event", &[]);
        parent.record_exception("Type", "message", None, &[]);
        parent.set_status(Status::Error("broken"));
        let child = tracer.span("child").parent(&parent).start();
        assert!(!child.is_recording());
        child.end();
        parent.end();
    };
    work();
    let allocated = counting::mine();
    for _ in 0..1000 {
        work();
    }
    assert_eq!(counting::mine() - allocated, 0, "allocations");

    let counter = provider.counter("test", "requests", "{request}", "");
    counter.add_u64(1, &[]);
    let headers = [
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("baggage", "tenant=acme,mail=ada@example.com"),
    ];
    let (context, baggage) = provider.extract_from(&Pairs(&headers));
    let span = tracer.span("server").parent(context.as_ref()).start();
    let mut sent = Vec::new();
    provider.inject(span.context(), &baggage, &mut |name, value| {
        sent.push((name.to_owned(), value.to_owned()));
    });
    assert_eq!(sent[0], (headers[0].0.to_owned(), headers[0].1.to_owned()));
    let (name, value) = &sent[1];
    assert_eq!(name, "baggage");
    assert!(value.starts_with("tenant=acme,mail="), "{value}");
    assert!(!value.contains("ada"), "{value}: redaction stays on");
    drop(span);
    let mut sent = Vec::new();
    let root = tracer.start("root");
    provider.inject(root.context(), &Baggage::new(), &mut |name, _| {
        sent.push(name.to_owned());
    });
    assert_eq!(sent, [""; 0], "a root has no context to pass on");

    provider.flush(Duration::from_secs(1)).unwrap();
    provider.shutdown(Duration::from_secs(1)).unwrap();
    assert_eq!(provider.stats().started, 0);
    assert_eq!(in_use(), before, "threads and open files");
}
