//! Context through the public API: what the provider adds to the propagators, and carriers that are not HTTP.

mod sink;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use polyspan::propagate::{Getter, Pairs, Propagators};
use polyspan::{Baggage, Config, Provider, SpanContext};
use sink::Sink;
use std::collections::BTreeMap;
use std::time::Duration;

fn provider(options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("exporter", "none").unwrap();
    config.set("metrics_exporter", "none").unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    let provider = Provider::new(config).unwrap();
    assert_eq!(provider.take_diagnostics(), [""; 0]);
    provider
}

fn sent(provider: &Provider, context: &SpanContext, baggage: &Baggage) -> BTreeMap<String, String> {
    let mut headers = BTreeMap::new();
    provider.inject(context, baggage, &mut |name, value| {
        assert_eq!(headers.insert(name.to_owned(), value.to_owned()), None);
    });
    headers
}

fn entries(baggage: &Baggage) -> Vec<(&str, &str)> {
    baggage
        .iter()
        .map(|entry| (entry.key(), entry.value()))
        .collect()
}

const IDS: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

#[test]
fn an_undecided_caller_leaves_the_decision_to_our_sampler() {
    for (sampler, decision) in [
        ("parentbased_always_on", "-1"),
        ("parentbased_always_off", "-0"),
    ] {
        let provider = provider(&[("propagators", "b3"), ("sampler", sampler)]);
        let (caller, _) = provider.extract_from(&Pairs(&[("b3", IDS)]));
        let caller = caller.unwrap();
        // Passed on without a span the decision is still open.
        assert_eq!(sent(&provider, &caller, &Baggage::new())["b3"], IDS);
        let span = provider.tracer("test").span("a").parent(&caller).start();
        let child = provider.tracer("test").span("b").parent(&span).start();
        for span in [&span, &child] {
            let header = &sent(&provider, span.context(), &Baggage::new())["b3"];
            assert!(
                header.starts_with(&IDS[..32]) && header.ends_with(decision),
                "{header}"
            );
        }
    }
}

#[test]
fn a_decision_of_the_caller_is_followed_in_every_format() {
    for (propagators, headers) in [
        (
            "b3",
            &[("b3", "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0")][..],
        ),
        (
            "jaeger",
            &[(
                "uber-trace-id",
                "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:0",
            )],
        ),
        (
            "xray",
            &[(
                "x-amzn-trace-id",
                "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=0",
            )],
        ),
        (
            "datadog",
            &[
                ("x-datadog-trace-id", "1"),
                ("x-datadog-parent-id", "2"),
                ("x-datadog-sampling-priority", "-1"),
            ],
        ),
        (
            "sentry",
            &[(
                "sentry-trace",
                "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0",
            )],
        ),
    ] {
        let provider = provider(&[("propagators", propagators)]);
        let (caller, _) = provider.extract_from(&Pairs(headers));
        let span = provider
            .tracer("test")
            .span("a")
            .parent(&caller.unwrap())
            .start();
        assert!(!span.context().is_sampled(), "{propagators}");
    }
}

#[test]
fn debug_goes_on_through_the_spans_of_this_process() {
    let provider = provider(&[("propagators", "b3"), ("sampler", "parentbased_always_off")]);
    let header = format!("{IDS}-d");
    let (caller, _) = provider.extract_from(&Pairs(&[("b3", &header)]));
    let span = provider
        .tracer("test")
        .span("a")
        .parent(&caller.unwrap())
        .start();
    let child = provider.tracer("test").span("b").parent(&span).start();
    let sent = &sent(&provider, child.context(), &Baggage::new())["b3"];
    assert!(sent.ends_with("-d"), "{sent}");
}

#[test]
fn baggage_that_no_header_can_carry_is_told_once() {
    let provider = provider(&[]);
    let baggage: Baggage = [("not a token", "v"), ("k", "v")].into_iter().collect();
    for _ in 0..3 {
        let headers = sent(&provider, &SpanContext::INVALID, &baggage);
        assert_eq!(headers["baggage"], "k=v");
    }
    assert_eq!(
        provider.take_diagnostics(),
        [
            "1 baggage entry was not sent: its key is not an HTTP token or holds a secret, or there are more than 64 \
             entries or 8192 bytes; use short keys of letters, digits, '-', '_' and '.'"
        ]
    );
    let many: Baggage = (0..70).map(|n| (format!("k{n}"), "v")).collect();
    let provider = self::provider(&[]);
    sent(&provider, &SpanContext::INVALID, &many);
    let told = provider.take_diagnostics();
    assert!(
        told[0].starts_with("6 baggage entries were not sent"),
        "{told:?}"
    );
}

