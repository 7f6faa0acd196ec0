//! The `polyspan` command: what a developer runs beside the programs that polyspan traces.
//!
//! One file or folder per subcommand; this file only names them and turns a failure into an exit code:
//! 0 done, 1 the subcommand failed (one sentence on stderr), 2 wrong usage (clap explains). `doctor` has codes of its own.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod config;
mod doctor;
mod view;

/// One trace through all your languages: tools for development.
#[derive(Parser)]
#[command(name = "polyspan", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Receive OTLP over HTTP, print each finished trace as a tree, answer queries about them.
    View(view::Options),
    /// Show the configuration that a program started here would have, or check one.
    Config(config::Options),
    /// Tell whether spans of a program started here would arrive, and what stops them.
    Doctor(doctor::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::View(options) => view::run(&options),
        Command::Config(options) => config::run(&options),
        Command::Doctor(options) => return doctor::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("polyspan: {problem}");
            ExitCode::FAILURE
        }
    }
}
