//! OTLP over gRPC: one unary call for each request, over HTTP/2 with TLS or in the clear.
//!
//! ```text
//! ▶ HEADERS  :path /…TraceService/Export, content-type application/grpc, te trailers, grpc-encoding
//! ▶ DATA     0 or 1 (compressed), length of 4 bytes, the message
//! ◀ HEADERS  :status 200, content-type application/grpc
//! ◀ DATA     as above
//! ◀ HEADERS  grpc-status, grpc-message, grpc-status-details-bin; without a message these stand in the first HEADERS
//! ```
//!
//! Source: gRPC, "gRPC over HTTP2" and "HTTP to gRPC Status Code Mapping"; `google.rpc`, `status.proto` and
//! `error_details.proto`.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

use super::client::{Client, Outgoing, read, request};
use super::compress::{Compressor, decompressed};
use super::endpoint::Endpoint;
use super::fields::{Fields, Value};
use super::transport::{Answer, AnswerBody, GrpcAnswer, NoAnswer};

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");
const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const PREFIX_BYTES: usize = 5;

/// Calls the method of `endpoint` with `body`, an encoded request, and reads the answer.
pub(super) async fn call(
    client: &Client,
    endpoint: &Endpoint,
    compressor: &Compressor,
    body: Bytes,
    give_up: impl Future<Output = ()> + Send,
) -> Result<Answer, NoAnswer> {
    let unsendable = |reason| NoAnswer::Unsendable { reason };
    let body = compressor.compress(body).map_err(unsendable)?;
    let encoding = compressor.encoding();
    let prefix = prefix(encoding.is_some(), body.len());
    let mut request = request(endpoint, Outgoing::new(prefix, body));
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, GRPC);
    headers.insert(TE, HeaderValue::from_static("trailers"));
    if let Some(encoding) = encoding {
        headers.insert(ENCODING, encoding);
    }

    let mut give_up = pin!(give_up);
    let answer = client.exchange(request, &mut give_up).await?;
    if !is_grpc(&answer) {
        return Ok(Answer::Grpc(stranger(&answer)));
    }
    let (head, incoming) = answer.into_parts();
    let (body, trailers) = read(incoming, &mut give_up).await;
    let status = match (status(&head.headers), trailers.as_ref().and_then(status)) {
        (Some(only), _) | (None, Some(only)) => only,
        (None, None) => match body {
            AnswerBody::TooLarge => GrpcAnswer::of(0, String::new()),
            AnswerBody::Whole(_) => return Err(broke_off("the answer has no gRPC status")),
            AnswerBody::Broken { reason } => return Err(broke_off(&reason)),
        },
    };
    let body = match body {
        AnswerBody::Whole(body) if status.code == 0 => message(body, head.headers.get(ENCODING)),
        AnswerBody::Whole(_) => AnswerBody::Whole(Bytes::new()),
        other => other,
    };
    Ok(Answer::Grpc(GrpcAnswer { body, ..status }))
}

/// What stands before a message.
fn prefix(compressed: bool, length: usize) -> Bytes {
    // Requests are bounded far below 4 GiB.
    let length = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
    let mut prefix = [u8::from(compressed), 0, 0, 0, 0];
    prefix[1..].copy_from_slice(&length);
    Bytes::copy_from_slice(&prefix)
}

/// The message that stands behind its prefix.
fn message(mut body: Bytes, encoding: Option<&HeaderValue>) -> AnswerBody {
    if body.is_empty() {
        return AnswerBody::Whole(body);
    }
    let broken = |reason: &str| AnswerBody::Broken {
        reason: reason.to_owned(),
    };
    let Some(&[compressed, a, b, c, d]) = body.first_chunk::<PREFIX_BYTES>() else {
        return broken("it ends within the length of a message");
    };
    let message = body.split_off(PREFIX_BYTES);
    if message.len() != u32::from_be_bytes([a, b, c, d]) as usize {
        return broken("it is not one message of the length that it says");
    }
    decompressed(
        AnswerBody::Whole(message),
        encoding.filter(|_| compressed != 0),
    )
}

fn broke_off(reason: &str) -> NoAnswer {
    NoAnswer::BrokeOff {
        reason: reason.to_owned(),
    }
}

fn is_grpc<T>(answer: &Response<T>) -> bool {
    let content_type = answer.headers().get(CONTENT_TYPE);
    let is_grpc = content_type.is_some_and(|value| value.as_bytes().starts_with(GRPC.as_bytes()));
    is_grpc || answer.headers().contains_key("grpc-status")
}

/// The answer of a server or proxy on the way that does not speak gRPC, as the mapping has it.
fn stranger<T>(answer: &Response<T>) -> GrpcAnswer {
    let status = answer.status();
    let code = match status {
        StatusCode::BAD_REQUEST => 13,
        StatusCode::UNAUTHORIZED => 16,
        StatusCode::FORBIDDEN => 7,
        StatusCode::NOT_FOUND => 12,
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => 14,
        _ => 2,
    };
    GrpcAnswer::of(
        code,
        format!(
            "the endpoint answered by HTTP ({status}), not by gRPC; is it the OTLP/gRPC port (usually 4317)? For OTLP/HTTP \
             set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
        ),
    )
}

impl GrpcAnswer {
    fn of(code: u32, message: String) -> GrpcAnswer {
        GrpcAnswer {
            code,
            message,
            retry_delay: None,
            body: AnswerBody::Whole(Bytes::new()),
        }
    }
}

