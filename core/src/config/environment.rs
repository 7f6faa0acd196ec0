//! Reads the environment by OpenTelemetry's rules (specification, "Configuration: Environment variables", "Common").
//!
//! An empty variable is an unset one. What cannot be used is told with the value the user wrote, and then ignored; it never
//! stops the program. polyspan's own variables are the exception: a wrong one is an error, because a misspelled redaction
//! level must not quietly mean another one.

use std::ffi::OsString;

use super::check::Problems;
use super::error::{ConfigError, readable};
use super::field::Field;
use super::option::ConfigOption;
use super::origin::Source;
use super::{Config, aliases, file};
use crate::export::proxy::Proxies;

/// Reads a variable; `None` if it is not set.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// Variables that would change what polyspan does, if this version could: silence would make a user look for the cause
/// elsewhere.
const NOT_BUILT: &[&str] = &["POLYSPAN_ERRORS", "POLYSPAN_PROFILE"];

/// Variables that are read beside a configuration file: they decide how it is read, and by which library.
const BESIDE_FILE: &[&str] = &["POLYSPAN_STRICT", "POLYSPAN_NATIVE_PATH"];

/// The configuration that the environment describes, with what is wrong in it among its problems.
pub(crate) fn read(lookup: &Lookup<'_>) -> Config {
    let mut config = Config {
        proxies: proxies(lookup),
        ..Config::default()
    };
    // Named by the environment, the file decides alone.
    if let Some(option) = ConfigOption::find("config_file") {
        read_option(option, lookup, &mut config);
    }
    if let Some(name) = config.config_file.clone() {
        return read_beside_file(&name, &config, lookup);
    }
    for option in ConfigOption::all().filter(|option| option.name != "config_file") {
        read_option(option, lookup, &mut config);
    }
    for variable in NOT_BUILT.iter().filter(|variable| is_set(lookup, variable)) {
        let warning = format!("{variable} is set, but comes in a later version; it has no effect");
        config.problems.warn(variable, warning);
    }
    aliases::read(&mut config, lookup);
    if let Some(policy) = config.policy_file.clone() {
        file::load_policy(&mut config, &policy, lookup);
    }
    config
}

/// The proxies that the environment names.
pub(super) fn proxies(lookup: &Lookup<'_>) -> Proxies {
    Proxies::read(|variable| lookup(variable)?.into_string().ok())
}

/// The configuration of a file. Every other variable is ignored, as the specification asks; polyspan's own are named, since
/// the specification's readers do not expect that.
pub(super) fn read_beside_file(name: &str, named: &Config, lookup: &Lookup<'_>) -> Config {
    let mut config = file::load(name, lookup);
    config.config_file = Some(name.to_owned());
    if let Some(source) = named.source("config_file") {
        config.note_source("config_file", source.clone());
    }
    if let Some(option) = ConfigOption::find("strict") {
        read_option(option, lookup, &mut config);
    }
    let own = ConfigOption::all().flat_map(|option| option.variables);
    let own = own.chain(NOT_BUILT).copied();
    let name = readable(name, 100);
    let hidden: Vec<_> = own
        .filter(|variable| variable.starts_with("POLYSPAN_") && !BESIDE_FILE.contains(variable))
        .filter(|variable| is_set(lookup, variable))
        .collect();
    if hidden.contains(&"POLYSPAN_POLICY_FILE") {
        let error = ConfigError::Invalid {
            field: "POLYSPAN_POLICY_FILE".to_owned(),
            value: lookup("POLYSPAN_POLICY_FILE")
                .map(|text| readable(&text.to_string_lossy(), 100)),
            reason: Some(format!("and the configuration file is \"{name}\"")),
            allowed: "unset then: the policy stands in that file, under distribution.polyspan"
                .to_owned(),
        };
        config.problems.refuse("policy_file", error);
    } else if !hidden.is_empty() {
        let warning = format!(
            "the configuration file hides {}; set it in {name}",
            hidden.join(", ")
        );
        config.problems.warn("config_file", warning);
    }
    config
}

fn read_option(option: &'static ConfigOption, lookup: &Lookup<'_>, config: &mut Config) {
    let mut refused = Vec::new();
    // The most specific variable is read last and stays.
    for variable in option.variables.iter().rev() {
        let Some(text) = lookup(variable).filter(|text| !is_blank(text)) else {
            continue;
        };
        match read_one(option, variable, text, config) {
            Ok(()) => config.note_source(option.name, Source::Environment { variable }),
            Err(error) => refused.push(error),
        }
    }
    for error in refused {
        let fallback = option.show(config);
        report(&mut config.problems, option.name, error, &fallback);
    }
}

fn is_set(lookup: &Lookup<'_>, variable: &str) -> bool {
    lookup(variable).is_some_and(|text| !is_blank(&text))
}

fn read_one(
    option: &ConfigOption,
    variable: &'static str,
    text: OsString,
    config: &mut Config,
) -> Result<(), ConfigError> {
    match text.into_string() {
        Ok(text) => option
            .field
            .read(config, &text, &Source::Environment { variable }, variable),
        Err(text) => Err(ConfigError::Invalid {
            field: variable.to_owned(),
            value: match option.field {
                Field::Headers(_) | Field::Attributes(_) | Field::Endpoint(_) => None,
                _ => Some(readable(&text.to_string_lossy(), 100)),
            },
            reason: Some("which is not valid UTF-8".to_owned()),
            allowed: option.allowed(),
        }),
    }
}

fn report(problems: &mut Problems, option: &'static str, error: ConfigError, fallback: &str) {
    if error.field().starts_with("POLYSPAN_") {
        problems.refuse(option, error);
    } else {
        problems.warn(option, format!("{error}; using {fallback}"));
    }
}

pub(super) fn is_blank(text: &OsString) -> bool {
    text.to_str().is_some_and(|text| text.trim().is_empty())
}
