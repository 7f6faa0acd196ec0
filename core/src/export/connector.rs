//! Opens connections: by TCP or a local socket, through a proxy, with TLS; and recognises a server that speaks another
//! protocol than the one it is called by.
//!
//! ```text
//! socket ───────────────────────────────────┐
//! TCP to the endpoint ──────────────────────┼──▶ TLS (https) ──▶ Stream: looks at the first bytes
//! TCP to a proxy ── TLS ── CONNECT ─────────┘
//! ```

use std::fmt;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use http::uri::Scheme;
use http::{Method, Request, Uri, header};
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tower_service::Service;

use super::proxy::Proxy;
use super::tls::{self, TlsSettings};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The protocol that a connection is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2 without asking first, as gRPC has it.
    Http2,
}

impl Version {
    /// Its name in TLS.
    pub(super) fn alpn(self) -> &'static str {
        match self {
            Version::Http1 => "http/1.1",
            Version::Http2 => "h2",
        }
    }
}

/// How the connections to one endpoint are made.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) version: Version,
    /// How many connections are kept while they are not used.
    pub(super) idle: usize,
    /// A local socket instead of the host of the URL.
    pub(super) socket: Option<PathBuf>,
    pub(super) proxy: Option<Proxy>,
    pub(super) tls: TlsSettings,
    /// For a proxy that is called by TLS itself.
    pub(super) proxy_tls: TlsSettings,
    /// What the connections themselves saw. HTTP keeps it from those who wait for an answer.
    broken: Mutex<Option<Broken>>,
}

impl Way {
    pub(super) fn new(version: Version, tls: &crate::config::Tls) -> Way {
        Way {
            version,
            idle: 1,
            socket: None,
            proxy: None,
            tls: TlsSettings::new(tls, version.alpn()),
            proxy_tls: TlsSettings::new(tls, Version::Http1.alpn()),
            broken: Mutex::default(),
        }
    }

    /// How the last connection broke, if one did since this was asked.
    pub(super) fn take_broken(&self) -> Option<Broken> {
        self.broken().take()
    }

    fn broken(&self) -> MutexGuard<'_, Option<Broken>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether requests to `url` go through a tunnel, which the proxy does not see into.
    fn tunnels(&self, url: &Uri) -> bool {
        url.scheme() == Some(&Scheme::HTTPS) || self.version == Version::Http2
    }

    /// The proxy that is asked for each request, rather than for a tunnel.
    pub(super) fn asks_proxy(&self, url: &Uri) -> Option<&Proxy> {
        self.proxy.as_ref().filter(|_| !self.tunnels(url))
    }
}

/// Connects as its [`Way`] says.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    way: Arc<Way>,
}

impl Connector {
    pub(super) fn new(way: Arc<Way>) -> Connector {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // A batch is written in one go; waiting for an acknowledgement of its first segment only delays the rest.
        tcp.set_nodelay(true);
        Connector { tcp, way }
    }

    async fn connect(mut self, url: Uri) -> Result<Stream, BoxError> {
        let mut io = match (&self.way.socket, &self.way.proxy) {
            (Some(path), _) => connect_socket(path).await?,
            (None, None) => Box::new(self.tcp.call(url.clone()).await?),
            (None, Some(proxy)) => {
                let through = |error: BoxError| format!("{proxy}: {}", reason(error.as_ref()));
                let call = self.tcp.call(proxy.url.clone());
                let tcp = call.await.map_err(|error| through(error.into()))?;
                let io = with_tls(Box::new(tcp), &proxy.url, &self.way.proxy_tls).await;
                let io = io.map_err(through)?;
                if self.way.tunnels(&url) {
                    tunnel(io, &url, proxy).await.map_err(through)?
                } else {
                    io
                }
            }
        };
        io = with_tls(io, &url, &self.way.tls).await?;
        Ok(Stream {
            io,
            by_proxy: self.way.asks_proxy(&url).is_some(),
            is_tls: url.scheme() == Some(&Scheme::HTTPS),
            greeted: false,
            refused: None,
            last_words: Vec::new(),
            way: self.way,
        })
    }
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        Box::pin(self.clone().connect(url))
    }
}

