//! Starts the counting sink as a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// A running sink; it ends with this value.
#[derive(Debug)]
pub struct Sink {
    child: Child,
    port: u16,
}

impl Sink {
    /// Starts the binary `sink` that lies beside this one.
    ///
    /// # Panics
    ///
    /// If it cannot be started: a benchmark without its sink measures nothing.
    pub fn start() -> Sink {
        let here = std::env::current_exe().expect("own path");
        let mut child = Command::new(here.with_file_name("sink"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("start `sink`; build it with `cargo build --release -p polyspan-benches`");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped"))
            .read_line(&mut line)
            .expect("the sink says its port");
        let port = line
            .trim()
            .rsplit(' ')
            .next()
            .and_then(|port| port.parse().ok())
            .expect("a port number");
        Sink { child, port }
    }

    /// Base URL.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Spans received since the last reset.
    pub fn spans(&self) -> u64 {
        let answer = self.get("/stats");
        let stats: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        stats["spans"].as_u64().expect("a count")
    }

    /// Starts counting from zero.
    pub fn reset(&self) {
        self.get("/reset");
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the sink is there");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: sink\r\n\r\n").expect("write");
        let mut answer = [0; 1024];
        let read = stream.read(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
        answer
            .split("\r\n\r\n")
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
