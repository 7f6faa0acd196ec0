//! `polyspan doctor`: would spans of a program started here arrive, and if not, why and what to do.
//!
//! | file | does |
//! |---|---|
//! | `settings` | looks at the effective configuration for what stops spans |
//! | `probe` | asks who listens at the endpoint, over both protocols and TLS |
//! | `endpoint` | compares that with the configuration, and sends a test span through the core |
//! | `finding` | what was found, as words or JSON |
//!
//! Exit code 0: spans arrive. 1: they do not. 2: the configuration cannot be used, so nothing was tried.

mod endpoint;
mod finding;
mod probe;
mod settings;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use polyspan::Config;
use polyspan::config::Destination;

use finding::{Finding, Report};

/// The options of `polyspan doctor`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Print one JSON document instead of text
    #[arg(long)]
    json: bool,
    /// How long to wait for a connection, an answer, the fate of the test span; in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(1..=60_000))]
    timeout: u32,
}

/// Runs it.
pub(crate) fn run(options: &Options) -> ExitCode {
    let report = examine(&Config::from_env().settled(), options);
    let mut out = std::io::stdout().lock();
    // A reader that has seen enough is no failure.
    let _ = if options.json {
        writeln!(out, "{:#}", report.to_json())
    } else {
        report.print(&mut out)
    };
    ExitCode::from(report.exit_code())
}

fn examine(config: &Config, options: &Options) -> Report {
    let mut report = Report::default();
    let wait = Duration::from_millis(options.timeout.into());
    for destination in settings::examine(config, &mut report) {
        match &destination {
            Destination::Otlp(otlp) => endpoint::examine(config, otlp, wait, &mut report),
            other => report.findings.push(Finding::good(
                "destination",
                format!("spans go to {other} as well; nothing is sent there now"),
            )),
        }
    }
    report
}
