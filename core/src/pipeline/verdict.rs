//! What one attempt means, by the table in [`super::delivery`].

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use super::backoff::{LONGEST_WAIT, retry_after};
use super::delivery::Outcome;
use crate::export::response::{self, PartialSuccess};
use crate::export::transport::{Answer, AnswerBody, GrpcAnswer, HttpAnswer, NoAnswer, Transport};

/// What an answer means.
pub(super) enum Verdict {
    /// The batch is done with.
    Final(Outcome),
    /// The batch may be sent again.
    Again(Failure),
}

/// An attempt that may be repeated.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) reason: String,
    /// The request was sent whole, so that the server may have accepted it.
    pub(super) may_have_it: bool,
    /// The server asks for this wait.
    pub(super) retry_after: Option<Duration>,
    /// There was no server, or a proxy without one behind it.
    pub(super) down: bool,
    /// The server did not want to read the request to its end.
    pub(super) cut_off: bool,
}

/// The verdict on what became of a request of `request_bytes`.
pub(super) fn judge(
    endpoint: &Transport,
    answer: Result<Answer, NoAnswer>,
    request_bytes: usize,
) -> Verdict {
    match answer {
        Ok(Answer::Http(answer)) => judge_http(endpoint, answer, request_bytes),
        Ok(Answer::Grpc(answer)) => judge_grpc(endpoint, answer, request_bytes),
        Err(no_answer) => judge_silence(endpoint, no_answer),
    }
}

fn judge_silence(endpoint: &Transport, no_answer: NoAnswer) -> Verdict {
    let cut_off = matches!(no_answer, NoAnswer::CutOff { .. });
    let (reason, may_have_it) = match no_answer {
        NoAnswer::NeverReached { reason } | NoAnswer::CutOff { reason } => (reason, false),
        NoAnswer::BrokeOff { reason } => (reason, true),
        NoAnswer::GaveUpSending => (
            "no connection, or the server did not read the request, within the timeout".to_owned(),
            false,
        ),
        NoAnswer::GaveUpWaiting => (
            "sent, but no answer came within the timeout".to_owned(),
            true,
        ),
        NoAnswer::Unsendable { reason } => {
            return Verdict::Final(Outcome::Rejected {
                status: None,
                message: format!("{endpoint}: {reason}"),
            });
        }
    };
    Verdict::Again(Failure {
        reason,
        may_have_it,
        retry_after: None,
        down: !may_have_it,
        cut_off,
    })
}

fn judge_http(endpoint: &Transport, answer: HttpAnswer, request_bytes: usize) -> Verdict {
    let HttpAnswer {
        status,
        headers,
        body,
    } = answer;
    let body = match body {
        AnswerBody::Whole(body) => Ok(body),
        AnswerBody::Broken { reason } => Err(reason),
        AnswerBody::TooLarge => {
            return Verdict::Final(Outcome::Rejected {
                status: Some(status.as_u16()),
                message: too_long(endpoint, &status),
            });
        }
    };
    if status.is_success() {
        return Verdict::Final(delivered(endpoint, &status, body));
    }
    let said = match body.ok().and_then(|body| response::refusal(&body)) {
        Some(said) => format!("{status}: {said}"),
        None => status.to_string(),
    };
    match status {
        StatusCode::TOO_MANY_REQUESTS
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Verdict::Again(Failure {
            reason: said,
            may_have_it: false,
            retry_after: retry_after(&headers, SystemTime::now()),
            down: status != StatusCode::TOO_MANY_REQUESTS,
            cut_off: false,
        }),
        StatusCode::PAYLOAD_TOO_LARGE => Verdict::Final(Outcome::TooLarge {
            message: format!("{endpoint}: {said} (request of {request_bytes} bytes)"),
        }),
        _ => Verdict::Final(Outcome::Rejected {
            status: Some(status.as_u16()),
            message: format!("{endpoint}: {said}{}", advice(status, &headers)),
        }),
    }
}

/// Names of `grpc-status`, each at its number.
const GRPC: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];

