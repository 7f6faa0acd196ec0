//! Telemetry for tests.

use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    metric::Data, number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};

use super::origin::Origin;
use super::trace::StoredSpan;

pub(crate) const TRACE: [u8; 16] = 0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736_u128.to_be_bytes();
pub(crate) const START: u64 = 1_790_000_000_000_000_000;

pub(crate) fn any(value: Any) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: any(value),
        ..KeyValue::default()
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Any::StringValue(value.to_owned()))
}

pub(crate) fn int(key: &str, value: i64) -> KeyValue {
    pair(key, Any::IntValue(value))
}

pub(crate) fn resource(service: &str, language: &str) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", service),
            text("telemetry.sdk.language", language),
        ],
        ..Resource::default()
    }
}

/// A span of [`TRACE`]; parent 0 means none, times are milliseconds after [`START`].
pub(crate) fn span(id: u64, parent: u64, name: &str, start_ms: u64, end_ms: u64) -> Span {
    Span {
        trace_id: TRACE.to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            parent.to_be_bytes().to_vec()
        },
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: START + start_ms * 1_000_000,
        end_time_unix_nano: START + end_ms * 1_000_000,
        ..Span::default()
    }
}

pub(crate) fn of_service(service: &str, language: &str, spans: Vec<Span>) -> ResourceSpans {
    ResourceSpans {
        resource: Some(resource(service, language)),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: "test".to_owned(),
                ..InstrumentationScope::default()
            }),
            spans,
            schema_url: String::new(),
        }],
        schema_url: String::new(),
    }
}

pub(crate) fn stored_in(service: &str, language: &str, span: Span) -> StoredSpan {
    StoredSpan {
        origin: Arc::new(Origin::new(of_service(service, language, Vec::new()))),
        span,
    }
}

pub(crate) fn failed(mut span: Span, message: &str) -> Span {
    span.status = Some(Status {
        message: message.to_owned(),
        code: 2,
    });
    span
}

pub(crate) fn exception(kind: &str, message: &str) -> Event {
    Event {
        name: "exception".to_owned(),
        attributes: vec![
            text("exception.type", kind),
            text("exception.message", message),
        ],
        ..Event::default()
    }
}

/// One span that uses every field and every type of value.
pub(crate) fn every_field() -> Vec<ResourceSpans> {
    let nested = KeyValueList {
        values: vec![
            text("a", "b"),
            pair("none", Any::ArrayValue(ArrayValue::default())),
        ],
    };
    let array = ArrayValue {
        values: [
            Any::StringValue("x".to_owned()),
            Any::DoubleValue(0.1),
            Any::KvlistValue(nested),
        ]
        .map(|value| AnyValue { value: Some(value) })
        .into(),
    };
    let span = Span {
        span_id: 0x00f0_67aa_0ba9_02b7_u64.to_be_bytes().to_vec(),
        trace_state: "vendor=1".to_owned(),
        flags: 0x301,
        kind: 2,
        start_time_unix_nano: START + 1,
        attributes: vec![
            text("text", "\"ü\"\n"),
            pair("flag", Any::BoolValue(false)),
            int("int", i64::MIN),
            pair("double", Any::DoubleValue(-1.5e300)),
            pair("bytes", Any::BytesValue(vec![0, 255, 251])),
            pair("array", Any::ArrayValue(array)),
        ],
        dropped_attributes_count: 1,
        events: vec![Event {
            time_unix_nano: START + 2,
            dropped_attributes_count: 4,
            ..exception("E", "m")
        }],
        dropped_events_count: 2,
        links: vec![Link {
            trace_id: TRACE.to_vec(),
            span_id: vec![1; 8],
            trace_state: "k=v".to_owned(),
            attributes: vec![int("i", 5)],
            dropped_attributes_count: 6,
            flags: 0x101,
        }],
        dropped_links_count: 3,
        status: Some(Status {
            message: "no".to_owned(),
            code: 2,
        }),
        ..span(1, 7, "GET /x", 0, 5)
    };
    vec![ResourceSpans {
        resource: Some(Resource {
            dropped_attributes_count: 9,
            ..resource("gateway", "nodejs")
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: "scope".to_owned(),
                version: "1.2".to_owned(),
                attributes: vec![text("k", "v")],
                dropped_attributes_count: 8,
            }),
            spans: vec![span],
            schema_url: "https://example.test/scope".to_owned(),
        }],
        schema_url: "https://example.test/resource".to_owned(),
    }]
}

fn sum(
    service: &str,
    name: &str,
    value: i64,
    temporality: AggregationTemporality,
) -> ResourceMetrics {
    let point = NumberDataPoint {
        attributes: vec![text("http.route", "/orders")],
        time_unix_nano: START,
        value: Some(Number::AsInt(value)),
        ..NumberDataPoint::default()
    };
    let sum = Sum {
        data_points: vec![point],
        aggregation_temporality: temporality as i32,
        is_monotonic: true,
    };
    let metric = Metric {
        name: name.to_owned(),
        unit: "1".to_owned(),
        data: Some(Data::Sum(sum)),
        ..Metric::default()
    };
    ResourceMetrics {
        resource: Some(resource(service, "node")),
        scope_metrics: vec![ScopeMetrics {
            metrics: vec![metric],
            ..ScopeMetrics::default()
        }],
        ..ResourceMetrics::default()
    }
}

/// A cumulative counter of `value`.
pub(crate) fn counter(service: &str, name: &str, value: i64) -> ResourceMetrics {
    sum(service, name, value, AggregationTemporality::Cumulative)
}

/// A counter that grew by `value`.
pub(crate) fn delta(service: &str, name: &str, value: i64) -> ResourceMetrics {
    sum(service, name, value, AggregationTemporality::Delta)
}
