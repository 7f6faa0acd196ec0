//! Runs the real binary and talks to it over a real socket.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use serde_json::Value;

/// The media type of OTLP in protobuf.
pub(crate) const PROTOBUF: &str = "application/x-protobuf";
/// The media type of OTLP in JSON.
pub(crate) const JSON: &str = "application/json";

/// The longest that anything here waits: only a viewer that hangs takes it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running `polyspan view`, ended when the test ends.
pub(crate) struct Viewer {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: Receiver<String>,
    /// `127.0.0.1:PORT`
    pub(crate) address: String,
}

/// An HTTP answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyspan"));
    command
        .arg("view")
        .args(arguments)
        .env_remove("COLUMNS")
        .env_remove("NO_COLOR");
    command
}

/// The lines of stderr as they come, so that a test can wait for one and a full pipe never stops the viewer.
fn lines(stderr: ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut reader = BufReader::new(stderr);
        let mut line = String::new();
        while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    receiver
}

impl Viewer {
    /// Starts a viewer on a free port, with a short quiet time.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut all = vec!["--listen", "127.0.0.1:0", "--quiet-ms", "60"];
        all.extend(arguments);
        let mut child = command(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        let mut line = String::new();
        if arguments.contains(&"--json") {
            line = stderr.recv_timeout(PATIENCE).unwrap();
        } else {
            stdout.read_line(&mut line).unwrap();
        }
        let address = line
            .trim_end()
            .strip_prefix("polyspan view: listening on http://");
        let address = address
            .unwrap_or_else(|| panic!("the first line is {line:?}"))
            .to_owned();
        Viewer {
            child,
            stdout,
            stderr,
            address,
        }
    }

    /// The next line of stdout.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    /// Waits for the line of stderr that contains this.
    pub(crate) fn told(&self, part: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.stderr.recv_timeout(left) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(_) => panic!("the viewer never says {part:?} on stderr"),
            }
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(
            &format!(
                "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                self.address
            ),
            b"",
        )
    }

    pub(crate) fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    pub(crate) fn post(
        &self,
        path: &str,
        content_type: &str,
        headers: &str,
        body: &[u8],
    ) -> Answer {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n{headers}connection: close\r\n\r\n",
            self.address,
            body.len()
        );
        self.send(&head, body)
    }

    /// Sends spans as protobuf.
    pub(crate) fn export(&self, spans: Vec<Span>) -> Answer {
        self.post("/v1/traces", PROTOBUF, "", &request(spans))
    }

    pub(crate) fn send(&self, head: &str, body: &[u8]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let end = answer
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .expect("an HTTP head");
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head: head.to_ascii_lowercase(),
            body: answer[end + 4..].to_vec(),
        }
    }

    /// Sends a signal by its name, as `kill` knows it.
    pub(crate) fn signal(&self, name: &str) {
        let killed = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(killed.unwrap().success());
    }

    /// Waits for the end; answers status, rest of stdout, rest of stderr.
    pub(crate) fn finish(mut self) -> (ExitStatus, String, String) {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < deadline, "the viewer does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        (status, stdout, self.stderr.iter().collect())
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A span of the trace whose id is 16 times `trace`; parent 0 means none.
pub(crate) fn span(trace: u8, id: u64, parent: u64, name: &str) -> Span {
    Span {
        trace_id: vec![trace; 16],
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            parent.to_be_bytes().to_vec()
        },
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: 1_790_000_000_000_000_000 + id * 1_000_000,
        end_time_unix_nano: 1_790_000_000_100_000_000 - id * 1_000_000,
        ..Span::default()
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    let value = AnyValue {
        value: Some(Any::StringValue(value.to_owned())),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    }
}

pub(crate) fn resource() -> Resource {
    let attributes = vec![
        text("service.name", "gateway"),
        text("telemetry.sdk.language", "nodejs"),
        text("polyspan.binding", "node"),
    ];
    Resource {
        attributes,
        ..Resource::default()
    }
}

/// An encoded export request.
pub(crate) fn request(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    let resource_spans = vec![ResourceSpans {
        resource: Some(resource()),
        scope_spans,
        ..ResourceSpans::default()
    }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}
