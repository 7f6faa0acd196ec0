//! The ways of OTLP/HTTP to a receiver: as protobuf or JSON, compressed or not, over a socket, through proxies.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};
use std::thread;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use polyspan::config::{Compression, Protocol};
use polyspan::export::proxy::Proxies;
use prost::Message;

use super::scripted_server::grpc::{GrpcServer, ok};
use super::*;

fn send(otlp: &Otlp, body: impl Into<Bytes>) -> Outcome {
    let pause = Duration::from_millis(20);
    let backoff = Backoff {
        initial: pause,
        longest: pause,
    };
    let retry = Retry {
        timeout: Duration::from_secs(3),
        backoff,
    };
    let delivery = Delivery::new(Transport::new(otlp, Signal::Traces).unwrap(), retry);
    run(delivery.deliver(body.into(), pending()))
}

fn spans() -> ExportTraceServiceRequest {
    let span = Span {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        name: "checkout".to_owned(),
        start_time_unix_nano: 1_700_000_000_000_000_001,
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        spans: vec![span],
        ..ScopeSpans::default()
    }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }],
    }
}

// Forms.

#[test]
fn json_says_that_it_is_and_holds_the_same_spans() {
    let server = ScriptedServer::start([answer(200, &[], r#"{"partialSuccess":{}}"#)]);
    let mut otlp = Otlp::new(format!("{}/v1/traces", server.url()));
    otlp.protocol = Protocol::HttpJson;
    assert_eq!(send(&otlp, spans().encode_to_vec()), delivered());
    let request = &server.requests()[0];
    assert_eq!(request.header("content-type"), ["application/json"]);
    let read = serde_json::from_slice::<ExportTraceServiceRequest>(&request.body);
    assert_eq!(read.unwrap(), spans());
}

#[test]
fn what_has_no_json_form_is_rejected_and_not_sent() {
    let server = ScriptedServer::start([status(200)]);
    let mut otlp = Otlp::new(server.url());
    otlp.protocol = Protocol::HttpJson;
    let outcome = send(&otlp, &b"\xff"[..]);
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn compressed_requests_say_so_and_are_the_same() {
    let server = ScriptedServer::start([status(200)]);
    let body = vec![7; 100_000];
    let mut otlp = Otlp::new(server.url());
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        otlp.compression = compression;
        assert_eq!(send(&otlp, body.clone()), delivered());
    }
    let [none, gzip, zstd] = &server.requests()[..] else {
        panic!("three requests")
    };
    assert!(none.header("content-encoding").is_empty() && none.body == body);
    assert_eq!(gzip.header("content-encoding"), ["gzip"]);
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&gzip.body[..]);
    decoder.read_to_end(&mut plain).unwrap();
    assert!(plain == body && gzip.body.len() < 2_000);
    assert_eq!(zstd.header("content-encoding"), ["zstd"]);
    assert!(zstd::bulk::decompress(&zstd.body, body.len()).unwrap() == body);
}

#[test]
fn a_compressed_answer_is_read_up_to_the_limit() {
    let gzip = |plain: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(plain).unwrap();
        answer(200, &[("content-encoding", "gzip")], gzip.finish().unwrap())
    };
    let partial = b"\x0a\x06\x08\x03\x12\x02no";
    let bomb = vec![0; (4 << 20) + 1];
    let server = ScriptedServer::start([gzip(partial), gzip(&bomb)]);
    let otlp = Otlp::new(server.url());
    let outcome = send(&otlp, "a");
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 3, .. }),
        "{outcome:?}"
    );
    let outcome = send(&otlp, "b");
    assert!(matches!(outcome, Outcome::Rejected { .. }), "{outcome:?}");
}

// A socket of this machine.

#[test]
fn a_node_agent_is_reached_over_its_socket() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let agent = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let head = read_head(&mut stream);
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .unwrap();
        head
    });
    let otlp = Otlp::new(format!("unix://{}", path.display()));
    assert_eq!(send(&otlp, "a batch"), delivered());
    let head = agent.join().unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
}

#[test]
fn a_socket_that_is_not_there_is_named() {
    let outcome = send(&Otlp::new("unix:/nowhere/agent.sock"), "a batch");
    let outcome = format!("{outcome:?}");
    assert!(outcome.starts_with("NotAccepted"), "{outcome}");
    assert!(outcome.contains("unix:/nowhere/agent.sock"), "{outcome}");
    assert!(outcome.contains("No such file"), "{outcome}");
}

// Proxies. A name under .example leads nowhere but through them.

fn proxies(variable: &str, url: &str, except: &str) -> Proxies {
    Proxies::read(|name| match name {
        "NO_PROXY" => Some(except.to_owned()),
        name if name == variable => Some(url.to_owned()),
        _ => None,
    })
}

