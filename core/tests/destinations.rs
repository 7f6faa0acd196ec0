//! Several destinations at once: each on its own, none in the way of another, and every span accounted for at each.

mod scripted_server;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use polyspan::config::{Destination, Otlp, OtlpFile, Timeout};
use polyspan::export::memory::InMemory;
use polyspan::stats::DropCause;
use polyspan::{Config, Provider};
use prost::Message;
use scripted_server::{ScriptedServer, Step, Then, answer, raw, status};
use std::time::{Duration, Instant};

/// Long enough that only a bug reaches it.
const LONG: Duration = Duration::from_secs(60);

fn otlp(url: &str) -> Otlp {
    Otlp::new(format!("{url}/v1/traces"))
}

/// Refuses connections.
fn nowhere() -> Otlp {
    let mut otlp = otlp("http://127.0.0.1:1");
    otlp.timeout = Timeout::from_millis(300);
    otlp
}

fn provider(config: Config, destinations: impl Into<Vec<Destination>>) -> Provider {
    Provider::new(config.trace_destinations(destinations)).unwrap()
}

/// Names of the spans that a server got, by request.
fn names(server: &ScriptedServer) -> Vec<Vec<String>> {
    let requests = server.requests();
    let decoded = requests
        .iter()
        .map(|request| ExportTraceServiceRequest::decode(request.body.as_slice()).unwrap());
    decoded
        .map(|request| {
            let scopes = request
                .resource_spans
                .iter()
                .flat_map(|one| &one.scope_spans);
            let spans = scopes.flat_map(|scope| &scope.spans);
            spans.map(|span| span.name.clone()).collect()
        })
        .collect()
}

fn spans(provider: &Provider, names: impl IntoIterator<Item = usize>) {
    let tracer = provider.tracer("test");
    for name in names {
        tracer.start(name.to_string().as_str()).end();
    }
}

