//! What a file makes of a configuration.

use std::time::Duration;

use super::*;
use crate::config::{Compression, Destination, LogLevel, Otlp, Protocol, Signal, Source, Timeout};
use crate::trace::OwnedValue;

/// Every field about traces that the schema has and this version does.
const EVERYTHING: &str = r#"
file_format: "1.1"
disabled: false
log_level: warn2
attribute_limits:
  attribute_value_length_limit: 100
  attribute_count_limit: 50
  attribute_value_depth_limit: 64
resource:
  attributes:
    - {name: service.name, value: checkout}
    - {name: a, value: true, type: bool}
    - {name: b, value: 7, type: int}
    - {name: c, value: 1, type: double}
    - {name: d, value: [x, y], type: string_array}
    - {name: e, value: [1, 2], type: int_array}
    - {name: f, value: [true], type: bool_array}
    - {name: g, value: [1.5], type: double_array}
    - {name: nothing, value: }
  attributes_list: "service.name=list,h=%C3%A4"
  detection/development:
    attributes: {included: [process.*, os.*], excluded: [process.pid]}
    detectors: [{process: }, {host: {}}, {container: }]
propagator:
  composite:
    - baggage:
    - tracecontext: {}
  composite_list: "tracecontext,baggage"
tracer_provider:
  processors:
    - batch:
        schedule_delay: 100
        export_timeout: 2000
        max_queue_size: 4096
        max_export_batch_size: 256
        exporter:
          otlp_http:
            endpoint: https://c:4318/v1/traces
            tls: {ca_file: /ca.pem, cert_file: /c.pem, key_file: /k.pem}
            headers:
              - {name: X-Key, value: "${STRING_VALUE}"}
              - {name: ignored, value: }
            headers_list: "x-key=list,y=%2C"
            compression: gzip
            max_request_size: 67108864
            max_response_size: 4194304
            timeout: 5000
            encoding: json
    - batch:
        exporter:
          otlp_grpc:
            endpoint: g:4317
            tls: {insecure: true}
            timeout: 0
    - simple:
        exporter:
          otlp_file/development: {output_stream: file:///tmp/a.jsonl}
    - simple: {exporter: {otlp_file/development: }}
    - simple: {exporter: {console: }}
  limits:
    attribute_value_length_limit: 10
    attribute_count_limit: 11
    attribute_value_depth_limit: 64
    event_count_limit: 12
    link_count_limit: 13
    event_attribute_count_limit: 14
    link_attribute_count_limit: 15
  sampler:
    parent_based:
      root: {trace_id_ratio_based: {ratio: 0.25}}
      remote_parent_sampled: {always_on: }
      remote_parent_not_sampled: {always_off: {}}
      local_parent_sampled: {always_on: }
      local_parent_not_sampled: {trace_id_ratio_based: }
  id_generator: {random: }
instrumentation/development: {general: {}}
distribution:
  polyspan: {redaction: "off", memory_limit: 1048576}
  somebody_else: {x: {y: z}}
"#;

fn otlp(destination: &Destination) -> &Otlp {
    match destination {
        Destination::Otlp(otlp) => otlp,
        other => panic!("{other}"),
    }
}

#[test]
fn every_field_about_traces_takes_effect() {
    let config = load(EVERYTHING);
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.log_level, LogLevel::Warn);
    assert_eq!(config.get("propagators").unwrap(), "baggage,tracecontext");
    assert_eq!(config.get("redaction").unwrap(), "off");
    assert_eq!(config.memory_limit, 1 << 20);
    assert_eq!(
        config.get("sampler").unwrap(),
        "ParentBased{root:TraceIdRatioBased{0.25},remoteParentSampled:AlwaysOnSampler,remoteParentNotSampled:AlwaysOffSampler,\
         localParentSampled:AlwaysOnSampler,localParentNotSampled:TraceIdRatioBased{1}}"
    );
    let limits = config.limits();
    assert_eq!(
        (limits.value_length, limits.attribute_count),
        (Some(10), 11)
    );
    assert_eq!((limits.event_count, limits.link_count), (12, 13));
    assert_eq!(
        (limits.event_attribute_count, limits.link_attribute_count),
        (14, 15)
    );
    assert_eq!(config.attribute_count_limit, 50);
    assert!(config.validate().is_ok());
}

