//! An OTLP/HTTP backend on an ephemeral port that keeps what it gets.

#![allow(dead_code, reason = "each test file uses a part")]

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

type Received = Arc<(Mutex<Vec<Request>>, Condvar)>;

#[derive(Clone)]
struct Request {
    path: String,
    body: Vec<u8>,
}

pub struct Sink {
    address: SocketAddr,
    received: Received,
}

impl Sink {
    pub fn start() -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let received = Received::default();
        let shared = received.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let received = shared.clone();
                std::thread::spawn(move || serve(stream, &received));
            }
        });
        Sink { address, received }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The bodies of all requests so far.
    pub fn bodies(&self) -> Vec<Vec<u8>> {
        let received = self.received.0.lock().unwrap();
        received
            .iter()
            .map(|request| request.body.clone())
            .collect()
    }

    pub fn traces(&self) -> Vec<ExportTraceServiceRequest> {
        self.decoded("/v1/traces")
    }

    pub fn metrics(&self) -> Vec<ExportMetricsServiceRequest> {
        self.decoded("/v1/metrics")
    }

    fn decoded<M: Message + Default>(&self, path: &str) -> Vec<M> {
        let received = self.received.0.lock().unwrap();
        let requests = received.iter().filter(|request| request.path == path);
        requests
            .map(|request| M::decode(request.body.as_slice()).unwrap())
            .collect()
    }

    /// Whether so many requests come in time.
    pub fn wait_for(&self, requests: usize, time: Duration) -> bool {
        let (lock, changed) = &*self.received;
        let waited =
            changed.wait_timeout_while(lock.lock().unwrap(), time, |got| got.len() < requests);
        waited.unwrap().0.len() >= requests
    }
}

fn serve(stream: TcpStream, received: &Received) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut writer = stream;
    loop {
        let (mut path, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(target) = line.strip_prefix("post ") {
                path = target.split(' ').next().unwrap().to_owned();
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        received.0.lock().unwrap().push(Request { path, body });
        received.1.notify_all();
        if writer
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .is_err()
        {
            return;
        }
    }
}
