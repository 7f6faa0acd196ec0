//! OTLP over HTTP: `POST /v1/traces` and `POST /v1/metrics`.
//!
//! request                                         | answer
//! ------------------------------------------------|--------------------------------------------
//! protobuf or JSON, read                          | 200, partial success if spans were not kept
//! protobuf or JSON that cannot be read, bad gzip  | 400
//! body over 64 MiB, as sent or unpacked           | 413
//! other content type or encoding                  | 415
//!
//! Every answer is in the request's encoding; an error is a `google.rpc.Status` that says what was wrong.
//!
//! Source: OTLP specification, "OTLP/HTTP Request" and "OTLP/HTTP Response".

use std::io::{self, Read};

use axum::body::{self, Body};
use axum::extract::State;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, Request, StatusCode};
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::json;

use super::json::{self, Malformed};
use super::shared::Shared;
use super::store::Rejected;

/// What the OpenTelemetry Collector and the Rust exporter keep to as well.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// `POST /v1/traces`
pub(crate) async fn traces(State(shared): State<Shared>, request: Request<Body>) -> Response {
    answer(&shared, request, "rejectedSpans", |encoding, body| {
        let spans = match encoding {
            Encoding::Protobuf => ExportTraceServiceRequest::decode(body)?.resource_spans,
            Encoding::Json => json::traces(body)?,
        };
        Ok(shared.receive(spans))
    })
    .await
}

/// `POST /v1/metrics`
pub(crate) async fn metrics(State(shared): State<Shared>, request: Request<Body>) -> Response {
    answer(&shared, request, "rejectedDataPoints", |encoding, body| {
        let metrics = match encoding {
            Encoding::Protobuf => ExportMetricsServiceRequest::decode(body)?.resource_metrics,
            Encoding::Json => json::metrics(body)?,
        };
        let refused = shared.lock().metrics.receive(metrics);
        let reason = if refused > 0 {
            "the viewer keeps no more metric series"
        } else {
            ""
        };
        Ok(Rejected {
            count: refused as usize,
            reason: reason.to_owned(),
        })
    })
    .await
}

async fn answer(
    shared: &Shared,
    request: Request<Body>,
    rejected_name: &str,
    take_in: impl FnOnce(Encoding, &[u8]) -> Result<Rejected, Refusal>,
) -> Response {
    let encoding = Encoding::of(request.headers());
    let outcome = async {
        let encoding = encoding.ok_or_else(|| unknown_content_type(request.headers()))?;
        let body = read(request).await?;
        take_in(encoding, &body)
    };
    let outcome = outcome.await;
    shared.lock().count_request(outcome.is_ok());
    match outcome {
        Ok(rejected) => encoding
            .unwrap_or(Encoding::Json)
            .success(&rejected, rejected_name),
        Err(refusal) => encoding.unwrap_or(Encoding::Json).failure(&refusal),
    }
}

async fn read(request: Request<Body>) -> Result<Vec<u8>, Refusal> {
    let (head, body) = request.into_parts();
    let announced = head
        .headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > MOST_BYTES as u64) {
        return Err(Refusal::too_large("is"));
    }
    let encoding = head
        .headers
        .get(CONTENT_ENCODING)
        .map_or("identity", |value| value.to_str().unwrap_or("?"));
    let is_gzip = match encoding.trim() {
        "" | "identity" => false,
        "gzip" => true,
        other => {
            let message = format!(
                "content-encoding {other:?} is not supported; send gzip or no content-encoding"
            );
            return Err(Refusal {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                message,
            });
        }
    };
    let bytes = body::to_bytes(Body::new(body), MOST_BYTES)
        .await
        .map_err(|error| {
            if is_length_limit(&error) {
                Refusal::too_large("is")
            } else {
                Refusal::bad(format!("the body did not arrive completely: {error}"))
            }
        })?;
    if is_gzip {
        unpack(&bytes)
    } else {
        Ok(bytes.into())
    }
}

