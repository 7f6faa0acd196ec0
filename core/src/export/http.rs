//! Posts an encoded batch over HTTP/1.1 and brings back the answer, or says how far the request came.
//!
//! The worker's runtime drives it; connections are kept alive and reused. It knows nothing of OTLP's verdicts and
//! retries (those are [`crate::pipeline::delivery`]), follows no redirects (they would carry the user's headers to a
//! host the user did not name), and emits no telemetry of its own: a span about sending spans would never end.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connector::{Connector, SpeaksHttp2};
use super::endpoint::Endpoint;
use super::transport::{Answer, AnswerBody, HttpAnswer, NoAnswer, RESPONSE_LIMIT_BYTES};

/// polyspan first, then the exporter that the specification asks for.
const AGENT: &str = concat!(
    "polyspan/",
    env!("CARGO_PKG_VERSION"),
    " OTel-OTLP-Exporter-Rust/",
    env!("CARGO_PKG_VERSION")
);

/// How long an unused connection is kept. Load balancers close them after 60 s or more; closing first avoids that a
/// batch is written into a connection that is just going away.
const IDLE_CONNECTION: Duration = Duration::from_secs(50);

/// An HTTP/1.1 client with a pool of connections. Clones share the pool.
///
/// Must be used inside a tokio runtime with time and I/O enabled, and not across a fork.
#[derive(Clone)]
pub struct Client {
    inner: legacy::Client<Connector, Outgoing>,
}

impl Client {
    /// A client without connections; TLS is set up when the first `https` URL is called.
    pub fn new() -> Client {
        let inner = legacy::Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_CONNECTION)
            .pool_timer(TokioTimer::new())
            .pool_max_idle_per_host(2)
            .build(Connector::new());
        Client { inner }
    }

    /// Posts `body` as `application/x-protobuf` and reads the answer.
    ///
    /// Ends as soon as `give_up` does. An answer whose head arrived is an answer, even if its body did not.
    pub async fn post(
        &self,
        endpoint: &Endpoint,
        body: Bytes,
        give_up: impl Future<Output = ()>,
    ) -> Result<Answer, NoAnswer> {
        let sent = Arc::new(AtomicBool::new(false));
        let request = request(
            endpoint,
            Outgoing {
                rest: body,
                sent: Arc::clone(&sent),
            },
        );
        let mut give_up = pin!(give_up);

        let response = tokio::select! {
            biased;
            () = &mut give_up => {
                return Err(match sent.load(Ordering::Acquire) {
                    true => NoAnswer::GaveUpWaiting,
                    false => NoAnswer::GaveUpSending,
                });
            }
            response = self.inner.request(request) => response,
        };
        let response = response.map_err(|error| no_answer(&error, sent.load(Ordering::Acquire)))?;

        let (head, incoming) = response.into_parts();
        let body = tokio::select! {
            biased;
            body = read(incoming) => body,
            () = &mut give_up => AnswerBody::Broken { reason: "it did not arrive in time".to_owned() },
        };
        Ok(Answer::Http(HttpAnswer {
            status: head.status,
            headers: head.headers,
            body,
        }))
    }
}

impl Default for Client {
    fn default() -> Client {
        Client::new()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

fn request(endpoint: &Endpoint, body: Outgoing) -> Request<Outgoing> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.url().clone();
    let headers = request.headers_mut();
    headers.clone_from(endpoint.headers());
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-protobuf"),
    );
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    request
}

async fn read(incoming: Incoming) -> AnswerBody {
    if incoming.size_hint().lower() > RESPONSE_LIMIT_BYTES as u64 {
        return AnswerBody::TooLarge;
    }
    match Limited::new(incoming, RESPONSE_LIMIT_BYTES).collect().await {
        Ok(body) => AnswerBody::Whole(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => AnswerBody::TooLarge,
        Err(error) => AnswerBody::Broken {
            reason: root(error.as_ref()),
        },
    }
}

fn no_answer(error: &legacy::Error, sent: bool) -> NoAnswer {
    if chain(error).any(names_http2) {
        // Such a server has read the request line at most before it gave up on the connection.
        return NoAnswer::NeverReached {
            reason: SpeaksHttp2.to_string(),
        };
    }
    let hyper = chain(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
    let reason = match hyper {
        _ if error.is_connect() => format!("no connection: {}", root(error)),
        Some(error) if error.is_parse() => format!("the answer is not HTTP/1.1: {}", root(error)),
        Some(error) if error.is_incomplete_message() => {
            "the server closed the connection without an answer".to_owned()
        }
        _ => format!("the connection broke: {}", root(error)),
    };
    match sent && !error.is_connect() {
        true => NoAnswer::BrokeOff { reason },
        false => NoAnswer::NeverReached { reason },
    }
}

/// `io::Error` does not show the error it wraps as its source, so both are looked at.
fn names_http2(cause: &(dyn Error + 'static)) -> bool {
    let wrapped = cause
        .downcast_ref::<std::io::Error>()
        .and_then(std::io::Error::get_ref);
    wrapped.is_some_and(|wrapped| wrapped.is::<SpeaksHttp2>())
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| <dyn Error>::source(*error))
}

/// The innermost cause: "Connection refused" tells more than "client error (Connect)".
fn root(error: &(dyn Error + 'static)) -> String {
    chain(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}

/// How much of a request is handed over at once: as long as a piece is left, the server cannot have all of it.
const PIECE_BYTES: usize = 64 << 10;

/// A request body that remembers whether all of it was handed to the connection.
///
/// "Handed over" is not "received", but the other way round it is certain: what was not handed over was not received.
struct Outgoing {
    rest: Bytes,
    sent: Arc<AtomicBool>,
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        let piece = self.rest.split_to(piece);
        if self.rest.is_empty() {
            self.sent.store(true, Ordering::Release);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}
