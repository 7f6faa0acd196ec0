//! `polyspan doctor` as a user runs it, against receivers in every state.

mod server;

use std::io::Write;
use std::process::{Command, Output};

use serde_json::Value;

fn doctor(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyspan"));
    command.arg("doctor").args(arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        let steers = ["OTEL_", "POLYSPAN_"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if steers || name.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

/// What the doctor says as JSON, after its exit code was compared.
fn report(code: i32, variables: &[(&str, &str)]) -> Value {
    let output = doctor(&["--json", "--timeout", "3000"], variables);
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{said}");
    serde_json::from_str(&said).unwrap()
}

/// The finding about something; fails if there is none.
fn about<'r>(report: &'r Value, about: &str) -> (&'r str, &'r str, &'r str) {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["about"] == about);
    let found = found.unwrap_or_else(|| panic!("nothing about {about}: {report:#}"));
    let text = |key: &str| found[key].as_str().unwrap();
    (text("level"), text("says"), text("advice"))
}

fn at(port: u16) -> String {
    format!("http://localhost:{port}")
}

#[track_caller]
fn check(report: &Value, thing: &str, level: &str, says: &str, advice: &str) {
    let found = about(report, thing);
    assert_eq!(found.0, level, "{found:?}");
    assert!(found.1.contains(says), "{found:?}");
    assert!(found.2.contains(advice), "{found:?}");
}

#[test]
fn a_healthy_receiver_takes_the_span() {
    let endpoint = at(server::http("200 OK"));
    let report = report(0, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    for thing in [
        "configuration",
        "sampler",
        "connection",
        "tls",
        "protocol",
        "test span",
    ] {
        check(&report, thing, "ok", "", "");
    }
    assert_eq!(report["verdict"], "spans arrive");
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    let set = &report["settings"][0];
    assert_eq!(set["value"], format!("{endpoint}/"));
    assert_eq!(
        set["origin"],
        "environment variable OTEL_EXPORTER_OTLP_ENDPOINT"
    );
}

#[test]
fn the_same_in_words() {
    let endpoint = at(server::http("200 OK"));
    let output = doctor(&[], &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.starts_with(&format!("polyspan {}\n", env!("CARGO_PKG_VERSION"))),
        "{said}"
    );
    assert!(said.contains("ok      connection: "), "{said}");
    assert!(said.ends_with("\nspans arrive\n"), "{said}");
}

#[test]
fn nobody_listens() {
    let report = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &at(server::nobody()))]);
    check(
        &report,
        "connection",
        "problem",
        "nobody takes a connection",
        "start the collector",
    );
    check(
        &report,
        "test span",
        "problem",
        "was not delivered",
        "see above",
    );
    assert_eq!(report["verdict"], "spans do not arrive");
}

#[test]
fn a_grpc_port_is_told_when_http_is_configured() {
    let report = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &at(server::http2()))]);
    check(
        &report,
        "protocol",
        "problem",
        "HTTP/2 only",
        "OTEL_EXPORTER_OTLP_PROTOCOL=grpc",
    );
    check(&report, "test span", "problem", "", "see above");
}

#[test]
fn an_http_port_is_told_when_grpc_is_configured() {
    let endpoint = at(server::http("200 OK"));
    let report = report(
        1,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ],
    );
    check(
        &report,
        "protocol",
        "problem",
        "HTTP/1.1 only",
        "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
    );
}

#[test]
fn a_missing_key_is_told() {
    let endpoint = at(server::http("401 Unauthorized"));
    let report = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    check(&report, "protocol", "ok", "HTTP/1.1", "");
    check(
        &report,
        "test span",
        "problem",
        "was refused",
        "OTEL_EXPORTER_OTLP_HEADERS",
    );
}

#[test]
fn a_wrong_path_is_told() {
    let endpoint = at(server::http("404 Not Found"));
    let report = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    check(&report, "test span", "problem", "404", "/v1/traces");
}

#[test]
fn an_unknown_authority_is_told() {
    let endpoint = format!("https://localhost:{}", server::https());
    let report = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)]);
    check(&report, "tls", "ok", "speaks TLS", "");
    check(
        &report,
        "test span",
        "problem",
        "certificate",
        "OTEL_EXPORTER_OTLP_CERTIFICATE",
    );
}

