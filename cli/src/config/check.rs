//! `polyspan config check FILE|env`: everything that is wrong, one line each.

use polyspan::Config;

/// The options of `polyspan config check`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A declarative configuration file, or `env` for the environment with the file that it names
    #[arg(value_name = "FILE|env")]
    what: String,
    /// The file is a policy file, as POLYSPAN_POLICY_FILE names one
    #[arg(long)]
    policy: bool,
    /// Fail for what would only be warned of, too
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(options: &Options) -> Result<(), String> {
    let config = read(options)?.settled();
    told(&config);
    usable(&config)?;
    match config.warnings().len() {
        0 => println!("{}: nothing is wrong", options.what),
        _ if options.strict => return Err("there are warnings, and --strict is given".to_owned()),
        1 => println!("{}: can be used, with 1 warning", options.what),
        count => println!("{}: can be used, with {count} warnings", options.what),
    }
    Ok(())
}

fn read(options: &Options) -> Result<Config, String> {
    if options.what == "env" {
        if options.policy {
            return Err("--policy needs a file".to_owned());
        }
        return Ok(Config::from_env());
    }
    let mut config = Config::default();
    let option = if options.policy {
        "policy_file"
    } else {
        "config_file"
    };
    config
        .set(option, &options.what)
        .map_err(|error| error.to_string())?;
    Ok(config)
}

/// Tells on standard error what is wrong, worst first.
pub(super) fn told(config: &Config) {
    for error in config.errors() {
        eprintln!("error: {error}");
    }
    for warning in config.warnings() {
        eprintln!("warning: {warning}");
    }
}

/// # Errors
///
/// If no provider could be made of it.
pub(super) fn usable(config: &Config) -> Result<(), String> {
    match config.errors().count() {
        0 => Ok(()),
        1 => Err("the configuration cannot be used: 1 error".to_owned()),
        count => Err(format!("the configuration cannot be used: {count} errors")),
    }
}
