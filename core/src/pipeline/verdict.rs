//! What one attempt means, by the table in [`super::delivery`].

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::LOCATION;
use http::{HeaderMap, StatusCode};

use super::backoff::retry_after;
use super::delivery::Outcome;
use crate::export::endpoint::Endpoint;
use crate::export::http::{Answer, AnswerBody, NoAnswer};
use crate::export::response::{self, PartialSuccess};

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
}

impl From<NoAnswer> for Failure {
    fn from(no_answer: NoAnswer) -> Failure {
        let (reason, may_have_it) = match no_answer {
            NoAnswer::NeverReached { reason } => (reason, false),
            NoAnswer::BrokeOff { reason } => (reason, true),
            NoAnswer::GaveUpSending => (
                "no connection, or the server did not read the request, within the timeout"
                    .to_owned(),
                false,
            ),
            NoAnswer::GaveUpWaiting => (
                "sent, but no answer came within the timeout".to_owned(),
                true,
            ),
        };
        Failure {
            reason,
            may_have_it,
            retry_after: None,
            down: !may_have_it,
        }
    }
}

/// The verdict on the answer to a request of `request_bytes`.
pub(super) fn judge(endpoint: &Endpoint, answer: Answer, request_bytes: usize) -> Verdict {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let body = match body {
        AnswerBody::Whole(body) => Ok(body),
        AnswerBody::Broken { reason } => Err(reason),
        AnswerBody::TooLarge => {
            return Verdict::Final(Outcome::Rejected {
                status: status.as_u16(),
                message: format!(
                    "{endpoint}: {status} with an answer over 4 MiB, which OTLP counts as a refusal"
                ),
            });
        }
    };
    if status.is_success() {
        return Verdict::Final(delivered(endpoint, status, body));
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
        }),
        StatusCode::PAYLOAD_TOO_LARGE => Verdict::Final(Outcome::TooLarge {
            message: format!("{endpoint}: {said} (request of {request_bytes} bytes)"),
        }),
        _ => Verdict::Final(Outcome::Rejected {
            status: status.as_u16(),
            message: format!("{endpoint}: {said}{}", advice(status, &headers)),
        }),
    }
}

fn delivered(endpoint: &Endpoint, status: StatusCode, body: Result<Bytes, String>) -> Outcome {
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

/// What the user can do about the refusals that usually come from a wrong setting.
fn advice(status: StatusCode, headers: &HeaderMap) -> String {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            "; check the key in the configured headers".to_owned()
        }
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
