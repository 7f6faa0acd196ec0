//! Rules: which spans a composable sampler is for.
//!
//! All conditions of a rule must hold; a rule without conditions fits every span that reaches it. They mean what the schema of
//! declarative configuration says (`ExperimentalComposableRuleBasedSamplerRule`); `names` is polyspan's own.
//!
//! A value that is not text is compared by its text, `404` or `true` or `0.5`; of a list it is enough if one element fits. A span
//! that does not start with the attribute does not fit.

use super::{Candidate, Composable, Mask};
use crate::trace::{SpanKind, Value};
use crate::wildcard::matches;
use std::borrow::Cow;
use std::fmt;

/// A sampler, and the spans it is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What must hold; all of it.
    pub conditions: Vec<Condition>,
    /// The sampler of spans for which it does.
    pub sampler: Composable,
}

/// What may be asked of a span that starts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Condition {
    /// The attribute has one of these values.
    AttributeValues {
        /// The attribute's key.
        key: String,
        /// Its values, as text.
        values: Vec<String>,
    },
    /// The attribute has a value that the patterns choose.
    AttributePatterns {
        /// The attribute's key.
        key: String,
        /// Which values.
        patterns: Patterns,
    },
    /// The span's kind is one of these.
    Kinds(Vec<SpanKind>),
    /// The parent is one of these.
    Parents(Vec<ParentKind>),
    /// The span starts with a name that the patterns choose.
    Names(Patterns),
}

/// Where a parent is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParentKind {
    /// There is none.
    None,
    /// In another process.
    Remote,
    /// In this process.
    Local,
}

/// Texts, chosen by patterns in which `*` stands for any text and `?` for any one character. Upper and lower case differ.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Patterns {
    /// One of these must fit; if there is none, every text does.
    pub included: Vec<String>,
    /// None of these may fit.
    pub excluded: Vec<String>,
}

impl Rule {
    /// A rule for every span that reaches it.
    pub fn any(sampler: Composable) -> Self {
        Self {
            conditions: Vec::new(),
            sampler,
        }
    }

    pub(super) fn matches(&self, candidate: &Candidate<'_>) -> bool {
        let mut conditions = self.conditions.iter();
        conditions.all(|condition| condition.holds(candidate))
    }

    pub(super) fn mask(&self) -> Mask {
        let has = |wanted: fn(&Condition) -> bool| self.conditions.iter().any(wanted);
        Mask {
            inheritable: false,
            needs_name_kind: has(|one| matches!(one, Condition::Kinds(_) | Condition::Names(_))),
            needs_attributes: has(|one| {
                matches!(
                    one,
                    Condition::AttributeValues { .. } | Condition::AttributePatterns { .. }
                )
            }),
        }
    }
}

impl Condition {
    fn holds(&self, candidate: &Candidate<'_>) -> bool {
        match self {
            Self::AttributeValues { key, values } => any_text(candidate, key, &|text| {
                values.iter().any(|value| value == text)
            }),
            Self::AttributePatterns { key, patterns } => {
                any_text(candidate, key, &|text| patterns.choose(text))
            }
            Self::Kinds(kinds) => kinds.contains(&candidate.kind),
            Self::Parents(parents) => parents.contains(&ParentKind::of(candidate)),
            Self::Names(patterns) => patterns.choose(candidate.name),
        }
    }
}

impl ParentKind {
    fn of(candidate: &Candidate<'_>) -> Self {
        match candidate.parent {
            None => Self::None,
            Some(parent) if parent.remote => Self::Remote,
            Some(_) => Self::Local,
        }
    }
}

impl Patterns {
    /// Whether the text is among those that are chosen.
    pub fn choose(&self, text: &str) -> bool {
        let fits = |patterns: &[String]| patterns.iter().any(|pattern| matches(pattern, text));
        (self.included.is_empty() || fits(&self.included)) && !fits(&self.excluded)
    }
}

/// Whether the attribute's value, or one element of it, is a text that fits. Of a key that stands twice the last value counts.
fn any_text(candidate: &Candidate<'_>, key: &str, fits: &dyn Fn(&str) -> bool) -> bool {
    let found = candidate.attributes.iter().rfind(|(name, _)| *name == key);
    match found.map(|(_, value)| value) {
        Some(Value::Array(values)) => values
            .iter()
            .any(|value| text_of(value).is_some_and(|text| fits(&text))),
        Some(value) => text_of(value).is_some_and(|text| fits(&text)),
        None => false,
    }
}

/// A value as text; none for what has parts, for bytes and for nothing.
fn text_of<'v>(value: &'v Value<'_>) -> Option<Cow<'v, str>> {
    Some(match value {
        Value::Str(text) => Cow::Borrowed(text),
        Value::Bool(value) => Cow::Owned(value.to_string()),
        Value::Int(value) => Cow::Owned(value.to_string()),
        Value::Double(value) => Cow::Owned(value.to_string()),
        Value::Empty | Value::Bytes(_) | Value::Array(_) | Value::Map(_) => return None,
    })
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for condition in &self.conditions {
            write!(f, "{condition}&")?;
        }
        write!(f, "{})", self.sampler)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AttributeValues { key, values } => write!(f, "{key:?} in {values:?}"),
            Self::AttributePatterns { key, patterns } => write!(f, "{key:?} {patterns}"),
            Self::Kinds(kinds) => write!(f, "kind in {kinds:?}"),
            Self::Parents(parents) => write!(f, "parent in {parents:?}"),
            Self::Names(patterns) => write!(f, "name {patterns}"),
        }
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "like {:?} not {:?}", self.included, self.excluded)
    }
}

#[cfg(test)]
#[path = "rule_tests.rs"]
mod tests;
