//! `polyspan view` as an OTLP receiver: what it accepts, what it refuses, and how it says so.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
    number_data_point::Value as Number,
};
use prost::Message;
use serde_json::json;

use crate::support::{JSON, PROTOBUF, Viewer, command, request, resource, span, text};

const MIB: usize = 1024 * 1024;

/// `google.rpc.Status`
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn the_same_span_arrives_the_same_way_as_protobuf_and_as_json() {
    let viewer = Viewer::start(&[]);
    let mut root = span(0xab, 1, 0, "GET /x");
    root.attributes = vec![text("k", "v")];
    assert_eq!(viewer.export(vec![root]).status, 200);
    let first = viewer.get_json(&format!("/api/traces/{}", "ab".repeat(16)));
    let sent = first
        .to_string()
        .replace(&"ab".repeat(16), &"CD".repeat(16));
    let answer = viewer.post(
        "/v1/traces",
        "application/json; charset=utf-8",
        "",
        sent.as_bytes(),
    );
    assert_eq!((answer.status, answer.text().as_str()), (200, "{}"));
    assert!(answer.head.contains("content-type: application/json"));
    let second = viewer.get_json(&format!("/api/traces/{}", "cd".repeat(16)));
    assert_eq!(
        second.to_string().replace("cdcd", "abab"),
        first.to_string()
    );

    let span = &first["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(span["spanId"], "0000000000000001");
    assert_eq!(span["startTimeUnixNano"], "1790000000001000000");
    assert_eq!(
        span["attributes"],
        json!([{ "key": "k", "value": { "stringValue": "v" } }])
    );
}

#[test]
fn gzip_is_unpacked() {
    let viewer = Viewer::start(&[]);
    let body = gzip(&request(vec![span(1, 1, 0, "root")]));
    let answer = viewer.post("/v1/traces", PROTOBUF, "content-encoding: gzip\r\n", &body);
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    assert_eq!(viewer.get_json("/api/stats")["spans"]["kept"], 1);
}

#[test]
fn what_cannot_be_read_is_answered_by_a_status_in_the_same_encoding() {
    let viewer = Viewer::start(&[]);
    let answer = viewer.post("/v1/traces", PROTOBUF, "", b"\x0a\xff\x01not protobuf");
    let status = RpcStatus::decode(&*answer.body).unwrap();
    assert_eq!((answer.status, status.code), (400, 3));
    assert!(
        status
            .message
            .starts_with("the body is not the OTLP protobuf message"),
        "{}",
        status.message
    );

    let body = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"no"}]}]}]}"#;
    let answer = viewer.post("/v1/traces", JSON, "", body);
    let message = "resourceSpans[0].scopeSpans[0].spans[0].traceId: \"no\" is not hexadecimal";
    assert_eq!(
        (answer.status, answer.json()),
        (400, json!({ "code": 3, "message": message }))
    );

    let answer = viewer.post("/v1/traces", JSON, "content-encoding: gzip\r\n", b"plain");
    assert_eq!(answer.status, 400);
    assert!(
        answer.text().contains("not valid gzip"),
        "{}",
        answer.text()
    );
    let cut = &gzip(&request(vec![span(1, 1, 0, "root")]))[..30];
    assert_eq!(
        viewer
            .post("/v1/traces", PROTOBUF, "content-encoding: gzip\r\n", cut)
            .status,
        400
    );

    let stats = viewer.get_json("/api/stats");
    assert_eq!(stats["requests"], json!({ "received": 4, "rejected": 4 }));
}

#[test]
fn other_media_types_and_encodings_are_refused_by_name() {
    let viewer = Viewer::start(&[]);
    let answer = viewer.post("/v1/traces", "text/plain", "", b"{}");
    assert_eq!(answer.status, 415);
    assert!(
        answer
            .text()
            .contains("application/x-protobuf or application/json"),
        "{}",
        answer.text()
    );
    let answer = viewer.post("/v1/traces", JSON, "content-encoding: zstd\r\n", b"{}");
    assert_eq!(answer.status, 415);
    assert!(answer.text().contains("zstd"), "{}", answer.text());
    assert!(answer.head.contains("accept-encoding: gzip"));
}

