//! Any span that a program can make comes out of the encoder as the span that it was, read by `opentelemetry-proto`.

use std::collections::BTreeMap;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use polyspan::config::{Destination, Signal};
use polyspan::export::memory::InMemory;
use polyspan::{
    Config, Provider, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, Value,
};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use prost::Message;

/// A value that owns what it holds.
#[derive(Clone, Debug)]
enum Owned {
    Empty,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Owned>),
    Map(Attributes),
}

type Attributes = BTreeMap<String, Owned>;

impl Owned {
    fn given(&self) -> Value<'_> {
        match self {
            Owned::Empty => Value::Empty,
            Owned::Bool(value) => Value::Bool(*value),
            Owned::Int(value) => Value::Int(*value),
            Owned::Double(value) => Value::Double(*value),
            Owned::Text(text) => Value::Str(text),
            Owned::Bytes(bytes) => Value::Bytes(bytes),
            Owned::Array(values) => Value::Array(values.iter().map(Owned::given).collect()),
            Owned::Map(members) => Value::Map(given(members)),
        }
    }

    fn expected(&self) -> AnyValue {
        let value = match self {
            Owned::Empty => None,
            Owned::Bool(value) => Some(Any::BoolValue(*value)),
            Owned::Int(value) => Some(Any::IntValue(*value)),
            Owned::Double(value) => Some(Any::DoubleValue(*value)),
            Owned::Text(text) => Some(Any::StringValue(text.clone())),
            Owned::Bytes(bytes) => Some(Any::BytesValue(bytes.clone())),
            Owned::Array(values) => Some(Any::ArrayValue(ArrayValue {
                values: values.iter().map(Owned::expected).collect(),
            })),
            Owned::Map(members) => Some(Any::KvlistValue(KeyValueList {
                values: expected(members),
            })),
        };
        AnyValue { value }
    }
}

fn given(attributes: &Attributes) -> Vec<(&str, Value<'_>)> {
    let given = attributes.iter();
    given
        .map(|(key, value)| (key.as_str(), value.given()))
        .collect()
}

fn expected(attributes: &Attributes) -> Vec<KeyValue> {
    let expected = attributes.iter().map(|(key, value)| KeyValue {
        key: key.clone(),
        value: Some(value.expected()),
        ..KeyValue::default()
    });
    expected.collect()
}

fn value() -> impl Strategy<Value = Owned> {
    let leaf = prop_oneof![
        Just(Owned::Empty),
        any::<bool>().prop_map(Owned::Bool),
        any::<i64>().prop_map(Owned::Int),
        any::<f64>().prop_map(Owned::Double),
        any::<String>().prop_map(Owned::Text),
        vec(any::<u8>(), 0..9).prop_map(Owned::Bytes),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Owned::Array),
            btree_map(".{1,6}", inner, 0..4).prop_map(Owned::Map),
        ]
    })
}

fn attributes() -> impl Strategy<Value = Attributes> {
    btree_map(".{1,8}", value(), 0..5)
}

/// What a program does to one span.
#[derive(Clone, Debug)]
struct Made {
    name: String,
    kind: SpanKind,
    attributes: Attributes,
    events: Vec<(String, Attributes, u64)>,
    links: Vec<([u8; 16], [u8; 8], Attributes)>,
    status: Option<Result<(), String>>,
    times: (u64, u64),
}

prop_compose! {
    fn made()(
        name in ".{1,20}",
        kind in prop_oneof![
            Just(SpanKind::Internal),
            Just(SpanKind::Server),
            Just(SpanKind::Client),
            Just(SpanKind::Producer),
            Just(SpanKind::Consumer),
        ],
        attributes in attributes(),
        // From 1970 on, and never before its start.
        start in 1_u64..1 << 62,
        length in 0_u64..1 << 40,
        events in vec((".{1,8}", attributes(), 1_u64..1 << 62), 0..3),
        links in vec((any::<[u8; 16]>(), any::<[u8; 8]>(), attributes()), 0..3),
        status in prop_oneof![
            Just(None),
            Just(Some(Ok(()))),
            ".{0,12}".prop_map(|text| Some(Err(text))),
        ],
    ) -> Made {
        let links = links.into_iter().map(|(mut trace, mut span, attributes)| {
            // Zeros are no id.
            trace[0] |= 1;
            span[0] |= 1;
            (trace, span, attributes)
        });
        Made {
            name, kind, attributes, events, status,
            links: links.collect(),
            times: (start, start + length),
        }
    }
}

