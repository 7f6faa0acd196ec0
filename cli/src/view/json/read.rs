//! Reads OTLP/JSON; see the module above for the rules.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, metric::Data,
    number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use serde_json::Value;

use super::at::{At, Malformed, Object, Read};

/// Reads an `ExportTraceServiceRequest` (or `TracesData`, which has the same form).
pub(crate) fn traces(body: &[u8]) -> Read<Vec<ResourceSpans>> {
    let document = parse(body)?;
    At::top(&document).object()?.list("resourceSpans", |at| {
        Ok(ResourceSpans {
            resource: at.message("resource", resource)?,
            scope_spans: at.list("scopeSpans", |at| {
                Ok(ScopeSpans {
                    scope: at.message("scope", scope)?,
                    spans: at.list("spans", span)?,
                    schema_url: at.text("schemaUrl")?,
                })
            })?,
            schema_url: at.text("schemaUrl")?,
        })
    })
}

/// Reads an `ExportMetricsServiceRequest`. Of the instrument kinds only sums and gauges are looked into; the
/// data of others is left out, as unknown fields would be.
pub(crate) fn metrics(body: &[u8]) -> Read<Vec<ResourceMetrics>> {
    let document = parse(body)?;
    At::top(&document).object()?.list("resourceMetrics", |at| {
        Ok(ResourceMetrics {
            resource: at.message("resource", resource)?,
            scope_metrics: at.list("scopeMetrics", |at| {
                Ok(ScopeMetrics {
                    scope: at.message("scope", scope)?,
                    metrics: at.list("metrics", metric)?,
                    schema_url: at.text("schemaUrl")?,
                })
            })?,
            schema_url: at.text("schemaUrl")?,
        })
    })
}

fn parse(body: &[u8]) -> Read<Value> {
    serde_json::from_slice(body)
        .map_err(|error| Malformed::new(format!("the body is not JSON: {error}")))
}

fn resource(at: &Object) -> Read<Resource> {
    Ok(Resource {
        attributes: at.list("attributes", key_value)?,
        dropped_attributes_count: at.u32("droppedAttributesCount")?,
        entity_refs: Vec::new(),
    })
}

fn scope(at: &Object) -> Read<InstrumentationScope> {
    Ok(InstrumentationScope {
        name: at.text("name")?,
        version: at.text("version")?,
        attributes: at.list("attributes", key_value)?,
        dropped_attributes_count: at.u32("droppedAttributesCount")?,
    })
}

fn span(at: &Object) -> Read<Span> {
    Ok(Span {
        trace_id: at.hex("traceId")?,
        span_id: at.hex("spanId")?,
        trace_state: at.text("traceState")?,
        parent_span_id: at.hex("parentSpanId")?,
        flags: at.u32("flags")?,
        name: at.text("name")?,
        kind: at.enumeration("kind")?,
        start_time_unix_nano: at.u64("startTimeUnixNano")?,
        end_time_unix_nano: at.u64("endTimeUnixNano")?,
        attributes: at.list("attributes", key_value)?,
        dropped_attributes_count: at.u32("droppedAttributesCount")?,
        events: at.list("events", |at| {
            Ok(Event {
                time_unix_nano: at.u64("timeUnixNano")?,
                name: at.text("name")?,
                attributes: at.list("attributes", key_value)?,
                dropped_attributes_count: at.u32("droppedAttributesCount")?,
            })
        })?,
        dropped_events_count: at.u32("droppedEventsCount")?,
        links: at.list("links", |at| {
            Ok(Link {
                trace_id: at.hex("traceId")?,
                span_id: at.hex("spanId")?,
                trace_state: at.text("traceState")?,
                attributes: at.list("attributes", key_value)?,
                dropped_attributes_count: at.u32("droppedAttributesCount")?,
                flags: at.u32("flags")?,
            })
        })?,
        dropped_links_count: at.u32("droppedLinksCount")?,
        status: at.message("status", |at| {
            Ok(Status {
                message: at.text("message")?,
                code: at.enumeration("code")?,
            })
        })?,
    })
}

fn metric(at: &Object) -> Read<Metric> {
    let sum = at.message("sum", |at| {
        Ok(Data::Sum(Sum {
            data_points: at.list("dataPoints", number_data_point)?,
            aggregation_temporality: at.enumeration("aggregationTemporality")?,
            is_monotonic: at.bool("isMonotonic")?,
        }))
    })?;
    let gauge = at.message("gauge", |at| {
        Ok(Data::Gauge(Gauge {
            data_points: at.list("dataPoints", number_data_point)?,
        }))
    })?;
    Ok(Metric {
        name: at.text("name")?,
        description: at.text("description")?,
        unit: at.text("unit")?,
        metadata: at.list("metadata", key_value)?,
        data: sum.or(gauge),
    })
}

fn number_data_point(at: &Object) -> Read<NumberDataPoint> {
    let int = at
        .field("asInt")
        .map(|at| at.i64())
        .transpose()?
        .map(Number::AsInt);
    let double = at
        .field("asDouble")
        .map(|at| at.f64())
        .transpose()?
        .map(Number::AsDouble);
    Ok(NumberDataPoint {
        attributes: at.list("attributes", key_value)?,
        start_time_unix_nano: at.u64("startTimeUnixNano")?,
        time_unix_nano: at.u64("timeUnixNano")?,
        exemplars: Vec::new(),
        flags: at.u32("flags")?,
        value: int.or(double),
    })
}

fn key_value(at: &Object) -> Read<KeyValue> {
    Ok(KeyValue {
        key: at.text("key")?,
        value: at.message("value", any_value)?,
        ..KeyValue::default()
    })
}

fn any_value(at: &Object) -> Read<AnyValue> {
    let value = if let Some(at) = at.field("stringValue") {
        Some(Any::StringValue(at.text()?))
    } else if let Some(at) = at.field("boolValue") {
        Some(Any::BoolValue(at.bool()?))
    } else if let Some(at) = at.field("intValue") {
        Some(Any::IntValue(at.i64()?))
    } else if let Some(at) = at.field("doubleValue") {
        Some(Any::DoubleValue(at.f64()?))
    } else if let Some(at) = at.field("arrayValue") {
        Some(Any::ArrayValue(ArrayValue {
            values: at.object()?.list("values", any_value)?,
        }))
    } else if let Some(at) = at.field("kvlistValue") {
        Some(Any::KvlistValue(KeyValueList {
            values: at.object()?.list("values", key_value)?,
        }))
    } else if let Some(at) = at.field("bytesValue") {
        Some(Any::BytesValue(at.bytes()?))
    } else {
        None
    };
    Ok(AnyValue { value })
}