#[test]
fn processors_are_destinations_of_one_pipeline() {
    let config = load(EVERYTHING);
    assert_eq!(config.schedule_delay, Duration::from_millis(100));
    assert_eq!(config.max_queue_size, Some(4096));
    assert_eq!(config.max_export_batch_size, 256);
    let destinations = config.destinations(Signal::Traces);
    let names: Vec<_> = destinations.iter().map(ToString::to_string).collect();
    assert_eq!(
        names,
        [
            "https://c:4318/v1/traces",
            "g:4317",
            "/tmp/a.jsonl",
            "otlp/stdout",
            "console"
        ]
    );
    let http = otlp(&destinations[0]);
    assert_eq!(
        (http.protocol, http.compression),
        (Protocol::HttpJson, Compression::Gzip)
    );
    // The processor allows less than the exporter.
    assert_eq!(http.timeout, Timeout::from_millis(2000));
    assert_eq!(http.tls.ca.as_deref(), Some("/ca.pem".as_ref()));
    assert_eq!(http.tls.client_key.as_deref(), Some("/k.pem".as_ref()));
    let headers: Vec<_> = http
        .headers
        .iter()
        .map(|(k, v)| (k.as_str(), v.to_str().unwrap()))
        .collect();
    assert_eq!(headers, [("x-key", "value"), ("y", ",")]);
    let grpc = otlp(&destinations[1]);
    assert_eq!((grpc.protocol, grpc.tls.insecure), (Protocol::Grpc, true));
    assert_eq!(grpc.timeout, Timeout::from_millis(30_000));
}

#[test]
fn attributes_of_the_resource_have_their_types_and_win_over_the_list() {
    let config = load(EVERYTHING);
    let of = |key: &str| {
        let found = config
            .resource_attributes
            .iter()
            .find(|(known, _)| known == key);
        found.map(|(_, value)| value.clone())
    };
    let text = |text: &str| OwnedValue::Str(text.into());
    assert_eq!(of("service.name"), Some(text("checkout")));
    assert_eq!(of("h"), Some(text("ä")));
    assert_eq!(of("a"), Some(OwnedValue::Bool(true)));
    assert_eq!(of("b"), Some(OwnedValue::Int(7)));
    assert_eq!(of("c"), Some(OwnedValue::Double(1.0)));
    assert_eq!(of("d"), Some(OwnedValue::Array(vec![text("x"), text("y")])));
    assert_eq!(
        of("e"),
        Some(OwnedValue::Array(vec![
            OwnedValue::Int(1),
            OwnedValue::Int(2)
        ]))
    );
    assert_eq!(of("nothing"), None);
}

#[test]
fn detectors_of_the_file_run_and_its_patterns_choose_among_what_they_find() {
    let config = load(EVERYTHING);
    let redactor = crate::redact::Redactor::default();
    let resource = crate::resource::Resource::of_process(&config, 7, &redactor).resource;
    assert!(resource.get("process.executable.name").is_some());
    assert!(resource.get("os.type").is_some());
    for key in ["process.pid", "host.name", "service.instance.id"] {
        assert_eq!(resource.get(key), None, "{key}");
    }
}

#[test]
fn absent_parts_are_not_the_defaults_of_the_environment() {
    let config = load("file_format: \"1.0\"\n");
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.get("propagators").unwrap(), "none");
    assert!(!config.exports(Signal::Traces));
    assert!(!config.exports(Signal::Metrics));
    assert_eq!(config.get("sampler").unwrap(), "parentbased_always_on");
    assert_eq!(config.get("resource_detectors").unwrap(), "none");
}

