//! `polyspan config` as a user runs it.

use std::io::Write;
use std::process::{Command, Output};

/// A file that is gone when the test is over.
struct Written(tempfile::NamedTempFile);

impl Written {
    fn new(text: &str) -> Self {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Self(file)
    }

    fn name(&self) -> &str {
        self.0.path().to_str().unwrap()
    }
}

fn polyspan(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyspan"));
    command.arg("config").args(arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("OTEL_") || name.starts_with("POLYSPAN_") {
            command.env_remove(name);
        }
    }
    command.envs(variables.iter().copied()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The value and the origin of an option.
fn row<'o>(printed: &'o str, option: &str) -> (&'o str, &'o str) {
    let line = printed
        .lines()
        .find(|line| line.split_whitespace().next() == Some(option));
    let rest = line.unwrap()[option.len()..].trim_start();
    rest.split_once("  ")
        .map(|(value, origin)| (value, origin.trim_start()))
        .unwrap()
}

#[test]
fn print_shows_each_value_and_where_it_came_from() {
    let output = polyspan(
        &["print"],
        &[
            ("OTEL_SERVICE_NAME", "checkout"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/?key=hunter2"),
        ],
    );
    assert_eq!(output.status.code(), Some(0));
    let printed = out(&output);
    assert_eq!(
        row(&printed, "service_name"),
        ("checkout", "environment variable OTEL_SERVICE_NAME")
    );
    assert_eq!(row(&printed, "schedule_delay"), ("5000", "default"));
    assert_eq!(row(&printed, "headers").0, "authorization=***");
    assert!(
        printed.contains("spans go to http://c:4318/v1/traces\n"),
        "{printed}"
    );
    assert!(!printed.contains("hunter2"), "{printed}");
    assert!(!printed.contains("runtime_name"), "{printed}");
}

#[test]
fn print_shows_where_in_a_file_a_value_stands_and_may_be_brief() {
    let file = Written::new("file_format: \"1.1\"\nattribute_limits: {attribute_count_limit: 7}\n");
    let output = polyspan(&["print", "--set"], &[("OTEL_CONFIG_FILE", file.name())]);
    let printed = out(&output);
    let origin = format!("{}: attribute_limits.attribute_count_limit", file.name());
    assert_eq!(
        row(&printed, "attribute_count_limit"),
        ("7", origin.as_str())
    );
    assert!(
        printed.ends_with("spans go to nowhere\nmetrics go to nowhere\n"),
        "{printed}"
    );
    assert!(!printed.contains("default\n"), "{printed}");
}

#[test]
fn print_of_what_cannot_be_used_says_so_and_fails() {
    let output = polyspan(
        &["print"],
        &[
            ("POLYSPAN_REDACTION", "of"),
            ("OTEL_BSP_SCHEDULE_DELAY", "x"),
        ],
    );
    assert_eq!(output.status.code(), Some(1));
    let said = err(&output);
    assert!(
        said.contains("error: POLYSPAN_REDACTION is \"of\""),
        "{said}"
    );
    assert!(
        said.contains("warning: OTEL_BSP_SCHEDULE_DELAY is \"x\""),
        "{said}"
    );
    assert!(
        said.ends_with("polyspan: the configuration cannot be used: 1 error\n"),
        "{said}"
    );
}

#[test]
fn check_of_a_good_file_says_that_nothing_is_wrong() {
    let file = Written::new("file_format: \"1.1\"\n");
    let output = polyspan(&["check", file.name()], &[]);
    assert_eq!((output.status.code(), err(&output).as_str()), (Some(0), ""));
    assert_eq!(out(&output), format!("{}: nothing is wrong\n", file.name()));
}

#[test]
fn check_of_a_wrong_file_tells_all_that_is_wrong_with_line_and_path() {
    let file = Written::new("file_format: \"1.1\"\ndisabled: 1\npropagator: {composite: 2}\n");
    let output = polyspan(&["check", file.name()], &[]);
    assert_eq!(output.status.code(), Some(1));
    let name = file.name();
    assert_eq!(
        err(&output),
        format!(
            "error: {name}, line 2: disabled is 1; it must be true or false\n\
             error: {name}, line 3: propagator.composite is 2; it must be a list\n\
             polyspan: the configuration cannot be used: 2 errors\n"
        )
    );
}

#[test]
fn check_reads_policy_files_and_the_environment() {
    let policy = Written::new("redaction: \"off\"\n");
    assert_eq!(
        polyspan(&["check", "--policy", policy.name()], &[])
            .status
            .code(),
        Some(0)
    );
    assert_eq!(
        polyspan(&["check", policy.name()], &[]).status.code(),
        Some(1)
    );
    let warned = [("OTEL_BSP_SCHEDULE_DELAY", "x")];
    let output = polyspan(&["check", "env"], &warned);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(out(&output), "env: can be used, with 1 warning\n");
    assert_eq!(
        polyspan(&["check", "--strict", "env"], &warned)
            .status
            .code(),
        Some(1)
    );
    assert_eq!(polyspan(&["check"], &[]).status.code(), Some(2));
}
