//! What delivery makes of gRPC servers: the retry table, what they say with it, and servers that are none.

use std::io::Read;

use http::HeaderMap;
use polyspan::config::{Compression, Protocol};

use super::scripted_server::grpc::{Call, GrpcServer, framed, ok, refuse};
use super::*;

/// `google.rpc.Status { details: [RetryInfo { retry_delay: 0.3 s }] }`, as `grpc-status-details-bin` has it.
const WAIT_300_MS: &str =
    "GjQKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SCAoGEIDGho8B";

/// `ExportTracePartialSuccess { rejected_spans: 3, error_message: "no" }` in a response.
const PARTIAL: &[u8] = b"\x0a\x06\x08\x03\x12\x02no";

fn grpc(url: &str) -> Otlp {
    let mut otlp = Otlp::new(url);
    otlp.protocol = Protocol::Grpc;
    otlp
}

fn delivery(otlp: &Otlp, timeout: Duration) -> Delivery {
    let transport = Transport::new(otlp, Signal::Traces).unwrap();
    Delivery::new(transport, retry(timeout))
}

fn send(otlp: &Otlp, timeout: Duration) -> Outcome {
    run(delivery(otlp, timeout).deliver(Bytes::from_static(BODY), pending()))
}

/// Delivers one batch to a server with this script; also returns how many calls it got.
fn deliver(script: impl Into<Vec<Call>>) -> (Outcome, usize) {
    let server = GrpcServer::start(script);
    let outcome = send(&grpc(&server.url()), LONG);
    let calls = server.calls();
    let framed = [&[0, 0, 0, 0, BODY.len() as u8][..], BODY].concat();
    assert!(calls.iter().all(|call| call.body == framed));
    (outcome, calls.len())
}

// The retry table.

#[test]
fn ok_is_success_with_or_without_a_message() {
    assert_eq!(deliver([ok(b"")]), (delivered(), 1));
    assert_eq!(deliver([refuse(0, "", None)]), (delivered(), 1));
}

#[test]
fn the_retryable_statuses_are_retried_until_success() {
    // CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE, DATA_LOSS
    for code in [1, 4, 10, 11, 14, 15] {
        let refusal = refuse(code, "later", None);
        let script = [refusal.clone(), refusal, ok(b"")];
        assert_eq!(deliver(script), (delivered(), 3), "{code}");
    }
}

#[test]
fn every_other_status_is_rejected_after_one_call() {
    // UNKNOWN, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION, UNIMPLEMENTED,
    // INTERNAL, UNAUTHENTICATED, and one that nobody knows
    for code in [2, 3, 5, 6, 7, 9, 12, 13, 16, 99] {
        let (outcome, calls) = deliver([refuse(code, "never%20again", None), ok(b"")]);
        assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
        assert_eq!(calls, 1, "{code}");
        assert_contains(&message(outcome), "never again");
    }
}

#[test]
fn resource_exhausted_is_retried_only_if_the_server_says_when() {
    let (outcome, calls) = deliver([refuse(8, "quota", None), ok(b"")]);
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
    assert_eq!(calls, 1);
    let begun = Instant::now();
    let script = [refuse(8, "slow down", Some(WAIT_300_MS)), ok(b"")];
    assert_eq!(deliver(script), (delivered(), 2));
    assert!(begun.elapsed() >= Duration::from_millis(300), "it waited");
}

#[test]
fn the_wait_of_other_statuses_is_obeyed_too() {
    let begun = Instant::now();
    let script = [refuse(14, "restarting", Some(WAIT_300_MS)), ok(b"")];
    assert_eq!(deliver(script), (delivered(), 2));
    assert!(begun.elapsed() >= Duration::from_millis(300), "it waited");
}

#[test]
fn partial_success_is_told_and_never_sent_again() {
    let (outcome, calls) = deliver([ok(PARTIAL)]);
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 3, .. }),
        "{outcome:?}"
    );
    assert_eq!(calls, 1);
    assert_contains(&message(outcome), "no");
}

