//! Shutdown in the middle of a retry, use after shutdown, and providers that know nothing of each other.

use super::scripted_server::grpc::{GrpcServer, refuse};
use super::scripted_server::{Nobody, ScriptedServer, answer};
use super::sink::Sink;
use super::{provider, returns, wait_until};
use polyspan::pipeline::FlushError;
use polyspan::propagate::Pairs;
use polyspan::stats::DropCause;
use polyspan::{Baggage, Provider, SpanKind, Status, Value};
use std::time::Duration;

const SPANS: u64 = 10;

/// Shuts down while the worker sits out the wait that the server of `url` asked for, which is much longer than allowed.
fn shut_down_in_backoff(provider: Provider, is_called: impl Fn() -> bool) {
    let tracer = provider.tracer("test");
    for _ in 0..SPANS {
        tracer.start("span").end();
    }
    wait_until("the first request", is_called);
    let result = returns(move || provider.shutdown(Duration::from_millis(200)));
    assert!(
        matches!(result, Err(FlushError::Failed { .. })),
        "{result:?}"
    );
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    assert_eq!((stats.started, stats.ended, stats.live), (SPANS, SPANS, 0));
    assert_eq!(
        stats.dropped(DropCause::Shutdown),
        SPANS,
        "{}",
        stats.to_json()
    );
}

/// Requests may take an hour, so that only shutdown can end the wait.
const PATIENT: [(&str, &str); 2] = [("schedule_delay", "5"), ("timeout", "3600000")];

#[test]
fn shutdown_during_a_backoff_returns_in_time_and_counts_the_spans() {
    let server = ScriptedServer::start([answer(503, &[("retry-after", "60")], "")]);
    let provider = provider(&server.url(), &PATIENT);
    shut_down_in_backoff(provider, || !server.requests().is_empty());
}

#[test]
fn shutdown_during_a_backoff_of_grpc_returns_in_time_and_counts_the_spans() {
    let server = GrpcServer::start([refuse(14, "restarting", None)]);
    let options = [PATIENT[0], PATIENT[1], ("protocol", "grpc")];
    let provider = provider(&server.url(), &options);
    shut_down_in_backoff(provider, || !server.calls().is_empty());
}

#[test]
fn shutdown_while_nobody_listens_returns_in_time_and_counts_the_spans() {
    let nobody = Nobody::new();
    let provider = provider(&nobody.url(), &PATIENT);
    shut_down_in_backoff(provider, || provider.stats().requests > 0);
}

#[test]
fn a_flush_that_waits_returns_when_another_thread_shuts_down() {
    let server = ScriptedServer::start([answer(503, &[("retry-after", "60")], "")]);
    let provider = provider(&server.url(), &PATIENT);
    provider.tracer("test").start("span").end();
    let flush = std::thread::spawn(move || provider.flush(Duration::from_secs(3600)));
    wait_until("the first request", || !server.requests().is_empty());
    let _ = returns(move || provider.shutdown(Duration::from_millis(200)));
    let result = returns(move || flush.join().unwrap());
    assert!(
        matches!(result, Err(FlushError::Failed { .. })),
        "{result:?}"
    );
}

#[test]
fn after_shutdown_every_call_does_nothing_and_late_spans_are_counted() {
    let sink = Sink::start();
    let provider = provider(&sink.url(), &[("metrics_exporter", "otlp")]);
    let tracer = provider.tracer("test");
    let counter = provider.counter("test", "orders", "{order}", "");
    counter.add_u64(1, &[]);
    tracer.start("before").end();
    let mut late = tracer.start("late");
    let dropped = tracer.start("dropped late");
    let abandoned = &mut tracer.start("abandoned late");
    provider.shutdown(Duration::from_secs(10)).unwrap();
    let requests = sink.bodies().len();

    late.set_attribute("key", "value");
    late.add_event("event", &[]);
    late.set_status(Status::Error("late"));
    late.end();
    drop(dropped);
    abandoned.abandon();
    assert!(!tracer.is_enabled());
    let mut after = tracer.span("after").kind(SpanKind::Server).start();
    assert!(!after.is_recording());
    after.set_attribute("key", "value");
    after.add_event("event", &[("a", Value::Int(1))]);
    after.record_exception("Type", "message", None, &[]);
    after.set_status(Status::Ok);
    after.update_name("renamed");
    let child = tracer.span("child").parent(&after).start();
    assert!(!child.is_recording());
    child.end();
    after.end();
    provider.tracer("made late").start("late too").end();
    counter.add_u64(1, &[]);
    counter.add_f64(0.5, &[]);
    provider
        .counter("test", "made late", "", "")
        .add_u64(1, &[]);
    let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let (context, _) = provider.extract_from(&Pairs(&[("traceparent", header)]));
    let mut injected = Vec::new();
    provider.inject(&context.unwrap(), &Baggage::new(), &mut |name, value| {
        injected.push((name.to_owned(), value.to_owned()));
    });
    assert!(
        injected[0]
            .1
            .starts_with("00-0af7651916cd43dd8448eb211c80319c"),
        "{injected:?}"
    );
    assert_eq!(
        returns(move || provider.flush(Duration::from_secs(5))),
        Ok(())
    );
    assert_eq!(
        returns(move || provider.shutdown(Duration::from_secs(5))),
        Ok(())
    );
    let _ = (
        provider.take_diagnostics(),
        provider.describe(),
        provider.fingerprint(),
    );

    let stats = provider.stats();
    assert!(stats.is_balanced(), "{}", stats.to_json());
    // What had started before shutdown is counted; what was asked for after it never began.
    assert_eq!((stats.started, stats.live, stats.abandoned), (4, 0, 1));
    assert_eq!((stats.ended, stats.delivered), (3, 1));
    assert_eq!(stats.dropped(DropCause::Shutdown), 2);
    assert_eq!(
        sink.bodies().len(),
        requests,
        "nothing is sent after shutdown"
    );
}

#[test]
fn ten_providers_at_once_account_for_their_own_spans_only() {
    let sinks: Vec<_> = (0..10).map(|_| Sink::start()).collect();
    let providers: Vec<_> = sinks
        .iter()
        .map(|sink| provider(&sink.url(), &[("schedule_delay", "5")]))
        .collect();
    let work = |from: u64| {
        std::thread::scope(|scope| {
            for thread in 0..4 {
                let providers = &providers;
                scope.spawn(move || {
                    for round in from..from + 50 {
                        for (number, provider) in providers.iter().enumerate() {
                            // Provider n gets n + 1 spans a round.
                            for _ in 0..=number {
                                let name = format!("{thread} {round}");
                                provider.tracer("test").start(&name).end();
                            }
                        }
                    }
                });
            }
        });
    };
    work(0);
    // One of them goes; the others do not notice.
    providers[3].shutdown(Duration::from_secs(10)).unwrap();
    work(50);
    for (number, (provider, sink)) in providers.iter().zip(&sinks).enumerate() {
        let rounds = if number == 3 { 50 } else { 100 };
        let spans = 4 * rounds * (number as u64 + 1);
        provider.shutdown(Duration::from_secs(10)).unwrap();
        let stats = provider.stats();
        assert!(stats.is_balanced(), "{number}: {}", stats.to_json());
        assert_eq!((stats.started, stats.delivered), (spans, spans), "{number}");
        let requests = sink.traces();
        let scopes = requests
            .iter()
            .flat_map(|request| &request.resource_spans)
            .flat_map(|resource| &resource.scope_spans);
        let arrived: usize = scopes.map(|scope| scope.spans.len()).sum();
        assert_eq!(arrived as u64, spans, "{number}");
    }
}
