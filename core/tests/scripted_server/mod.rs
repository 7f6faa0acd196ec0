//! An HTTP server on an ephemeral loopback port that does to its clients what it was told to.
//!
//! Every request takes the next [`Step`] of the script; the last step repeats. Plain threads and sockets: it must be
//! able to break HTTP in ways that no HTTP library offers.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "a module of several test binaries, each uses a part"
)]

pub mod grpc;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What the server does with a request, or with a connection.
#[derive(Clone)]
pub enum Step {
    /// A well-formed answer; the connection stays open.
    Answer {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// These bytes instead of an answer, after the request was read.
    Raw { bytes: Vec<u8>, then: Then },
    /// These bytes one at a time, after the request was read.
    Drip { bytes: Vec<u8>, pause: Duration },
    /// These bytes before anything was read, then the end of the connection; without bytes, its end at once.
    Greet(Vec<u8>),
    /// These bytes as soon as the request's head was read; what comes of the body is read and forgotten. Without bytes, the
    /// end of the connection, so that the rest of the body is answered with a reset.
    Early(Vec<u8>),
    /// Nothing is ever read.
    NeverRead,
}

/// What follows the bytes of [`Step::Raw`].
#[derive(Clone, Copy, PartialEq)]
pub enum Then {
    Close,
    Stall,
    Serve,
}

pub fn status(status: u16) -> Step {
    Step::Answer {
        status,
        headers: Vec::new(),
        body: Vec::new(),
    }
}

pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Step {
    let headers = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Step::Answer {
        status,
        headers: headers.collect(),
        body: body.into(),
    }
}

pub fn raw(bytes: impl Into<Vec<u8>>, then: Then) -> Step {
    Step::Raw {
        bytes: bytes.into(),
        then,
    }
}

/// What a server of that name speaks TLS with, and the PEM file by which it is trusted.
pub fn self_signed(name: &str) -> (rustls::ServerConfig, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        );
    (tls.unwrap(), certificate.pem())
}

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub line: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    /// All values of a header, in order.
    pub fn header(&self, name: &str) -> Vec<&str> {
        let same = |(given, _): &&(String, String)| given.eq_ignore_ascii_case(name);
        self.headers
            .iter()
            .filter(same)
            .map(|(_, value)| value.as_str())
            .collect()
    }
}

/// Under one lock, so that the steps are taken in the order of the requests, whatever connections these came by.
#[derive(Default)]
struct Script {
    steps: Vec<Step>,
    at: usize,
    requests: Vec<Request>,
}

impl Script {
    fn next(&mut self) -> Step {
        let step = self.steps[self.at].clone();
        self.at = (self.at + 1).min(self.steps.len() - 1);
        step
    }
}

#[derive(Default)]
struct Shared {
    script: Mutex<Script>,
    accepted: AtomicUsize,
    stopped: AtomicBool,
}

impl Shared {
    /// The step of a connection, if the next one is such.
    fn of_connection(&self) -> Option<Step> {
        let mut script = self.script.lock().unwrap();
        match script.steps[script.at] {
            Step::Greet(_) | Step::Early(_) | Step::NeverRead => Some(script.next()),
            _ => None,
        }
    }

    /// Notes a request that was read whole; returns its step.
    fn of_request(&self, request: Request) -> Step {
        let mut script = self.script.lock().unwrap();
        script.requests.push(request);
        script.next()
    }

    fn stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

/// An address where nobody listens and, as long as this lives, nobody can: the near end of an open connection.
pub struct Nobody {
    near: TcpStream,
    _far: TcpListener,
}

impl Nobody {
    pub fn new() -> Nobody {
        let far = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(far.local_addr().unwrap()).unwrap();
        Nobody { near, _far: far }
    }

    /// Its URL without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.near.local_addr().unwrap())
    }
}

pub struct ScriptedServer {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
    acceptor: Option<JoinHandle<()>>,
}

impl ScriptedServer {
    pub fn start(script: impl Into<Vec<Step>>) -> ScriptedServer {
        ScriptedServer::listen(script.into(), None)
    }

    pub fn start_tls(script: impl Into<Vec<Step>>, tls: rustls::ServerConfig) -> ScriptedServer {
        ScriptedServer::listen(script.into(), Some(Arc::new(tls)))
    }

