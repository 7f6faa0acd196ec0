//! The deadline of a batch, and who does not want to wait for it.

use super::*;

#[test]
fn the_timeout_bounds_all_attempts_together() {
    let server = ScriptedServer::start([status(503)]);
    let delivery = delivery(&server.url(), retry(Duration::from_millis(500)));
    let begun = Instant::now();
    let outcome = run(send(&delivery));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_is!(outcome, NotAccepted);
    assert_contains(&message(outcome), "503 Service Unavailable");
    assert!(server.requests().len() > 2, "{}", server.requests().len());
    assert!(delivery.is_down());
}

#[test]
fn a_server_that_never_answers_leaves_the_batch_unconfirmed() {
    let begun = Instant::now();
    let (outcome, requests) = deliver([raw("", Then::Stall)], Duration::from_millis(500));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_is!(outcome, Unconfirmed);
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
    assert_is!(outcome, NotAccepted);
}

#[test]
fn a_head_that_drips_does_not_exceed_the_deadline() {
    let pause = Duration::from_millis(100);
    let bytes = [&b"HTTP/1.1 200 OK\r\n"[..], &[b'x'; 1000]].concat();
    let begun = Instant::now();
    let (outcome, _) = deliver([Step::Drip { bytes, pause }], Duration::from_secs(1));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_is!(outcome, Unconfirmed);
}

#[test]
fn a_body_that_drips_does_not_exceed_the_deadline_and_the_status_counts() {
    let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n";
    let begun = Instant::now();
    let (outcome, _) = deliver([raw(head, Then::Stall)], Duration::from_millis(500));
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    assert_is!(outcome, Delivered { rejected: 0, .. });
    assert_contains(&message(outcome), "did not arrive in time");
}

#[test]
fn a_timeout_of_zero_is_no_bound() {
    assert_eq!(
        deliver([status(503), status(200)], Duration::ZERO),
        (delivered(), 2)
    );
}

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
    assert_is!(outcome, Unconfirmed);
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