#[test]
fn baggage_is_redacted_in_every_format_that_carries_it() {
    let provider = provider(&[("propagators", "baggage,jaeger,sentry")]);
    let baggage: Baggage = [
        ("user.email", "amelie@example.com"),
        ("password", "hunter2"),
        ("sentry-user", "amelie@example.com"),
        ("tenant", "7"),
    ]
    .into_iter()
    .collect();
    let headers = sent(&provider, &SpanContext::INVALID, &baggage);
    for (name, value) in &headers {
        let clean = !value.contains("amelie") && !value.contains("hunter2");
        assert!(clean, "{name}: {value}");
    }
    assert!(headers["baggage"].contains("tenant=7"));
    assert_eq!(headers["uberctx-tenant"], "7");
    assert!(headers.contains_key("uberctx-password"));
}

#[test]
fn one_process_can_translate_between_formats() {
    let provider = provider(&[("propagators", "datadog,tracecontext,b3multi,xray")]);
    let (caller, _) = provider.extract_from(&Pairs(&[
        ("x-datadog-trace-id", "9532127138774266268"),
        ("x-datadog-parent-id", "13235353014750950193"),
        ("x-datadog-sampling-priority", "2"),
        ("x-datadog-tags", "_dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4"),
    ]));
    let headers = sent(&provider, &caller.unwrap(), &Baggage::new());
    assert_eq!(headers["traceparent"], format!("00-{IDS}-01"));
    assert_eq!(headers["tracestate"], "dd=s:2;t.dm:-4");
    assert_eq!(headers["x-b3-traceid"], IDS[..32]);
    assert_eq!(
        headers["x-datadog-tags"],
        "_dd.p.tid=0af7651916cd43dd,_dd.p.dm=-4"
    );
    assert_eq!(
        headers["x-amzn-trace-id"],
        "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled=1"
    );
}

#[test]
fn a_disabled_provider_still_propagates_and_redacts() {
    let provider = provider(&[("disabled", "true"), ("propagators", "b3,jaeger")]);
    let header = format!("{IDS}-1");
    let (caller, _) = provider.extract_from(&Pairs(&[("b3", &header)]));
    let span = provider
        .tracer("test")
        .span("a")
        .parent(&caller.unwrap())
        .start();
    let baggage: Baggage = [("password", "hunter2")].into_iter().collect();
    let headers = sent(&provider, span.context(), &baggage);
    assert_eq!(headers["b3"], header);
    assert_eq!(headers["uberctx-password"], "[REDACTED]");
}

/// gRPC metadata as tonic has it: lower-case ASCII names, and entries that end with `-bin` hold bytes.
#[test]
fn grpc_metadata_carries_context() {
    let provider = provider(&[("propagators", "tracecontext,baggage,jaeger")]);
    let baggage: Baggage = [("Tenant", "a b"), ("blob-bin", "x")].into_iter().collect();
    let span = provider.tracer("test").start("call");
    let mut metadata: Vec<(String, Vec<u8>)> =
        vec![("uberctx-grpc-status-details-bin".into(), vec![0, 255])];
    provider.inject(span.context(), &baggage, &mut |name, value| {
        let is_grpc_name =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
        assert!(
            name.bytes().all(is_grpc_name) && !name.ends_with("-bin"),
            "{name}"
        );
        assert!(
            value.bytes().all(|byte| (0x20..=0x7e).contains(&byte)),
            "{value}"
        );
        metadata.push((name.to_owned(), value.as_bytes().to_vec()));
    });
    let (caller, received) = provider.extract_from(&Pairs(&metadata));
    assert_eq!(caller.unwrap().span_id, span.context().span_id);
    assert_eq!(
        entries(&received),
        [("Tenant", "a b"), ("blob-bin", "x"), ("tenant", "a b")]
    );
}

