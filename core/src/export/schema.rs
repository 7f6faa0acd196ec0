//! What the numbers in OTLP's messages mean, as far as their JSON form needs it.
//!
//! Source: opentelemetry-proto 1.11, `trace.proto`, `metrics.proto`, `common.proto`, `resource.proto`.

/// A message: its fields in the order of their numbers.
pub(super) struct Message(pub(super) &'static [Field]);

/// A field of a message.
pub(super) struct Field {
    pub(super) number: u64,
    /// Its name in lowerCamelCase.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) repeated: bool,
}

/// What a field's value is, as protobuf names it. Bytes differ in how JSON shows them.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    String,
    /// Trace and span ids: hexadecimal.
    Id,
    /// Any other bytes: Base64.
    Bytes,
    Bool,
    /// Enums too.
    Int32,
    Uint32,
    Sint32,
    Int64,
    Uint64,
    Fixed32,
    Fixed64,
    Sfixed64,
    Double,
    Message(&'static Message),
}

impl Message {
    pub(super) fn field(&self, number: u64) -> Option<&'static Field> {
        let fields = self.0;
        let at = fields.binary_search_by_key(&number, |field| field.number);
        at.ok().and_then(|at| fields.get(at))
    }
}

impl Kind {
    /// Whether a list of it may stand packed in one field.
    pub(super) fn is_number(self) -> bool {
        !matches!(
            self,
            Kind::String | Kind::Id | Kind::Bytes | Kind::Message(_)
        )
    }
}

const fn one(number: u64, name: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        kind,
        repeated: false,
    }
}

const fn many(number: u64, name: &'static str, kind: Kind) -> Field {
    Field {
        number,
        name,
        kind,
        repeated: true,
    }
}

use Kind::{
    Bool, Bytes, Double, Fixed32, Fixed64, Id, Int32, Int64, Sfixed64, Sint32, String, Uint32,
    Uint64,
};

pub(super) static TRACES: Message =
    Message(&[many(1, "resourceSpans", Kind::Message(&RESOURCE_SPANS))]);

static RESOURCE_SPANS: Message = Message(&[
    one(1, "resource", Kind::Message(&RESOURCE)),
    many(2, "scopeSpans", Kind::Message(&SCOPE_SPANS)),
    one(3, "schemaUrl", String),
]);

static SCOPE_SPANS: Message = Message(&[
    one(1, "scope", Kind::Message(&SCOPE)),
    many(2, "spans", Kind::Message(&SPAN)),
    one(3, "schemaUrl", String),
]);

static SPAN: Message = Message(&[
    one(1, "traceId", Id),
    one(2, "spanId", Id),
    one(3, "traceState", String),
    one(4, "parentSpanId", Id),
    one(5, "name", String),
    one(6, "kind", Int32),
    one(7, "startTimeUnixNano", Fixed64),
    one(8, "endTimeUnixNano", Fixed64),
    many(9, "attributes", Kind::Message(&KEY_VALUE)),
    one(10, "droppedAttributesCount", Uint32),
    many(11, "events", Kind::Message(&EVENT)),
    one(12, "droppedEventsCount", Uint32),
    many(13, "links", Kind::Message(&LINK)),
    one(14, "droppedLinksCount", Uint32),
    one(15, "status", Kind::Message(&STATUS)),
    one(16, "flags", Fixed32),
]);

static EVENT: Message = Message(&[
    one(1, "timeUnixNano", Fixed64),
    one(2, "name", String),
    many(3, "attributes", Kind::Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Uint32),
]);

static LINK: Message = Message(&[
    one(1, "traceId", Id),
    one(2, "spanId", Id),
    one(3, "traceState", String),
    many(4, "attributes", Kind::Message(&KEY_VALUE)),
    one(5, "droppedAttributesCount", Uint32),
    one(6, "flags", Fixed32),
]);

static STATUS: Message = Message(&[one(2, "message", String), one(3, "code", Int32)]);

static RESOURCE: Message = Message(&[
    many(1, "attributes", Kind::Message(&KEY_VALUE)),
    one(2, "droppedAttributesCount", Uint32),
    many(3, "entityRefs", Kind::Message(&ENTITY_REF)),
]);

static ENTITY_REF: Message = Message(&[
    one(1, "schemaUrl", String),
    one(2, "type", String),
    many(3, "idKeys", String),
    many(4, "descriptionKeys", String),
]);

static SCOPE: Message = Message(&[
    one(1, "name", String),
    one(2, "version", String),
    many(3, "attributes", Kind::Message(&KEY_VALUE)),
    one(4, "droppedAttributesCount", Uint32),
]);

static KEY_VALUE: Message = Message(&[
    one(1, "key", String),
    one(2, "value", Kind::Message(&ANY_VALUE)),
]);