#[test]
fn a_body_over_64_mib_is_refused_announced_or_packed() {
    let viewer = Viewer::start(&[]);
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        64 * MIB + 1
    );
    let answer = viewer.send(&head, b"");
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("more than 67108864 bytes"),
        "{}",
        answer.text()
    );

    let bomb = gzip(&vec![b' '; 64 * MIB + 1]);
    let answer = viewer.post("/v1/traces", JSON, "content-encoding: gzip\r\n", &bomb);
    assert_eq!(answer.status, 413);
    assert!(
        answer.text().contains("unpacks to more than"),
        "{}",
        answer.text()
    );

    let full = gzip(&vec![b' '; 64 * MIB]);
    let answer = viewer.post("/v1/traces", JSON, "content-encoding: gzip\r\n", &full);
    assert_eq!(
        answer.status, 400,
        "64 MiB themselves are read, and are no JSON"
    );
}

#[test]
fn a_chunked_body_over_64_mib_is_refused_while_it_comes() {
    let viewer = Viewer::start(&[]);
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: {JSON}\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    );
    let mut body = format!("{:x}\r\n", 64 * MIB + 1).into_bytes();
    body.resize(body.len() + 64 * MIB + 1, b' ');
    body.extend(b"\r\n0\r\n\r\n");
    assert_eq!(viewer.send(&head, &body).status, 413);
}

#[test]
fn spans_that_are_not_kept_are_told_as_partial_success() {
    let viewer = Viewer::start(&[]);
    let body = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"00","spanId":"01","name":"n"}]}]}]}"#;
    let answer = viewer.post("/v1/traces", JSON, "", body);
    let part = &answer.json()["partialSuccess"];
    assert_eq!((answer.status, &part["rejectedSpans"]), (200, &json!("1")));
    assert!(
        part["errorMessage"]
            .as_str()
            .unwrap()
            .contains("trace id \"00\""),
        "{part}"
    );
}

#[test]
fn counters_are_kept_and_listed() {
    let viewer = Viewer::start(&[]);
    for value in [3, 5] {
        let point = NumberDataPoint {
            attributes: vec![text("http.route", "/x")],
            time_unix_nano: value as u64,
            value: Some(Number::AsInt(value)),
            ..NumberDataPoint::default()
        };
        let sum = Sum {
            data_points: vec![point],
            aggregation_temporality: 2,
            is_monotonic: true,
        };
        let metric = Metric {
            name: "requests".to_owned(),
            data: Some(Data::Sum(sum)),
            ..Metric::default()
        };
        let scope_metrics = vec![ScopeMetrics {
            metrics: vec![metric],
            ..ScopeMetrics::default()
        }];
        let resource_metrics = vec![ResourceMetrics {
            resource: Some(resource()),
            scope_metrics,
            ..ResourceMetrics::default()
        }];
        let body = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
        assert_eq!(viewer.post("/v1/metrics", PROTOBUF, "", &body).status, 200);
    }
    let expected = json!({ "metrics": [{
        "name": "requests", "unit": "", "service": "gateway", "language": "node", "scope": "",
        "attributes": { "http.route": "/x" }, "isMonotonic": true, "temporality": "cumulative",
        "timeUnixNano": "5", "value": 5,
    }] });
    assert_eq!(viewer.get_json("/api/metrics"), expected);
}

#[test]
fn only_this_machine_is_served() {
    let output = command(&["--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("0.0.0.0 is not a loopback address") && said.contains("--allow-remote"),
        "{said}"
    );

    let viewer = Viewer::start(&[]);
    let answer = viewer.send(
        "GET /api/traces HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        b"",
    );
    assert_eq!(answer.status, 403);
    let viewer = Viewer::start(&["--allow-remote"]);
    let answer = viewer.send(
        "GET /api/traces HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n",
        b"",
    );
    assert_eq!(answer.status, 200);
}

#[test]
fn a_port_in_use_is_told_with_what_to_do() {
    let viewer = Viewer::start(&[]);
    let output = command(&["--listen", &viewer.address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains(&viewer.address) && said.contains("choose another port with --listen"),
        "{said}"
    );
}
