//! OTLP/JSON to and from the protobuf messages.
//!
//! OTLP/JSON is the protobuf JSON mapping with three changes: trace and span ids are hex, enums are
//! integers only, and unknown fields are ignored. `opentelemetry-proto`'s own serde form misses parts of it
//! (`"arrayValue": {}`, `null` for "not set", `NaN` and the infinities, unpadded base64) and cannot say where
//! an error is; so the mapping is written out here, and that crate is the oracle of the tests.
//!
//! Source: OTLP specification, "JSON Protobuf Encoding"; ProtoJSON format.

mod at;
mod read;
mod write;

pub(crate) use at::Malformed;
pub(crate) use read::{metrics, traces};
pub(crate) use write::{hex, plain, traces_data, value_text};

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value as Any};
    use opentelemetry_proto::tonic::trace::v1::{Span, TracesData};

    use super::super::samples;
    use super::*;

    fn span_of(json: &str) -> Span {
        traces(json.as_bytes())
            .unwrap()
            .remove(0)
            .scope_spans
            .remove(0)
            .spans
            .remove(0)
    }

    fn with_span(span: &str) -> String {
        format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#)
    }

    fn value_of(value: &str) -> Option<Any> {
        let json = with_span(&format!(
            r#"{{"attributes":[{{"key":"k","value":{value}}}]}}"#
        ));
        span_of(&json).attributes.remove(0).value.unwrap().value
    }

    #[test]
    fn everything_written_is_read_back_equal() {
        let spans = samples::every_field();
        let json = traces_data(&spans).to_string();
        assert_eq!(traces(json.as_bytes()).unwrap(), spans);
    }

    #[test]
    fn the_oracle_reads_what_is_written_and_the_other_way_round() {
        let resource_spans = samples::every_field();
        let ours = traces_data(&resource_spans).to_string();
        let data = TracesData {
            resource_spans: resource_spans.clone(),
        };
        assert_eq!(serde_json::from_str::<TracesData>(&ours).unwrap(), data);

        let theirs = serde_json::to_string(&ExportTraceServiceRequest {
            resource_spans: resource_spans.clone(),
        });
        assert_eq!(traces(theirs.unwrap().as_bytes()).unwrap(), resource_spans);
    }

    #[test]
    fn metrics_of_the_oracle_are_read() {
        let resource_metrics = vec![samples::counter("gateway", "requests", 7)];
        let theirs = serde_json::to_string(&ExportMetricsServiceRequest {
            resource_metrics: resource_metrics.clone(),
        });
        assert_eq!(
            metrics(theirs.unwrap().as_bytes()).unwrap(),
            resource_metrics
        );
    }

    #[test]
    fn ids_are_hex_64_bit_integers_are_strings_and_enums_are_integers() {
        let json = traces_data(&samples::every_field());
        let span = &json["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
        assert_eq!(span["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(span["spanId"], "00f067aa0ba902b7");
        assert_eq!(span["startTimeUnixNano"], "1790000000000000001");
        assert_eq!(span["kind"], 2);
        assert_eq!(span["status"]["code"], 2);
        let int = &span["attributes"][2]["value"]["intValue"];
        assert_eq!(*int, i64::MIN.to_string());
    }

    #[test]
    fn numbers_may_be_strings_or_numbers() {
        let span = span_of(&with_span(
            r#"{"startTimeUnixNano":"18446744073709551615","endTimeUnixNano":12,"droppedEventsCount":"3"}"#,
        ));
        assert_eq!(span.start_time_unix_nano, u64::MAX);
        assert_eq!(
            (span.end_time_unix_nano, span.dropped_events_count),
            (12, 3)
        );
        assert_eq!(value_of(r#"{"intValue":-5}"#), Some(Any::IntValue(-5)));
        assert_eq!(value_of(r#"{"intValue":"-5"}"#), Some(Any::IntValue(-5)));
    }

    #[test]
    fn not_a_number_and_the_infinities_survive_both_ways() {
        for (text, expected) in [
            ("NaN", f64::NAN),
            ("Infinity", f64::INFINITY),
            ("-Infinity", f64::NEG_INFINITY),
        ] {
            let Some(Any::DoubleValue(read)) = value_of(&format!(r#"{{"doubleValue":"{text}"}}"#))
            else {
                panic!("{text} was not read as a double");
            };
            assert_eq!(read.to_bits() << 1, expected.to_bits() << 1, "{text}");
            let any = AnyValue {
                value: Some(Any::DoubleValue(read)),
            };
            assert_eq!(write::value(Some(&any))["doubleValue"], text);
        }
    }

    #[test]
    fn nulls_empty_messages_and_unknown_fields_are_as_if_absent() {
        let span = span_of(&with_span(
            r#"{"traceId":null,"attributes":null,"status":{},"later":{"a":[1]},"name":"n"}"#,
        ));
        assert_eq!((span.name.as_str(), span.attributes.len()), ("n", 0));
        assert_eq!(
            value_of(r#"{"arrayValue":{}}"#),
            Some(Any::ArrayValue(Default::default()))
        );
        assert_eq!(value_of(r#"{"later":1}"#), None);
        assert!(traces(b"{}").unwrap().is_empty());
    }

    #[test]
    fn base64_is_read_in_both_alphabets_with_or_without_padding() {
        for text in ["+/8=", "-_8=", "+/8", "-_8"] {
            let read = value_of(&format!(r#"{{"bytesValue":"{text}"}}"#));
            assert_eq!(read, Some(Any::BytesValue(vec![0xfb, 0xff])), "{text}");
        }
    }

    #[test]
    fn an_error_says_where_and_what() {
        let cases = [
            (
                r#"{"traceId":"xyz"}"#,
                "traceId: \"xyz\" is not hexadecimal",
            ),
            (
                r#"{"traceId":"0x12"}"#,
                "traceId: \"0x12\" is not hexadecimal",
            ),
            (
                r#"{"kind":"SPAN_KIND_SERVER"}"#,
                "kind: \"SPAN_KIND_SERVER\" is a name; OTLP/JSON wants the enum's integer",
            ),
            (
                r#"{"name":5}"#,
                "name: a number stands where a string must be",
            ),
            (
                r#"{"startTimeUnixNano":-1}"#,
                "startTimeUnixNano: -1 is not a whole number from 0 to 18446744073709551615",
            ),
            (
                r#"{"events":{}}"#,
                "events: an object stands where an array must be",
            ),
            (
                r#"{"attributes":[{"key":"k","value":"v"}]}"#,
                "attributes[0].value: a string stands where an object must be",
            ),
        ];
        for (span, expected) in cases {
            let said = traces(with_span(span).as_bytes()).unwrap_err().to_string();
            assert_eq!(
                said,
                format!("resourceSpans[0].scopeSpans[0].spans[0].{expected}")
            );
        }
        let said = traces(b"{\"resourceSpans\":").unwrap_err().to_string();
        assert!(said.starts_with("the body is not JSON: EOF"), "{said}");
    }
}