#[test]
fn an_answer_over_4_mib_is_a_refusal_compressed_or_not() {
    let long = vec![0; (4 << 20) + 1];
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &long).unwrap();
    let bomb = framed(1, &gzip.finish().unwrap(), &[("grpc-encoding", "gzip")]);
    for answer in [ok(&long), bomb] {
        let (outcome, calls) = deliver([answer]);
        assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
        assert_eq!(calls, 1);
        assert_contains(&message(outcome), "4 MiB");
    }
}

#[test]
fn a_message_too_large_for_the_server_is_told_from_other_refusals() {
    let said = "grpc: received message larger than max (5000000 vs. 4194304)";
    let (outcome, calls) = deliver([refuse(8, said, None), ok(b"")]);
    assert!(matches!(outcome, Outcome::TooLarge { .. }), "{outcome:?}");
    assert_eq!(calls, 1);
}

// What is sent.

#[test]
fn the_call_is_what_grpc_and_otlp_ask_for() {
    let server = GrpcServer::start([ok(b"")]);
    let otlp = grpc(&format!("{}/a/path/is/ignored", server.url()));
    let otlp = otlp.header("X-Api-Key", "k 1").unwrap();
    let metrics = Delivery::new(
        Transport::new(&otlp, Signal::Metrics).unwrap(),
        Retry::default(),
    );
    run(async {
        let body = Bytes::from_static(BODY);
        let traces = delivery(&otlp, LONG);
        let outcome = traces.deliver(body.clone(), pending()).await;
        assert_eq!(outcome, delivered());
        assert_eq!(metrics.deliver(body, pending()).await, delivered());
    });
    let [traces, metrics] = &server.calls()[..] else {
        panic!("{:?}", server.calls())
    };
    assert_eq!(
        traces.path,
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    );
    assert_eq!(
        metrics.path,
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
    );
    let header = |headers: &HeaderMap, name: &str| headers[name].to_str().unwrap().to_owned();
    assert_eq!(header(&traces.headers, "content-type"), "application/grpc");
    assert_eq!(header(&traces.headers, "te"), "trailers");
    assert_eq!(header(&traces.headers, "x-api-key"), "k 1");
    let agent = header(&traces.headers, "user-agent");
    assert!(agent.starts_with("polyspan/"), "{agent}");
    assert_contains(&agent, "OTel-OTLP-Exporter-Rust/");
    assert!(!traces.headers.contains_key("grpc-encoding"));
}

#[test]
fn a_compressed_message_says_so_and_is_the_same_one() {
    let server = GrpcServer::start([ok(b"")]);
    let mut otlp = grpc(&server.url());
    for compression in [Compression::Gzip, Compression::Zstd] {
        otlp.compression = compression;
        assert_eq!(send(&otlp, LONG), delivered());
    }
    let [gzip, zstd] = &server.calls()[..] else {
        panic!("{:?}", server.calls())
    };
    for (call, encoding) in [(gzip, "gzip"), (zstd, "zstd")] {
        assert_eq!(call.headers["grpc-encoding"], encoding);
        assert_eq!(call.body[0], 1, "the flag of a compressed message");
        let length = u32::from_be_bytes(call.body[1..5].try_into().unwrap());
        assert_eq!(length as usize, call.body.len() - 5);
    }
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&gzip.body[5..]);
    decoder.read_to_end(&mut plain).unwrap();
    assert_eq!(plain, BODY);
    assert_eq!(zstd::bulk::decompress(&zstd.body[5..], 100).unwrap(), BODY);
}

#[test]
fn a_compressed_answer_is_read() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, PARTIAL).unwrap();
    let answer = framed(1, &gzip.finish().unwrap(), &[("grpc-encoding", "gzip")]);
    let (outcome, _) = deliver([answer]);
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 3, .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_request_larger_than_all_windows_arrives() {
    let server = GrpcServer::start([ok(b"")]);
    let body: Bytes = vec![7; 5 << 20].into();
    let delivery = delivery(&grpc(&server.url()), LONG);
    assert_eq!(run(delivery.deliver(body.clone(), pending())), delivered());
    assert_eq!(server.calls()[0].body[5..], body);
}

