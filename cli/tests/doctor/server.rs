//! Receivers as a doctor finds them: healthy, refusing, or of another kind. They live as long as the test's process.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Serves every connection with `answer` on a thread of its own, and returns the port.
fn listen(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            // A client that says nothing must not keep a thread for ever.
            let _ = stream.set_read_timeout(Some(Duration::from_secs(20)));
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// A port at which nobody listens and, as long as this process lives, nobody can: the near end of an open connection.
pub(crate) fn nobody() -> u16 {
    let far = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(far.local_addr().unwrap()).unwrap();
    let port = near.local_addr().unwrap().port();
    std::mem::forget((near, far));
    port
}

/// HTTP/1.1, with this status for spans and none of HTTP/2.
pub(crate) fn http(status: &'static str) -> u16 {
    listen(move |stream| speak_http(stream, status))
}

/// The same over TLS, with a certificate that no authority knows.
pub(crate) fn https() -> u16 {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let config = Arc::new(config);
    listen(move |stream| {
        let connection = ServerConnection::new(config.clone()).unwrap();
        speak_http(StreamOwned::new(connection, stream), "200 OK");
    })
}

/// HTTP/2 without TLS, as a receiver of OTLP/gRPC: it sends its settings, and goes away at anything else.
pub(crate) fn http2() -> u16 {
    const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";
    const GOAWAY: &[u8] = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01";
    listen(|mut stream| {
        let _ = stream.write_all(SETTINGS);
        let mut start = [0; 4];
        let is_preface = stream.read_exact(&mut start).is_ok() && &start == b"PRI ";
        if !is_preface {
            let _ = stream.write_all(GOAWAY);
            return;
        }
        let mut rest = [0; 1024];
        while matches!(stream.read(&mut rest), Ok(1..)) {}
    })
}

fn speak_http(mut stream: impl Read + Write, status: &str) {
    let Some((head, mut body)) = head(&mut stream) else {
        return;
    };
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse::<usize>().unwrap())
    });
    let mut more = [0; 1024];
    while body.len() < length.unwrap_or_default() {
        match stream.read(&mut more) {
            Ok(read @ 1..) => body.extend_from_slice(&more[..read]),
            _ => return,
        }
    }
    let status = match head.split(' ').next() {
        Some("POST" | "HEAD") => status,
        _ => "400 Bad Request",
    };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes());
    let _ = stream.flush();
}

/// The head of a request, and what of its body came with it.
fn head(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    let mut more = [0; 1024];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            return Some((String::from_utf8_lossy(&bytes).into_owned(), body));
        }
        match stream.read(&mut more) {
            Ok(read @ 1..) => bytes.extend_from_slice(&more[..read]),
            _ => return None,
        }
    }
}