/// The status that stands in headers or trailers, if one does.
fn status(headers: &HeaderMap) -> Option<GrpcAnswer> {
    // What is not a number is UNKNOWN, as the specification has it.
    let code = headers.get("grpc-status")?.to_str().ok();
    let code = code.and_then(|code| code.parse().ok()).unwrap_or(2);
    let message = headers
        .get("grpc-message")
        .map_or(&b""[..], HeaderValue::as_bytes);
    let message = percent_encoding::percent_decode(message).decode_utf8_lossy();
    let details = headers.get("grpc-status-details-bin");
    Some(GrpcAnswer {
        retry_delay: details.and_then(|details| retry_delay(details.as_bytes())),
        ..GrpcAnswer::of(code, message.into_owned())
    })
}

/// Servers send binary headers with padding or without.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The wait that a `google.rpc.RetryInfo` asks for: details (field 3 of `Status`), of which each is an `Any`.
fn retry_delay(details: &[u8]) -> Option<Duration> {
    let status = BASE64.decode(details).ok()?;
    let mut details = Fields(&status).filter_map(|field| match field {
        Ok((3, Value::Bytes(any))) => Some(any),
        _ => None,
    });
    details.find_map(|any| {
        let (kind, value) = (bytes_of(any, 1)?, bytes_of(any, 2).unwrap_or_default());
        kind.ends_with(b"/google.rpc.RetryInfo")
            .then(|| bytes_of(value, 1).map_or(Duration::ZERO, duration))
    })
}

fn bytes_of(message: &[u8], number: u64) -> Option<&[u8]> {
    Fields(message).find_map(|field| match field {
        Ok((found, Value::Bytes(bytes))) if found == number => Some(bytes),
        _ => None,
    })
}

/// A `google.protobuf.Duration`; a negative one is none.
fn duration(message: &[u8]) -> Duration {
    let number = |wanted| {
        let mut fields = Fields(message);
        let value = fields.find_map(|field| match field {
            Ok((found, Value::Varint(value))) if found == wanted => Some(value as i64),
            _ => None,
        });
        value.unwrap_or_default()
    };
    let seconds = u64::try_from(number(1)).unwrap_or_default();
    let nanos = u64::try_from(number(2)).unwrap_or_default();
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pairs = pairs.iter().map(|(name, value)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        });
        pairs.collect()
    }

    /// `Status { code: 8, details: [Any { RetryInfo { retry_delay: 2.5 s } }] }`.
    fn throttled() -> Vec<u8> {
        let duration = [0x08, 2, 0x10, 0x80, 0xca, 0xb5, 0xee, 0x01];
        let info = [&[0x0a, 8][..], &duration].concat();
        let kind = b"type.googleapis.com/google.rpc.RetryInfo";
        let any = [&[0x0a, kind.len() as u8][..], kind, &[0x12, 10], &info].concat();
        [&[0x08, 8, 0x1a, any.len() as u8][..], &any].concat()
    }

    #[test]
    fn a_status_has_its_message_decoded_and_its_wait() {
        let details = base64::engine::general_purpose::STANDARD_NO_PAD.encode(throttled());
        let status = status(&headers(&[
            ("grpc-status", "8"),
            ("grpc-message", "slow%20down%3A 100%"),
            ("grpc-status-details-bin", &details),
        ]));
        let status = status.unwrap();
        assert_eq!(
            (status.code, status.message.as_str()),
            (8, "slow down: 100%")
        );
        assert_eq!(status.retry_delay, Some(Duration::from_millis(2500)));
    }

    #[test]
    fn a_wait_is_read_with_padding_too_and_may_be_zero_or_missing() {
        let padded = base64::engine::general_purpose::STANDARD.encode(throttled());
        let wait = Some(Duration::from_millis(2500));
        assert_eq!(retry_delay(padded.as_bytes()), wait);
        let kind = b"type.googleapis.com/google.rpc.RetryInfo";
        let any = [&[0x0a, kind.len() as u8][..], kind].concat();
        let now = [&[0x1a, any.len() as u8][..], &any].concat();
        let now = BASE64.encode(now);
        assert_eq!(retry_delay(now.as_bytes()), Some(Duration::ZERO));
        for other in ["", "CAg", "!!", "Gv8"] {
            assert_eq!(retry_delay(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn a_negative_or_endless_wait_does_no_harm() {
        assert_eq!(
            duration(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            Duration::ZERO
        );
        assert!(
            duration(b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\x7f") > Duration::from_secs(1 << 60)
        );
    }

    #[test]
    fn a_status_that_is_not_a_number_is_unknown() {
        assert_eq!(status(&headers(&[("grpc-status", "ok")])).unwrap().code, 2);
        assert!(status(&headers(&[])).is_none());
    }

    #[test]
    fn a_message_must_be_as_long_as_it_says() {
        let whole = |body: &'static [u8]| match message(Bytes::from_static(body), None) {
            AnswerBody::Whole(body) => Some(body),
            _ => None,
        };
        assert_eq!(whole(b"\0\0\0\0\x02ab").as_deref(), Some(&b"ab"[..]));
        assert_eq!(whole(b"").as_deref(), Some(&b""[..]));
        for body in [&b"\0\0\0"[..], b"\0\0\0\0\x03ab", b"\0\0\0\0\x01ab"] {
            assert!(whole(body).is_none(), "{body:?}");
        }
    }

    #[test]
    fn who_does_not_speak_grpc_is_told_from_who_does() {
        let answer = |status, content_type: &str| {
            let answer = Response::builder().status(status);
            answer.header(CONTENT_TYPE, content_type).body(()).unwrap()
        };
        assert!(is_grpc(&answer(200, "application/grpc")));
        assert!(is_grpc(&answer(200, "application/grpc+proto")));
        let html = answer(503, "text/html");
        assert!(!is_grpc(&html));
        let stranger = stranger(&html);
        assert_eq!(stranger.code, 14);
        assert!(
            stranger
                .message
                .contains("OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf")
        );
    }
}
