//! What delivery makes of servers that answer, refuse, stall, break off and lie.
//!
//! Upper bounds on time are generous (the machine may be busy), the configured waits are short.

mod scripted_server;

use std::future::{Future, pending, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use polyspan::config::{Otlp, Signal};
use polyspan::export::transport::Transport;
use polyspan::pipeline::backoff::Backoff;
use polyspan::pipeline::delivery::{Delivery, Outcome, Retry};
use scripted_server::{ScriptedServer, Step, Then, answer, raw, status};

const BODY: &[u8] = b"an encoded batch";

/// Long enough that only a bug reaches it.
const LONG: Duration = Duration::from_secs(60);

/// The bound of "at once" and "in time" on a busy machine.
const SOON: Duration = Duration::from_secs(10);

fn retry(timeout: Duration) -> Retry {
    let backoff = Backoff {
        initial: Duration::from_millis(10),
        longest: Duration::from_millis(50),
    };
    Retry { timeout, backoff }
}

fn delivery(url: &str, retry: Retry) -> Delivery {
    let otlp = Otlp::new(format!("{url}/v1/traces"));
    Delivery::new(Transport::new(&otlp, Signal::Traces).unwrap(), retry)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// Waits for what another thread or task does.
async fn soon(condition: impl Fn() -> bool) {
    let until = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < until, "it does not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn send(delivery: &Delivery) -> Outcome {
    delivery.deliver(Bytes::from_static(BODY), pending()).await
}

/// Delivers one batch to a server with this script; also returns how many requests it got.
fn deliver(script: impl Into<Vec<Step>>, timeout: Duration) -> (Outcome, usize) {
    let server = ScriptedServer::start(script);
    let outcome = run(send(&delivery(&server.url(), retry(timeout))));
    let requests = server.requests();
    assert!(
        requests.iter().all(|request| request.body == BODY),
        "a retry changed the body"
    );
    (outcome, requests.len())
}

fn delivered() -> Outcome {
    Outcome::Delivered {
        rejected: 0,
        message: None,
    }
}

#[track_caller]
fn message(outcome: Outcome) -> String {
    match outcome {
        Outcome::Delivered {
            message: Some(message),
            ..
        } => message,
        Outcome::Rejected { message, .. } | Outcome::TooLarge { message } => message,
        Outcome::NotAccepted { reason, .. } | Outcome::Unconfirmed { reason } => reason,
        other => panic!("no message in {other:?}"),
    }
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

// The retry table.

#[test]
fn every_2xx_with_an_empty_body_is_success() {
    for code in [200, 201, 202, 204] {
        assert_eq!(deliver([status(code)], LONG), (delivered(), 1), "{code}");
    }
}

#[test]
fn the_four_retryable_statuses_are_retried_until_success() {
    for code in [429, 502, 503, 504] {
        let script = [status(code), status(code), status(200)];
        assert_eq!(deliver(script, LONG), (delivered(), 3), "{code}");
    }
}

#[test]
fn every_other_status_is_rejected_after_one_request() {
    for code in [
        400, 401, 403, 404, 405, 408, 409, 411, 415, 422, 431, 500, 501, 505, 507, 599,
    ] {
        let (outcome, requests) = deliver([status(code), status(200)], LONG);
        assert!(
            matches!(outcome, Outcome::Rejected { status, .. } if status == Some(code)),
            "{outcome:?}"
        );
        assert_eq!(requests, 1, "{code}");
    }
}

#[test]
fn a_rejection_shows_what_the_server_said_and_where() {
    let (outcome, _) = deliver(
        [answer(400, &[], &b"\x08\x03\x12\x0fno such service"[..])],
        LONG,
    );
    let said = message(outcome);
    assert_contains(&said, "/v1/traces: 400 Bad Request: no such service");
    let (outcome, _) = deliver([answer(401, &[], "who are you")], LONG);
    assert_contains(&message(outcome), "check the key in the configured headers");
}

#[test]
fn content_too_large_asks_for_smaller_batches() {
    let (outcome, requests) = deliver([status(413), status(200)], LONG);
    assert!(matches!(outcome, Outcome::TooLarge { .. }), "{outcome:?}");
    assert_eq!(requests, 1);
}

#[test]
fn a_request_over_64_mib_is_not_sent() {
    let server = ScriptedServer::start([status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    let body = Bytes::from(vec![0; (64 << 20) + 1]);
    let outcome = run(delivery.deliver(body, pending()));
    assert!(matches!(outcome, Outcome::TooLarge { .. }), "{outcome:?}");
    assert_eq!(server.accepted(), 0);
}

#[test]
fn redirects_are_not_followed() {
    for code in [301, 302, 307, 308] {
        let location = [("location", "http://other.example/v1/traces?token=secret")];
        let (outcome, requests) = deliver([answer(code, &location, ""), status(200)], LONG);
        let said = message(outcome);
        assert_contains(&said, "redirects are not followed");
        assert_contains(&said, "http://other.example/v1/traces");
        assert!(!said.contains("secret"), "{said}");
        assert_eq!(requests, 1, "{code}");
    }
}

// What an accepting server says.

#[test]
fn partial_success_is_success_with_a_count_and_is_not_retried() {
    let body = b"\x0a\x0c\x08\x03\x12\x08too long";
    let (outcome, requests) = deliver([answer(200, &[], &body[..]), status(200)], LONG);
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 3, .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "accepted but for 3: too long");
    assert_eq!(requests, 1);
}

#[test]
fn partial_success_without_a_count_is_a_warning() {
    let (outcome, _) = deliver([answer(200, &[], &b"\x0a\x06\x12\x04soon"[..])], LONG);
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 0, .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "accepted with a warning: soon");
}

#[test]
fn partial_success_in_json_is_understood() {
    let body = r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}"#;
    let (outcome, _) = deliver(
        [answer(200, &[("content-type", "application/json")], body)],
        LONG,
    );
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 2, .. }),
        "{outcome:?}"
    );
}