#[test]
fn null_and_absent_settings_are_the_defaults() {
    let config = load(
        "file_format: \"1.1\"\nlog_level:\nattribute_limits: {attribute_count_limit: }\n\
         tracer_provider:\n  processors:\n    - batch: {schedule_delay: , exporter: {otlp_http: }}\n  limits: {}\n",
    );
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.schedule_delay, Duration::from_millis(5000));
    assert_eq!(config.limits(), crate::trace::Limits::default());
    let destinations = config.destinations(Signal::Traces);
    assert_eq!(
        *otlp(&destinations[0]),
        Otlp::through(
            config.proxies.clone(),
            "http://localhost:4318/v1/traces".to_owned()
        )
    );
}

#[test]
fn a_simple_processor_alone_exports_each_span_at_once() {
    assert_eq!(load(&provider("")).schedule_delay, Duration::ZERO);
}

#[test]
fn processors_that_differ_share_what_suits_the_most_eager_and_are_told() {
    let batch =
        |delay| format!("    - batch: {{schedule_delay: {delay}, exporter: {{console: }}}}\n");
    let text = format!(
        "file_format: \"1.1\"\ntracer_provider:\n  processors:\n{}{}",
        batch(9),
        batch(7)
    );
    assert_eq!(load(&text).schedule_delay, Duration::from_millis(7));
    assert_eq!(
        said(&text),
        [
            "FILE: the batch processors differ in schedule_delay, and share one queue; using 7 for all"
        ]
    );
}

#[test]
fn readers_that_differ_share_what_suits_the_most_eager_and_are_told() {
    let text = readers(&["interval: 1000, ", "interval: 9000, "]);
    let config = load(&text);
    assert_eq!(config.metric_export_interval, Duration::from_secs(1));
    assert_eq!(
        said(&text),
        ["FILE: the periodic readers differ in interval, and share one timer; using 1000 for all"]
    );
    let alike = readers(&["interval: 7000, ", "interval: 7000, "]);
    assert_eq!(said(&alike), Vec::<String>::new());
}

#[test]
fn levels_of_the_file_are_those_of_the_log() {
    for (severity, level) in [
        ("trace", "debug"),
        ("debug4", "debug"),
        ("info", "info"),
        ("warn3", "warn"),
        ("error", "error"),
        ("fatal2", "error"),
    ] {
        let config = load(&format!("file_format: \"1.1\"\nlog_level: {severity}\n"));
        assert_eq!(config.get("log_level").unwrap(), level, "{severity}");
    }
}

#[test]
fn metrics_go_where_the_file_says_and_what_awaits_them_is_told() {
    let text = r#"
file_format: "1.1"
meter_provider:
  readers:
    - periodic:
        interval: 1000
        timeout: 2000
        exporter:
          otlp_http: {endpoint: "http://c/v1/metrics", temporality_preference: delta}
    - periodic: {exporter: {console: {temporality_preference: delta}}}
    - pull: {exporter: {prometheus/development: {port: 1}}}
  views: [{selector: {instrument_name: x}, stream: {aggregation: {drop: }}}]
  exemplar_filter: always_off
logger_provider:
  processors: [{batch: {exporter: {otlp_http: }}}]
"#;
    let config = load(text);
    let destinations = config.destinations(Signal::Metrics);
    assert_eq!(destinations.len(), 2);
    assert_eq!(otlp(&destinations[0]).timeout, Timeout::from_millis(2000));
    assert_eq!(config.metric_export_interval, Duration::from_secs(1));
    assert_eq!(config.get("temporality_preference").unwrap(), "delta");
    assert_eq!(config.get("exemplar_filter").unwrap(), "always_off");
    assert_eq!(
        said(text),
        [
            "FILE: meter_provider.readers[0].periodic.exporter.otlp_http.temporality_preference is checked, but has no effect before a later version",
            "FILE: meter_provider.readers[1].periodic.exporter.console.temporality_preference is checked, but has no effect before a later version",
            "FILE: meter_provider.readers[2].pull is checked, but has no effect before a later version",
            "FILE: meter_provider.exemplar_filter is checked, but has no effect before a later version",
            "FILE: meter_provider.views is checked, but has no effect before a later version",
            "FILE: logger_provider is checked, but has no effect before a later version",
        ]
    );
}