static ANY_VALUE: Message = Message(&[
    one(1, "stringValue", String),
    one(2, "boolValue", Bool),
    one(3, "intValue", Int64),
    one(4, "doubleValue", Double),
    one(5, "arrayValue", Kind::Message(&ARRAY_VALUE)),
    one(6, "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
    one(7, "bytesValue", Bytes),
]);

static ARRAY_VALUE: Message = Message(&[many(1, "values", Kind::Message(&ANY_VALUE))]);

static KEY_VALUE_LIST: Message = Message(&[many(1, "values", Kind::Message(&KEY_VALUE))]);

pub(super) static METRICS: Message =
    Message(&[many(1, "resourceMetrics", Kind::Message(&RESOURCE_METRICS))]);

static RESOURCE_METRICS: Message = Message(&[
    one(1, "resource", Kind::Message(&RESOURCE)),
    many(2, "scopeMetrics", Kind::Message(&SCOPE_METRICS)),
    one(3, "schemaUrl", String),
]);

static SCOPE_METRICS: Message = Message(&[
    one(1, "scope", Kind::Message(&SCOPE)),
    many(2, "metrics", Kind::Message(&METRIC)),
    one(3, "schemaUrl", String),
]);

static METRIC: Message = Message(&[
    one(1, "name", String),
    one(2, "description", String),
    one(3, "unit", String),
    one(5, "gauge", Kind::Message(&GAUGE)),
    one(7, "sum", Kind::Message(&SUM)),
    one(9, "histogram", Kind::Message(&HISTOGRAM)),
    one(
        10,
        "exponentialHistogram",
        Kind::Message(&EXPONENTIAL_HISTOGRAM),
    ),
    one(11, "summary", Kind::Message(&SUMMARY)),
    many(12, "metadata", Kind::Message(&KEY_VALUE)),
]);

static GAUGE: Message = Message(&[many(1, "dataPoints", Kind::Message(&NUMBER_POINT))]);

static SUM: Message = Message(&[
    many(1, "dataPoints", Kind::Message(&NUMBER_POINT)),
    one(2, "aggregationTemporality", Int32),
    one(3, "isMonotonic", Bool),
]);

static HISTOGRAM: Message = Message(&[
    many(1, "dataPoints", Kind::Message(&HISTOGRAM_POINT)),
    one(2, "aggregationTemporality", Int32),
]);

static EXPONENTIAL_HISTOGRAM: Message = Message(&[
    many(1, "dataPoints", Kind::Message(&EXPONENTIAL_HISTOGRAM_POINT)),
    one(2, "aggregationTemporality", Int32),
]);

static SUMMARY: Message = Message(&[many(1, "dataPoints", Kind::Message(&SUMMARY_POINT))]);

static NUMBER_POINT: Message = Message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "asDouble", Double),
    many(5, "exemplars", Kind::Message(&EXEMPLAR)),
    one(6, "asInt", Sfixed64),
    many(7, "attributes", Kind::Message(&KEY_VALUE)),
    one(8, "flags", Uint32),
]);

static HISTOGRAM_POINT: Message = Message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "bucketCounts", Fixed64),
    many(7, "explicitBounds", Double),
    many(8, "exemplars", Kind::Message(&EXEMPLAR)),
    many(9, "attributes", Kind::Message(&KEY_VALUE)),
    one(10, "flags", Uint32),
    one(11, "min", Double),
    one(12, "max", Double),
]);

static EXPONENTIAL_HISTOGRAM_POINT: Message = Message(&[
    many(1, "attributes", Kind::Message(&KEY_VALUE)),
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    one(6, "scale", Sint32),
    one(7, "zeroCount", Fixed64),
    one(8, "positive", Kind::Message(&BUCKETS)),
    one(9, "negative", Kind::Message(&BUCKETS)),
    one(10, "flags", Uint32),
    many(11, "exemplars", Kind::Message(&EXEMPLAR)),
    one(12, "min", Double),
    one(13, "max", Double),
    one(14, "zeroThreshold", Double),
]);

static BUCKETS: Message = Message(&[one(1, "offset", Sint32), many(2, "bucketCounts", Uint64)]);

static SUMMARY_POINT: Message = Message(&[
    one(2, "startTimeUnixNano", Fixed64),
    one(3, "timeUnixNano", Fixed64),
    one(4, "count", Fixed64),
    one(5, "sum", Double),
    many(6, "quantileValues", Kind::Message(&QUANTILE)),
    many(7, "attributes", Kind::Message(&KEY_VALUE)),
    one(8, "flags", Uint32),
]);

static QUANTILE: Message = Message(&[one(1, "quantile", Double), one(2, "value", Double)]);

static EXEMPLAR: Message = Message(&[
    one(2, "timeUnixNano", Fixed64),
    one(3, "asDouble", Double),
    one(4, "spanId", Id),
    one(5, "traceId", Id),
    one(6, "asInt", Sfixed64),
    many(7, "filteredAttributes", Kind::Message(&KEY_VALUE)),
]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_of_every_message_stand_in_the_order_of_their_numbers() {
        fn check(message: &'static Message, depth: usize) {
            assert!(message.0.is_sorted_by(|a, b| a.number < b.number));
            for field in message.0 {
                if let (Kind::Message(inner), true) = (field.kind, depth < 12) {
                    check(inner, depth + 1);
                }
            }
        }
        check(&TRACES, 0);
        check(&METRICS, 0);
    }
}
