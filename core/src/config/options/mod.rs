//! The one table of options.
//!
//! From it come [`Config::set`](super::Config::set), the reading of the environment, `describe`, `polyspan config print`
//! and the reference page `docs/configuration.md`. Defaults are not repeated here: they are what
//! [`Config::default`](super::Config::default) holds.

mod general;
mod internal;
mod logs;
mod metrics;
mod otlp;
mod traces;

use super::field::{Field, MOST, Place};
use super::option::OptionGroup;

/// All options. Later ones are read later: of two that touch the same attribute the later one wins.
pub static GROUPS: &[OptionGroup] = &[
    general::GROUP,
    traces::GROUP,
    traces::LIMITS,
    otlp::GENERAL,
    otlp::TRACES,
    otlp::METRICS,
    otlp::LOGS,
    metrics::GROUP,
    logs::GROUP,
    internal::TESTS,
    internal::BINDINGS,
];

/// A place that always holds a value.
macro_rules! held {
    ($($path:ident).+) => {
        Place {
            get: |config| Some(config.$($path).+.clone()),
            set: |config, value| config.$($path).+ = value,
            clear: |config| config.$($path).+ = Config::default().$($path).+,
        }
    };
    ($($path:ident).+ as $type:ty) => {
        Place {
            get: |config| Some(config.$($path).+ as u64),
            set: |config, value| config.$($path).+ = value as $type,
            clear: |config| config.$($path).+ = Config::default().$($path).+,
        }
    };
}

/// A place that may be empty.
macro_rules! optional {
    ($($path:ident).+) => {
        Place {
            get: |config| config.$($path).+.clone(),
            set: |config, value| config.$($path).+ = Some(value),
            clear: |config| config.$($path).+ = None,
        }
    };
    ($($path:ident).+ as $type:ty) => {
        Place {
            get: |config| config.$($path).+.map(u64::from),
            set: |config, value| config.$($path).+ = Some(value as $type),
            clear: |config| config.$($path).+ = None,
        }
    };
}

/// One of the names of an enum, in a place that always holds one.
macro_rules! choice {
    ($type:ty, $($path:ident).+ $(, $note:literal)?) => {
        Field::Choice {
            note: concat!("" $(, $note)?),
            names: <$type>::NAMES,
            later: <$type>::LATER,
            get: |config| Some(config.$($path).+.name().into()),
            set: |config, name| {
                <$type>::from_name(name)
                    .map(|value| config.$($path).+ = value)
                    .is_some()
            },
            clear: |config| config.$($path).+ = Config::default().$($path).+,
        }
    };
}

/// One of the names of an enum, in a place that may be empty.
macro_rules! maybe_choice {
    ($type:ty, $($path:ident).+ $(, $note:literal)?) => {
        Field::Choice {
            note: concat!("" $(, $note)?),
            names: <$type>::NAMES,
            later: <$type>::LATER,
            get: |config| config.$($path).+.map(|value| value.name().into()),
            set: |config, name| {
                <$type>::from_name(name)
                    .map(|value| config.$($path).+ = Some(value))
                    .is_some()
            },
            clear: |config| config.$($path).+ = None,
        }
    };
}

/// A list of names of an enum.
macro_rules! names {
    ($type:ty, $($path:ident).+) => {
        Field::Names {
            names: <$type>::NAMES,
            later: <$type>::LATER,
            get: |config| config.$($path).+.iter().map(|one| one.name()).collect(),
            set: |config, names| {
                config.$($path).+ = names.iter().filter_map(|name| <$type>::from_name(name)).collect();
            },
            clear: |config| config.$($path).+ = Config::default().$($path).+,
        }
    };
}

use {choice, held, maybe_choice, names, optional};

/// A number of things, which may be none.
const fn count(place: Place<u64>) -> Field {
    Field::Whole {
        least: 0,
        most: MOST,
        place,
    }
}

/// A number of things, at least one.
const fn size(place: Place<u64>) -> Field {
    Field::Whole {
        least: 1,
        most: MOST,
        place,
    }
}