#[track_caller]
fn until(what: &str, reached: impl Fn() -> bool) {
    let begun = Instant::now();
    while !reached() {
        assert!(begun.elapsed() < LONG, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[track_caller]
fn assert_balanced(provider: &Provider) {
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:#?}");
}

#[test]
fn every_destination_gets_the_same_bytes() {
    let servers = [status(200), status(202)].map(|step| ScriptedServer::start([step]));
    let memory = InMemory::new();
    let destinations = servers.each_ref().map(|server| otlp(&server.url()).into());
    let destinations = [&destinations[..], &[Destination::from(&memory)]].concat();
    let provider = provider(Config::default(), destinations);
    spans(&provider, 0..3);
    provider.flush(LONG).unwrap();
    let bodies = servers
        .each_ref()
        .map(|server| server.requests()[0].body.clone());
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(
        memory.requests(polyspan::config::Signal::Traces),
        [bodies[0].clone()]
    );
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:#?}");
    assert_eq!(stats.delivered, 3, "those of one destination, not the sum");
    assert!(stats.destinations.iter().all(|one| one.delivered == 3));
    assert_eq!(stats.requests, 2, "memory is not a network");
}

#[test]
fn a_destination_that_is_down_keeps_nothing_from_the_others() {
    let server = ScriptedServer::start([status(200)]);
    let config = Config::default().max_export_batch_size(10);
    let provider = provider(config, [nowhere().into(), otlp(&server.url()).into()]);
    spans(&provider, 0..95);
    let error = provider.flush(LONG).unwrap_err().to_string();
    assert!(error.contains("127.0.0.1:1/v1/traces"), "{error}");
    assert!(!error.contains(&server.url()), "{error}");
    let got: Vec<_> = names(&server).concat();
    assert_eq!(got.len(), 95);
    assert!(provider.shutdown(LONG).is_err());
    assert_balanced(&provider);
    let stats = provider.stats();
    let [down, up] = &stats.destinations[..] else {
        panic!("{stats:#?}")
    };
    assert_eq!((down.delivered, down.dropped(DropCause::Shutdown)), (0, 95));
    assert_eq!((up.delivered, up.dropped_total()), (95, 0));
    assert_eq!(stats.delivered, 0, "the first one in a network");
}

#[test]
fn a_destination_that_does_not_answer_delays_no_other() {
    let [slow, quick] =
        [raw("", Then::Stall), status(200)].map(|step| ScriptedServer::start([step]));
    let config = Config::default().schedule_delay(Duration::from_millis(10));
    let provider = provider(
        config,
        [otlp(&slow.url()).into(), otlp(&quick.url()).into()],
    );
    for round in 1..=5 {
        spans(&provider, [round]);
        until("the quick one gets them", || {
            names(&quick).concat().len() == round
        });
    }
    assert!(slow.requests().len() <= 2, "its own requests in flight");
    assert!(provider.flush(Duration::from_millis(50)).is_err());
    assert!(provider.shutdown(Duration::from_millis(200)).is_err());
    until("the worker has ended", || provider.stats().is_balanced());
    let stats = provider.stats();
    assert_eq!(stats.destinations[1].delivered, 5);
    assert_eq!(stats.destinations[0].delivered, 0);
    assert_eq!(stats.destinations[0].dropped_total(), 5);
}

#[test]
fn one_that_is_down_loses_its_own_spans_before_memory_is_spent_for_all() {
    let server = ScriptedServer::start([status(200)]);
    let config = Config::default()
        .memory_limit(2 << 20)
        .schedule_delay(Duration::from_millis(10));
    let provider = provider(config, [otlp(&server.url()).into(), nowhere().into()]);
    let tracer = provider.tracer("test");
    let text = "x".repeat(1000);
    let mut ended = 0;
    for _ in 0..40 {
        for _ in 0..200 {
            let mut span = tracer.start("large");
            span.set_attribute("text", &text);
            span.end();
            ended += 1;
        }
        until("the one that is up has them", || {
            let one = &provider.stats().destinations[0];
            one.delivered + one.dropped_total() == ended
        });
    }
    let _ = provider.shutdown(LONG);
    assert_balanced(&provider);
    let stats = provider.stats();
    assert_eq!(stats.destinations[0].delivered, ended, "{stats:#?}");
    let down = &stats.destinations[1];
    assert!(down.dropped(DropCause::QueueFull) > 1000, "{down:#?}");
    assert!(
        down.dropped(DropCause::Shutdown) > 100,
        "what found room: {down:#?}"
    );
}

#[test]
fn one_that_is_down_does_not_take_the_places_of_the_queue_either() {
    let server = ScriptedServer::start([status(200)]);
    let config = Config::default()
        .max_queue_size(64)
        .max_export_batch_size(8)
        .schedule_delay(Duration::from_millis(10));
    let provider = provider(config, [nowhere().into(), otlp(&server.url()).into()]);
    for round in 0..50 {
        spans(&provider, 0..8);
        until("the one that is up has them", || {
            let one = &provider.stats().destinations[1];
            one.delivered + one.dropped_total() == (round + 1) * 8
        });
    }
    let _ = provider.shutdown(LONG);
    assert_balanced(&provider);
    let stats = provider.stats();
    assert_eq!(stats.destinations[1].delivered, 400, "{stats:#?}");
    assert!(stats.destinations[0].dropped(DropCause::QueueFull) > 100);
}

#[test]
fn what_one_refuses_and_another_takes_is_counted_where_it_happened() {
    let partial = answer(200, &[], &b"\x0a\x02\x08\x03"[..]);
    let steps = [status(400), partial, status(413), status(200)];
    let servers = steps.map(|step| ScriptedServer::start([step]));
    let destinations = servers.each_ref().map(|server| otlp(&server.url()).into());
    let provider = provider(Config::default(), destinations);
    spans(&provider, 0..10);
    assert!(provider.flush(LONG).is_err());
    assert_balanced(&provider);
    let stats = provider.stats();
    let lost = |cause| {
        let destinations = stats.destinations.iter();
        destinations
            .map(|one| one.dropped(cause))
            .collect::<Vec<_>>()
    };
    assert_eq!(lost(DropCause::Rejected), [10, 3, 0, 0]);
    assert_eq!(lost(DropCause::TooLarge), [0, 0, 10, 0]);
    assert_eq!(stats.destinations[3].delivered, 10);
    assert!(servers[2].requests().len() > 10, "halves were tried");
    assert_eq!(servers[3].requests().len(), 1, "for that one only");
}

#[test]
fn a_secret_is_counted_once_however_many_destinations_there_are() {
    let again = ScriptedServer::start([status(503), status(200)]);
    let once = ScriptedServer::start([status(200)]);
    let provider = provider(
        Config::default(),
        [otlp(&again.url()).into(), otlp(&once.url()).into()],
    );
    let mut span = provider.tracer("test").start("one");
    span.set_attribute("mail", "ada@example.com");
    span.end();
    provider.flush(LONG).unwrap();
    assert_eq!(again.requests().len(), 2);
    assert_eq!(provider.stats().redacted, [("email", 1)]);
}

#[test]
fn several_requests_are_in_flight_but_no_more_than_allowed() {
    for concurrency in [1, 3] {
        let server = ScriptedServer::start([raw("", Then::Stall)]);
        let mut destination = otlp(&server.url());
        destination.concurrency = concurrency;
        let config = Config::default().max_export_batch_size(4);
        let provider = provider(config, [destination.into()]);
        spans(&provider, 0..40);
        until("all that may be are in flight", || {
            server.requests().len() == concurrency
        });
        let _ = provider.shutdown(Duration::from_millis(200));
        until("the worker has ended", || provider.stats().is_balanced());
        assert_eq!(server.requests().len(), concurrency);
        let stats = provider.stats();
        let unconfirmed = stats.dropped(DropCause::Unconfirmed);
        assert_eq!(unconfirmed, 4 * concurrency as u64, "{stats:#?}");
        assert_eq!(stats.dropped(DropCause::Shutdown), 40 - unconfirmed);
    }
}

#[test]
fn what_was_refused_goes_out_first_and_in_order_when_the_server_is_back() {
    let refusals = vec![status(503); 3];
    let server = ScriptedServer::start([refusals, vec![status(200)]].concat());
    let mut destination = otlp(&server.url());
    destination.concurrency = 3;
    let config = Config::default().max_export_batch_size(4);
    let provider = provider(config, [destination.into()]);
    spans(&provider, 0..24);
    provider.flush(LONG).unwrap();
    let accepted = names(&server).split_off(3);
    let mut got: Vec<usize> = accepted
        .concat()
        .iter()
        .map(|name| name.parse().unwrap())
        .collect();
    assert_eq!(
        got[..4],
        [0, 1, 2, 3],
        "the oldest finds out whether it is back"
    );
    got.sort_unstable();
    assert_eq!(got, (0..24).collect::<Vec<_>>(), "once each");
    assert_balanced(&provider);
}

#[test]
fn a_shutdown_that_nobody_waits_for_counts_everything_at_every_destination() {
    let server = ScriptedServer::start([Step::NeverRead]);
    let memory = InMemory::new();
    let destinations: [Destination; 2] = [otlp(&server.url()).into(), (&memory).into()];
    let provider = provider(Config::default(), destinations);
    spans(&provider, 0..5);
    provider.shutdown(Duration::ZERO).unwrap();
    until("the worker has ended", || {
        let stats = provider.stats();
        stats.is_balanced() && stats.destinations[1].delivered == 5
    });
    assert_eq!(memory.spans().len(), 5);
}

#[test]
fn a_destination_that_cannot_be_is_refused_when_the_provider_is_made() {
    let config = Config::default().trace_destinations([Otlp::new("collector:4318").into()]);
    let error = Provider::new(config).unwrap_err().to_string();
    assert!(error.contains("collector:4318"), "{error}");
}

#[test]
fn no_destination_is_no_exporter() {
    let provider = provider(Config::default(), []);
    assert!(!provider.tracer("test").start("quiet").is_recording());
    spans(&provider, 0..2);
    provider.flush(LONG).unwrap();
    assert_balanced(&provider);
    assert_eq!(provider.stats().sampled_out, 3);
}

#[test]
fn a_file_that_cannot_be_written_is_counted_and_disturbs_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let (good, bad) = (
        directory.path().join("spans.jsonl"),
        directory.path().join("none/x"),
    );
    let files = [OtlpFile::new(&bad), OtlpFile::new(&good)];
    let provider = provider(Config::default(), files.map(Destination::from));
    spans(&provider, 0..3);
    let error = provider.flush(LONG).unwrap_err().to_string();
    assert!(
        error.contains("none/x: No such file or directory"),
        "{error}"
    );
    assert_balanced(&provider);
    let stats = provider.stats();
    assert_eq!(stats.destinations[0].dropped(DropCause::Rejected), 3);
    assert_eq!(stats.destinations[1].delivered, 3);
    assert_eq!((stats.requests, stats.bytes_sent), (0, 0), "no network");
    assert_eq!(std::fs::read_to_string(good).unwrap().lines().count(), 1);
}