    fn listen(steps: Vec<Step>, tls: Option<Arc<rustls::ServerConfig>>) -> ScriptedServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shared = Arc::new(Shared {
            script: Mutex::new(Script {
                steps,
                ..Script::default()
            }),
            ..Shared::default()
        });
        let acceptor = thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared, tls)
        });
        ScriptedServer {
            address,
            scheme,
            shared,
            acceptor: Some(acceptor),
        }
    }

    /// Its URL without a path.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// How many connections were accepted.
    pub fn accepted(&self) -> usize {
        self.shared.accepted.load(Ordering::Acquire)
    }

    /// The requests that were read whole, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.script.lock().unwrap().requests.clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::Release);
        // Wakes the acceptor.
        drop(TcpStream::connect(self.address));
        if let Some(acceptor) = self.acceptor.take() {
            acceptor.join().unwrap();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>, tls: Option<Arc<rustls::ServerConfig>>) {
    for stream in listener.incoming() {
        if shared.stopped() {
            return;
        }
        let Ok(stream) = stream else { continue };
        shared.accepted.fetch_add(1, Ordering::AcqRel);
        let (shared, tls) = (Arc::clone(shared), tls.clone());
        // A broken connection is what many of the tests are about; it ends its thread only.
        thread::spawn(move || -> io::Result<()> {
            stream.set_nodelay(true)?;
            stream.set_read_timeout(Some(Duration::from_millis(20)))?;
            match tls {
                None => serve(stream, &shared),
                Some(tls) => {
                    let session = rustls::ServerConnection::new(tls).map_err(io::Error::other)?;
                    serve(rustls::StreamOwned::new(session, stream), &shared)
                }
            }
        });
    }
}

fn serve(mut stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    match shared.of_connection() {
        Some(Step::Early(bytes)) => {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if some(&mut stream, shared, &mut byte)? == 0 {
                    return Ok(());
                }
                head.extend(byte);
            }
            stream.write_all(&bytes)?;
            stream.flush()?;
            let mut rest = vec![0; 64 << 10];
            while !bytes.is_empty() && matches!(some(&mut stream, shared, &mut rest), Ok(1..)) {}
            return Ok(());
        }
        Some(Step::Greet(bytes)) => {
            stream.write_all(&bytes)?;
            stream.flush()?;
            // Closing with unread bytes would reset the connection, and the client might not see the greeting.
            while !bytes.is_empty() && matches!(some(&mut stream, shared, &mut [0; 4096]), Ok(1..))
            {
            }
            return Ok(());
        }
        Some(_) => {
            while !shared.stopped() {
                thread::sleep(Duration::from_millis(10));
            }
            return Ok(());
        }
        None => {}
    }
    let mut unread = Vec::new();
    while let Some(request) = read(&mut stream, shared, &mut unread)? {
        match shared.of_request(request) {
            Step::Answer {
                status,
                headers,
                body,
            } => {
                let mut head = format!(
                    "HTTP/1.1 {status} Reason\r\ncontent-length: {}\r\n",
                    body.len()
                );
                for (name, value) in headers {
                    head.push_str(&format!("{name}: {value}\r\n"));
                }
                head.push_str("\r\n");
                stream.write_all(&[head.as_bytes(), &body].concat())?;
            }
            Step::Raw { bytes, then } => {
                stream.write_all(&bytes)?;
                stream.flush()?;
                match then {
                    Then::Serve => {}
                    Then::Close => return Ok(()),
                    Then::Stall => while some(&mut stream, shared, &mut [0; 4096])? > 0 {},
                }
            }
            Step::Drip { bytes, pause } => {
                for byte in bytes {
                    stream.write_all(&[byte])?;
                    stream.flush()?;
                    thread::sleep(pause);
                }
            }
            Step::Greet(_) | Step::Early(_) | Step::NeverRead => return Ok(()),
        }
        stream.flush()?;
    }
    Ok(())
}

/// Reads one request; `None` when the client closed the connection.
fn read(
    stream: &mut impl Read,
    shared: &Shared,
    unread: &mut Vec<u8>,
) -> io::Result<Option<Request>> {
    let head_end = loop {
        if let Some(at) = unread.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if !more(stream, shared, unread)? {
            return Ok(None);
        }
    };
    let head: Vec<u8> = unread.drain(..head_end).collect();
    let head = String::from_utf8(head).map_err(io::Error::other)?;
    let mut lines = head.trim_end().split("\r\n").map(str::to_owned);
    let line = lines.next().unwrap_or_default();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| {
            line.split_once(": ")
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        })
        .collect();
    let mut request = Request {
        line,
        headers,
        body: Vec::new(),
    };
    let length = request
        .header("content-length")
        .first()
        .map_or(Ok(0), |length| length.parse());
    let length: usize = length.map_err(io::Error::other)?;
    while unread.len() < length {
        if !more(stream, shared, unread)? {
            return Ok(None);
        }
    }
    request.body = unread.drain(..length).collect();
    Ok(Some(request))
}

fn more(stream: &mut impl Read, shared: &Shared, into: &mut Vec<u8>) -> io::Result<bool> {
    let mut bytes = [0; 64 << 10];
    let count = some(stream, shared, &mut bytes)?;
    into.extend_from_slice(&bytes[..count]);
    Ok(count > 0)
}

/// Like `read`, but ends when the server is dropped.
fn some(stream: &mut impl Read, shared: &Shared, bytes: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(bytes) {
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
                ) =>
            {
                if shared.stopped() {
                    return Ok(0);
                }
            }
            other => return other,
        }
    }
}
