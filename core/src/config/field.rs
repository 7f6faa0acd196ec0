//! The kinds of settings there are: how each is read, bounded, shown, and described to somebody who got it wrong.

use std::borrow::Cow;
use std::time::Duration;

use super::error::readable;
use super::lists::{Refusal, listed, not_built, unknown_exporter, unknown_in_list};
use super::option::OptionKind;
use super::origin::Source;
use super::otlp::{Headers, Timeout, parse_endpoint};
use super::sampling::SamplerChoice;
use super::sentry::Dsn;
use super::{Config, ConfigError, Exporter, Exporters, pairs};
use crate::export::endpoint::{Address, shown};
use crate::propagate::{BaggageAttributes, Propagator, Propagators};
use crate::resource::{Detector, Detectors};
use crate::sample;
use crate::trace::OwnedValue;

/// The largest number that OpenTelemetry's settings must support, and the largest one polyspan takes.
pub(crate) const MOST: u64 = i32::MAX as u64;

/// The most characters of a wrong value that are shown.
pub(super) const SHOWN: usize = 100;

/// A setting's place in [`Config`].
pub(crate) struct Place<T: 'static> {
    /// `None` if it is not set.
    pub(crate) get: fn(&Config) -> Option<T>,
    pub(crate) set: fn(&mut Config, T),
    /// Back to the default.
    pub(crate) clear: fn(&mut Config),
}

impl<T> Place<T> {
    fn copy(&self, from: &Config, to: &mut Config) {
        if let Some(value) = (self.get)(from) {
            (self.set)(to, value);
        }
    }
}

/// What a setting may be, and where it is kept.
pub(crate) enum Field {
    /// Any text but none.
    Text(Place<String>),
    Flag(Place<bool>),
    /// A whole number within bounds.
    Whole {
        least: u64,
        most: u64,
        place: Place<u64>,
    },
    /// A length of time in milliseconds.
    Delay(Place<Duration>),
    /// A bound on a length of time in milliseconds; 0 is no bound.
    Timeout(Place<Timeout>),
    /// A share.
    Ratio(Place<f64>),
    /// One of several names.
    Choice {
        names: &'static [&'static str],
        later: &'static [&'static str],
        /// What a user should know in addition; follows the names.
        note: &'static str,
        get: fn(&Config) -> Option<Cow<'static, str>>,
        /// `false` if it is none of the names.
        set: fn(&mut Config, &str) -> bool,
        clear: fn(&mut Config),
    },
    Sampler(Place<SamplerChoice>),
    Propagators(Place<Propagators>),
    BaggageAttributes(Place<BaggageAttributes>),
    Exporters(Place<Exporters>),
    Detectors(Place<Detectors>),
    /// A list of some of these names, each once, or none.
    Names {
        names: &'static [&'static str],
        later: &'static [&'static str],
        get: fn(&Config) -> Vec<&'static str>,
        set: fn(&mut Config, &[&'static str]),
        clear: fn(&mut Config),
    },
    Dsn(Place<Dsn>),
    Endpoint(Place<Address>),
    Headers(Place<Headers>),
    Attributes(Place<Vec<(String, OwnedValue)>>),
}

impl Field {
    /// Reads `text` into its place. If it is refused nothing changes, except that a list from the environment keeps the
    /// entries that are known.
    pub(crate) fn read(
        &self,
        config: &mut Config,
        text: &str,
        source: &Source,
        spelled: &str,
    ) -> Result<(), ConfigError> {
        self.store(config, text.trim(), source)
            .map_err(|reason| ConfigError::Invalid {
                field: spelled.to_owned(),
                value: self.showable(text),
                reason,
                allowed: self.allowed(),
            })
    }

