//! The `opentelemetry` crate's API with polyspan behind it, read at a backend.

mod sink;

use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{
    Link, Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt,
    TraceFlags, TraceId, TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, Value, global};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue as Exported};
use opentelemetry_proto::tonic::trace::v1::Span;
use polyspan::opentelemetry::{Propagator, Tracer, TracerProvider};
use polyspan::{Config, Provider};
use sink::Sink;
use std::collections::HashMap;
use std::time::{Duration, UNIX_EPOCH};

const SOON: Duration = Duration::from_secs(10);
const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn provider(sink: &Sink, options: &[(&str, &str)]) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    for (name, value) in options {
        config.set(name, value).unwrap();
    }
    Provider::new(config).unwrap()
}

fn tracer(provider: Provider) -> Tracer {
    TracerProvider::from(provider).tracer("test")
}

/// The spans that arrive, by name.
fn arrived(provider: Provider, sink: &Sink) -> HashMap<String, Span> {
    provider.flush(SOON).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced(), "{stats:?}");
    let requests = sink.traces();
    let resources = requests.iter().flat_map(|request| &request.resource_spans);
    let scopes = resources.flat_map(|resource| &resource.scope_spans);
    let spans = scopes.flat_map(|scope| &scope.spans);
    spans
        .map(|span| (span.name.clone(), span.clone()))
        .collect()
}

fn value<'a>(attributes: &'a [Exported], key: &str) -> Option<&'a Any> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    found.value.as_ref()?.value.as_ref()
}

fn texts(values: &[&str]) -> Any {
    let any = |text: &&str| AnyValue {
        value: Some(Any::StringValue((*text).to_owned())),
    };
    Any::ArrayValue(opentelemetry_proto::tonic::common::v1::ArrayValue {
        values: values.iter().map(any).collect(),
    })
}

#[test]
fn what_instrumentation_says_of_a_span_arrives() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let scope = InstrumentationScope::builder("shop")
        .with_version("1.2")
        .with_schema_url("https://example.com/schema")
        .with_attributes([KeyValue::new("team", "checkout")])
        .build();
    let tracer = TracerProvider::from(provider).tracer_with_scope(scope);
    let linked = SpanContext::new(
        TraceId::from_bytes([7; 16]),
        SpanId::from_bytes([8; 8]),
        TraceFlags::SAMPLED,
        true,
        TraceState::NONE,
    );
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    let mut span = tracer
        .span_builder("first name")
        .with_kind(SpanKind::Producer)
        .with_start_time(at(100))
        .with_attributes([
            KeyValue::new("bool", true),
            KeyValue::new("int", i64::MIN),
            KeyValue::new("double", 0.5),
            KeyValue::new("text", "x"),
            KeyValue::new(
                "texts",
                Value::Array(Array::String(vec!["a".into(), "b".into()])),
            ),
        ])
        .with_links(vec![Link::new(
            linked.clone(),
            vec![KeyValue::new("why", "batch")],
            0,
        )])
        .start(&tracer);
    span.set_attribute(KeyValue::new("int", 5));
    span.add_link(linked, vec![]);
    span.add_event_with_timestamp("paid", at(101), vec![KeyValue::new("amount", 9.5)]);
    span.record_error(&std::io::Error::other("no funds"));
    span.set_status(Status::error("declined"));
    span.update_name("charge");
    span.end_with_timestamp(at(102));
    assert!(!span.is_recording());
    span.set_attribute(KeyValue::new("late", true));
    drop(span);

    let spans = arrived(provider, &sink);
    let span = &spans["charge"];
    assert_eq!((span.kind, span.start_time_unix_nano), (4, 100_000_000_000));
    assert_eq!(span.end_time_unix_nano, 102_000_000_000);
    let keys: Vec<_> = span.attributes.iter().map(|one| one.key.as_str()).collect();
    assert_eq!(keys, ["bool", "int", "double", "text", "texts"]);
    assert_eq!(value(&span.attributes, "int"), Some(&Any::IntValue(5)));
    assert_eq!(
        value(&span.attributes, "double"),
        Some(&Any::DoubleValue(0.5))
    );
    assert_eq!(value(&span.attributes, "texts"), Some(&texts(&["a", "b"])));
    assert_eq!(span.links.len(), 2);
    assert_eq!(span.links[0].trace_id, [7; 16]);
    assert!(value(&span.links[0].attributes, "why").is_some());
    assert_eq!(span.events[0].name, "paid");
    assert_eq!(span.events[0].time_unix_nano, 101_000_000_000);
    assert_eq!(span.events[1].name, "exception");
    assert_eq!(
        value(&span.events[1].attributes, "exception.message"),
        Some(&Any::StringValue("no funds".to_owned()))
    );
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "declined"));

    let request = &sink.traces()[0].resource_spans[0].scope_spans[0];
    let scope = request.scope.as_ref().unwrap();
    assert_eq!(
        (scope.name.as_str(), scope.version.as_str()),
        ("shop", "1.2")
    );
    assert!(value(&scope.attributes, "team").is_some());
    assert_eq!(request.schema_url, "https://example.com/schema");
}

#[test]
fn the_global_provider_gives_children_of_the_active_context() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    polyspan::opentelemetry::install(provider);
    let tracer = global::tracer("test");
    tracer.in_span("parent", |context| {
        let parent = context.span().span_context().clone();
        assert!(parent.is_valid() && !parent.is_remote());
        tracer.in_span("child", |_| {
            let mut headers = HashMap::new();
            global::get_text_map_propagator(|propagator| propagator.inject(&mut headers));
            assert!(headers["traceparent"].contains(&parent.trace_id().to_string()));
        });
    });
    let spans = arrived(provider, &sink);
    let (parent, child) = (&spans["parent"], &spans["child"]);
    assert_eq!(child.trace_id, parent.trace_id);
    assert_eq!(child.parent_span_id, parent.span_id);
    assert!(child.start_time_unix_nano >= parent.start_time_unix_nano);
    assert!(child.end_time_unix_nano <= parent.end_time_unix_nano);
}

