//! The console and file exporters as another process sees them.
//!
//! What they write is a process's own standard output, so each case runs the ignored test [`child`] in a process of its own.

use polyspan::{Config, Provider};
use std::process::{Command, Stdio};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Runs [`child`] with these variables and returns what it wrote.
fn run(variables: &[(&str, &str)]) -> (String, String) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("POLYSPAN_TEST_CHILD", "1")
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    (stdout, stderr)
}

#[test]
#[ignore = "run by the others, in a process of its own"]
fn child() {
    if std::env::var_os("POLYSPAN_TEST_CHILD").is_none() {
        return;
    }
    let provider = Provider::new(Config::from_env().service_name("shop")).unwrap();
    let tracer = provider.tracer("test");
    let mut parent = tracer.start("parent");
    parent.set_attribute("user.email", "ada@example.com");
    tracer.span("child").parent(&parent).start().end();
    // Not ended at the shutdown: its child is printed all the same.
    let open = tracer.start("open");
    tracer.span("early").parent(&open).start().end();
    parent.end();
    provider.shutdown(LONG).unwrap();
    let stats = provider.stats();
    assert!(stats.is_balanced() && stats.delivered == 3, "{stats:#?}");
}

#[test]
fn the_console_shows_a_tree_on_standard_output_without_secrets_and_colours() {
    let (stdout, stderr) = run(&[
        ("OTEL_TRACES_EXPORTER", "console"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ]);
    assert!(stdout.contains("  shop  2 spans  "), "{stdout}");
    assert!(stdout.contains("● parent  "), "{stdout}");
    assert!(stdout.contains("└╴child  "), "{stdout}");
    assert!(stdout.contains("○ early  "), "{stdout}");
    assert!(stdout.contains("│   user.email = "), "{stdout}");
    assert!(!stdout.contains("ada@example.com"), "{stdout}");
    assert!(!stdout.contains('\u{1b}'), "{stdout}");
    assert_eq!(stderr, "");
}

#[test]
fn otlp_lines_come_on_standard_output_one_request_each() {
    let (stdout, _) = run(&[
        ("OTEL_TRACES_EXPORTER", "otlp/stdout"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ]);
    let lines: Vec<_> = stdout
        .lines()
        .filter(|line| line.starts_with('{'))
        .collect();
    let [line] = lines.as_slice() else {
        panic!("{stdout}")
    };
    let request: serde_json::Value = serde_json::from_str(line).unwrap();
    let spans = &request["resourceSpans"][0]["scopeSpans"][0]["spans"];
    let names: Vec<_> = (0..3)
        .map(|index| spans[index]["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["child", "early", "parent"]);
    assert!(!stdout.contains("ada@example.com"), "{stdout}");
}
