//! A counting OTLP/HTTP sink: the backend of every benchmark, in a process of its own.
//!
//! Prints `listening on <port>` and then answers `POST` with success after walking the protobuf to count spans,
//! `GET /stats` with the counts, `GET /reset` by starting over. Ends when its standard input does.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

static REQUESTS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static SPANS: AtomicU64 = AtomicU64::new(0);

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("listening on {}", listener.local_addr()?.port());
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    for stream in listener.incoming().flatten() {
        std::thread::spawn(move || serve(stream));
    }
    Ok(())
}

fn serve(stream: TcpStream) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::with_capacity(1 << 20, stream.try_clone().ok()?);
    let mut writer = stream;
    let mut body = Vec::new();
    loop {
        let request = line(&mut reader)?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let header = line(&mut reader)?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        body.clear();
        if chunked {
            read_chunks(&mut reader, &mut body)?;
        } else {
            body.resize(length, 0);
            reader.read_exact(&mut body).ok()?;
        }
        let (content_type, answer) = answer(&request, &body);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        writer.write_all(head.as_bytes()).ok()?;
    }
}

fn answer(request: &str, body: &[u8]) -> (&'static str, String) {
    const JSON: &str = "application/json";
    if request.starts_with("GET /stats") {
        let [requests, bytes, spans] = [&REQUESTS, &BYTES, &SPANS].map(|count| count.load(Relaxed));
        let counts = format!("{{\"requests\":{requests},\"bytes\":{bytes},\"spans\":{spans}}}");
        return (JSON, counts);
    }
    if request.starts_with("GET /reset") {
        for count in [&REQUESTS, &BYTES, &SPANS] {
            count.store(0, Relaxed);
        }
        return (JSON, "{}".into());
    }
    REQUESTS.fetch_add(1, Relaxed);
    BYTES.fetch_add(body.len() as u64, Relaxed);
    SPANS.fetch_add(count_spans(body, &[1, 2, 2]).unwrap_or(0), Relaxed);
    ("application/x-protobuf", String::new())
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let read = reader.read_line(&mut line).ok()?;
    (read > 0).then(|| line.trim_end().to_owned())
}

fn read_chunks(reader: &mut impl BufRead, body: &mut Vec<u8>) -> Option<()> {
    loop {
        let length = usize::from_str_radix(&line(reader)?, 16).ok()?;
        let start = body.len();
        body.resize(start + length, 0);
        reader.read_exact(&mut body[start..]).ok()?;
        line(reader)?;
        if length == 0 {
            return Some(());
        }
    }
}

/// Counts the submessages at the end of a path of field numbers: request, resource spans, scope spans, spans.
fn count_spans(message: &[u8], path: &[u64]) -> Option<u64> {
    let (&wanted, deeper) = path.split_first()?;
    let mut rest = message;
    let mut count = 0;
    while !rest.is_empty() {
        let key = varint(&mut rest)?;
        match key & 7 {
            0 => drop(varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            5 => rest = rest.get(4..)?,
            2 => {
                let length = varint(&mut rest)? as usize;
                let (nested, after) = rest.split_at_checked(length)?;
                rest = after;
                if key >> 3 == wanted {
                    count += if deeper.is_empty() {
                        1
                    } else {
                        count_spans(nested, deeper)?
                    };
                }
            }
            _ => return None,
        }
    }
    Some(count)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (&first, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(first & 0x7f) << shift;
        if first < 0x80 {
            return Some(value);
        }
    }
    None
}