#[test]
fn a_local_trace_has_one_root_however_deep_it_is() {
    let sink = Sink::start();
    let provider = provider(
        &sink,
        &[("sampler", "traceidratio"), ("sampler_arg", "1.0")],
    );
    let tracer = tracer(provider);
    let root = Context::new().with_span(tracer.start_with_context("root", &Context::new()));
    let middle = root.with_span(tracer.start_with_context("middle", &root));
    root.span().end();
    let leaf = tracer.start_with_context("leaf", &middle);
    drop((leaf, middle, root));
    let spans = arrived(provider, &sink);
    assert_eq!(spans["middle"].parent_span_id, spans["root"].span_id);
    assert_eq!(spans["leaf"].parent_span_id, spans["middle"].span_id);
    assert_eq!(spans["leaf"].trace_id, spans["root"].trace_id);
}

#[test]
fn a_remote_parent_goes_in_and_out_with_its_whole_state_and_baggage() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let propagator = Propagator::from(provider);
    let tracer = tracer(provider);
    let headers: HashMap<String, String> = [
        ("traceparent", CALLER),
        // The API refuses the second key; level 2 of the standard does not.
        ("tracestate", "a=1,a@b@c=2"),
        ("baggage", "tenant=acme;source=test,mail=ada@example.com"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let context = propagator.extract_with_context(&Context::new(), &headers);
    assert!(context.span().span_context().is_remote());
    assert_eq!(
        context.baggage().get("mail").unwrap().as_str(),
        "ada@example.com"
    );

    let server = context.with_span(tracer.start_with_context("server", &context));
    let mut sent = HashMap::new();
    propagator.inject_context(&server, &mut sent);
    let span_id = server.span().span_context().span_id();
    assert_eq!(
        sent["traceparent"],
        format!("00-0af7651916cd43dd8448eb211c80319c-{span_id}-01")
    );
    assert_eq!(sent["tracestate"], "a=1,a@b@c=2");
    assert!(
        sent["baggage"].contains("tenant=acme;source=test"),
        "{sent:?}"
    );
    assert!(!sent["baggage"].contains("ada"), "{sent:?}");
    drop(server);

    let span = &arrived(provider, &sink)["server"];
    assert_eq!(
        span.parent_span_id,
        [0xb7, 0xad, 0x6b, 0x71, 0x69, 0x20, 0x33, 0x31]
    );
    assert_eq!(span.flags & 0x300, 0x300, "the parent is remote");
    let fields: Vec<_> = propagator.fields().collect();
    assert_eq!(fields, ["traceparent", "tracestate", "baggage"]);
}

#[test]
fn headers_without_a_context_leave_the_context_as_it_is() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let context = Context::new().with_span(tracer(provider).start("there"));
    let empty = HashMap::<String, String>::new();
    let extracted = Propagator::from(provider).extract_with_context(&context, &empty);
    assert_eq!(
        extracted.span().span_context(),
        context.span().span_context()
    );
}

#[test]
fn the_sampler_decides_and_an_unsampled_span_propagates() {
    let sink = Sink::start();
    let provider = provider(&sink, &[("sampler", "always_off")]);
    let tracer = tracer(provider);
    let parent = Context::new().with_span(tracer.start("quiet"));
    let child = tracer.start_with_context("child", &parent);
    assert!(!child.is_recording() && child.span_context().is_valid());
    assert!(!child.span_context().is_sampled());
    assert_eq!(
        child.span_context().trace_id(),
        parent.span().span_context().trace_id()
    );
    drop((child, parent));
    assert!(arrived(provider, &sink).is_empty());
    assert_eq!(provider.stats().sampled_out, 2);
}

#[test]
fn suppressed_telemetry_makes_no_span() {
    let sink = Sink::start();
    let provider = provider(&sink, &[]);
    let context = Context::new().with_telemetry_suppressed();
    let span = tracer(provider).start_with_context("none", &context);
    assert!(!span.is_recording() && !span.span_context().is_valid());
    assert_eq!(provider.stats().started, 0);
}

#[test]
fn baggage_becomes_attributes_where_it_is_asked_for() {
    let sink = Sink::start();
    let provider = provider(&sink, &[("baggage_attributes", "tenant")]);
    let context = Context::new().with_baggage([KeyValue::new("tenant", "acme")]);
    drop(tracer(provider).start_with_context("span", &context));
    let span = &arrived(provider, &sink)["span"];
    assert_eq!(
        value(&span.attributes, "baggage.tenant"),
        Some(&Any::StringValue("acme".to_owned()))
    );
}

#[test]
fn a_disabled_provider_passes_the_callers_context_on() {
    let mut config = Config::default();
    config.set("disabled", "true").unwrap();
    let provider = Provider::new(config).unwrap();
    let propagator = Propagator::from(provider);
    let headers = HashMap::from([("traceparent".to_owned(), CALLER.to_owned())]);
    let context = propagator.extract_with_context(&Context::new(), &headers);
    let span = tracer(provider).build_with_context(SpanBuilder::from_name("none"), &context);
    let mut sent = HashMap::new();
    propagator.inject_context(&context.with_span(span), &mut sent);
    assert_eq!(sent["traceparent"], CALLER);
}
