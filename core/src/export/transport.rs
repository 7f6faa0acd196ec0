//! The seam between delivery and the ways in which a request can travel.
//!
//! ```text
//! pipeline::delivery ── body: OTLP protobuf ──▶ Transport ──▶ HTTP with protobuf or JSON, gRPC
//!         ▲                                        │
//!         └────────── Answer, or NoAnswer ◀────────┘
//! ```
//!
//! A transport sends one request once: it converts and compresses the body, connects, sends, and brings back what the server
//! said. What that *means* (delivered, try again, never again) is decided in one place for all of them,
//! [`crate::pipeline::delivery`]; so a transport never retries and follows no redirects.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::client::Client;
use super::compress::Compressor;
use super::connector::{Version, Way};
use super::endpoint::{Address, Endpoint, EndpointError, Signal};
use super::grpc;
use super::http::{self as otlp_http, Form};
use super::proxy::ProxyError;
use super::tls::TlsError;
use crate::config::{Compression, Otlp, Protocol};

/// The largest answer that is read, decompressed (OTLP specification: larger ones are an error that is not retried).
pub const RESPONSE_LIMIT_BYTES: usize = 4 << 20;

/// The largest request that may be sent, not compressed (OTLP specification).
pub const REQUEST_LIMIT_BYTES: usize = 64 << 20;

/// The way to one OTLP receiver for one signal. Opens no connection before the first request.
///
/// Must be used inside a tokio runtime with time and I/O enabled, and not across a fork. `Display` shows where it leads,
/// without secrets.
pub struct Transport {
    client: Client,
    endpoint: Endpoint,
    signal: Signal,
    protocol: Protocol,
    compressor: Compressor,
}

impl Transport {
    /// The way that `otlp` describes, for requests of `signal`.
    ///
    /// # Errors
    ///
    /// An address, a proxy or a file of certificates that cannot be used, named without secrets.
    pub fn new(otlp: &Otlp, signal: Signal) -> Result<Transport, TransportError> {
        let address: Address = otlp.endpoint.parse()?;
        let (version, endpoint) = match otlp.protocol {
            Protocol::Grpc => (
                Version::Http2,
                Endpoint::grpc(&address, signal, otlp.tls.insecure)?,
            ),
            Protocol::HttpProtobuf | Protocol::HttpJson => {
                (Version::Http1, Endpoint::http(&address, signal)?)
            }
        };
        let mut way = Way::new(version, &otlp.tls);
        // One for each request that may be on its way; HTTP/2 takes them all by one.
        way.idle = otlp.concurrency;
        way.socket = endpoint.socket().map(Path::to_owned);
        if way.socket.is_none() {
            way.proxy = otlp.proxies.proxy_for(endpoint.url())?;
        }
        if endpoint.url().scheme_str() == Some("https") {
            way.tls.check()?;
        }
        let compression = otlp.compression;
        let compressor =
            Compressor::new(compression).map_err(|reason| TransportError::Compression {
                compression,
                reason,
            })?;
        Ok(Transport {
            client: Client::new(way),
            endpoint: endpoint.with_headers(&otlp.headers),
            signal,
            protocol: otlp.protocol,
            compressor,
        })
    }