/// The upgrade request of a WebSocket is HTTP: names of any case, and lines that are repeated.
#[test]
fn a_websocket_upgrade_carries_context() {
    let request = [
        ("Upgrade", "websocket"),
        ("Connection", "Upgrade"),
        (
            "Traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("TraceState", "a=1"),
        ("Tracestate", "b=2"),
        ("Baggage", "tenant=7"),
        ("Baggage", "tier=gold"),
    ];
    let (caller, baggage) = provider(&[]).extract_from(&Pairs(&request));
    assert_eq!(caller.unwrap().state.as_str(), "a=1,b=2");
    assert_eq!(entries(&baggage), [("tenant", "7"), ("tier", "gold")]);
}

/// Messages of one connection belong to different traces, so each brings its own: fields of a JSON envelope.
#[test]
fn an_envelope_around_each_message_carries_context() {
    let provider = provider(&[("propagators", "tracecontext,baggage,jaeger")]);
    let span = provider.tracer("test").start("message");
    let mut envelope = serde_json::json!({"type": "chat", "payload": "hello", "traceparent": 7});
    let baggage: Baggage = [("room", "blue \"sky\"")].into_iter().collect();
    provider.inject(span.context(), &baggage, &mut |name, value| {
        envelope[name] = value.into();
    });
    let text = envelope.to_string();

    struct Envelope(serde_json::Value);
    impl Getter for Envelope {
        fn get(&self, name: &str) -> Vec<String> {
            let field = self.0.get(name).and_then(serde_json::Value::as_str);
            field.map(str::to_owned).into_iter().collect()
        }
        fn keys(&self, visit: &mut dyn FnMut(&str)) {
            let fields = self.0.as_object().into_iter().flatten();
            fields.for_each(|(name, _)| visit(name));
        }
    }
    let received = Envelope(serde_json::from_str(&text).unwrap());
    let (caller, baggage) = provider.extract_from(&received);
    assert_eq!(caller.unwrap().span_id, span.context().span_id);
    assert_eq!(entries(&baggage), [("room", "blue \"sky\"")]);
    // A field that is no text is no header.
    let strange = Envelope(serde_json::json!({"traceparent": 7, "baggage": ["a=1"]}));
    assert_eq!(provider.extract_from(&strange), (None, Baggage::new()));
}

/// Headers of a message queue: names with case, values that are bytes, both perhaps repeated.
#[test]
fn message_queue_headers_carry_context() {
    let provider = provider(&[("propagators", "tracecontext,baggage,b3multi")]);
    let span = provider.tracer("test").start("publish");
    let mut message: Vec<(String, Vec<u8>)> = vec![("checksum".into(), vec![0xff, 0xfe])];
    provider.inject(span.context(), &Baggage::new(), &mut |name, value| {
        message.push((name.to_owned(), value.as_bytes().to_vec()));
    });
    let (producer, _) = provider.extract_from(&Pairs(&message));
    assert_eq!(producer.unwrap().span_id, span.context().span_id);
    // Bytes that are no text make only their own header unusable.
    message.retain(|(name, _)| name != "traceparent");
    message.push(("traceparent".into(), vec![0xff; 55]));
    let (producer, _) = provider.extract_from(&Pairs(&message));
    assert_eq!(producer.unwrap().span_id, span.context().span_id, "from B3");
}

#[test]
fn propagators_work_without_a_provider() {
    let (propagators, _) = Propagators::parse("jaeger");
    let get = |name: &str| match name {
        "uber-trace-id" => vec!["1:2:0:1".to_owned()],
        _ => Vec::new(),
    };
    assert!(propagators.extract(&get).0.is_some());
}

/// The attributes of the spans that arrive, in the order in which the spans ended.
fn exported(provider: &Provider, sink: &Sink) -> Vec<Vec<(String, String)>> {
    provider.flush(Duration::from_secs(10)).unwrap();
    let requests = sink.traces();
    let spans = requests
        .iter()
        .flat_map(|request| &request.resource_spans)
        .flat_map(|resource| &resource.scope_spans)
        .flat_map(|scope| &scope.spans);
    spans
        .map(|span| {
            let attributes = span.attributes.iter().map(|attribute| {
                match attribute.value.clone().unwrap().value.unwrap() {
                    Any::StringValue(text) => (attribute.key.clone(), text),
                    other => panic!("{other:?}"),
                }
            });
            attributes.collect()
        })
        .collect()
}

#[test]
fn baggage_becomes_attributes_of_every_span_where_it_is_asked_for() {
    let sink = Sink::start();
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    config
        .set("baggage_attributes", "tenant,user.*,*password")
        .unwrap();
    let provider = Provider::new(config).unwrap();
    let tracer = provider.tracer("test");
    let mut baggage: Baggage = [
        ("tenant", "7"),
        ("other", "not asked for"),
        ("user.email", "write to amelie@example.com"),
        ("db_password", "hunter2"),
    ]
    .into_iter()
    .collect();
    let parent = tracer
        .span("parent")
        .baggage(&baggage)
        .attributes(&[
            ("a", "1".into()),
            ("baggage.tenant", "the span's own".into()),
        ])
        .start();
    baggage.set("tenant", "8");
    let child = tracer
        .span("child")
        .parent(&parent)
        .baggage(&baggage)
        .start();
    child.end();
    parent.end();
    tracer.start("without baggage").end();

    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let spans = exported(&provider, &sink);
    let redacted = [
        pair("baggage.user.email", "write to [REDACTED]"),
        pair("baggage.db_password", "[REDACTED]"),
    ];
    let [email, password] = redacted;
    assert_eq!(
        spans[0],
        [pair("baggage.tenant", "8"), email.clone(), password.clone()]
    );
    assert_eq!(
        spans[1],
        [
            pair("a", "1"),
            pair("baggage.tenant", "the span's own"),
            email,
            password,
        ]
    );
    assert_eq!(spans[2], []);
}

#[test]
fn by_default_no_baggage_is_copied() {
    let sink = Sink::start();
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    let provider = Provider::new(config).unwrap();
    assert!(provider.baggage_attributes().is_empty());
    let baggage: Baggage = [("tenant", "7")].into_iter().collect();
    provider
        .tracer("test")
        .span("a")
        .baggage(&baggage)
        .start()
        .end();
    assert_eq!(exported(&provider, &sink), [[]]);
}
