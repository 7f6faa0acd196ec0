//! Writes OTLP/JSON; see the module above for the rules.
//!
//! Fields that are zero or empty are left out, as protobuf JSON does, except those a reader always looks at:
//! ids, names, kind, times, `attributes`, `status`.

use std::fmt::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use serde_json::{Map, Value, json};

/// A `TracesData` message.
pub(crate) fn traces_data(spans: &[ResourceSpans]) -> Value {
    json!({ "resourceSpans": list(spans, resource_spans) })
}

/// Lower-case hexadecimal, as ids are written.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// An attribute value as a person would write it: strings bare, the rest as JSON.
pub(crate) fn value_text(any: Option<&AnyValue>) -> String {
    match plain(any) {
        Value::String(text) => text,
        value => value.to_string(),
    }
}

/// An attribute value as plain JSON, without OTLP's type wrappers.
pub(crate) fn plain(any: Option<&AnyValue>) -> Value {
    match any.and_then(|any| any.value.as_ref()) {
        None | Some(Any::StringValueStrindex(_)) => Value::Null,
        Some(Any::StringValue(text)) => json!(text),
        Some(Any::BoolValue(flag)) => json!(flag),
        Some(Any::IntValue(number)) => json!(number),
        Some(Any::DoubleValue(number)) => double(*number),
        Some(Any::ArrayValue(array)) => list(&array.values, |any| plain(Some(any))),
        Some(Any::KvlistValue(map)) => map
            .values
            .iter()
            .map(|pair| (pair.key.clone(), plain(pair.value.as_ref())))
            .collect::<Map<_, _>>()
            .into(),
        Some(Any::BytesValue(bytes)) => json!(BASE64_STANDARD.encode(bytes)),
    }
}

fn resource_spans(from: &ResourceSpans) -> Value {
    let mut to = Object::default();
    to.some("resource", from.resource.as_ref().map(resource));
    to.set("scopeSpans", list(&from.scope_spans, scope_spans));
    to.text("schemaUrl", &from.schema_url);
    to.0.into()
}

fn scope_spans(from: &ScopeSpans) -> Value {
    let mut to = Object::default();
    to.some("scope", from.scope.as_ref().map(scope));
    to.set("spans", list(&from.spans, span));
    to.text("schemaUrl", &from.schema_url);
    to.0.into()
}

fn resource(from: &Resource) -> Value {
    let mut to = Object::default();
    to.set("attributes", list(&from.attributes, key_value));
    to.count("droppedAttributesCount", from.dropped_attributes_count);
    to.0.into()
}

fn scope(from: &InstrumentationScope) -> Value {
    let mut to = Object::default();
    to.set("name", json!(from.name));
    to.text("version", &from.version);
    to.items("attributes", &from.attributes, key_value);
    to.count("droppedAttributesCount", from.dropped_attributes_count);
    to.0.into()
}

fn span(from: &Span) -> Value {
    let mut to = Object::default();
    to.set("traceId", json!(hex(&from.trace_id)));
    to.set("spanId", json!(hex(&from.span_id)));
    to.text("parentSpanId", &hex(&from.parent_span_id));
    to.text("traceState", &from.trace_state);
    to.count("flags", from.flags);
    to.set("name", json!(from.name));
    to.set("kind", json!(from.kind));
    to.set(
        "startTimeUnixNano",
        json!(from.start_time_unix_nano.to_string()),
    );
    to.set(
        "endTimeUnixNano",
        json!(from.end_time_unix_nano.to_string()),
    );
    to.set("attributes", list(&from.attributes, key_value));
    to.count("droppedAttributesCount", from.dropped_attributes_count);
    to.items("events", &from.events, event);
    to.count("droppedEventsCount", from.dropped_events_count);
    to.items("links", &from.links, link);
    to.count("droppedLinksCount", from.dropped_links_count);
    to.some("status", from.status.as_ref().map(status));
    to.0.into()
}

fn event(from: &Event) -> Value {
    let mut to = Object::default();
    to.set("timeUnixNano", json!(from.time_unix_nano.to_string()));
    to.set("name", json!(from.name));
    to.set("attributes", list(&from.attributes, key_value));
    to.count("droppedAttributesCount", from.dropped_attributes_count);
    to.0.into()
}

fn link(from: &Link) -> Value {
    let mut to = Object::default();
    to.set("traceId", json!(hex(&from.trace_id)));
    to.set("spanId", json!(hex(&from.span_id)));
    to.text("traceState", &from.trace_state);
    to.set("attributes", list(&from.attributes, key_value));
    to.count("droppedAttributesCount", from.dropped_attributes_count);
    to.count("flags", from.flags);
    to.0.into()
}

fn status(from: &Status) -> Value {
    let mut to = Object::default();
    to.text("message", &from.message);
    if from.code != 0 {
        to.set("code", json!(from.code));
    }
    to.0.into()
}

fn key_value(from: &KeyValue) -> Value {
    json!({ "key": from.key, "value": value(from.value.as_ref()) })
}

pub(super) fn value(any: Option<&AnyValue>) -> Value {
    match any.and_then(|any| any.value.as_ref()) {
        // An index into a dictionary that only profiles have.
        None | Some(Any::StringValueStrindex(_)) => json!({}),
        Some(Any::StringValue(text)) => json!({ "stringValue": text }),
        Some(Any::BoolValue(flag)) => json!({ "boolValue": flag }),
        Some(Any::IntValue(number)) => json!({ "intValue": number.to_string() }),
        Some(Any::DoubleValue(number)) => json!({ "doubleValue": double(*number) }),
        Some(Any::ArrayValue(array)) => {
            json!({ "arrayValue": { "values": list(&array.values, |any| value(Some(any))) } })
        }
        Some(Any::KvlistValue(map)) => {
            json!({ "kvlistValue": { "values": list(&map.values, key_value) } })
        }
        Some(Any::BytesValue(bytes)) => json!({ "bytesValue": BASE64_STANDARD.encode(bytes) }),
    }
}

/// JSON has no numbers for these three; protobuf JSON writes their names.
fn double(number: f64) -> Value {
    if number.is_nan() {
        json!("NaN")
    } else if number.is_infinite() {
        json!(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
    } else {
        json!(number)
    }
}

fn list<T>(items: &[T], write: impl Fn(&T) -> Value) -> Value {
    items.iter().map(write).collect()
}

/// A JSON object that leaves out what is empty.
#[derive(Default)]
struct Object(Map<String, Value>);

impl Object {
    fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    fn some(&mut self, name: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.set(name, value);
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        if !text.is_empty() {
            self.set(name, json!(text));
        }
    }

    fn count(&mut self, name: &str, count: u32) {
        if count != 0 {
            self.set(name, json!(count));
        }
    }

    fn items<T>(&mut self, name: &str, items: &[T], write: impl Fn(&T) -> Value) {
        if !items.is_empty() {
            self.set(name, list(items, write));
        }
    }
}
