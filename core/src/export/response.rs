//! Reads what an OTLP server says in the body of its answer: partial success, or why it refused.
//!
//! Three shapes are read: the protobuf messages that OTLP prescribes (`Export*ServiceResponse`, `google.rpc.Status`;
//! the field numbers are the same for all signals), the JSON forms of them, which some servers send whatever was
//! posted, and for refusals plain text. Servers are not trusted: every length is checked, every text is bounded.

use std::str;

pub(crate) use super::fields::Unreadable;
use super::fields::{Fields, Value};

/// What a server that accepted a batch says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PartialSuccess {
    /// How many spans (or points, or records) it refused.
    pub(crate) rejected: u64,
    /// Why, or a warning if nothing was refused.
    pub(crate) message: Option<String>,
}

/// Reads the body of a 2xx answer. An empty body is full success; `Unreadable` is none of the shapes that an accepting
/// server should send.
pub(crate) fn partial_success(body: &[u8]) -> Result<PartialSuccess, Unreadable> {
    if body.first() == Some(&b'{') {
        return partial_success_json(body);
    }
    let mut found = PartialSuccess::default();
    for field in Fields(body) {
        let (1, Value::Bytes(partial)) = field? else {
            continue;
        };
        for field in Fields(partial) {
            match field? {
                // The count is a signed integer; a negative one makes no sense and counts as none.
                (1, Value::Varint(rejected)) => {
                    found.rejected = i64::try_from(rejected).map_or(0, i64::unsigned_abs);
                }
                (2, Value::Bytes(message)) => {
                    found.message = text(str::from_utf8(message).map_err(|_| Unreadable)?);
                }
                _ => {}
            }
        }
    }
    Ok(found)
}

fn partial_success_json(body: &[u8]) -> Result<PartialSuccess, Unreadable> {
    let body: serde_json::Value = serde_json::from_slice(body).map_err(|_| Unreadable)?;
    let partial = &body["partialSuccess"];
    let rejected = ["rejectedSpans", "rejectedDataPoints", "rejectedLogRecords"]
        .iter()
        .find_map(|name| partial.get(name))
        // 64-bit integers are strings in OTLP/JSON, and numbers in what some servers send.
        .and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok()));
    Ok(PartialSuccess {
        rejected: rejected.unwrap_or_default(),
        message: partial["errorMessage"].as_str().and_then(text),
    })
}

/// Reads why a server refused: `google.rpc.Status`, its JSON form, or text. Nothing if there is nothing to show.
pub(crate) fn refusal(body: &[u8]) -> Option<String> {
    if body.first() == Some(&b'{') {
        if let Ok(body) = serde_json::from_slice::<serde_json::Value>(body) {
            let message = ["message", "error"]
                .iter()
                .find_map(|name| body[name].as_str());
            if let Some(message) = message.and_then(text) {
                return Some(message);
            }
        }
    } else if let Ok(message) = status_message(body) {
        return message;
    }
    // A multi-byte character may straddle the cut; what stands before it is enough.
    let start = body.get(..4 * SHOWN_CHARS).unwrap_or(body);
    text(start.utf8_chunks().next()?.valid())
}

fn status_message(body: &[u8]) -> Result<Option<String>, Unreadable> {
    let mut found = None;
    for field in Fields(body) {
        match field? {
            (1, Value::Varint(_)) | (3, Value::Bytes(_)) => {}
            (2, Value::Bytes(message)) => {
                found = text(str::from_utf8(message).map_err(|_| Unreadable)?);
            }
            // Text read as protobuf soon has a field that `Status` does not have.
            _ => return Err(Unreadable),
        }
    }
    Ok(found)
}

/// How much of a server's text is shown.
const SHOWN_CHARS: usize = 200;

/// A server's text for one line of a log: bounded, control characters and runs of white space made one space.
pub(crate) fn text(given: &str) -> Option<String> {
    let mut shown = String::new();
    let words = given.split(|c: char| c.is_whitespace() || c.is_control());
    for word in words.filter(|word| !word.is_empty()) {
        if !shown.is_empty() {
            shown.push(' ');
        }
        shown.push_str(word);
        if let Some((cut, _)) = shown.char_indices().nth(SHOWN_CHARS) {
            shown.truncate(cut);
            shown.push('…');
            break;
        }
    }
    (!shown.is_empty()).then_some(shown)
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn response(rejected_spans: i64, error_message: &str) -> Vec<u8> {
        let partial_success = Some(ExportTracePartialSuccess {
            rejected_spans,
            error_message: error_message.into(),
        });
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    }

    fn success(rejected: u64, message: Option<&str>) -> Result<PartialSuccess, Unreadable> {
        Ok(PartialSuccess {
            rejected,
            message: message.map(str::to_owned),
        })
    }

    #[test]
    fn an_empty_body_and_an_empty_message_are_full_success() {
        assert_eq!(partial_success(b""), success(0, None));
        assert_eq!(partial_success(&response(0, "")), success(0, None));
        assert_eq!(partial_success(b"{}"), success(0, None));
        assert_eq!(
            partial_success(br#"{"partialSuccess":{}}"#),
            success(0, None)
        );
    }

    #[test]
    fn a_negative_count_is_none() {
        assert_eq!(
            partial_success(&response(-3, "odd")),
            success(0, Some("odd"))
        );
    }

    #[test]
    fn json_counts_may_be_strings_or_numbers() {
        for count in ["\"7\"", "7"] {
            let body =
                format!(r#"{{"partialSuccess":{{"rejectedSpans":{count},"errorMessage":"no"}}}}"#);
            assert_eq!(partial_success(body.as_bytes()), success(7, Some("no")));
        }
    }

    #[test]
    fn anything_else_is_unreadable() {
        for body in [
            &b"OK"[..],
            b"<html>",
            b"{",
            b"\x0a\xff\xff\xff\xff\x0f",
            b"\x0a\x05ab",
            b"\x00",
        ] {
            assert_eq!(partial_success(body), Err(Unreadable), "{body:?}");
        }
    }

    #[test]
    fn a_refusal_is_read_from_status_json_and_text() {
        let status = b"\x08\x03\x12\x09bad\nbatch";
        assert_eq!(refusal(status).as_deref(), Some("bad batch"));
        assert_eq!(
            refusal(br#"{"code":3,"message":"bad"}"#).as_deref(),
            Some("bad")
        );
        assert_eq!(refusal(br#"{"error":"bad"}"#).as_deref(), Some("bad"));
        assert_eq!(
            refusal(b"404 page not found\n").as_deref(),
            Some("404 page not found")
        );
        assert_eq!(refusal(b""), None);
        assert_eq!(refusal(b" \r\n"), None);
        let long = refusal("é".repeat(5000).as_bytes()).unwrap();
        assert_eq!(long.chars().count(), SHOWN_CHARS + 1);
        assert!(long.ends_with('…'));
    }

    proptest! {
        #[test]
        fn what_prost_writes_is_read(rejected in 0..=i64::MAX, message in "[a-z]{0,30}") {
            let expected = Some(message.as_str()).filter(|message| !message.is_empty());
            prop_assert_eq!(
                partial_success(&response(rejected, &message)),
                success(rejected.unsigned_abs(), expected)
            );
        }

        #[test]
        fn no_bytes_make_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = partial_success(&body);
            let _ = refusal(&body);
        }
    }
}
