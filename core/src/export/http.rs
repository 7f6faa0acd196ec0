//! OTLP over HTTP/1.1: posts encoded requests as protobuf or JSON.
//!
//! Source: OTLP specification 1.11, "OTLP/HTTP".

use std::future::Future;
use std::pin::pin;

use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};

use super::client::{Client, Outgoing, read, request};
use super::compress::{Compressor, decompressed};
use super::endpoint::{Endpoint, Signal};
use super::json;
use super::transport::{Answer, HttpAnswer, NoAnswer};

/// The form in which a request travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Protobuf,
    Json,
}

/// Posts `body`, an encoded request of `signal`, and reads the answer.
pub(super) async fn post(
    client: &Client,
    endpoint: &Endpoint,
    (signal, form): (Signal, Form),
    compressor: &Compressor,
    body: Bytes,
    give_up: impl Future<Output = ()> + Send,
) -> Result<Answer, NoAnswer> {
    let (content_type, body) = match form {
        Form::Protobuf => ("application/x-protobuf", body),
        Form::Json => {
            let json = json::to_json(signal, &body).map_err(|json::Unreadable| {
                let reason = "the request has no JSON form".to_owned();
                NoAnswer::Unsendable { reason }
            })?;
            ("application/json", json.into())
        }
    };
    let unsendable = |reason| NoAnswer::Unsendable { reason };
    let body = compressor.compress(body).map_err(unsendable)?;
    let mut request = request(endpoint, Outgoing::new(Bytes::new(), body));
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Some(encoding) = compressor.encoding() {
        headers.insert(CONTENT_ENCODING, encoding);
    }

    let mut give_up = pin!(give_up);
    let answer = client.exchange(request, &mut give_up).await?;
    let (head, incoming) = answer.into_parts();
    let (body, _) = read(incoming, &mut give_up).await;
    let body = decompressed(body, head.headers.get(CONTENT_ENCODING));
    Ok(Answer::Http(HttpAnswer {
        status: head.status,
        headers: head.headers,
        body,
    }))
}