#[test]
fn a_scheme_that_does_not_fit_is_told_both_ways() {
    let plain = format!("https://localhost:{}", server::http("200 OK"));
    let found = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &plain)]);
    check(&found, "tls", "problem", "does not speak TLS", "http://");
    let found = report(1, &[("OTEL_EXPORTER_OTLP_ENDPOINT", &at(server::https()))]);
    check(&found, "tls", "problem", "speaks TLS, but", "https://");
}

#[test]
fn a_sampler_that_drops_everything_is_a_problem_although_the_receiver_is_well() {
    let endpoint = at(server::http("200 OK"));
    let found = report(
        1,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_TRACES_SAMPLER", "always_off"),
        ],
    );
    check(
        &found,
        "sampler",
        "problem",
        "records no trace",
        "OTEL_TRACES_SAMPLER",
    );
    check(&found, "test span", "ok", "", "");
    let found = report(
        0,
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_TRACES_SAMPLER", "traceidratio"),
            ("OTEL_TRACES_SAMPLER_ARG", "0.25"),
        ],
    );
    check(&found, "sampler", "warning", "25 %", "always_on");
    assert_eq!(found["verdict"], "spans arrive; see the warnings");
}

/// What the doctor says of a configuration file with this sampler and a receiver that takes everything.
fn of_file(code: i32, sampler: &str) -> Value {
    let endpoint = at(server::http("200 OK"));
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    write!(
        file,
        "file_format: \"1.1\"\ntracer_provider:\n  processors:\n    - batch: {{exporter: {{otlp_http: {{endpoint: '{endpoint}'}}}}}}\n  \
         sampler: {{{sampler}}}\n"
    )
    .unwrap();
    report(code, &[("OTEL_CONFIG_FILE", file.path().to_str().unwrap())])
}

#[test]
fn a_sampler_of_a_file_counts_like_one_of_a_variable() {
    let found = of_file(1, "always_off: ");
    check(
        &found,
        "sampler",
        "problem",
        "records no trace",
        "always_on",
    );
    assert_eq!(found["verdict"], "spans do not arrive");
    let found = of_file(0, "trace_id_ratio_based: {ratio: 0.25}");
    check(&found, "sampler", "warning", "25 %", "always_on");
    let found = of_file(0, "parent_based: {root: {always_off: }}");
    check(
        &found,
        "sampler",
        "warning",
        "starts no trace",
        "traceparent",
    );
    let followed = "composite/development: {parent_threshold: {root: {always_off: }}}";
    let found = of_file(0, followed);
    check(
        &found,
        "sampler",
        "warning",
        "starts no trace",
        "traceparent",
    );
    let found = of_file(0, "always_on: ");
    check(&found, "sampler", "ok", "AlwaysOn", "");
}

#[test]
fn a_disabled_sdk_and_no_exporter_are_told_without_trying() {
    let found = report(1, &[("OTEL_SDK_DISABLED", "true")]);
    check(
        &found,
        "configuration",
        "problem",
        "disabled",
        "OTEL_SDK_DISABLED",
    );
    let found = report(1, &[("OTEL_TRACES_EXPORTER", "none")]);
    check(
        &found,
        "configuration",
        "problem",
        "nowhere",
        "OTEL_TRACES_EXPORTER",
    );
    assert_eq!(found["findings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_configuration_that_cannot_be_used_has_a_code_of_its_own() {
    let found = report(2, &[("POLYSPAN_REDACTION", "maybe")]);
    check(&found, "configuration", "problem", "POLYSPAN_REDACTION", "");
    assert_eq!(found["verdict"], "the configuration cannot be used");
}

#[test]
fn no_secret_is_printed() {
    let endpoint = format!(
        "http://localhost:{}/?key=hunter2",
        server::http("403 Forbidden")
    );
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2"),
    ];
    for arguments in [&["--json"][..], &[]] {
        let output = doctor(arguments, &variables);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(!said.contains("hunter2"), "{said}");
        assert_eq!(output.status.code(), Some(1));
    }
}

#[test]
fn behind_a_proxy_the_receiver_is_not_asked_directly() {
    let proxy = format!(
        "http://localhost:{}",
        server::http("503 Service Unavailable")
    );
    let found = report(
        1,
        &[
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                "http://collector.invalid:4318",
            ),
            ("HTTP_PROXY", &proxy),
        ],
    );
    check(&found, "connection", "ok", "through the proxy", "");
    check(&found, "test span", "problem", "503", "busy");
}