#[test]
fn a_connection_is_used_again() {
    let server = GrpcServer::start([ok(b"")]);
    let delivery = delivery(&grpc(&server.url()), LONG);
    run(async {
        for _ in 0..3 {
            let body = Bytes::from_static(BODY);
            assert_eq!(delivery.deliver(body, pending()).await, delivered());
        }
    });
    assert_eq!(server.calls()[2].connection, 1);
}

#[test]
fn a_socket_of_this_machine_is_reached() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("otlp.sock");
    let server = GrpcServer::start_at(&path, [ok(b"")]);
    assert_eq!(send(&grpc(&server.url()), LONG), delivered());
    assert_eq!(server.calls().len(), 1);
    assert!(server.url().starts_with("unix:/"));
}

// Servers that are none, or none any more.

#[test]
fn a_connection_on_which_no_answer_came_is_not_used_again() {
    let server = GrpcServer::start([Call::Stall, ok(b"")]);
    let delivery = delivery(&grpc(&server.url()), Duration::from_millis(300));
    run(async {
        let body = Bytes::from_static(BODY);
        let stalled = delivery.deliver(body.clone(), pending()).await;
        assert!(
            matches!(stalled, Outcome::Unconfirmed { .. }),
            "{stalled:?}"
        );
        // The endpoint rests first, which may take the whole of the short timeout.
        let until = Instant::now() + LONG;
        while delivery.deliver(body.clone(), pending()).await != delivered() {
            assert!(Instant::now() < until, "it is never delivered");
        }
    });
    assert_eq!(server.calls().last().unwrap().connection, 2);
}

#[test]
fn a_stream_that_is_reset_is_tried_again() {
    assert_eq!(deliver([Call::Reset, ok(b"")]), (delivered(), 2));
}

#[test]
fn an_answer_without_a_status_is_tried_again() {
    let nothing = Call::Answer {
        headers: Vec::new(),
        message: None,
        trailers: Vec::new(),
    };
    assert_eq!(deliver([nothing, ok(b"")]), (delivered(), 2));
}

#[test]
fn an_http_server_behind_http2_is_told_from_a_grpc_server() {
    for code in [200, 400, 401, 403, 404, 415, 500] {
        let (outcome, calls) = deliver([Call::Http(code), ok(b"")]);
        assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
        assert_eq!(calls, 1, "{code}");
        assert_contains(
            &message(outcome),
            "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        );
    }
    for code in [429, 502, 503, 504] {
        assert_eq!(
            deliver([Call::Http(code), ok(b"")]),
            (delivered(), 2),
            "{code}"
        );
    }
}

#[test]
fn an_http_port_is_recognised() {
    let greetings = [
        Step::Greet(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n".to_vec()),
        Step::Greet(b"<!DOCTYPE html>".to_vec()),
    ];
    for greeting in greetings {
        let server = ScriptedServer::start([greeting]);
        let outcome = send(&grpc(&server.url()), Duration::from_millis(500));
        assert!(
            matches!(outcome, Outcome::NotAccepted { .. }),
            "{outcome:?}"
        );
        let said = message(outcome);
        assert_contains(&said, "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
        assert_contains(&said, "usually 4317");
    }
}

#[test]
fn a_tls_port_called_in_the_clear_is_recognised() {
    // An alert: unexpected message.
    let alert = vec![21, 3, 3, 0, 2, 2, 10];
    let server = ScriptedServer::start([Step::Greet(alert.clone())]);
    let said = message(send(&grpc(&server.url()), Duration::from_millis(500)));
    assert_contains(&said, "write https://");
    let server = ScriptedServer::start([raw(alert, Then::Close)]);
    let http = Otlp::new(server.url());
    let said = message(send(&http, Duration::from_millis(500)));
    assert_contains(&said, "write https://");
}

#[test]
fn nobody_at_the_port_is_not_accepted() {
    let nobody = Nobody::new();
    let outcome = send(&grpc(&nobody.url()), Duration::from_millis(300));
    assert!(
        matches!(outcome, Outcome::NotAccepted { .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "Connection refused");
}