impl Made {
    fn make(&self, provider: Provider) -> SpanContext {
        let given_attributes = given(&self.attributes);
        let mut span = provider
            .tracer("round")
            .span(&self.name)
            .kind(self.kind)
            .start_unix_nanos(self.times.0)
            .attributes(&given_attributes)
            .start();
        for (name, attributes, time) in &self.events {
            span.add_event_at(name, &given(attributes), *time);
        }
        for (trace, span_id, attributes) in &self.links {
            let context = SpanContext {
                trace_id: TraceId::from_bytes(*trace),
                span_id: SpanId::from_bytes(*span_id),
                flags: TraceFlags::SAMPLED,
                ..SpanContext::default()
            };
            span.add_link(&context, &given(attributes));
        }
        match &self.status {
            None => {}
            Some(Ok(())) => span.set_status(Status::Ok),
            Some(Err(text)) => span.set_status(Status::Error(text)),
        }
        let context = span.context().clone();
        span.finish_at(self.times.1);
        context
    }

    fn expected(&self, context: &SpanContext, found: &otlp::Span) -> otlp::Span {
        let events = self
            .events
            .iter()
            .map(|(name, attributes, time)| otlp::span::Event {
                time_unix_nano: *time,
                name: name.clone(),
                attributes: expected(attributes),
                ..otlp::span::Event::default()
            });
        let links = self.links.iter().zip(&found.links);
        let links = links.map(|((trace, span, attributes), found)| otlp::span::Link {
            trace_id: trace.to_vec(),
            span_id: span.to_vec(),
            attributes: expected(attributes),
            flags: found.flags,
            ..otlp::span::Link::default()
        });
        otlp::Span {
            trace_id: context.trace_id.to_bytes().to_vec(),
            span_id: context.span_id.to_bytes().to_vec(),
            name: self.name.clone(),
            kind: self.kind as i32,
            start_time_unix_nano: self.times.0,
            end_time_unix_nano: self.times.1,
            attributes: expected(&self.attributes),
            events: events.collect(),
            links: links.collect(),
            status: self.status.as_ref().map(|status| otlp::Status {
                code: if status.is_ok() { 1 } else { 2 },
                message: status.clone().err().unwrap_or_default(),
            }),
            // The bits of the sampler; tests of their own look at them.
            flags: found.flags,
            ..otlp::Span::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_span_is_read_back_as_it_was_made(made in vec(made(), 1..4)) {
        let memory = InMemory::new();
        let mut config = Config::default().trace_destinations([Destination::from(&memory)]);
        config.set("redaction", "off").unwrap();
        let provider = Provider::new(config).unwrap();
        let contexts: Vec<_> = made.iter().map(|made| made.make(provider)).collect();
        provider.shutdown(Duration::from_secs(60)).unwrap();

        let requests = memory.requests(Signal::Traces);
        let requests = requests.iter().map(|bytes| ExportTraceServiceRequest::decode(&bytes[..]));
        let found: Vec<otlp::Span> = requests
            .flat_map(|request| request.unwrap().resource_spans)
            .flat_map(|resource| resource.scope_spans)
            .flat_map(|scope| scope.spans)
            .collect();
        prop_assert_eq!(found.len(), made.len());
        for ((made, context), found) in made.iter().zip(&contexts).zip(found) {
            prop_assert_eq!(made.expected(context, &found), found);
        }
    }
}