    /// Sends `body`, an encoded `Export…ServiceRequest` of the signal, once, and reads the answer.
    ///
    /// Ends as soon as `give_up` does. An answer whose head arrived is an answer, even if its body did not.
    pub async fn send(
        &self,
        body: Bytes,
        give_up: impl Future<Output = ()> + Send,
    ) -> Result<Answer, NoAnswer> {
        let (client, endpoint, compressor) = (&self.client, &self.endpoint, &self.compressor);
        let form = match self.protocol {
            Protocol::Grpc => return grpc::call(client, endpoint, compressor, body, give_up).await,
            Protocol::HttpProtobuf => Form::Protobuf,
            Protocol::HttpJson => Form::Json,
        };
        let form = (self.signal, form);
        otlp_http::post(client, endpoint, form, compressor, body, give_up).await
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport")
            .field("endpoint", &self.endpoint.to_string())
            .field("signal", &self.signal)
            .field("protocol", &self.protocol)
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// Why there is no way to a receiver. Names what is wrong, never a secret.
#[derive(Clone, Debug, PartialEq)]
pub enum TransportError {
    /// The address cannot be used.
    Endpoint(EndpointError),
    /// The proxy that the environment names for it cannot be used.
    Proxy(ProxyError),
    /// A file of certificates or keys cannot be used.
    Tls(TlsError),
    /// There is no such compression.
    Compression {
        /// The one that was asked for.
        compression: Compression,
        /// Why there is none.
        reason: String,
    },
}

impl From<EndpointError> for TransportError {
    fn from(error: EndpointError) -> TransportError {
        TransportError::Endpoint(error)
    }
}

impl From<ProxyError> for TransportError {
    fn from(error: ProxyError) -> TransportError {
        TransportError::Proxy(error)
    }
}

impl From<TlsError> for TransportError {
    fn from(error: TlsError) -> TransportError {
        TransportError::Tls(error)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::Endpoint(error) => error.fmt(f),
            TransportError::Proxy(error) => error.fmt(f),
            TransportError::Tls(error) => error.fmt(f),
            TransportError::Compression {
                compression,
                reason,
            } => write!(f, "compression {compression}: {reason}"),
        }
    }
}

impl std::error::Error for TransportError {}

/// What the server said.
#[derive(Clone, Debug)]
pub enum Answer {
    /// By HTTP.
    Http(HttpAnswer),
    /// By gRPC.
    Grpc(GrpcAnswer),
}

/// An answer by HTTP, protobuf or JSON.
#[derive(Clone, Debug)]
pub struct HttpAnswer {
    /// The status code.
    pub status: StatusCode,
    /// The header fields.
    pub headers: HeaderMap,
    /// What arrived of the body.
    pub body: AnswerBody,
}

/// An answer by gRPC: a status that the *server* sent. What a client library makes up itself when there is no connection,
/// or when it waited too long, is a [`NoAnswer`].
#[derive(Clone, Debug)]
pub struct GrpcAnswer {
    /// The `grpc-status`, such as 0 for OK or 14 for UNAVAILABLE.
    pub code: u32,
    /// The `grpc-message`, decoded; empty if there is none.
    pub message: String,
    /// The wait that a `google.rpc.RetryInfo` among the status details asks for. `Some` also if it asks for none.
    pub retry_delay: Option<Duration>,
    /// With OK: the encoded `Export…ServiceResponse`.
    pub body: AnswerBody,
}

/// The body of an answer, decompressed.
#[derive(Clone, Debug)]
pub enum AnswerBody {
    /// All of it.
    Whole(Bytes),
    /// More than [`RESPONSE_LIMIT_BYTES`]; the rest was not read.
    TooLarge,
    /// The connection ended, or the time was up, before all of it was there.
    Broken {
        /// What happened.
        reason: String,
    },
}

/// Why there is no answer; the variants differ in whether the server may have accepted the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// The server cannot have the request: no connection, or no TLS.
    NeverReached {
        /// What happened.
        reason: String,
    },
    /// The server cannot have the request: the connection broke off while it was being sent.
    CutOff {
        /// What happened.
        reason: String,
    },
    /// The request was sent whole, then the connection broke off, or what came was not of the protocol.
    BrokeOff {
        /// What happened.
        reason: String,
    },
    /// `give_up` ended while connecting or sending.
    GaveUpSending,
    /// `give_up` ended after the request was sent whole.
    GaveUpWaiting,
    /// The body cannot be put into the form that the protocol needs. It will not be possible the next time either.
    Unsendable {
        /// What is wrong with it.
        reason: String,
    },
}