    fn store(&self, config: &mut Config, text: &str, source: &Source) -> Result<(), Refusal> {
        match self {
            Field::Text(_) if text.is_empty() => return Err(None),
            Field::Text(place) => (place.set)(config, text.to_owned()),
            Field::Flag(place) => (place.set)(config, flag(text).ok_or(None)?),
            Field::Whole { least, most, place } => {
                (place.set)(config, whole(text, *least, *most)?);
            }
            Field::Delay(place) => {
                (place.set)(config, Duration::from_millis(whole(text, 0, MOST)?));
            }
            Field::Timeout(place) => {
                (place.set)(config, Timeout::from_millis(whole(text, 0, MOST)?));
            }
            Field::Ratio(place) => (place.set)(config, ratio(text).ok_or(None)?),
            Field::Choice { later, set, .. } => {
                if !set(config, text) {
                    return Err(not_built(later, text));
                }
            }
            Field::Sampler(place) => match SamplerChoice::named(text) {
                Some(choice) => (place.set)(config, choice),
                None => return Err(not_built(&sample::LATER, text)),
            },
            Field::Propagators(place) => {
                let (known, unknown) = Propagators::parse(text);
                let some = !known.list().is_empty();
                let refusal = match unknown.first() {
                    Some(first) => Some(Some(unknown_in_list(&first.name, Propagator::LATER))),
                    None if some || text.eq_ignore_ascii_case("none") => None,
                    None => Some(None),
                };
                if refusal.is_none() || (source.is_environment() && some) {
                    (place.set)(config, known);
                }
                return refusal.map_or(Ok(()), Err);
            }
            Field::BaggageAttributes(place) => {
                (place.set)(config, BaggageAttributes::parse(text).map_err(Some)?);
            }
            Field::Names {
                names, later, set, ..
            } => set(config, &listed(text, names, later)?),
            Field::Dsn(place) => (place.set)(config, Dsn::parse(text).ok_or(None)?),
            Field::Exporters(place) => {
                let (known, unknown) = Exporters::parse(text);
                let some = !known.list().is_empty();
                let refusal = unknown.first().map(|name| unknown_exporter(name, text));
                if refusal.is_none() || (source.is_environment() && some) {
                    (place.set)(config, known);
                }
                return refusal.map_or(Ok(()), Err);
            }
            Field::Detectors(place) => {
                let (known, unknown) = Detectors::parse(text);
                let some = !known.list().is_empty();
                let refusal = unknown.map(|name| Some(unknown_in_list(&name, Detector::LATER)));
                if refusal.is_none() || (source.is_environment() && some) {
                    (place.set)(config, known);
                }
                return refusal.map_or(Ok(()), Err);
            }
            Field::Endpoint(place) => {
                let url = parse_endpoint(text)?;
                (place.set)(config, url);
            }
            Field::Headers(place) => {
                let mut headers = Headers::default();
                for (index, (name, value)) in pairs::parse(text)?.into_iter().enumerate() {
                    headers
                        .set(&name, &value)
                        .map_err(|why| format!("whose header number {} {why}", index + 1))?;
                }
                (place.set)(config, headers);
            }
            Field::Attributes(place) => {
                let attributes: Vec<_> = pairs::parse_text(text)?
                    .into_iter()
                    .map(|(key, value)| (key, OwnedValue::Str(value)))
                    .collect();
                if *source == Source::Code {
                    config.code_attributes.extend(attributes.clone());
                }
                (place.set)(config, attributes);
            }
        }
        Ok(())
    }

    /// The setting as text, without secrets; `None` if it is not set.
    pub(crate) fn show(&self, config: &Config) -> Option<String> {
        Some(match self {
            Field::Text(place) => (place.get)(config)?,
            Field::Flag(place) => (place.get)(config)?.to_string(),
            Field::Whole { place, .. } => (place.get)(config)?.to_string(),
            Field::Delay(place) => (place.get)(config)?.as_millis().to_string(),
            Field::Timeout(place) => (place.get)(config)?.millis().to_string(),
            Field::Ratio(place) => (place.get)(config)?.to_string(),
            Field::Choice { get, .. } => get(config)?.into_owned(),
            Field::Sampler(place) => (place.get)(config)?.shown().into_owned(),
            Field::Propagators(place) => (place.get)(config)?.describe(),
            Field::BaggageAttributes(place) => (place.get)(config)?.to_string(),
            Field::Exporters(place) => (place.get)(config)?.to_string(),
            Field::Detectors(place) => (place.get)(config)?.to_string(),
            Field::Names { get, .. } => match get(config).as_slice() {
                [] => "none".to_owned(),
                list => list.join(","),
            },
            Field::Dsn(place) => (place.get)(config)?.to_string(),
            Field::Endpoint(place) => shown(&(place.get)(config)?.to_string()),
            Field::Headers(place) => (place.get)(config).filter(|h| !h.is_empty())?.to_string(),
            // Values may be anything, so only the keys are shown.
            Field::Attributes(place) => {
                let keys: Vec<_> = (place.get)(config)?
                    .into_iter()
                    .map(|(key, _)| key)
                    .collect();
                (!keys.is_empty()).then(|| keys.join(","))?
            }
        })
    }

    /// What the setting must be, as the rest of the sentence "it must be …".
    pub(crate) fn allowed(&self) -> String {
        match self {
            Field::Text(_) => "a text that is not empty".to_owned(),
            Field::Flag(_) => "true or false".to_owned(),
            Field::Whole { least, most, .. } => format!("a whole number from {least} to {most}"),
            Field::Delay(_) => format!("a whole number of milliseconds from 0 to {MOST}"),
            Field::Timeout(_) => {
                format!("a whole number of milliseconds from 0 (no limit) to {MOST}")
            }
            Field::Ratio(_) => "a number from 0 to 1".to_owned(),
            Field::Choice { names, note, .. } => one_of(names) + note,
            Field::Sampler(_) => one_of(&sample::NAMES),
            Field::Propagators(_) => format!("a list of {}, or none", Propagator::NAMES.join(", ")),
            Field::BaggageAttributes(_) => {
                "a list of baggage keys, in which * stands for any text, or none".to_owned()
            }
            Field::Names { names, .. } => format!("a list of {}, or none", names.join(", ")),
            Field::Dsn(_) => {
                "a Sentry DSN, such as https://<key>@o42.ingest.sentry.io/7".to_owned()
            }
            Field::Exporters(_) => {
                let names = Exporter::NAMES.iter().filter(|name| **name != "none");
                let names: Vec<_> = names.copied().collect();
                format!("a list of {}, or none", names.join(", "))
            }
            Field::Detectors(_) => format!(
                "a list of {}, each perhaps with a minus before it, or all or none",
                Detector::NAMES.join(", ")
            ),
            Field::Endpoint(_) => {
                "an address that starts with http://, https:// or unix:, such as http://localhost:4318, or for grpc host:port"
                    .to_owned()
            }
            Field::Headers(_) | Field::Attributes(_) => {
                "a list of the form key=value,key=value, percent-encoded".to_owned()
            }
        }
    }