/// axum says "length limit exceeded" through the source of its error only.
fn is_length_limit(error: &axum::Error) -> bool {
    let mut source = std::error::Error::source(error);
    while let Some(error) = source {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        source = error.source();
    }
    false
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut unpacked = Vec::new();
    let unpack = MultiGzDecoder::new(bytes)
        .take(MOST_BYTES as u64 + 1)
        .read_to_end(&mut unpacked);
    unpack
        .map_err(|error: io::Error| Refusal::bad(format!("the body is not valid gzip: {error}")))?;
    if unpacked.len() > MOST_BYTES {
        return Err(Refusal::too_large("unpacks to"));
    }
    Ok(unpacked)
}

fn unknown_content_type(headers: &HeaderMap) -> Refusal {
    let sent = headers
        .get(CONTENT_TYPE)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let sent = sent.map_or_else(
        || "there is no content-type".to_owned(),
        |sent| format!("content-type is {sent:?}"),
    );
    let message = format!("{sent}; OTLP over HTTP is application/x-protobuf or application/json");
    Refusal {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        message,
    }
}

/// Why a request was not taken in.
struct Refusal {
    status: StatusCode,
    message: String,
}

impl Refusal {
    fn bad(message: String) -> Self {
        Refusal {
            status: StatusCode::BAD_REQUEST,
            message,
        }
    }

    fn too_large(verb: &str) -> Self {
        let message = format!("the body {verb} more than {MOST_BYTES} bytes; send smaller batches");
        Refusal {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            message,
        }
    }
}

impl From<prost::DecodeError> for Refusal {
    fn from(error: prost::DecodeError) -> Self {
        Refusal::bad(format!(
            "the body is not the OTLP protobuf message of this path: {error}"
        ))
    }
}

impl From<Malformed> for Refusal {
    fn from(error: Malformed) -> Self {
        Refusal::bad(error.to_string())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Protobuf,
    Json,
}

/// `google.rpc.Status`, without its details.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

/// `Export{Trace,Metrics}ServiceResponse`: they differ in the names of their fields only.
#[derive(Clone, PartialEq, Message)]
struct ExportResponse {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

impl Encoding {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        match value
            .split(';')
            .next()?
            .trim()
            .to_ascii_lowercase()
            .as_str()
        {
            "application/x-protobuf" => Some(Encoding::Protobuf),
            "application/json" => Some(Encoding::Json),
            _ => None,
        }
    }

    fn success(self, rejected: &Rejected, rejected_name: &str) -> Response {
        let partial_success = (rejected.count > 0).then(|| PartialSuccess {
            rejected: rejected.count as i64,
            error_message: rejected.reason.clone(),
        });
        let body = match (self, partial_success) {
            (Encoding::Protobuf, partial_success) => {
                ExportResponse { partial_success }.encode_to_vec()
            }
            (Encoding::Json, None) => b"{}".to_vec(),
            (Encoding::Json, Some(part)) => {
                let count = part.rejected.to_string();
                json!({ "partialSuccess": { rejected_name: count, "errorMessage": part.error_message } })
                    .to_string()
                    .into_bytes()
            }
        };
        self.response(StatusCode::OK, body)
    }

    fn failure(self, refusal: &Refusal) -> Response {
        /// `google.rpc.Code.INVALID_ARGUMENT`
        const INVALID_ARGUMENT: i32 = 3;
        let Refusal { status, message } = refusal;
        let body = match self {
            Encoding::Protobuf => RpcStatus {
                code: INVALID_ARGUMENT,
                message: message.clone(),
            }
            .encode_to_vec(),
            Encoding::Json => json!({ "code": INVALID_ARGUMENT, "message": message })
                .to_string()
                .into_bytes(),
        };
        let mut response = self.response(*status, body);
        if *status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            response.headers_mut().insert(
                ACCEPT_ENCODING,
                axum::http::HeaderValue::from_static("gzip"),
            );
        }
        response
    }

    fn response(self, status: StatusCode, body: Vec<u8>) -> Response {
        let content_type = match self {
            Encoding::Protobuf => "application/x-protobuf",
            Encoding::Json => "application/json",
        };
        let headers: [(HeaderName, &str); 1] = [(CONTENT_TYPE, content_type)];
        (status, headers, body).into_response()
    }
}