fn judge_grpc(endpoint: &Transport, answer: GrpcAnswer, request_bytes: usize) -> Verdict {
    let name = GRPC.get(answer.code as usize).copied();
    let status = name.map_or_else(|| format!("status {}", answer.code), str::to_owned);
    if answer.code == 0 {
        return Verdict::Final(match answer.body {
            AnswerBody::Whole(body) => delivered(endpoint, &status, Ok(body)),
            AnswerBody::Broken { reason } => delivered(endpoint, &status, Err(reason)),
            AnswerBody::TooLarge => Outcome::Rejected {
                status: None,
                message: too_long(endpoint, &status),
            },
        });
    }
    let said = match response::text(&answer.message) {
        Some(message) => format!("{status}: {message}"),
        None => status,
    };
    let again = |down| {
        Verdict::Again(Failure {
            reason: said.clone(),
            may_have_it: false,
            retry_after: answer.retry_delay.map(|delay| delay.min(LONGEST_WAIT)),
            down,
            cut_off: false,
        })
    };
    match name {
        Some("RESOURCE_EXHAUSTED" | "OUT_OF_RANGE") if names_a_size(&answer.message) => {
            Verdict::Final(Outcome::TooLarge {
                message: format!("{endpoint}: {said} (request of {request_bytes} bytes)"),
            })
        }
        Some("UNAVAILABLE") => again(true),
        Some("CANCELLED" | "DEADLINE_EXCEEDED" | "ABORTED" | "OUT_OF_RANGE" | "DATA_LOSS") => {
            again(false)
        }
        // Without RetryInfo it is a quota that waiting does not fill up again.
        Some("RESOURCE_EXHAUSTED") if answer.retry_delay.is_some() => again(false),
        name => {
            let advice = match name {
                Some("UNAUTHENTICATED" | "PERMISSION_DENIED") => CHECK_KEY,
                Some("UNIMPLEMENTED") => "; the endpoint does not take this signal by gRPC",
                _ => "",
            };
            Verdict::Final(Outcome::Rejected {
                status: None,
                message: format!("{endpoint}: {said}{advice}"),
            })
        }
    }
}

/// Whether a server refused a message for its size (most take 4 MiB). gRPC has no status for that, but each of its
/// implementations has its own words: Go and C++, Java, Rust.
fn names_a_size(message: &str) -> bool {
    [
        "larger than max",
        "exceeds maximum size",
        "length too large",
    ]
    .iter()
    .any(|words| message.contains(words))
}

fn too_long(endpoint: &Transport, status: &impl fmt::Display) -> String {
    format!("{endpoint}: {status} with an answer over 4 MiB, which OTLP counts as a refusal")
}

fn delivered(
    endpoint: &Transport,
    status: &impl fmt::Display,
    body: Result<Bytes, String>,
) -> Outcome {
    let (rejected, message) = match body {
        Err(reason) => (
            0,
            Some(format!(
                "{status}, but the rest of the answer did not come: {reason}"
            )),
        ),
        Ok(body) => match response::partial_success(&body) {
            Err(response::Unreadable) => {
                let bytes = body.len();
                let message = format!(
                    "{status}, but the answer's body ({bytes} bytes) is not an OTLP response; is this an OTLP endpoint?"
                );
                (0, Some(message))
            }
            Ok(PartialSuccess {
                rejected: 0,
                message,
            }) => (
                0,
                message.map(|message| format!("accepted with a warning: {message}")),
            ),
            Ok(PartialSuccess { rejected, message }) => {
                let message = message.unwrap_or_else(|| "the server gave no reason".to_owned());
                (
                    rejected,
                    Some(format!("accepted but for {rejected}: {message}")),
                )
            }
        },
    };
    let message = message.map(|message| format!("{endpoint}: {message}"));
    Outcome::Delivered { rejected, message }
}

const CHECK_KEY: &str = "; check the key in the configured headers";

/// What the user can do about the refusals that usually come from a wrong setting.
fn advice(status: StatusCode, headers: &HeaderMap) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => CHECK_KEY.to_owned(),
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "; check the endpoint's path (v1/traces or v1/metrics is appended to a base URL only)"
                .to_owned()
        }
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "; the endpoint does not take OTLP as protobuf".to_owned()
        }
        status if status.is_redirection() => {
            let target = headers
                .get(LOCATION)
                .and_then(|target| target.to_str().ok());
            let target = target
                .and_then(|target| target.split('?').next())
                .unwrap_or("elsewhere");
            format!("; redirects are not followed, configure the endpoint itself ({target})")
        }
        _ => String::new(),
    }
}
