//! What requests look like in JSON, and that they are read back the same.

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
