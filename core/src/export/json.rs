//! OTLP/JSON: the JSON form of an encoded request.
//!
//! | on the wire | in JSON |
//! |---|---|
//! | trace and span ids | hexadecimal |
//! | other bytes | Base64 |
//! | 64-bit integers, times too | strings of decimal digits |
//! | enums | their numbers |
//! | doubles | numbers; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | a value that is empty | `{}` |
//! | fields with their default value | left out, as on the wire; only the list of an empty array or map is there |
//!
//! The bytes of a request are read once and nothing is built in between: the structs of `opentelemetry-proto` would
//! show NaN as null and do not take values as deep as the specification allows. Those structs are the oracle in tests.
//!
//! Source: OTLP specification 1.11, "JSON Protobuf Encoding"; Protocol Buffers, "ProtoJSON Format".

use std::fmt::Display;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::Signal;
pub(crate) use super::fields::Unreadable;
use super::fields::{Fields, Value};
use super::schema::{self, Field, Kind, Message};

/// Messages inside messages, at most. A value at the depth limit of attributes (64) takes three for each level.
const DEPTH_LIMIT: usize = 256;

/// The JSON form of an encoded `ExportTraceServiceRequest`, on one line without a line break at its end.
///
/// `Unreadable` if the bytes are not such a message as this crate encodes it: the parts of a repeated field together.
#[allow(
    dead_code,
    reason = "the exporters of the console and of files read it"
)]
pub(crate) fn request_to_json(request: &[u8]) -> Result<Vec<u8>, Unreadable> {
    to_json(Signal::Traces, request)
}

/// The JSON form of the encoded request of any signal.
pub(crate) fn to_json(signal: Signal, request: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let message = match signal {
        Signal::Traces => &schema::TRACES,
        Signal::Metrics => &schema::METRICS,
    };
    // Measured on batches of HTTP spans: the JSON form is 2.3 times as long.
    let mut json = Json(Vec::with_capacity(request.len() * 5 / 2));
    json.message(message, request, DEPTH_LIMIT)?;
    Ok(json.0)
}

struct Json(Vec<u8>);

impl Json {
    fn message(&mut self, message: &Message, bytes: &[u8], depth: usize) -> Result<(), Unreadable> {
        let depth = depth.checked_sub(1).ok_or(Unreadable)?;
        self.0.push(b'{');
        // A bit for each field that was written, and the repeated field whose list is still open.
        let (mut seen, mut open) = (0_u64, 0);
        for field in Fields(bytes) {
            let (number, value) = field?;
            // Unknown fields come from newer servers' messages only, but skipping them is the rule.
            let Some(field) = message.field(number) else {
                continue;
            };
            if open == number {
                self.0.push(b',');
            } else {
                if seen & (1 << number) != 0 {
                    return Err(Unreadable);
                }
                self.name(field, seen == 0, open != 0);
                seen |= 1 << number;
                open = if field.repeated { number } else { 0 };
            }
            match (field.kind, value, field.repeated) {
                (Kind::Message(inner), Value::Bytes(bytes), _) => {
                    self.message(inner, bytes, depth)?;
                }
                (kind, Value::Bytes(packed), true) if kind.is_number() => {
                    self.packed(kind, packed)?;
                }
                (kind, value, _) => self.scalar(kind, value)?,
            }
        }
        if let ([list], 0) = (message.0, seen) {
            // May be left out by the rule, but `opentelemetry-proto`, which receivers in Rust use, insists on it.
            self.name(list, true, false);
            open = u64::from(list.repeated);
        }
        if open != 0 {
            self.0.push(b']');
        }
        self.0.push(b'}');
        Ok(())
    }

    fn name(&mut self, field: &Field, first: bool, close_list: bool) {
        if close_list {
            self.0.push(b']');
        }
        if !first {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(field.name.as_bytes());
        self.0.extend_from_slice(b"\":");
        if field.repeated {
            self.0.push(b'[');
        }
    }

    /// The numbers of a packed field.
    fn packed(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), Unreadable> {
        let mut rest = Fields(bytes);
        let mut first = true;
        while !rest.0.is_empty() {
            let value = match kind {
                Kind::Fixed32 => rest.array().map(u32::from_le_bytes).map(Value::Fixed32),
                Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
                    rest.array().map(u64::from_le_bytes).map(Value::Fixed64)
                }
                _ => rest.varint().map(Value::Varint),
            };
            if !std::mem::take(&mut first) {
                self.0.push(b',');
            }
            self.scalar(kind, value.ok_or(Unreadable)?)?;
        }
        Ok(())
    }