/// The innermost cause, because "Connection refused" tells more than "client error (Connect)", and what the user can do
/// about it.
pub(super) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    let mut advice = "";
    loop {
        // `io::Error` does not show the error it wraps as its source, so both are looked at.
        let wrapped = cause
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let looked_at = wrapped.map_or(cause, |wrapped| wrapped);
        if let Some(error) = looked_at.downcast_ref::<rustls::Error>() {
            advice = tls::advice(error);
        }
        match cause.source() {
            Some(inner) => cause = inner,
            None => return format!("{cause}{advice}"),
        }
    }
}

#[cfg(unix)]
async fn connect_socket(path: &std::path::Path) -> Result<Box<dyn Io>, BoxError> {
    let stream = tokio::net::UnixStream::connect(path).await?;
    Ok(Box::new(TokioIo::new(stream)))
}

#[cfg(not(unix))]
async fn connect_socket(_: &std::path::Path) -> Result<Box<dyn Io>, BoxError> {
    Err("this system has no Unix domain sockets".into())
}

/// With TLS around it if `url` is one of `https`.
async fn with_tls(io: Box<dyn Io>, url: &Uri, tls: &TlsSettings) -> Result<Box<dyn Io>, BoxError> {
    if url.scheme() != Some(&Scheme::HTTPS) {
        return Ok(io);
    }
    let host = url.host().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(host.to_owned())?;
    let connector = tokio_rustls::TlsConnector::from(tls.config()?);
    let stream = connector.connect(name, TokioIo::new(io)).await?;
    Ok(Box::new(TokioIo::new(stream)))
}

/// Asks the proxy for a way through to the host of `url`.
async fn tunnel(io: Box<dyn Io>, url: &Uri, proxy: &Proxy) -> Result<Box<dyn Io>, BoxError> {
    let host = url.host().unwrap_or_default();
    let default = if url.scheme() == Some(&Scheme::HTTPS) {
        443
    } else {
        80
    };
    let target = format!("{host}:{}", url.port_u16().unwrap_or(default));
    let mut connect = Request::new(Empty::<Bytes>::new());
    *connect.method_mut() = Method::CONNECT;
    *connect.uri_mut() = target.parse()?;
    let headers = connect.headers_mut();
    headers.insert(header::HOST, target.parse()?);
    if let Some(authorization) = &proxy.authorization {
        headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await?;
    // Ends with the tunnel, or with the sender if there is none.
    tokio::spawn(connection.with_upgrades());
    let answer = sender.send_request(connect).await?;
    let status = answer.status();
    match status.as_u16() {
        200..=299 => Ok(Box::new(hyper::upgrade::on(answer).await?)),
        407 => Err(format!(
            "it answered {status}; put the user name and password into the variable that names it: http://user:password@…"
        )
        .into()),
        _ => Err(format!("it answered {status} to CONNECT {target}").into()),
    }
}

/// Anything that a protocol can be spoken over.
trait Io: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Io for T {}

/// How a connection broke.
#[derive(Debug)]
pub(super) enum Broken {
    /// Something else is spoken there.
    Misfit(Misfit),
    /// It could not be read or written any more.
    Io(String),
}

/// What a server speaks instead of what it is called by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misfit {
    /// Its first bytes are an HTTP/2 SETTINGS frame: it speaks gRPC, and will never answer HTTP/1.1.
    Http2,
    /// It does not answer HTTP/2 by a SETTINGS frame.
    NotHttp2,
    /// Its first bytes are an alert of TLS.
    Tls,
}

