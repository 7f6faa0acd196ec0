//! Connections that are used again, refused, broken, or not of HTTP.

use super::*;

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
    let nobody = Nobody::new();
    let delivery = delivery(&nobody.url(), retry(Duration::from_millis(200)));
    let begun = Instant::now();
    let outcome = run(send(&delivery));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_is!(outcome, NotAccepted);
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
    assert_is!(outcome, Unconfirmed);
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
    assert_is!(outcome, Delivered { rejected: 0, .. });
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
        assert_is!(outcome, NotAccepted);
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
        assert_is!(outcome, Unconfirmed);
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
    assert_is!(outcome, Unconfirmed);
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
}
