//! Opens connections for the HTTP client, and recognises a server that answers in HTTP/2.
//!
//! TLS is set up on the first `https` URL only: reading the platform's root certificates takes some ten
//! milliseconds, which a program that exports to a local collector should not pay.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
use hyper_rustls::{ConfigBuilderExt, HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Connects by TCP, or by TLS over TCP, as the URL's scheme says.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    tls: Arc<OnceLock<Result<HttpsConnector<HttpConnector>, rustls::Error>>>,
}

impl Connector {
    pub(super) fn new() -> Connector {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        // A batch is written in one go; waiting for an acknowledgement of its first segment only delays the rest.
        tcp.set_nodelay(true);
        Connector {
            tcp,
            tls: Arc::default(),
        }
    }

    fn tls(&self) -> Result<HttpsConnector<HttpConnector>, rustls::Error> {
        self.tls
            .get_or_init(|| {
                let config = tls_config()?;
                let builder = HttpsConnectorBuilder::new().with_tls_config(config);
                Ok(builder
                    .https_only()
                    .enable_http1()
                    .wrap_connector(self.tcp.clone()))
            })
            .clone()
    }
}

/// Trusts the platform's root certificates, or the bundled ones where the platform has none (a bare container).
///
/// The crypto provider is named, not taken from the process: a host that uses rustls itself may have chosen
/// another one, or none.
fn tls_config() -> Result<rustls::ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?;
    let builder = match builder.clone().with_native_roots() {
        Ok(with_roots) => with_roots,
        Err(_) => builder.with_webpki_roots(),
    };
    Ok(builder.with_no_client_auth())
}

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, url: Uri) -> Self::Future {
        if url.scheme() == Some(&Scheme::HTTPS) {
            let tls = self.tls();
            Box::pin(async move { Ok(Stream::new(tls?.call(url).await?)) })
        } else {
            let connecting = self.tcp.call(url);
            Box::pin(async move { Ok(Stream::new(MaybeHttpsStream::Http(connecting.await?))) })
        }
    }
}

/// A server's first bytes are an HTTP/2 SETTINGS frame: it speaks gRPC, and will never answer HTTP/1.1.
#[derive(Debug)]
pub(super) struct SpeaksHttp2;

impl fmt::Display for SpeaksHttp2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the endpoint speaks HTTP/2 (gRPC) only, but OTLP/HTTP is configured; use the backend's OTLP/HTTP port \
             (usually 4318), or set OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
        )
    }
}

impl std::error::Error for SpeaksHttp2 {}

/// A connection that looks at the server's first bytes before the HTTP parser does.
pub(super) struct Stream {
    inner: MaybeHttpsStream<TokioIo<TcpStream>>,
    greeted: bool,
}

impl Stream {
    fn new(inner: MaybeHttpsStream<TokioIo<TcpStream>>) -> Stream {
        Stream {
            inner,
            greeted: false,
        }
    }
}

/// Length (3 bytes), type 4, flags, stream 0: RFC 9113, sections 4.1 and 6.5. No HTTP/1 answer starts with a 0.
fn is_settings_frame(first: &[u8]) -> bool {
    matches!(first, [0, _, _, 4, ..])
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeted {
            return Pin::new(&mut self.inner).poll_read(cx, buffer);
        }
        let mut first = [0; 16];
        let room = buffer.remaining().min(first.len());
        let mut first = ReadBuf::new(&mut first[..room]);
        match Pin::new(&mut self.inner).poll_read(cx, first.unfilled()) {
            Poll::Ready(Ok(())) => {
                self.greeted = true;
                if is_settings_frame(first.filled()) {
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        SpeaksHttp2,
                    )));
                }
                buffer.put_slice(first.filled());
                Poll::Ready(Ok(()))
            }
            other => other,
        }
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(cx, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.inner.connected()
    }
}
