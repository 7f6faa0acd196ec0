//! Who listens at an address, and which protocols it speaks: connections of their own, without anything of the user's in
//! them.
//!
//! | sent | answer | means |
//! |---|---|---|
//! | `HEAD / HTTP/1.1` | `HTTP/1.` | HTTP/1.1 |
//! | the preface of HTTP/2 (RFC 9113, section 3.4) | a SETTINGS frame | HTTP/2 without TLS: OTLP/gRPC |
//! | a TLS handshake, any certificate accepted | a certificate | TLS; ALPN tells the protocols above it |
//!
//! Whether a certificate is to be trusted is left to the core, which sends the test span.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme};

/// What is known of a receiver.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Receiver {
    /// Speaks TLS.
    pub(super) tls: bool,
    pub(super) http1: bool,
    pub(super) http2: bool,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unreachable {
    /// The name stands for no address.
    Unknown(String),
    /// None of the addresses takes a connection.
    Refused(String),
}

/// Asks who listens at `host`:`port`.
pub(super) fn probe(host: &str, port: u16, wait: Duration) -> Result<Receiver, Unreachable> {
    connect(host, port, wait)?;
    let plain = Receiver {
        tls: false,
        http1: asks(host, port, wait, HTTP_1.as_bytes()).starts_with(b"HTTP/1."),
        http2: is_settings(&asks(host, port, wait, HTTP_2)),
    };
    // A server that knows TLS only may still answer in plain text that it does.
    match handshake(host, port, wait) {
        Some(receiver) => Ok(receiver),
        None => Ok(plain),
    }
}

const HTTP_1: &str = "HEAD / HTTP/1.1\r\nHost: polyspan-doctor\r\nConnection: close\r\n\r\n";
/// The preface and an empty SETTINGS frame.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";

fn connect(host: &str, port: u16, wait: Duration) -> Result<TcpStream, Unreachable> {
    let addresses = (host, port)
        .to_socket_addrs()
        .map_err(|error| Unreachable::Unknown(error.to_string()))?;
    let mut reason = "no address".to_owned();
    for address in addresses {
        match TcpStream::connect_timeout(&address, wait) {
            Ok(stream) => {
                // A stream that cannot be bounded would be a doctor that hangs.
                let bounded = stream
                    .set_read_timeout(Some(wait))
                    .and_then(|()| stream.set_write_timeout(Some(wait)));
                return match bounded {
                    Ok(()) => Ok(stream),
                    Err(error) => Err(Unreachable::Refused(error.to_string())),
                };
            }
            Err(error) => reason = format!("{address}: {error}"),
        }
    }
    Err(Unreachable::Refused(reason))
}

/// The first bytes of the answer to `question`; none if there is no answer.
fn asks(host: &str, port: u16, wait: Duration, question: &[u8]) -> Vec<u8> {
    let mut answer = [0; 64];
    let Ok(mut stream) = connect(host, port, wait) else {
        return Vec::new();
    };
    if stream.write_all(question).is_err() {
        return Vec::new();
    }
    let mut length = 0;
    while length < 9 {
        match stream.read(&mut answer[length..]) {
            Ok(0) | Err(_) => break,
            Ok(read) => length += read,
        }
    }
    answer[..length].to_vec()
}

/// Whether an answer begins with a frame that only HTTP/2 begins with.
fn is_settings(answer: &[u8]) -> bool {
    const SETTINGS: u8 = 4;
    matches!(answer, [0, _, _, SETTINGS, 0, 0, 0, 0, 0, ..])
}

fn handshake(host: &str, port: u16, wait: Duration) -> Option<Receiver> {
    let name = ServerName::try_from(host.to_owned()).ok()?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let schemes = provider
        .signature_verification_algorithms
        .supported_schemes();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .ok()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(schemes)))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut connection = ClientConnection::new(Arc::new(config), name).ok()?;
    let mut stream = connect(host, port, wait).ok()?;
    while connection.is_handshaking() {
        // A server that asks for a client certificate ends the handshake after it has shown its own.
        if connection.complete_io(&mut stream).is_err() {
            break;
        }
    }
    connection.peer_certificates()?;
    let chosen = connection.alpn_protocol().map(<[u8]>::to_vec);
    Some(Receiver {
        tls: true,
        http1: chosen.as_deref() != Some(b"h2"),
        http2: chosen.as_deref() == Some(b"h2"),
    })
}

/// Accepts every certificate: nothing is sent over this connection.
#[derive(Debug)]
struct Anyone(Vec<SignatureScheme>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.clone()
    }
}
