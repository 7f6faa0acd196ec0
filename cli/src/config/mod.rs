//! `polyspan config`: what a program started here would be configured with, and whether a configuration can be used.
//!
//! file    | subcommand
//! --------|--------------------------------------------------------------------
//! `print` | every option with its value and where that came from
//! `check` | all that is wrong with the environment or with a file
//!
//! Both read what a program would read, through the same code; secrets are masked as everywhere.

mod check;
mod print;

/// The options of `polyspan config`.
#[derive(clap::Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(clap::Subcommand)]
enum Action {
    /// Print the effective value of every option, and where it came from
    Print(print::Options),
    /// Tell everything that is wrong with a configuration; exits with 1 if it cannot be used
    Check(check::Options),
}

/// Runs it.
///
/// # Errors
///
/// A configuration that cannot be used; one sentence.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    match &options.action {
        Action::Print(options) => print::run(options),
        Action::Check(options) => check::run(options),
    }
}