/// A file with one periodic reader for each of these settings, all to the console.
fn readers(settings: &[&str]) -> String {
    let mut text = "file_format: \"1.1\"\nmeter_provider:\n  readers:\n".to_owned();
    for setting in settings {
        text += &format!("    - periodic: {{{setting}exporter: {{console: }}}}\n");
    }
    text
}

#[test]
fn the_schemas_name_of_a_temporality_is_known() {
    let exporter = "otlp_http: {temporality_preference: low_memory}";
    let text = readers(&[""]).replace("console: ", exporter);
    let config = load(&text);
    assert_eq!(config.errors().count(), 0, "{:?}", problems(&config));
    assert_eq!(config.get("temporality_preference").unwrap(), "lowmemory");
}

#[test]
fn every_value_knows_where_in_the_file_it_stands() {
    let config = load(EVERYTHING);
    let at = |option: &str| match config.source(option) {
        Some(Source::File { path, .. }) => path.clone(),
        other => panic!("{option}: {other:?}"),
    };
    assert_eq!(
        at("event_count_limit"),
        "tracer_provider.limits.event_count_limit"
    );
    assert_eq!(
        at("max_queue_size"),
        "tracer_provider.processors[0].batch.max_queue_size"
    );
    assert_eq!(at("redaction"), "distribution.polyspan.redaction");
    assert_eq!(at("sampler"), "tracer_provider.sampler");
    assert_eq!(config.source("strict"), None);
}

#[test]
fn the_examples_of_the_reference_page_can_be_used() {
    let page = include_str!("../../../../../docs/configuration.md");
    let mut examples = page.split("```yaml\n").skip(1);
    let mut example = || examples.next().unwrap().split("```").next().unwrap();
    let config = load(example());
    assert_eq!(problems(&config), Vec::<String>::new());
    assert!(config.exports(Signal::Traces));
    let policy = Written::new(example());
    let mut config = Config::default();
    config.set("policy_file", policy.name()).unwrap();
    assert_eq!(problems(&config), Vec::<String>::new());
    assert_eq!(config.event_count_limit, 64);
}

#[test]
fn the_service_detector_takes_the_name_from_its_variable() {
    let service = |resource: &str| {
        let text = format!("file_format: \"1.1\"\nresource: {{{resource}}}\n");
        let file = Written::new(&text);
        let set = |name: &str| (name == "OTEL_SERVICE_NAME").then(|| "variable".into());
        super::super::load(file.name(), &set)
            .get("service_name")
            .unwrap()
    };
    let detectors = "detection/development: {detectors: [{service: }]}";
    assert_eq!(service(detectors), "variable");
    let given = "attributes: [{name: service.name, value: file}]";
    assert!(service(&format!("{detectors}, {given}")).starts_with("unknown_service"));
    assert!(
        service("detection/development: {detectors: [{host: }]}").starts_with("unknown_service")
    );
}

#[test]
fn detectors_beyond_those_of_the_schema_have_names_too() {
    let text = "file_format: \"1.1\"\nresource: {schema_url: \"https://example.com/1\", detection/development: {detectors: [{k8s: }, {cloud: {}}]}}\n";
    let config = load(text);
    assert_eq!(config.get("resource_detectors").unwrap(), "k8s,cloud");
    let redactor = crate::redact::Redactor::default();
    let resource = crate::resource::Resource::of_process(&config, 7, &redactor).resource;
    assert_eq!(resource.schema_url(), "https://example.com/1");
}
