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
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use super::endpoint::{Endpoint, EndpointError, Signal};
use super::http::Client;
use crate::config::{Otlp, Protocol};

/// The largest answer that is read, decompressed (OTLP specification: larger ones are an error that is not retried).
pub const RESPONSE_LIMIT_BYTES: usize = 4 << 20;

/// The largest request that may be sent, not compressed (OTLP specification).
pub const REQUEST_LIMIT_BYTES: usize = 64 << 20;

/// The way to one OTLP receiver for one signal. Opens no connection before the first request.
///
/// Must be used inside a tokio runtime with time and I/O enabled, and not across a fork. `Display` shows where it leads,
/// without secrets.
#[derive(Debug)]
pub struct Transport {
    client: Client,
    endpoint: Endpoint,
}

impl Transport {
    /// The way that `otlp` describes, for requests of `signal`.
    ///
    /// # Errors
    ///
    /// An address, a header or a file of certificates that cannot be used, named without secrets.
    pub fn new(otlp: &Otlp, signal: Signal) -> Result<Transport, TransportError> {
        // The address is that of the signal already; JSON and gRPC have to know it.
        let _ = signal;
        if otlp.protocol != Protocol::HttpProtobuf {
            return Err(TransportError::NotBuilt {
                protocol: otlp.protocol,
            });
        }
        let exact = Endpoint::exact(&otlp.endpoint)?;
        let endpoint = otlp
            .headers
            .iter()
            .try_fold(exact, |endpoint, (name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                endpoint.with_header(name.as_str(), &value)
            })?;
        Ok(Transport {
            client: Client::new(),
            endpoint,
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
        self.client.post(&self.endpoint, body, give_up).await
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.endpoint.fmt(f)
    }
}

/// Why there is no way to a receiver. Names what is wrong, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransportError {
    /// The address or a header cannot be used.
    Endpoint(EndpointError),
    /// This version does not speak the protocol.
    NotBuilt {
        /// The one that was asked for.
        protocol: Protocol,
    },
}

impl From<EndpointError> for TransportError {
    fn from(error: EndpointError) -> TransportError {
        TransportError::Endpoint(error)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::Endpoint(error) => error.fmt(f),
            TransportError::NotBuilt { protocol } => {
                write!(f, "the protocol {protocol} comes in a later version")
            }
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
    /// The server cannot have the request: no connection, no TLS, or it broke off while the request was being sent.
    NeverReached {
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
