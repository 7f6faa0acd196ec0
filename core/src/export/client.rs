//! Sends one HTTP request and brings back the answer, or says how far the request came.
//!
//! The worker's runtime drives it; connections are kept alive and reused. It knows nothing of OTLP, follows no redirects
//! (they would carry the user's headers to a host the user did not name), and emits no telemetry of its own: a span about
//! sending spans would never end.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::connector::{Broken, Connector, Version, Way, reason};
use super::endpoint::Endpoint;
use super::transport::{AnswerBody, NoAnswer, RESPONSE_LIMIT_BYTES};

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

/// An HTTP client for one endpoint, with a pool of connections.
///
/// Must be used inside a tokio runtime with time and I/O enabled, and not across a fork.
pub(super) struct Client {
    way: Arc<Way>,
    pool: Mutex<Pool>,
}

type Pool = legacy::Client<Connector, Outgoing>;

impl Client {
    /// A client without connections.
    pub(super) fn new(way: Way) -> Client {
        let way = Arc::new(way);
        Client {
            pool: Mutex::new(pool(&way)),
            way,
        }
    }

    /// Sends a request; the answer's body is still to be [`read`].
    ///
    /// Ends as soon as `give_up` does, which then must not be polled again.
    pub(super) async fn exchange(
        &self,
        mut request: Request<Outgoing>,
        give_up: &mut Pin<&mut (impl Future<Output = ()> + Send)>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let sent = Arc::clone(&request.body().sent);
        if let Some(proxy) = self.way.asks_proxy(request.uri())
            && let Some(authorization) = &proxy.authorization
        {
            let headers = request.headers_mut();
            headers.insert(PROXY_AUTHORIZATION, authorization.clone());
        }
        // What happened to connections that nobody was waiting on explains nothing now.
        drop(self.way.take_broken());
        let answer = self.pool().request(request);
        let answer = tokio::select! {
            biased;
            () = give_up => {
                self.leave();
                return Err(match sent.load(Ordering::Acquire) {
                    true => NoAnswer::GaveUpWaiting,
                    false => NoAnswer::GaveUpSending,
                });
            }
            answer = answer => answer,
        };
        answer.map_err(|error| self.no_answer(&error, sent.load(Ordering::Acquire)))
    }

    fn pool(&self) -> Pool {
        self.pool
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Leaves the connections behind. One on which no answer came may be dead without anybody having noticed. HTTP/1.1
    /// closes it with the request, but HTTP/2 would go on using it until TCP gives up, a quarter of an hour later.
    fn leave(&self) {
        if self.way.version == Version::Http2 {
            *self.pool.lock().unwrap_or_else(PoisonError::into_inner) = pool(&self.way);
        }
    }

    fn no_answer(&self, error: &legacy::Error, sent: bool) -> NoAnswer {
        let broken = match self.way.take_broken() {
            // Such a server has read the first line at most before it gave up on the connection.
            Some(Broken::Misfit(misfit)) => {
                return NoAnswer::NeverReached {
                    reason: misfit.to_string(),
                };
            }
            Some(Broken::Io(reason)) => Some(reason),
            None => None,
        };
        let hyper = chain(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
        let reason = match hyper {
            _ if error.is_connect() => format!("no connection: {}", reason(error)),
            Some(error) if error.is_parse() => {
                format!("the answer is not HTTP/1.1: {}", reason(error))
            }
            Some(error) if error.is_incomplete_message() && broken.is_none() => {
                "the server closed the connection without an answer".to_owned()
            }
            _ => {
                let reason = broken.unwrap_or_else(|| reason(error));
                format!("the connection broke: {reason}")
            }
        };
        match (error.is_connect(), sent) {
            (true, _) => NoAnswer::NeverReached { reason },
            (false, false) => NoAnswer::CutOff { reason },
            (false, true) => NoAnswer::BrokeOff { reason },
        }
    }
}

fn pool(way: &Arc<Way>) -> Pool {
    legacy::Client::builder(TokioExecutor::new())
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(way.idle)
        .http2_only(way.version == Version::Http2)
        .build(Connector::new(Arc::clone(way)))
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("way", &self.way).finish()
    }
}

/// A request to `endpoint` with the user's headers. Theirs may name another user agent.
pub(super) fn request(endpoint: &Endpoint, body: Outgoing) -> Request<Outgoing> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = endpoint.url().clone();
    let headers = request.headers_mut();
    headers.clone_from(endpoint.headers());
    headers
        .entry(USER_AGENT)
        .or_insert(HeaderValue::from_static(AGENT));
    request
}

/// Reads a body, and what follows it (gRPC's status), until `give_up` ends.
pub(super) async fn read(
    incoming: Incoming,
    give_up: &mut Pin<&mut (impl Future<Output = ()> + Send)>,
) -> (AnswerBody, Option<HeaderMap>) {
    if incoming.size_hint().lower() > RESPONSE_LIMIT_BYTES as u64 {
        return (AnswerBody::TooLarge, None);
    }
    let broken = |reason| (AnswerBody::Broken { reason }, None);
    let body = tokio::select! {
        biased;
        body = Limited::new(incoming, RESPONSE_LIMIT_BYTES).collect() => body,
        () = give_up => return broken("it did not arrive in time".to_owned()),
    };
    match body {
        Ok(body) => {
            let trailers = body.trailers().cloned();
            (AnswerBody::Whole(body.to_bytes()), trailers)
        }
        Err(error) if error.is::<LengthLimitError>() => (AnswerBody::TooLarge, None),
        Err(error) => broken(reason(error.as_ref())),
    }
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| <dyn Error>::source(*error))
}

/// How much of a request is handed over at once: as long as a piece is left, the server cannot have all of it.
const PIECE_BYTES: usize = 64 << 10;

/// A request body that remembers whether all of it was handed to the connection.
///
/// "Handed over" is not "received", but the other way round it is certain: what was not handed over was not received.
pub(super) struct Outgoing {
    /// What stands before the rest.
    prefix: Bytes,
    rest: Bytes,
    sent: Arc<AtomicBool>,
}

impl Outgoing {
    /// `prefix`, then `body`, without a copy of either.
    pub(super) fn new(prefix: Bytes, body: Bytes) -> Outgoing {
        Outgoing {
            prefix,
            rest: body,
            sent: Arc::new(AtomicBool::new(false)),
        }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let piece = match self.prefix.is_empty() {
            false => std::mem::take(&mut self.prefix),
            true if self.rest.is_empty() => return Poll::Ready(None),
            true => {
                let piece = self.rest.len().min(PIECE_BYTES);
                self.rest.split_to(piece)
            }
        };
        if self.is_end_stream() {
            self.sent.store(true, Ordering::Release);
        }
        Poll::Ready(Some(Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.prefix.is_empty() && self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact((self.prefix.len() + self.rest.len()) as u64)
    }
}
