//! `polyspan view` as a viewer: what it prints, what it answers, how it ends.

use serde_json::json;

use crate::support::{Viewer, span};

const TRACE: &str = "01010101010101010101010101010101";

#[test]
fn a_finished_trace_is_printed_without_colours_into_a_pipe() {
    let mut viewer = Viewer::start(&[]);
    viewer.export(vec![span(1, 2, 1, "child")]);
    viewer.export(vec![span(1, 1, 0, "root")]);
    assert_eq!(
        viewer.line(),
        format!("trace {TRACE}  1 service  2 spans  98.0 ms")
    );
    assert_eq!(
        viewer.line(),
        "● root   node  gateway  INTERNAL   98.0 ms  ━━━━━━━━━━━━"
    );
    assert_eq!(
        viewer.line(),
        "└╴child  node  gateway  INTERNAL   96.0 ms  ━━━━━━━━━━━━"
    );
    assert_eq!(viewer.line(), "");
    viewer.export(vec![span(1, 3, 2, "later")]);
    assert_eq!(viewer.line(), format!("trace {TRACE}  also, late: 1 span"));
    assert!(viewer.line().contains("under \"child\""));
}

#[test]
fn a_trace_without_its_root_is_printed_after_the_longer_time() {
    let mut viewer = Viewer::start(&["--incomplete-ms", "200"]);
    viewer.export(vec![span(1, 2, 1, "child")]);
    assert_eq!(
        viewer.line(),
        format!("trace {TRACE}  incomplete: no root span arrived  1 service  1 span  96.0 ms")
    );
}

#[test]
fn json_lines_are_traces_data_that_the_viewer_itself_accepts() {
    let mut viewer = Viewer::start(&["--json"]);
    viewer.export(vec![span(1, 1, 0, "root"), span(1, 2, 1, "child")]);
    let line = viewer.line();
    let other = Viewer::start(&[]);
    assert_eq!(
        other
            .post("/v1/traces", crate::support::JSON, "", line.as_bytes())
            .status,
        200
    );
    assert_eq!(other.get_json("/api/stats")["spans"]["kept"], 2);
}

#[test]
fn the_list_and_the_statistics_tell_what_is_there() {
    let viewer = Viewer::start(&[]);
    viewer.export(vec![
        span(1, 1, 0, "root"),
        span(1, 2, 1, "child"),
        span(1, 2, 1, "child"),
    ]);
    viewer.export(vec![span(2, 2, 1, "no root")]);
    let list = viewer.get_json("/api/traces");
    let mut first = list["traces"][1].clone();
    first["printed"].take();
    let expected = json!({
        "traceId": TRACE, "root": "root", "complete": true, "printed": null, "spans": 2, "errors": 0,
        "startTimeUnixNano": "1790000000001000000", "durationMs": 98.0,
        "services": ["gateway"], "languages": ["node"],
    });
    assert_eq!(first, expected);
    assert_eq!(list["traces"][0]["root"], json!(null));
    assert_eq!(
        viewer.get_json("/api/traces?limit=1")["traces"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(viewer.get("/api/traces?limit=x").status, 400);

    let mut stats = viewer.get_json("/api/stats");
    assert!(stats["memory"]["bytes"].take().as_u64().unwrap() > 500);
    let expected = json!({
        "requests": { "received": 2, "rejected": 0 },
        "spans": { "received": 4, "kept": 3, "duplicate": 1, "evicted": 0, "refused": 0, "invalid": 0 },
        "traces": { "kept": 2, "evicted": 0 },
        "memory": { "bytes": null, "limitBytes": 64 * 1024 * 1024 },
        "metrics": { "receivedPoints": 0, "series": 0, "ignoredMetrics": 0, "refusedPoints": 0 },
    });
    assert_eq!(stats, expected);
    assert_eq!(
        (
            viewer.get("/healthz").status,
            viewer.get("/healthz").text().as_str()
        ),
        (200, "ok\n")
    );
}

#[test]
fn unknown_traces_and_paths_are_told() {
    let viewer = Viewer::start(&[]);
    let answer = viewer.get(&format!("/api/traces/{TRACE}"));
    assert_eq!(answer.status, 404);
    assert!(
        answer.text().contains("did not arrive or was evicted"),
        "{}",
        answer.text()
    );
    for id in ["xyz", "%ff", "+1010101010101010101010101010101"] {
        assert_eq!(viewer.get(&format!("/api/traces/{id}")).status, 400, "{id}");
    }
    let answer = viewer.get("/v1/logs");
    assert_eq!(answer.status, 404);
    assert!(
        answer.text().contains("POST /v1/traces"),
        "{}",
        answer.text()
    );
}

#[test]
fn at_a_signal_what_is_left_is_printed_and_the_sum_told() {
    for signal in ["TERM", "INT"] {
        let viewer = Viewer::start(&["--quiet-ms", "60000"]);
        viewer.export(vec![span(1, 1, 0, "root"), span(1, 1, 0, "root")]);
        viewer.signal(signal);
        let (status, stdout, stderr) = viewer.finish();
        assert!(status.success(), "{signal}: {status}");
        assert!(
            stdout.starts_with(&format!("trace {TRACE}  1 service  1 span")),
            "{stdout}"
        );
        assert_eq!(
            stderr,
            "polyspan view: 1 request, 2 spans received, 1 trace kept, 1 duplicate span\n"
        );
    }
}

#[test]
fn a_stalled_client_does_not_keep_the_viewer_alive() {
    use std::io::Write;
    let viewer = Viewer::start(&[]);
    let mut stalled = std::net::TcpStream::connect(&viewer.address).unwrap();
    stalled
        .write_all(b"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99\r\n\r\n")
        .unwrap();
    viewer.get("/healthz");
    viewer.signal("TERM");
    let (status, ..) = viewer.finish();
    assert!(status.success());
}

#[test]
fn it_exits_after_so_many_complete_traces() {
    let viewer = Viewer::start(&["--once", "2"]);
    viewer.export(vec![span(1, 1, 0, "one"), span(9, 2, 1, "incomplete")]);
    viewer.export(vec![span(2, 1, 0, "two")]);
    let (status, stdout, _) = viewer.finish();
    assert!(status.success());
    assert!(
        stdout.contains("● one") && stdout.contains("● two") && stdout.contains("○ incomplete"),
        "{stdout}"
    );
}

#[test]
fn evictions_are_told() {
    let viewer = Viewer::start(&["--memory-mb", "1"]);
    for trace in 1..=40 {
        let mut root = span(trace, 1, 0, "root");
        root.attributes = vec![crate::support::text("payload", &"x".repeat(100_000))];
        viewer.export(vec![root]);
    }
    let stats = viewer.get_json("/api/stats");
    assert!(
        stats["memory"]["bytes"].as_u64() <= stats["memory"]["limitBytes"].as_u64(),
        "{stats}"
    );
    let notice = viewer.told("the memory bound is reached");
    assert!(notice.contains("raise --memory-mb"), "{notice}");
    viewer.signal("TERM");
    let (_, _, stderr) = viewer.finish();
    assert!(stderr.contains("30 traces evicted"), "{stderr}");
}
