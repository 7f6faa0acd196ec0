//! Spans that end where nobody expects it: on other threads, and while a thread ends.

use super::provider;
use super::sink::Sink;
use polyspan::{Provider, Span, Tracer};
use std::cell::RefCell;
use std::time::Duration;

thread_local! {
    static KEPT: RefCell<Vec<Span>> = const { RefCell::new(Vec::new()) };
    static LAST: RefCell<Option<StartsAtExit>> = const { RefCell::new(None) };
}

/// Works with spans when its thread's locals are destroyed, perhaps after polyspan's own.
struct StartsAtExit(Tracer);

impl Drop for StartsAtExit {
    fn drop(&mut self) {
        let parent = self.0.start("at exit");
        self.0.span("child at exit").parent(&parent).start().end();
    }
}

fn shut_down(provider: Provider, spans: u64) {
    provider.shutdown(Duration::from_secs(10)).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    assert_eq!((stats.started, stats.live, stats.abandoned), (spans, 0, 0));
    assert_eq!(stats.delivered, spans, "{}", stats.to_json());
}

#[test]
fn a_span_ends_on_any_thread() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let tracer = provider.tracer("test");
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (ended, dropped) = (tracer.start("ended"), tracer.start("dropped"));
            std::thread::spawn(move || {
                let mut ended = ended;
                ended.set_attribute("thread", number);
                ended.end();
                drop(dropped);
                // And one goes back.
                tracer.start("back")
            })
        })
        .collect();
    for thread in threads {
        drop(thread.join().unwrap());
    }
    shut_down(provider, 24);
}

#[test]
fn spans_that_a_thread_kept_end_with_it() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let tracer = provider.tracer("test");
    // Locals are destroyed in an order that depends on which was used first.
    for polyspan_first in [true, false] {
        for _ in 0..4 {
            let thread = std::thread::spawn(move || {
                if polyspan_first {
                    tracer.start("first").end();
                }
                LAST.with(|last| *last.borrow_mut() = Some(StartsAtExit(tracer)));
                KEPT.with(|kept| kept.borrow_mut().push(tracer.start("kept")));
                tracer.start("first").end();
            });
            thread.join().unwrap();
        }
    }
    shut_down(provider, 4 * (5 + 4));
}

#[test]
fn spans_that_a_thread_kept_longer_than_the_provider_are_counted() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[]);
    let tracer = provider.tracer("test");
    let thread = std::thread::spawn(move || {
        KEPT.with(|kept| kept.borrow_mut().push(tracer.start("kept")));
        provider.shutdown(Duration::from_secs(10)).unwrap();
        LAST.with(|last| *last.borrow_mut() = Some(StartsAtExit(tracer)));
    });
    thread.join().unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    assert_eq!((stats.started, stats.ended, stats.live), (1, 1, 0));
}
