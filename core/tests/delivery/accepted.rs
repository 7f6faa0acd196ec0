//! What a server says that accepts.

use super::*;

#[test]
fn partial_success_is_success_with_a_count_and_is_not_retried() {
    let body = b"\x0a\x0c\x08\x03\x12\x08too long";
    let (outcome, requests) = deliver([answer(200, &[], &body[..]), status(200)], LONG);
    assert_is!(outcome, Delivered { rejected: 3, .. });
    assert_contains(&message(outcome), "accepted but for 3: too long");
    assert_eq!(requests, 1);
}

#[test]
fn partial_success_without_a_count_is_a_warning() {
    let (outcome, _) = deliver([answer(200, &[], &b"\x0a\x06\x12\x04soon"[..])], LONG);
    assert_is!(outcome, Delivered { rejected: 0, .. });
    assert_contains(&message(outcome), "accepted with a warning: soon");
}

#[test]
fn partial_success_in_json_is_understood() {
    let body = r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}}"#;
    let (outcome, _) = deliver(
        [answer(200, &[("content-type", "application/json")], body)],
        LONG,
    );
    assert_is!(outcome, Delivered { rejected: 2, .. });
}

#[test]
fn garbage_after_a_200_is_success_with_a_diagnostic() {
    let (outcome, requests) = deliver([answer(200, &[], "<html>welcome</html>")], LONG);
    assert_is!(outcome, Delivered { rejected: 0, .. });
    assert_contains(&message(outcome), "is not an OTLP response");
    assert_eq!(requests, 1);
}

#[test]
fn an_answer_of_4_mib_is_read_and_a_larger_one_is_a_rejection() {
    let (outcome, _) = deliver([answer(200, &[], vec![b'x'; 4 << 20])], LONG);
    assert_is!(outcome, Delivered);
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
