//! The backend: answers slowly, and remembers the id of every span that it was sent.

use crate::shared::Flag;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::json;
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

#[derive(Default)]
struct Seen {
    ids: HashSet<Vec<u8>>,
    twice: u64,
    by_name: BTreeMap<String, u64>,
}

/// Prints its port and serves until its standard input ends.
pub(crate) fn run(flag: &str) {
    let flag = Flag::open(flag).expect("the flag's file can be mapped");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    println!("{}", listener.local_addr().expect("an address").port());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    let seen = Arc::<Mutex<Seen>>::default();
    for stream in listener.incoming().flatten() {
        let seen = seen.clone();
        std::thread::spawn(move || serve(stream, flag, &seen));
    }
}

fn serve(stream: TcpStream, flag: Flag, seen: &Mutex<Seen>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let first = line(&mut reader)?;
        let slow = first.starts_with("POST");
        if slow {
            flag.set(true);
        }
        let mut length = 0;
        loop {
            let header = line(&mut reader)?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        let answer = if slow {
            remember(&body, seen)?;
            std::thread::sleep(Duration::from_micros(300));
            String::new()
        } else {
            let seen = seen.lock().ok()?;
            json!({"spans": seen.ids.len(), "twice": seen.twice, "by_name": seen.by_name})
                .to_string()
        };
        let length = answer.len();
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{answer}");
        let written = writer.write_all(head.as_bytes());
        if slow {
            flag.set(false);
        }
        written.ok()?;
    }
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

fn remember(body: &[u8], seen: &Mutex<Seen>) -> Option<()> {
    let request = ExportTraceServiceRequest::decode(body).expect("polyspan sends OTLP");
    let mut seen = seen.lock().ok()?;
    let scopes = request
        .resource_spans
        .into_iter()
        .flat_map(|r| r.scope_spans);
    for span in scopes.flat_map(|scope| scope.spans) {
        *seen.by_name.entry(span.name).or_default() += 1;
        if !seen.ids.insert(span.span_id) {
            seen.twice += 1;
        }
    }
    Some(())
}