#[test]
fn garbage_after_a_200_is_success_with_a_diagnostic() {
    let (outcome, requests) = deliver([answer(200, &[], "<html>welcome</html>")], LONG);
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 0, .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "is not an OTLP response");
    assert_eq!(requests, 1);
}

#[test]
fn an_answer_of_4_mib_is_read_and_a_larger_one_is_a_rejection() {
    let (outcome, _) = deliver([answer(200, &[], vec![b'x'; 4 << 20])], LONG);
    assert!(matches!(outcome, Outcome::Delivered { .. }), "{outcome:?}");
    let (outcome, requests) = deliver([answer(200, &[], vec![b'x'; (4 << 20) + 1])], LONG);
    assert!(
        matches!(
            outcome,
            Outcome::Rejected {
                status: Some(200),
                ..
            }
        ),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "over 4 MiB");
    assert_eq!(requests, 1);
}

#[test]
fn an_answer_that_does_not_tell_its_length_is_bounded_too() {
    let mut endless = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
    endless.resize(6 << 20, b'x');
    let (outcome, _) = deliver([raw(endless, Then::Stall)], LONG);
    assert!(
        matches!(
            outcome,
            Outcome::Rejected {
                status: Some(200),
                ..
            }
        ),
        "{outcome:?}"
    );
}

#[test]
fn an_informational_answer_is_not_the_answer() {
    let bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(deliver([raw(bytes, Then::Serve)], LONG), (delivered(), 1));
}

// Retry-After.

fn time_to_deliver(first: Step, retry: Retry) -> Duration {
    let server = ScriptedServer::start([first, status(200)]);
    let begun = Instant::now();
    assert_eq!(run(send(&delivery(&server.url(), retry))), delivered());
    begun.elapsed()
}

/// A backoff that no test waits for.
const SLOW: Retry = Retry {
    timeout: Duration::from_secs(600),
    backoff: Backoff {
        initial: LONG,
        longest: LONG,
    },
};

