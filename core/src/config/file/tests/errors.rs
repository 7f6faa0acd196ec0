//! What is wrong in a file is told with its line, its path and what to do.

use super::*;

fn first(text: &str) -> String {
    said(text).first().cloned().unwrap_or_default()
}

#[test]
fn what_the_schema_does_not_allow_is_told_with_line_and_path() {
    for (text, expected) in [
        (
            "disabled: false\n",
            "FILE, line 1 has no file_format; it must be a map with file_format",
        ),
        (
            "file_format: 1.1\n",
            "FILE, line 1: file_format is 1.1; it must be a text",
        ),
        (
            "- a\n",
            "FILE, line 1 is a list; it must be a map of keys and values",
        ),
        (
            "file_format: \"1.1\"\ndisabled: yes\n",
            "FILE, line 2: disabled is \"yes\"; it must be true or false",
        ),
        (
            "file_format: \"1.1\"\nlog_level: loud\n",
            "FILE, line 2: log_level is \"loud\"; it must be one of trace, trace2,",
        ),
        (
            "file_format: \"1.1\"\nattribute_limits:\n  attribute_count_limit: -1\n",
            "FILE, line 3: attribute_limits.attribute_count_limit is -1; it must be at least 0",
        ),
        (
            "file_format: \"1.1\"\ntracer_provider: {limits: {}}\n",
            "FILE, line 2: tracer_provider has no processors; it must be a map with processors",
        ),
        (
            "file_format: \"1.1\"\ntracer_provider: {processors: []}\n",
            "FILE, line 2: tracer_provider.processors is an empty list; it must be a list with at least one entry",
        ),
        (
            "file_format: \"1.1\"\ntracer_provider: {processors: [{batch: {}, simple: {}}]}\n",
            "FILE, line 2: tracer_provider.processors[0] has 2 keys; it must be exactly one of batch, simple",
        ),
        (
            "file_format: \"1.1\"\ntracer_provider:\n  processors:\n    - batch: {exporter: {otlp_http: {timout: 1}}}\n",
            "FILE, line 4: tracer_provider.processors[0].batch.exporter.otlp_http.timout is unknown; did you mean timeout?",
        ),
        (
            "file_format: \"1.1\"\nresource: {attributes: [{name: a, value: {b: c}}]}\n",
            "FILE, line 2: resource.attributes[0].value is a map; it must be a text, number, true or false, or a list of one of these",
        ),
        (
            &provider("sampler: {trace_id_ratio_based: {ratio: 1.5}}"),
            "FILE, line 7: tracer_provider.sampler.trace_id_ratio_based.ratio is 1.5; it must be from 0 to 1",
        ),
    ] {
        let said = first(text);
        assert!(said.starts_with(expected), "{said}\n{expected}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let text = "file_format: \"1.1\"\ndisabled: 1\nlog_level: 2\npropagator: 3\n";
    assert_eq!(said(text).len(), 3);
}

#[test]
fn what_the_schema_cannot_say_is_checked_too() {
    for (lines, expected) in [
        (
            "sampler: {my_sampler: {x: 1}}",
            "tracer_provider.sampler.my_sampler is no sampler of this version",
        ),
        (
            "sampler: {jaeger_remote/development: {endpoint: e, initial_sampler: {always_on: }}}",
            "jaeger_remote/development is no sampler of this version",
        ),
        (
            "id_generator: {xray: }",
            "xray is no id generator of this version; known is random",
        ),
        (
            "limits: {attribute_value_depth_limit: 3}",
            "is 3; this version supports 64 only",
        ),
        (
            "tracer_configurator/development: {default_config: {enabled: false}}",
            "tracer_provider.tracer_configurator/development is not supported; remove it",
        ),
    ] {
        let said = first(&provider(lines));
        assert!(said.contains(expected), "{said}");
    }
    for (exporter, expected) in [
        (
            "zipkin: {}",
            "zipkin is no exporter of this version; known are otlp_http, otlp_grpc",
        ),
        (
            "otlp_http: {endpoint: 'c:1'}",
            "otlp_http.endpoint cannot be used",
        ),
        (
            "otlp_http: {compression: zip}",
            "compression is \"zip\"; it must be one of none, gzip, zstd",
        ),
        (
            "otlp_http: {tls: {ca_file: ca.pem}}",
            "tls.ca_file is \"ca.pem\"; it must be an absolute path",
        ),
        (
            "otlp_http: {tls: {cert_file: /c.pem}}",
            "has only one of cert_file and key_file",
        ),
        (
            "otlp_http: {headers: [{name: 'a b', value: x}]}",
            "belongs to a header that has a name",
        ),
        (
            "otlp_http: {headers_list: 'a'}",
            "is a list whose entry 1 has no \"=\"",
        ),
        (
            "otlp_http: {max_request_size: 1}",
            "is 1; this version supports 67108864 only",
        ),
        (
            "otlp_file/development: {output_stream: 'a.jsonl'}",
            "it must be stdout, or an address such as file:///",
        ),
        ("console: {x: 1}", "console.x is unknown"),
    ] {
        let text = format!(
            "file_format: \"1.1\"\ntracer_provider: {{processors: [{{simple: {{exporter: {{{exporter}}}}}}}]}}\n"
        );
        let said = first(&text);
        assert!(said.contains(expected), "{said}");
    }
    let attribute = |text: &str| {
        first(&format!(
            "file_format: \"1.1\"\nresource: {{attributes: [{text}]}}\n"
        ))
    };
    assert!(
        attribute("{name: a, value: 1.0}")
            .ends_with("a text that looks like a number needs quotes")
    );
    assert!(
        attribute("{name: a, value: [1, 2.5], type: int_array}")
            .contains("does not fit its type, which is int_array")
    );
    let said = first("file_format: \"1.1\"\npropagator: {composite: [{carrier_pigeon: }]}\n");
    assert!(said.contains("propagator is \"carrier_pigeon\""), "{said}");
    let detectors = "{detection/development: {detectors: [{ec2: }]}}";
    let said = first(&format!("file_format: \"1.1\"\nresource: {detectors}\n"));
    assert!(said.contains("where \"ec2\" is unknown"), "{said}");
    let said = first("file_format: \"1.1\"\ntracer_providers: {}\n");
    assert!(
        said.contains("tracer_providers is not supported; remove it"),
        "{said}"
    );
}

#[test]
fn versions_are_checked_as_the_versioning_policy_asks() {
    for good in ["1.0", "1.1", "1.0-rc.2"] {
        assert_eq!(
            said(&format!("file_format: \"{good}\"\n")),
            Vec::<String>::new()
        );
    }
    for wrong in ["0.4", "2.0", "", "x", "1"] {
        let said = first(&format!("file_format: \"{wrong}\"\n"));
        assert!(said.ends_with("it must be \"1.0\" or \"1.1\""), "{said}");
    }
    let newer = load("file_format: \"1.7\"\n");
    assert!(newer.warnings()[0].contains("newer than 1.1"));
    assert!(newer.validate().is_ok());
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_not_the_defaults() {
    let of = |name: &str| {
        super::super::load(name, &lookup)
            .validate()
            .unwrap_err()
            .to_string()
    };
    assert!(of("/nowhere/otel.yaml").starts_with("/nowhere/otel.yaml cannot be read: "));
    assert!(of("/etc/passwd").contains("its name must end in .yaml, .yml or .json"));
    let file = Written::new("a: [1");
    assert!(of(file.name()).starts_with(&format!("{}, line ", file.name())));
    std::fs::write(&file.0, b"a: \xff").unwrap();
    assert!(of(file.name()).ends_with("it is not valid UTF-8"));
}

#[test]
fn secrets_of_a_file_are_not_told() {
    let text = "file_format: \"1.1\"\ntracer_provider:\n  processors:\n    - simple:\n        exporter:\n          otlp_http:\n            \
                endpoint: 7077\n            headers: [{name: k, value: 7077}, {name: [7077], value: x}]\n            headers_list: [7077]\n";
    let all = said(text).join("\n");
    assert!(!all.is_empty() && !all.contains("7077"), "{all}");
    let text = provider("").replace(
        "console:",
        "otlp_http: {endpoint: 'http://u:hunter2@c/?k=hunter2', headers_list: 'a=hunter2%'}",
    );
    let all = said(&text).join("\n");
    assert!(
        all.contains("endpoint") && all.contains("headers_list") && !all.contains("hunter2"),
        "{all}"
    );
}
