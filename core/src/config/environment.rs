//! Reads the environment by OpenTelemetry's rules (specification, "Configuration: Environment variables", "Common").
//!
//! An empty variable is an unset one. What cannot be used is told with the value the user wrote, and then ignored; it never
//! stops the program. polyspan's own variables are the exception: a wrong one is an error, because a misspelled redaction
//! level must not quietly mean another one.

use std::ffi::OsString;

use super::Config;
use super::check::Problems;
use super::error::{ConfigError, readable};
use super::field::Field;
use super::option::ConfigOption;
use super::origin::Source;

/// Reads a variable; `None` if it is not set.
pub(crate) type Lookup<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// Variables that would change what polyspan does, if this version could: silence would make a user look for the cause
/// elsewhere.
const NOT_BUILT: &[&str] = &[
    "OTEL_CONFIG_FILE",
    "POLYSPAN_ALIASES",
    "POLYSPAN_ERRORS",
    "POLYSPAN_POLICY_FILE",
    "POLYSPAN_PROFILE",
];

/// The configuration that the environment describes, with what is wrong in it among its problems.
pub(crate) fn read(lookup: &Lookup<'_>) -> Config {
    let mut config = Config::default();
    for option in ConfigOption::all() {
        let mut refused = Vec::new();
        // The most specific variable is read last and stays.
        for variable in option.variables.iter().rev() {
            let Some(text) = lookup(variable).filter(|text| !is_blank(text)) else {
                continue;
            };
            match read_one(option, variable, text, &mut config) {
                Ok(()) => config.note_source(option.name, Source::Environment { variable }),
                Err(error) => refused.push(error),
            }
        }
        for error in refused {
            let fallback = option.show(&config);
            report(&mut config.problems, option.name, error, &fallback);
        }
    }
    for variable in NOT_BUILT {
        if lookup(variable).is_some_and(|text| !is_blank(&text)) {
            config.problems.warn(
                variable,
                format!("{variable} is set, but comes in a later version; it has no effect"),
            );
        }
    }
    config
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

fn is_blank(text: &OsString) -> bool {
    text.to_str().is_some_and(|text| text.trim().is_empty())
}