#[test]
fn a_proxy_is_asked_for_each_plain_request_with_its_own_credentials() {
    let server = ScriptedServer::start([status(200)]);
    let proxy = server.url().replace("http://", "http://me:hunter2@");
    let mut otlp = Otlp::new("http://collector.example:4318/v1/traces");
    otlp.proxies = proxies("HTTP_PROXY", &proxy, "");
    assert_eq!(send(&otlp, "a batch"), delivered());
    let request = &server.requests()[0];
    assert_eq!(
        request.line,
        "POST http://collector.example:4318/v1/traces HTTP/1.1"
    );
    assert_eq!(request.header("host"), ["collector.example:4318"]);
    // me:hunter2
    let authorization = request.header("proxy-authorization");
    assert_eq!(authorization, ["Basic bWU6aHVudGVyMg=="]);
}

#[test]
fn a_host_of_no_proxy_is_called_without_one() {
    let server = ScriptedServer::start([status(200)]);
    let mut otlp = Otlp::new("http://collector.example:4318/v1/traces");
    otlp.proxies = proxies("HTTP_PROXY", &server.url(), "other.test,.example");
    let outcome = format!("{:?}", send(&otlp, "a batch"));
    assert!(outcome.starts_with("NotAccepted"), "{outcome}");
    assert!(server.requests().is_empty());
}

/// A proxy that leads every `CONNECT` to `target`, or refuses it. Returns its URL and the heads of what it was asked.
fn tunnel(target: Option<String>, refusal: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    // Ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut client = stream.unwrap();
            let head = read_head(&mut client);
            heads.lock().unwrap().push(head);
            let Some(target) = &target else {
                client.write_all(refusal.as_bytes()).unwrap();
                continue;
            };
            client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let server = TcpStream::connect(target).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server, client),
            ] {
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    (url, asked)
}

fn read_head(stream: &mut impl Read) -> String {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn grpc_goes_through_a_tunnel() {
    let server = GrpcServer::start([ok(b"")]);
    let target = server.url().replace("http://", "");
    let (proxy, asked) = tunnel(Some(target), "");
    let mut otlp = Otlp::new("http://collector.example:4317");
    otlp.protocol = Protocol::Grpc;
    let proxy = proxy.replace("http://", "http://me:hunter2@");
    otlp.proxies = proxies("HTTP_PROXY", &proxy, "");
    assert_eq!(send(&otlp, "a batch"), delivered());
    let asked = asked.lock().unwrap()[0].to_lowercase();
    assert!(
        asked.starts_with("connect collector.example:4317 http/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("proxy-authorization: basic bwu6ahvudgvymg==\r\n"));
    let call = &server.calls()[0];
    assert!(!call.headers.contains_key("proxy-authorization"));
}

#[test]
fn https_goes_through_a_tunnel_and_its_headers_are_not_shown_to_the_proxy() {
    let (tls, certificate) = self_signed("collector.example");
    let server = ScriptedServer::start_tls([status(200)], tls);
    let (proxy, asked) = tunnel(Some(format!("127.0.0.1:{}", server.port())), "");
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    std::fs::write(&ca, certificate).unwrap();

    let otlp = Otlp::new("https://collector.example/v1/traces").header("x-key", "secret");
    let mut otlp = otlp.unwrap();
    otlp.tls.ca = Some(ca);
    otlp.proxies = proxies("HTTPS_PROXY", &proxy, "");
    assert_eq!(send(&otlp, "a batch"), delivered());
    let asked = asked.lock().unwrap()[0].clone();
    assert!(
        asked.starts_with("CONNECT collector.example:443 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(!asked.contains("secret"), "{asked}");
    let request = &server.requests()[0];
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(request.header("x-key"), ["secret"]);
}

#[test]
fn a_proxy_that_refuses_is_named_with_its_reason_and_without_credentials() {
    for (refusal, said) in [
        (
            "HTTP/1.1 407 Auth\r\ncontent-length: 0\r\n\r\n",
            "user:password@",
        ),
        (
            "HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n",
            "403 Forbidden to CONNECT",
        ),
        ("nonsense\r\n\r\n", "invalid HTTP version"),
    ] {
        let (proxy, _) = tunnel(None, refusal);
        let mut otlp = Otlp::new("https://collector.example/v1/traces");
        let with_password = proxy.replace("http://", "http://me:hunter2@");
        otlp.proxies = proxies("HTTPS_PROXY", &with_password, "");
        let outcome = format!("{:?}", send(&otlp, "a batch"));
        assert!(outcome.starts_with("NotAccepted"), "{outcome}");
        assert!(outcome.contains(said), "{said}: {outcome}");
        let name = proxy.replace("http://", "the proxy ");
        assert!(outcome.contains(&name), "{outcome}");
        assert!(!outcome.contains("hunter2"), "{outcome}");
    }
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let mut otlp = Otlp::new("http://collector.example:4318");
    otlp.proxies = proxies("ALL_PROXY", "http://127.0.0.1:1", "");
    let outcome = format!("{:?}", send(&otlp, "a batch"));
    assert!(outcome.contains("the proxy 127.0.0.1:1: "), "{outcome}");
    assert!(outcome.contains("Connection refused"), "{outcome}");
}
