//! A gRPC server on an ephemeral loopback port, or on a local socket, that does to its clients what it was told to.
//!
//! It takes any method and reads no message: tests see the bytes. Every call takes the next [`Call`] of the script; the
//! last one repeats.

use std::convert::Infallible;
use std::future::pending;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming};
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::sync::oneshot;

/// What the server does with a call.
#[derive(Clone)]
pub enum Call {
    /// Headers, then a message if there is one, then trailers.
    Answer {
        headers: Vec<(&'static str, String)>,
        message: Option<Bytes>,
        trailers: Vec<(&'static str, String)>,
    },
    /// An answer of a server that does not know gRPC.
    Http(u16),
    /// No answer, on this connection or for any later call on it.
    Stall,
    /// The stream is reset, after the call was read.
    Reset,
}

/// OK with an `Export…ServiceResponse`.
pub fn ok(response: &[u8]) -> Call {
    framed(0, response, &[])
}

/// OK with a message behind a prefix whose first byte is `flag`.
pub fn framed(flag: u8, message: &[u8], headers: &[(&'static str, &str)]) -> Call {
    let length = (message.len() as u32).to_be_bytes();
    let headers = headers
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()));
    Call::Answer {
        headers: headers.collect(),
        message: Some([&[flag][..], &length, message].concat().into()),
        trailers: vec![("grpc-status", "0".to_owned())],
    }
}

/// A refusal, with `grpc-status-details-bin` in Base64 if there is any.
pub fn refuse(code: u32, message: &str, details: Option<&str>) -> Call {
    let mut trailers = vec![
        ("grpc-status", code.to_string()),
        ("grpc-message", message.to_owned()),
    ];
    trailers.extend(details.map(|details| ("grpc-status-details-bin", details.to_owned())));
    Call::Answer {
        headers: Vec::new(),
        message: None,
        trailers,
    }
}

/// A call as it arrived.
#[derive(Clone, Debug)]
pub struct Called {
    pub path: String,
    pub headers: HeaderMap,
    /// The message with its prefix.
    pub body: Bytes,
    /// The how manieth connection it came by, counted from 1.
    pub connection: usize,
}

/// Under one lock, so that the steps are taken in the order of the calls, whatever connections these came by.
#[derive(Default)]
struct Script {
    steps: Vec<Call>,
    at: usize,
    calls: Vec<Called>,
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    connections: Mutex<usize>,
}

impl Shared {
    /// Notes a call that was read whole; returns what to do with it.
    fn step(&self, called: Called) -> Call {
        let mut script = self.script.lock().unwrap();
        script.calls.push(called);
        let step = script.steps[script.at].clone();
        script.at = (script.at + 1).min(script.steps.len() - 1);
        step
    }

    fn connection(&self) -> usize {
        let mut connections = self.connections.lock().unwrap();
        *connections += 1;
        *connections
    }
}

pub struct GrpcServer {
    url: String,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl GrpcServer {
    pub fn start(script: impl Into<Vec<Call>>) -> GrpcServer {
        GrpcServer::listen(script.into(), None)
    }

    pub fn start_tls(script: impl Into<Vec<Call>>, mut tls: rustls::ServerConfig) -> GrpcServer {
        tls.alpn_protocols = vec![b"h2".to_vec()];
        GrpcServer::listen(script.into(), Some(tls))
    }

    fn listen(script: Vec<Call>, tls: Option<rustls::ServerConfig>) -> GrpcServer {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listener.local_addr().unwrap());
        let tls = tls.map(|tls| tokio_rustls::TlsAcceptor::from(Arc::new(tls)));
        GrpcServer::run(url, script, move |shared| async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (shared, tls) = (Arc::clone(&shared), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(TokioIo::new(stream), shared).await,
                        // A handshake that fails is what some of the tests are about.
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(TokioIo::new(stream), shared).await;
                            }
                        }
                    }
                });
            }
        })
    }

    /// On a socket at `path`, which must not be there yet.
    pub fn start_at(path: &Path, script: impl Into<Vec<Call>>) -> GrpcServer {
        let listener = std::os::unix::net::UnixListener::bind(path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("unix:{}", path.display());
        GrpcServer::run(url, script.into(), move |shared| async move {
            let listener = tokio::net::UnixListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(TokioIo::new(stream), Arc::clone(&shared)));
            }
        })
    }

    fn run<F: Future<Output = ()>>(
        url: String,
        steps: Vec<Call>,
        accept: impl FnOnce(Arc<Shared>) -> F + Send + 'static,
    ) -> GrpcServer {
        let shared = Arc::new(Shared {
            script: Mutex::new(Script {
                steps,
                ..Script::default()
            }),
            ..Shared::default()
        });
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || {
                let mut runtime = tokio::runtime::Builder::new_current_thread();
                let runtime = runtime.enable_all().build().unwrap();
                runtime.block_on(async {
                    tokio::select! {
                        () = accept(shared) => {}
                        _ = stopped => {}
                    }
                });
            }
        });
        GrpcServer {
            url,
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Its address without a path.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The calls that were read whole, in order.
    pub fn calls(&self) -> Vec<Called> {
        self.shared.script.lock().unwrap().calls.clone()
    }
}

impl Drop for GrpcServer {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

async fn serve(io: impl Read + Write + Unpin + 'static, shared: Arc<Shared>) {
    let connection = shared.connection();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let shared = Arc::clone(&shared);
        async move { answer(request, &shared, connection).await }
    });
    let builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    // A broken connection is what some of the tests are about.
    let _ = builder.serve_connection(io, service).await;
}

async fn answer(
    request: Request<Incoming>,
    shared: &Shared,
    connection: usize,
) -> Result<Response<Answer>, &'static str> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| "broken off")?.to_bytes();
    let step = shared.step(Called {
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body,
        connection,
    });
    match step {
        Call::Stall => pending().await,
        Call::Reset => Err("reset"),
        Call::Http(status) => {
            let answer = Response::builder().status(status);
            let answer = answer.header("content-type", "text/plain");
            Ok(answer.body(Answer::default()).unwrap())
        }
        Call::Answer {
            headers,
            message,
            trailers,
        } => {
            let mut answer = Response::new(Answer {
                message,
                trailers: (!trailers.is_empty()).then(|| map(&trailers)),
            });
            *answer.headers_mut() = map(&headers);
            let grpc = HeaderValue::from_static("application/grpc");
            answer.headers_mut().insert("content-type", grpc);
            Ok(answer)
        }
    }
}

fn map(pairs: &[(&'static str, String)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        let name = HeaderName::from_static(name);
        (name, HeaderValue::from_str(value).unwrap())
    });
    pairs.collect()
}

/// A message, then trailers.
#[derive(Default)]
struct Answer {
    message: Option<Bytes>,
    trailers: Option<HeaderMap>,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let frame = match self.message.take() {
            Some(message) => Some(Frame::data(message)),
            None => self.trailers.take().map(Frame::trailers),
        };
        Poll::Ready(frame.map(Ok))
    }
}