    /// Takes the value of one configuration over into another.
    pub(crate) fn copy(&self, from: &Config, to: &mut Config) {
        match self {
            Field::Text(place) => place.copy(from, to),
            Field::Flag(place) => place.copy(from, to),
            Field::Whole { place, .. } => place.copy(from, to),
            Field::Delay(place) => place.copy(from, to),
            Field::Timeout(place) => place.copy(from, to),
            Field::Ratio(place) => place.copy(from, to),
            Field::Choice { get, set, .. } => {
                if let Some(name) = get(from) {
                    set(to, &name);
                }
            }
            Field::Sampler(place) => place.copy(from, to),
            Field::Exporters(place) => place.copy(from, to),
            Field::Detectors(place) => place.copy(from, to),
            Field::Names { get, set, .. } => set(to, &get(from)),
            Field::Dsn(place) => place.copy(from, to),
            Field::Propagators(place) => place.copy(from, to),
            Field::BaggageAttributes(place) => place.copy(from, to),
            Field::Endpoint(place) => place.copy(from, to),
            Field::Headers(place) => place.copy(from, to),
            Field::Attributes(place) => place.copy(from, to),
        }
    }

    /// Back to the default.
    pub(crate) fn clear(&self, config: &mut Config) {
        let clear = match self {
            Field::Text(place) => place.clear,
            Field::Flag(place) => place.clear,
            Field::Whole { place, .. } => place.clear,
            Field::Delay(place) => place.clear,
            Field::Timeout(place) => place.clear,
            Field::Ratio(place) => place.clear,
            Field::Choice { clear, .. } => *clear,
            Field::Sampler(place) => place.clear,
            Field::Exporters(place) => place.clear,
            Field::Detectors(place) => place.clear,
            Field::Names { clear, .. } => *clear,
            Field::Dsn(place) => place.clear,
            Field::Propagators(place) => place.clear,
            Field::BaggageAttributes(place) => place.clear,
            Field::Endpoint(place) => place.clear,
            Field::Headers(place) => place.clear,
            Field::Attributes(place) => place.clear,
        };
        clear(config);
    }

    /// The names that a value may be, or that a list may hold.
    pub(crate) fn names(&self) -> Vec<&'static str> {
        match self {
            Field::Choice { names, .. } => names.to_vec(),
            Field::Sampler(_) => sample::NAMES.to_vec(),
            Field::Exporters(_) => Exporter::NAMES.to_vec(),
            Field::Detectors(_) => [Detector::NAMES, &["all", "none"]].concat(),
            Field::Names { names, .. } => [names, &["none"][..]].concat(),
            Field::Propagators(_) => [Propagator::NAMES, &["none"]].concat(),
            _ => Vec::new(),
        }
    }

    pub(crate) fn kind(&self) -> OptionKind {
        match self {
            Field::Text(_) | Field::Endpoint(_) | Field::Dsn(_) => OptionKind::Text,
            Field::Flag(_) => OptionKind::Flag,
            Field::Whole { .. } => OptionKind::Whole,
            Field::Delay(_) | Field::Timeout(_) => OptionKind::Millis,
            Field::Ratio(_) => OptionKind::Number,
            Field::Choice { .. } | Field::Sampler(_) => OptionKind::Choice,
            Field::Exporters(_)
            | Field::Detectors(_)
            | Field::Propagators(_)
            | Field::BaggageAttributes(_)
            | Field::Names { .. } => OptionKind::List,
            Field::Headers(_) | Field::Attributes(_) => OptionKind::Pairs,
        }
    }

    fn showable(&self, text: &str) -> Option<String> {
        match self {
            Field::Headers(_) | Field::Attributes(_) | Field::Dsn(_) => None,
            Field::Endpoint(_) => Some(readable(&shown(text), SHOWN)),
            _ => Some(readable(text, SHOWN)),
        }
    }
}

pub(super) fn flag(text: &str) -> Option<bool> {
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

fn whole(text: &str, least: u64, most: u64) -> Result<u64, Refusal> {
    match text.parse() {
        Ok(number) if (least..=most).contains(&number) => Ok(number),
        _ => Err(None),
    }
}

fn ratio(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|ratio| (0.0..=1.0).contains(ratio))
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