impl Misfit {
    /// What the first bytes of a server show.
    fn of(first: &[u8], version: Version) -> Option<Misfit> {
        // Length (3 bytes), type 4: RFC 9113, sections 4.1 and 6.5. No HTTP/1 answer starts with a 0.
        let settings = matches!(first, [0, _, _, 4, ..] | [0] | [0, _] | [0, _, _]);
        match (first, version) {
            // An alert of TLS 1.x: RFC 8446, section 5.1.
            ([21, 3, ..], _) => Some(Misfit::Tls),
            (_, Version::Http1) => (settings && first.len() > 3).then_some(Misfit::Http2),
            (_, Version::Http2) => (!settings && !first.is_empty()).then_some(Misfit::NotHttp2),
        }
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Misfit::Http2 => {
                "the endpoint speaks HTTP/2 (gRPC) only, but OTLP/HTTP is configured; use the backend's OTLP/HTTP port \
                 (usually 4318), or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
            }
            Misfit::NotHttp2 => {
                "the endpoint does not speak HTTP/2, but gRPC is configured; use the backend's OTLP/gRPC port (usually \
                 4317), or set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
            }
            Misfit::Tls => "the endpoint speaks TLS, but its address says http://; write https://",
        })
    }
}

impl std::error::Error for Misfit {}

/// A connection that looks at the server's first bytes before the parser does.
pub(super) struct Stream {
    io: Box<dyn Io>,
    by_proxy: bool,
    is_tls: bool,
    greeted: bool,
    /// How writing failed, while the last words of the server are waited for.
    refused: Option<io::Error>,
    /// What was read of them, for whoever reads next.
    last_words: Vec<u8>,
    way: Arc<Way>,
}

impl Stream {
    /// Notes how the connection broke, unless something better is known already.
    fn note<T>(&self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &outcome {
            let mut broken = self.way.broken();
            let silent = !self.greeted && error.kind() == io::ErrorKind::ConnectionReset;
            let hint = match silent && !self.is_tls {
                true => " before a word was said; if the endpoint speaks TLS, write https://",
                false => "",
            };
            broken.get_or_insert_with(|| Broken::Io(reason(error) + hint));
        }
        outcome
    }

    /// Notes how writing failed. A server that refuses our certificate says so and closes, and whoever writes notices the
    /// end first: its last words are waited for, and noted instead.
    fn note_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let failure = match (written, self.refused.take()) {
            (_, Some(failure)) | (Poll::Ready(Err(failure)), None) => failure,
            (written, None) => return written,
        };
        if self.is_tls && !self.greeted {
            let mut words = [0; 64];
            let mut words = ReadBuf::new(&mut words);
            let read = Pin::new(&mut self.io).poll_read(cx, words.unfilled());
            if self.note(read).is_pending() {
                self.refused = Some(failure);
                return Poll::Pending;
            }
            // It may be an answer.
            self.last_words.extend_from_slice(words.filled());
        }
        self.note(Poll::Ready(Err(failure)))
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.last_words.is_empty() {
            let length = self.last_words.len().min(buffer.remaining());
            buffer.put_slice(&self.last_words[..length]);
            self.last_words.drain(..length);
            self.greeted = true;
            return Poll::Ready(Ok(()));
        }
        if self.greeted {
            let read = Pin::new(&mut self.io).poll_read(cx, buffer);
            return self.note(read);
        }
        let mut first = [0; 16];
        let room = buffer.remaining().min(first.len());
        let mut first = ReadBuf::new(&mut first[..room]);
        match Pin::new(&mut self.io).poll_read(cx, first.unfilled()) {
            Poll::Ready(Ok(())) => {
                self.greeted = true;
                if let Some(misfit) = Misfit::of(first.filled(), self.way.version) {
                    *self.way.broken() = Some(Broken::Misfit(misfit));
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, misfit)));
                }
                buffer.put_slice(first.filled());
                Poll::Ready(Ok(()))
            }
            other => self.note(other),
        }
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.note_write(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.note_write(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.note_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        // A proxy that is asked for each request wants the whole URL in its first line.
        Connected::new().proxy(self.by_proxy)
    }
}