    fn scalar(&mut self, kind: Kind, value: Value<'_>) -> Result<(), Unreadable> {
        match (kind, value) {
            (Kind::String, Value::Bytes(text)) => {
                self.text(std::str::from_utf8(text).map_err(|_| Unreadable)?)
            }
            (Kind::Id, Value::Bytes(id)) => {
                let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let digits = digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]);
                self.0.push(b'"');
                self.0.extend(digits);
                self.0.push(b'"');
                Ok(())
            }
            (Kind::Bytes, Value::Bytes(bytes)) => self.text(&STANDARD.encode(bytes)),
            (Kind::Bool, Value::Varint(value)) => self.bare(value != 0),
            // The upper half of a negative number's ten bytes repeats its sign.
            (Kind::Int32, Value::Varint(value)) => self.bare(value as i32),
            (Kind::Uint32, Value::Varint(value)) => self.bare(value as u32),
            (Kind::Sint32, Value::Varint(value)) => {
                let value = value as u32;
                self.bare((value >> 1) as i32 ^ -((value & 1) as i32))
            }
            (Kind::Fixed32, Value::Fixed32(value)) => self.bare(value),
            (Kind::Int64, Value::Varint(value)) => self.quoted(value as i64),
            (Kind::Sfixed64, Value::Fixed64(value)) => self.quoted(value as i64),
            (Kind::Uint64, Value::Varint(value)) | (Kind::Fixed64, Value::Fixed64(value)) => {
                self.quoted(value)
            }
            (Kind::Double, Value::Fixed64(bits)) => self.double(f64::from_bits(bits)),
            _ => Err(Unreadable),
        }
    }

    fn double(&mut self, value: f64) -> Result<(), Unreadable> {
        match value {
            f64::INFINITY => self.text("Infinity"),
            f64::NEG_INFINITY => self.text("-Infinity"),
            value if value.is_nan() => self.text("NaN"),
            value => serde_json::to_writer(&mut self.0, &value).map_err(|_| Unreadable),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        serde_json::to_writer(&mut self.0, text).map_err(|_| Unreadable)
    }

    fn bare(&mut self, value: impl Display) -> Result<(), Unreadable> {
        write!(self.0, "{value}").map_err(|_| Unreadable)
    }

    fn quoted(&mut self, number: impl Display) -> Result<(), Unreadable> {
        write!(self.0, "\"{number}\"").map_err(|_| Unreadable)
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
    use opentelemetry_proto::tonic::common::v1::{
        AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
    };
    use opentelemetry_proto::tonic::metrics::v1 as metrics;
    use opentelemetry_proto::tonic::resource::v1::Resource;
    use opentelemetry_proto::tonic::trace::v1::{
        ResourceSpans, ScopeSpans, Span, Status, span::Event, span::Link,
    };
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use prost::Message;

    use super::*;

    fn json(request: &ExportTraceServiceRequest) -> String {
        String::from_utf8(request_to_json(&request.encode_to_vec()).unwrap()).unwrap()
    }

    fn with_value(value: Option<Any>) -> ExportTraceServiceRequest {
        let attribute = KeyValue {
            key: "k".into(),
            value: Some(AnyValue { value }),
            ..KeyValue::default()
        };
        let span = Span {
            attributes: vec![attribute],
            ..Span::default()
        };
        let scope_spans = vec![ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        }];
        ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                scope_spans,
                ..ResourceSpans::default()
            }],
        }
    }

    fn value(value: Option<Any>) -> String {
        let json = json(&with_value(value));
        let value = json.split_once(r#""key":"k","value":"#).unwrap().1;
        value.strip_suffix("}]}]}]}]}").unwrap().to_owned()
    }

    #[test]
    fn ids_are_hexadecimal_and_times_are_strings() {
        let mut request = with_value(None);
        let span = &mut request.resource_spans[0].scope_spans[0].spans[0];
        *span = Span {
            trace_id: (0..16).collect(),
            span_id: vec![0xfe; 8],
            name: "a \"name\"\n".into(),
            kind: 2,
            start_time_unix_nano: u64::MAX,
            dropped_events_count: u32::MAX,
            flags: 0x101,
            ..Span::default()
        };
        assert_eq!(
            json(&request),
            concat!(
                r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"#,
                r#""traceId":"000102030405060708090a0b0c0d0e0f","spanId":"fefefefefefefefe","#,
                r#""name":"a \"name\"\n","kind":2,"startTimeUnixNano":"18446744073709551615","#,
                r#""droppedEventsCount":4294967295,"flags":257}]}]}]}"#
            )
        );
        assert_eq!(request_to_json(b"").unwrap(), br#"{"resourceSpans":[]}"#);
    }

    #[test]
    fn values_of_every_kind_have_their_json_form() {
        assert_eq!(value(None), "{}");
        let text = Any::StringValue(String::new());
        assert_eq!(value(Some(text)), r#"{"stringValue":""}"#);
        assert_eq!(value(Some(Any::BoolValue(false))), r#"{"boolValue":false}"#);
        let least = Any::IntValue(i64::MIN);
        assert_eq!(value(Some(least)), r#"{"intValue":"-9223372036854775808"}"#);
        let bytes = Any::BytesValue(vec![0xff, 0]);
        assert_eq!(value(Some(bytes)), r#"{"bytesValue":"/wA="}"#);
        let doubles = [
            (0.5, "0.5"),
            (1e300, "1e+300"),
            (f64::NAN, r#""NaN""#),
            (f64::INFINITY, r#""Infinity""#),
            (f64::NEG_INFINITY, r#""-Infinity""#),
        ];
        for (double, shown) in doubles {
            let expected = format!(r#"{{"doubleValue":{shown}}}"#);
            assert_eq!(value(Some(Any::DoubleValue(double))), expected);
        }
        let empty = Any::ArrayValue(ArrayValue { values: vec![] });
        assert_eq!(value(Some(empty)), r#"{"arrayValue":{"values":[]}}"#);
    }

    #[test]
    fn values_may_be_as_deep_as_attributes_may() {
        let mut deep = Any::IntValue(7);
        for _ in 0..64 {
            let value = Some(AnyValue { value: Some(deep) });
            let member = KeyValue {
                key: "k".into(),
                value,
                ..KeyValue::default()
            };
            deep = Any::KvlistValue(KeyValueList {
                values: vec![member],
            });
        }
        let json = json(&with_value(Some(deep)));
        assert_eq!(json.matches("kvlistValue").count(), 64);
    }

    #[test]
    fn what_is_not_such_a_message_is_unreadable() {
        let split = [with_value(None).encode_to_vec(), vec![0x0a, 0x00]].concat();
        assert!(request_to_json(&split).is_ok(), "the list goes on");
        // A span whose attributes are interrupted by its count of dropped ones.
        let span = [0x4a, 0, 0x50, 1, 0x4a, 0];
        let scope_spans = [&[0x12, 6][..], &span].concat();
        let resource_spans = [&[0x12, 8][..], &scope_spans].concat();
        let request = [&[0x0a, 10][..], &resource_spans].concat();
        for bytes in [&request[..], b"\x0a", b"\x08\x01", b"\x0a\x02\x1a\xff"] {
            assert_eq!(request_to_json(bytes), Err(Unreadable), "{bytes:?}");
        }
    }

    /// Few digits: `serde_json` reads long ones back with an error in the last bit.
    fn double() -> impl Strategy<Value = f64> {
        any::<i32>().prop_map(|eighths| f64::from(eighths) / 8.0)
    }

    fn any_value() -> impl Strategy<Value = AnyValue> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Any::StringValue),
            any::<bool>().prop_map(Any::BoolValue),
            any::<i64>().prop_map(Any::IntValue),
            double().prop_map(Any::DoubleValue),
            vec(any::<u8>(), 0..9).prop_map(Any::BytesValue),
        ];
        let value = leaf.prop_recursive(4, 16, 4, |inner| {
            let values = vec(option::of(inner), 0..4);
            values.prop_map(|values| {
                let values = values.into_iter().map(|value| AnyValue { value });
                Any::ArrayValue(ArrayValue {
                    values: values.collect(),
                })
            })
        });
        option::of(value).prop_map(|value| AnyValue { value })
    }

    fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
        let attribute = (".{1,6}", any_value()).prop_map(|(key, value)| KeyValue {
            key,
            value: Some(value),
            ..KeyValue::default()
        });
        vec(attribute, 0..4)
    }

    prop_compose! {
        fn span()(
            trace_id in vec(any::<u8>(), 16),
            span_id in vec(any::<u8>(), 8),
            name in ".{0,12}",
            kind in 0..6,
            start_time_unix_nano in any::<u64>(),
            attributes in attributes(),
            dropped_attributes_count in any::<u32>(),
            events in vec(attributes(), 0..3),
            links in vec(attributes(), 0..3),
            status in option::of((".{0,6}", 0..3)),
            flags in any::<u32>(),
        ) -> Span {
            let events = events.into_iter().map(|attributes| Event {
                time_unix_nano: start_time_unix_nano,
                name: name.clone(),
                attributes,
                dropped_attributes_count,
            });
            let links = links.into_iter().map(|attributes| Link {
                trace_id: trace_id.clone(),
                span_id: span_id.clone(),
                attributes,
                flags,
                ..Link::default()
            });
            Span {
                events: events.collect(),
                links: links.collect(),
                trace_id: trace_id.clone(),
                parent_span_id: span_id.clone(),
                span_id: span_id.clone(),
                trace_state: name.clone(),
                end_time_unix_nano: start_time_unix_nano,
                dropped_events_count: dropped_attributes_count,
                dropped_links_count: dropped_attributes_count,
                status: status.map(|(message, code)| Status { message, code }),
                name, kind, start_time_unix_nano, attributes, dropped_attributes_count, flags,
            }
        }
    }

    prop_compose! {
        fn traces()(
            spans in vec(span(), 0..3),
            resource in option::of(attributes()),
            attributes in attributes(),
            schema_url in ".{0,6}",
        ) -> ExportTraceServiceRequest {
            let scope = Some(InstrumentationScope {
                name: schema_url.clone(),
                version: schema_url.clone(),
                attributes,
                dropped_attributes_count: 1,
            });
            let scope_spans = vec![ScopeSpans { scope, spans, schema_url: schema_url.clone() }];
            let resource = resource.map(|attributes| Resource { attributes, ..Resource::default() });
            ExportTraceServiceRequest {
                resource_spans: vec![ResourceSpans { resource, scope_spans, schema_url }],
            }
        }
    }

    prop_compose! {
        // Without empty values: in metrics, `opentelemetry-proto` loses the data points that have one.
        fn metric()(
            numbers in vec(any::<u64>(), 0..4),
            bounds in vec(double(), 0..4),
            scale in any::<i32>(),
            sum in option::of(double()),
            which in 0..3,
            text in ".{1,6}",
        ) -> metrics::Metric {
            let value = Some(AnyValue { value: Some(Any::StringValue(text.clone())) });
            let attributes = vec![KeyValue { key: text, value, ..KeyValue::default() }];
            use metrics::metric::Data;
            let (time_unix_nano, flags) = (numbers.len() as u64, numbers.len() as u32);
            let data = match which {
                0 => Data::Sum(metrics::Sum {
                    data_points: numbers.iter().map(|&number| metrics::NumberDataPoint {
                        attributes: attributes.clone(),
                        time_unix_nano,
                        value: Some(metrics::number_data_point::Value::AsInt(number as i64)),
                        flags,
                        ..metrics::NumberDataPoint::default()
                    }).collect(),
                    aggregation_temporality: 2,
                    is_monotonic: flags > 1,
                }),
                1 => Data::Histogram(metrics::Histogram {
                    data_points: vec![metrics::HistogramDataPoint {
                        attributes,
                        bucket_counts: numbers,
                        explicit_bounds: bounds,
                        sum,
                        ..metrics::HistogramDataPoint::default()
                    }],
                    aggregation_temporality: 1,
                }),
                _ => Data::ExponentialHistogram(metrics::ExponentialHistogram {
                    data_points: vec![metrics::ExponentialHistogramDataPoint {
                        attributes,
                        scale,
                        min: sum,
                        positive: Some(metrics::exponential_histogram_data_point::Buckets {
                            offset: scale,
                            bucket_counts: numbers,
                        }),
                        ..metrics::ExponentialHistogramDataPoint::default()
                    }],
                    aggregation_temporality: 1,
                }),
            };
            metrics::Metric { name: "m".into(), data: Some(data), ..metrics::Metric::default() }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_as_the_same_spans(request in traces()) {
            let read = serde_json::from_str::<ExportTraceServiceRequest>(&json(&request));
            prop_assert_eq!(read.unwrap(), request);
        }

        #[test]
        fn what_is_written_is_read_back_as_the_same_metrics(metrics in vec(metric(), 0..3)) {
            let scope_metrics = vec![metrics::ScopeMetrics { metrics, ..Default::default() }];
            let resource_metrics = vec![metrics::ResourceMetrics { scope_metrics, ..Default::default() }];
            let request = ExportMetricsServiceRequest { resource_metrics };
            let json = to_json(Signal::Metrics, &request.encode_to_vec()).unwrap();
            let read = serde_json::from_slice::<ExportMetricsServiceRequest>(&json);
            prop_assert_eq!(read.unwrap(), request);
        }

        #[test]
        fn no_bytes_make_it_panic(request in vec(any::<u8>(), 0..200)) {
            let _ = to_json(Signal::Traces, &request);
            let _ = to_json(Signal::Metrics, &request);
        }
    }
}
