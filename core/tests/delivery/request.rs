//! The request itself.

use super::*;

#[test]
fn the_request_is_what_otlp_asks_for() {
    let server = ScriptedServer::start([status(200)]);
    let traces = Otlp::new(format!("{}/otlp/v1/traces?tenant=1", server.url()))
        .header("x-api-key", "k1")
        .and_then(|otlp| otlp.header("X-Api-Key", "k2"));
    let metrics = Otlp::new(server.url()).header("user-agent", "mine/1");
    let clients = [(traces, Signal::Traces), (metrics, Signal::Metrics)];
    let [traces, metrics] = clients.map(|(otlp, signal)| {
        let transport = Transport::new(&otlp.unwrap(), signal).unwrap();
        Delivery::new(transport, retry(LONG))
    });
    run(async {
        assert_eq!(send(&traces).await, delivered());
        let points = Bytes::from_static(b"points");
        assert_eq!(metrics.deliver(points, pending()).await, delivered());
    });
    let [traces, metrics] = &server.requests()[..] else {
        panic!("two requests")
    };
    assert_eq!(traces.line, "POST /otlp/v1/traces?tenant=1 HTTP/1.1");
    assert_eq!(traces.header("content-type"), ["application/x-protobuf"]);
    assert_eq!(traces.header("content-length"), [BODY.len().to_string()]);
    assert_eq!(
        traces.header("host"),
        [format!("127.0.0.1:{}", server.port())]
    );
    assert_eq!(traces.header("x-api-key"), ["k2"]);
    let version = env!("CARGO_PKG_VERSION");
    let agent = format!("polyspan/{version} OTel-OTLP-Exporter-Rust/{version}");
    assert_eq!(traces.header("user-agent"), [agent]);
    assert_eq!(metrics.line, "POST / HTTP/1.1");
    assert_eq!(metrics.header("user-agent"), ["mine/1"]);
    assert_eq!(metrics.body, b"points");
}

#[test]
fn a_large_body_arrives_unchanged() {
    let server = ScriptedServer::start([status(200)]);
    let delivery = delivery(&server.url(), retry(LONG));
    let body: Vec<u8> = (0..3_000_001_u32).map(|at| (at % 251) as u8).collect();
    assert_eq!(
        run(delivery.deliver(body.clone().into(), pending())),
        delivered()
    );
    assert!(server.requests()[0].body == body);
}
