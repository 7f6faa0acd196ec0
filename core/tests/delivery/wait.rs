//! How long a server asks to wait.

use super::*;

fn time_to_deliver(first: Step, retry: Retry) -> Duration {
    let server = ScriptedServer::start([first, status(200)]);
    let begun = Instant::now();
    assert_eq!(run(send(&delivery(&server.url(), retry))), delivered());
    begun.elapsed()
}

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
        assert_is!(next, NotAccepted);
        assert!(
            begun.elapsed() >= Duration::from_secs(1),
            "a worker would spin"
        );
        assert_eq!(delivery.resting_until(), Some(retry_at));
    });
    assert_eq!(server.requests().len(), 1);
}
