//! Counters: sums that only grow.

use super::attribute;
use super::meters::Meters;
use crate::config::Signal;
use crate::diagnostics::Cause;
use crate::generation::PerGeneration;
use crate::trace::{Inner, OwnedScope, Value};
use opentelemetry::metrics::Counter as SdkCounter;
use std::fmt;
use std::sync::OnceLock;

/// A sum that only grows, kept for each set of attributes. Small and free to copy; made by
/// [`Provider::counter`](crate::Provider::counter).
///
/// What is added after shutdown is ignored.
#[derive(Clone, Copy)]
pub struct Counter {
    target: Option<Target>,
}

#[derive(Clone, Copy)]
struct Target {
    provider: &'static Inner,
    index: u32,
    definition: &'static Definition,
}

/// The counters of a provider, in the order in which they were made.
pub(crate) type Definitions = boxcar::Vec<Definition>;

/// What a counter was made with, and the SDK's instruments for it.
pub(crate) struct Definition {
    pub(super) scope: OwnedScope,
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) description: String,
    instruments: PerGeneration<Instruments>,
}

/// The SDK has an instrument for each type of number; most counters only ever use one.
#[derive(Default)]
struct Instruments {
    whole: OnceLock<SdkCounter<u64>>,
    real: OnceLock<SdkCounter<f64>>,
}

/// Counters of one provider. A host that makes up names without end gets counters that ignore what they are given.
const MOST_COUNTERS: usize = 10_000;

impl Counter {
    /// See [`Provider::counter`](crate::Provider::counter).
    pub(crate) fn new(
        provider: &'static Inner,
        scope: OwnedScope,
        name: &str,
        unit: &str,
        description: &str,
    ) -> Self {
        if !provider.measures() {
            return Self::noop();
        }
        let known = provider
            .counters
            .iter()
            .find(|(_, known)| known.is(&scope, name, unit, description));
        if let Some((index, definition)) = known {
            return Self::of(provider, index, definition);
        }
        let wrong = wrong_with(name, unit)
            .or_else(|| (provider.counters.count() >= MOST_COUNTERS).then_some(TOO_MANY));
        if let Some(wrong) = wrong {
            let (name, scope) = (shown(name), shown(&scope.name));
            provider.pipeline().diagnostics.report(
                Cause::Metrics,
                format!("counter {name} of {scope}: {wrong}; what is added to it is ignored"),
            );
            return Self::noop();
        }
        let index = provider.counters.push(Definition {
            scope,
            name: name.to_owned(),
            unit: unit.to_owned(),
            description: description.to_owned(),
            instruments: PerGeneration::new(),
        });
        Self::at(provider, index as u32).unwrap_or(Self::noop())
    }

    /// The counter that was made as number `index`.
    pub(crate) fn at(provider: &'static Inner, index: u32) -> Option<Self> {
        let definition = provider.counters.get(index as usize)?;
        Some(Self::of(provider, index as usize, definition))
    }

    /// A counter that ignores what it is given.
    pub fn noop() -> Self {
        Self { target: None }
    }

    fn of(provider: &'static Inner, index: usize, definition: &'static Definition) -> Self {
        Self {
            target: Some(Target {
                provider,
                index: index as u32,
                definition,
            }),
        }
    }

    /// Its number among the counters of its provider; `None` if it ignores what it is given.
    pub fn index(&self) -> Option<u32> {
        self.target.map(|target| target.index)
    }

    /// Adds a whole number. The first call starts the export of metrics.
    ///
    /// Attributes are redacted here, on the caller's thread: only sums leave it, so later it would be too late. That costs
    /// one pass over each text, and more only where the pass finds a trigger. Lists of one type stay lists; bytes become
    /// text; lists of several types and maps become JSON; what has no value is left out.
    pub fn add_u64(&self, value: u64, attributes: &[(&str, Value<'_>)]) {
        // OTLP has signed numbers only.
        if i64::try_from(value).is_ok() {
            self.add(attributes, |instruments, meters, definition| {
                // Who counts in both types gets one sum where that is possible.
                match instruments.real.get() {
                    Some(real) => Add::Real(real, value as f64),
                    None => {
                        let make = || meters.whole(definition);
                        Add::Whole(instruments.whole.get_or_init(make), value)
                    }
                }
            });
        }
    }

    /// Adds a real number; what is negative or not finite is ignored. See [`add_u64`](Self::add_u64).
    ///
    /// A counter that was given whole numbers first is exported as two sums of one name, as with `opentelemetry_sdk`.
    pub fn add_f64(&self, value: f64, attributes: &[(&str, Value<'_>)]) {
        if value.is_finite() && value >= 0.0 {
            self.add(attributes, |instruments, meters, definition| {
                let make = || meters.real(definition);
                Add::Real(instruments.real.get_or_init(make), value)
            });
        }
    }

    #[inline]
    fn add(
        &self,
        attributes: &[(&str, Value<'_>)],
        choose: impl FnOnce(&'static Instruments, &'static Meters, &'static Definition) -> Add,
    ) {
        let Some(Target {
            provider,
            definition,
            ..
        }) = self.target
        else {
            return;
        };
        let pipeline = provider.pipeline();
        if pipeline.is_closed() {
            return;
        }
        let instruments = definition
            .instruments
            .get(pipeline.generation, Instruments::default);
        let add = choose(instruments, pipeline.meters(provider), definition);
        let redactor = &provider.policy.redactor;
        let attributes = attribute::redacted(redactor, &pipeline.redacted, attributes);
        match add {
            Add::Whole(counter, value) => counter.add(value, &attributes),
            Add::Real(counter, value) => counter.add(value, &attributes),
        }
    }
}

/// What is added to which instrument.
enum Add {
    Whole(&'static SdkCounter<u64>, u64),
    Real(&'static SdkCounter<f64>, f64),
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.target.map(|target| target.definition.name.as_str());
        f.debug_tuple("Counter").field(&name).finish()
    }
}

impl Definition {
    fn is(&self, scope: &OwnedScope, name: &str, unit: &str, description: &str) -> bool {
        self.name == name
            && self.unit == unit
            && self.description == description
            && self.scope == *scope
    }
}

const TOO_MANY: &str = "there are 10000 counters already";

/// What the specification does not allow ("Instrument name syntax", "Instrument unit"). The SDK would ignore such an
/// instrument without a word.
fn wrong_with(name: &str, unit: &str) -> Option<&'static str> {
    let rest = |c: u8| c.is_ascii_alphanumeric() || b"_.-/".contains(&c);
    let bytes = name.as_bytes();
    if !bytes.first().is_some_and(u8::is_ascii_alphabetic)
        || bytes.len() > 255
        || !bytes.iter().all(|c| rest(*c))
    {
        return Some(
            "a name starts with an ASCII letter, goes on with letters, digits, \"_\", \".\", \"-\" and \"/\", and has at \
             most 255 characters",
        );
    }
    (unit.len() > 63 || !unit.is_ascii()).then_some("a unit is ASCII of at most 63 characters")
}

fn shown(name: &str) -> String {
    crate::config::readable(name, 100)
}

impl Inner {
    /// Whether metrics are wanted at all.
    pub(crate) fn measures(&self) -> bool {
        !self.disabled && self.config.exports(Signal::Metrics)
    }
}
