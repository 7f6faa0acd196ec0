//! Answers that are no success, by the retry table.

use super::*;

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
    assert_is!(outcome, TooLarge);
    assert_eq!(requests, 1);
}

/// What a server says that refuses by the head of a request, and does not read the rest.
fn early(status: u16) -> Step {
    let head = format!("HTTP/1.1 {status} Early\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    Step::Early(head.into_bytes())
}

#[test]
fn a_refusal_while_the_request_is_still_being_sent_counts() {
    // Larger than what the system buffers for both sides.
    let body = Bytes::from(vec![0; 24 << 20]);
    for (status, expected) in [(413, "TooLarge"), (401, "Rejected"), (429, "NotAccepted")] {
        let server = ScriptedServer::start([early(status)]);
        let delivery = delivery(&server.url(), retry(Duration::from_secs(1)));
        let outcome = run(delivery.deliver(body.clone(), pending()));
        let outcome = format!("{outcome:?}");
        assert!(outcome.starts_with(expected), "{outcome}");
        assert_contains(&outcome, &status.to_string());
    }
}

#[test]
fn a_large_request_that_is_broken_off_again_and_again_is_too_large() {
    let body = Bytes::from(vec![0; 24 << 20]);
    let server = ScriptedServer::start([Step::Early(Vec::new())]);
    let delivery = delivery(&server.url(), retry(LONG));
    let outcome = run(delivery.deliver(body, pending()));
    assert_is!(outcome, TooLarge);
    assert_contains(&message(outcome), "broken off 3 times while 25165824 bytes");
    assert_eq!(server.accepted(), 3);
}

#[test]
fn a_request_over_64_mib_is_not_sent() {
    let server = ScriptedServer::start([status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    let body = Bytes::from(vec![0; (64 << 20) + 1]);
    let outcome = run(delivery.deliver(body, pending()));
    assert_is!(outcome, TooLarge);
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