#[test]
fn retry_after_in_seconds_is_obeyed() {
    let took = time_to_deliver(answer(503, &[("retry-after", "1")], ""), retry(LONG));
    assert!(took >= Duration::from_secs(1), "{took:?}");
    let took = time_to_deliver(answer(429, &[("retry-after", "1")], ""), SLOW);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn retry_after_as_a_date_is_obeyed() {
    let headers = [
        ("date", "Wed, 25 Nov 2026 10:00:00 GMT"),
        ("retry-after", "Wed, 25 Nov 2026 10:00:01 GMT"),
    ];
    let took = time_to_deliver(answer(503, &headers, ""), SLOW);
    assert!((Duration::from_secs(1)..SOON).contains(&took), "{took:?}");
}

#[test]
fn retry_after_in_the_past_means_now() {
    let headers = [("retry-after", "Thu, 01 Jan 1998 00:00:00 GMT")];
    let took = time_to_deliver(answer(503, &headers, ""), SLOW);
    assert!(took < SOON, "{took:?}");
}

#[test]
fn a_server_that_always_says_now_is_not_hammered() {
    let server = ScriptedServer::start([answer(503, &[("retry-after", "0")], "")]);
    let pause = Duration::from_millis(200);
    let backoff = Backoff {
        initial: pause,
        longest: pause,
    };
    run(send(&delivery(
        &server.url(),
        Retry {
            timeout: Duration::from_secs(1),
            backoff,
        },
    )));
    // At least 100 ms apart.
    assert!(
        (2..=12).contains(&server.requests().len()),
        "{}",
        server.requests().len()
    );
}

#[test]
fn a_retry_after_beyond_the_deadline_ends_the_series_and_holds_for_the_next_batch() {
    let server = ScriptedServer::start([answer(429, &[("retry-after", "120")], "")]);
    let delivery = delivery(&server.url(), retry(Duration::from_secs(2)));
    run(async {
        let begun = Instant::now();
        let Outcome::NotAccepted { reason, retry_at } = send(&delivery).await else {
            panic!("a 429 must go back to the queue")
        };
        assert!(begun.elapsed() < Duration::from_secs(2), "waited in vain");
        assert!(retry_at > begun + Duration::from_secs(100));
        assert_contains(&reason, "429 Too Many Requests");
        assert!(!delivery.is_down(), "busy is not down");

        let next = send(&delivery).await;
        assert!(matches!(next, Outcome::NotAccepted { .. }), "{next:?}");
        assert!(
            begun.elapsed() >= Duration::from_secs(1),
            "a worker would spin"
        );
        assert_eq!(delivery.resting_until(), Some(retry_at));
    });
    assert_eq!(server.requests().len(), 1);
}

// The deadline.

#[test]
fn the_timeout_bounds_all_attempts_together() {
    let server = ScriptedServer::start([status(503)]);
    let delivery = delivery(&server.url(), retry(Duration::from_millis(500)));
    let begun = Instant::now();
    let outcome = run(send(&delivery));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(
        matches!(outcome, Outcome::NotAccepted { .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "503 Service Unavailable");
    assert!(server.requests().len() > 2, "{}", server.requests().len());
    assert!(delivery.is_down());
}

#[test]
fn a_server_that_never_answers_leaves_the_batch_unconfirmed() {
    let begun = Instant::now();
    let (outcome, requests) = deliver([raw("", Then::Stall)], Duration::from_millis(500));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(
        matches!(outcome, Outcome::Unconfirmed { .. }),
        "{outcome:?}"
    );
    assert_eq!(requests, 1);
}

#[test]
fn a_server_that_does_not_read_cannot_have_accepted() {
    let server = ScriptedServer::start([Step::NeverRead]);
    let delivery = delivery(&server.url(), retry(Duration::from_millis(500)));
    // Larger than what the system buffers for both sides.
    let body = Bytes::from(vec![0; 48 << 20]);
    let begun = Instant::now();
    let outcome = run(delivery.deliver(body, pending()));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(
        matches!(outcome, Outcome::NotAccepted { .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_head_that_drips_does_not_exceed_the_deadline() {
    let pause = Duration::from_millis(100);
    let bytes = [&b"HTTP/1.1 200 OK\r\n"[..], &[b'x'; 1000]].concat();
    let begun = Instant::now();
    let (outcome, _) = deliver([Step::Drip { bytes, pause }], Duration::from_secs(1));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(
        matches!(outcome, Outcome::Unconfirmed { .. }),
        "{outcome:?}"
    );
}

#[test]
fn a_body_that_drips_does_not_exceed_the_deadline_and_the_status_counts() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let begun = Instant::now();
    let (outcome, _) = deliver([raw(head, Then::Stall)], Duration::from_millis(500));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 0, .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "did not arrive in time");
}

#[test]
fn a_timeout_of_zero_is_no_bound() {
    assert_eq!(
        deliver([status(503), status(200)], Duration::ZERO),
        (delivered(), 2)
    );
}

// Cancelling.

#[test]
fn cancelling_ends_a_backoff_at_once() {
    let server = ScriptedServer::start([status(503)]);
    let delivery = delivery(&server.url(), SLOW);
    let begun = Instant::now();
    let cancel = async {
        soon(|| delivery.resting_until().is_some()).await;
    };
    let outcome = run(delivery.deliver(Bytes::from_static(BODY), cancel));
    assert_eq!(outcome, Outcome::Cancelled);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn cancelling_while_the_answer_is_awaited_leaves_the_batch_unconfirmed() {
    let server = ScriptedServer::start([raw("", Then::Stall)]);
    let delivery = delivery(&server.url(), retry(LONG));
    let begun = Instant::now();
    let cancel = async {
        soon(|| !server.requests().is_empty()).await;
    };
    let outcome = run(delivery.deliver(Bytes::from_static(BODY), cancel));
    assert!(
        matches!(outcome, Outcome::Unconfirmed { .. }),
        "{outcome:?}"
    );
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

#[test]
fn what_is_cancelled_before_it_began_is_not_sent() {
    let server = ScriptedServer::start([status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    let outcome = run(delivery.deliver(Bytes::from_static(BODY), ready(())));
    assert_eq!(outcome, Outcome::Cancelled);
    assert_eq!(server.requests().len(), 0);
}

// Connections.

#[test]
fn one_connection_serves_many_batches() {
    let server = ScriptedServer::start([status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    run(async {
        for _ in 0..20 {
            assert_eq!(send(&delivery).await, delivered());
        }
    });
    assert_eq!((server.accepted(), server.requests().len()), (1, 20));
}

#[test]
fn a_connection_that_the_server_closed_while_idle_costs_nothing() {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    let server = ScriptedServer::start([raw(ok, Then::Close)]);
    let delivery = delivery(&server.url(), retry(LONG));
    run(async {
        for _ in 0..20 {
            assert_eq!(send(&delivery).await, delivered());
        }
    });
    assert!(server.requests().len() >= 20);
}

#[test]
fn a_host_name_is_resolved() {
    let server = ScriptedServer::start([status(200)]);
    let url = format!("http://localhost:{}", server.port());
    assert_eq!(run(send(&delivery(&url, retry(LONG)))), delivered());
}

#[test]
fn a_refused_port_is_not_accepted_and_known_to_be_down() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let delivery = delivery(
        &format!("http://127.0.0.1:{port}"),
        retry(Duration::from_millis(200)),
    );
    let begun = Instant::now();
    let outcome = run(send(&delivery));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert!(
        matches!(outcome, Outcome::NotAccepted { .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "no connection: Connection refused");
    assert!(delivery.is_down());
}

#[test]
fn an_endpoint_that_recovers_is_no_longer_down() {
    let server = ScriptedServer::start([Step::Greet(Vec::new()), status(503), status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    assert_eq!(run(send(&delivery)), delivered());
    assert_eq!((server.accepted(), server.requests().len()), (2, 2));
    assert!(!delivery.is_down());
    assert_eq!(delivery.resting_until(), None);
}

#[test]
fn a_connection_closed_without_an_answer_is_retried() {
    let script = [
        raw("", Then::Close),
        raw("HTTP/1.1 20", Then::Close),
        status(200),
    ];
    assert_eq!(deliver(script, LONG), (delivered(), 3));
}

#[test]
fn a_server_that_always_closes_leaves_the_batch_unconfirmed() {
    let (outcome, requests) = deliver([raw("", Then::Close)], Duration::from_secs(1));
    assert!(
        matches!(outcome, Outcome::Unconfirmed { .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "closed the connection without an answer");
    assert!(requests > 1);
}

#[test]
fn an_answer_cut_off_in_its_body_counts_by_its_status() {
    let cut = |status: &str| {
        raw(
            format!("HTTP/1.1 {status}\r\ncontent-length: 99\r\n\r\nabc"),
            Then::Close,
        )
    };
    let (outcome, requests) = deliver([cut("200 OK")], LONG);
    assert!(
        matches!(outcome, Outcome::Delivered { rejected: 0, .. }),
        "{outcome:?}"
    );
    assert_contains(&message(outcome), "the rest of the answer did not come");
    assert_eq!(requests, 1);
    assert_eq!(
        deliver([cut("503 Busy"), status(200)], LONG),
        (delivered(), 2)
    );
}

#[test]
fn a_grpc_port_is_recognised() {
    // The SETTINGS frame with which every HTTP/2 server greets, here with one setting.
    let settings = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64";
    for step in [
        Step::Greet(settings.to_vec()),
        raw(&settings[..], Then::Close),
    ] {
        let (outcome, _) = deliver([step], Duration::from_secs(1));
        assert!(
            matches!(outcome, Outcome::NotAccepted { .. }),
            "{outcome:?}"
        );
        assert_contains(&message(outcome), "OTEL_EXPORTER_OTLP_PROTOCOL=grpc");
    }
}

#[test]
fn an_answer_that_is_not_http_is_named_so() {
    for garbage in [
        &b"SSH-2.0-OpenSSH_9.2\r\n"[..],
        b"\xff\xfe\xfd\xfc\r\n\r\n",
        b"\0\0\0\0\0\0\0\0",
    ] {
        let (outcome, requests) = deliver([raw(garbage, Then::Close)], Duration::from_secs(1));
        assert!(
            matches!(outcome, Outcome::Unconfirmed { .. }),
            "{outcome:?}"
        );
        assert_contains(&message(outcome), "not HTTP/1.1");
        assert!(requests >= 1);
    }
}

#[test]
fn a_head_without_end_is_bounded() {
    let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
    for _ in 0..2000 {
        bytes.extend_from_slice(b"x-padding: ");
        bytes.resize(bytes.len() + 1000, b'x');
        bytes.extend_from_slice(b"\r\n");
    }
    let begun = Instant::now();
    let (outcome, _) = deliver([raw(bytes, Then::Stall)], Duration::from_secs(1));
    assert!(
        matches!(outcome, Outcome::Unconfirmed { .. }),
        "{outcome:?}"
    );
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}

// The request.

#[test]
fn the_request_is_what_otlp_asks_for() {
    let server = ScriptedServer::start([status(200)]);
    let traces = Otlp::new(format!("{}/otlp/v1/traces?tenant=1", server.url()))
        .header("x-api-key", "k1")
        .and_then(|otlp| otlp.header("X-Api-Key", "k2"));
    let metrics = Otlp::new(server.url()).header("user-agent", "mine/1");
    let [traces, metrics] = [traces, metrics].map(|otlp| {
        let transport = Transport::new(&otlp.unwrap(), Signal::Traces).unwrap();
        Delivery::new(transport, retry(LONG))
    });
    run(async {
        assert_eq!(send(&traces).await, delivered());
        let points = Bytes::from_static(b"points");
        assert_eq!(metrics.deliver(points, pending()).await, delivered());
    });
    let [traces, metrics] = &server.requests()[..] else {
        panic!("two requests")
    };
    assert_eq!(traces.line, "POST /otlp/v1/traces?tenant=1 HTTP/1.1");
    assert_eq!(traces.header("content-type"), ["application/x-protobuf"]);
    assert_eq!(traces.header("content-length"), [BODY.len().to_string()]);
    assert_eq!(
        traces.header("host"),
        [format!("127.0.0.1:{}", server.port())]
    );
    assert_eq!(traces.header("x-api-key"), ["k2"]);
    let version = env!("CARGO_PKG_VERSION");
    let agent = format!("polyspan/{version} OTel-OTLP-Exporter-Rust/{version}");
    assert_eq!(traces.header("user-agent"), [agent]);
    assert_eq!(metrics.line, "POST / HTTP/1.1");
    assert_eq!(metrics.header("user-agent"), ["mine/1"]);
    assert_eq!(metrics.body, b"points");
}

#[test]
fn a_large_body_arrives_unchanged() {
    let server = ScriptedServer::start([status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    let body: Vec<u8> = (0..3_000_001_u32).map(|at| (at % 251) as u8).collect();
    assert_eq!(
        run(delivery.deliver(body.clone().into(), pending())),
        delivered()
    );
    assert!(server.requests()[0].body == body);
}
