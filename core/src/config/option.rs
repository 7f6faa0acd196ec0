//! One option: what it is called, what it does, what it may be, and how it is found by a name that somebody typed.

use super::Config;
use super::field::Field;
use super::options::GROUPS;

/// Options that belong together, in the order of the reference page.
pub struct OptionGroup {
    /// What they are about: a heading.
    pub title: &'static str,
    /// What holds for all of them; may be empty.
    pub intro: &'static str,
    /// Whether bindings set them, and programs do not.
    pub of_bindings: bool,
    /// The options.
    pub options: &'static [ConfigOption],
}

/// One option.
pub struct ConfigOption {
    /// The name in code. Bindings spell it in their language's way; [`Config::set`](super::Config::set) takes all of them.
    pub name: &'static str,
    /// The environment variables that set it. The first one with a usable value counts.
    pub variables: &'static [&'static str],
    /// What it is when it is not set, where that is no value.
    pub unset: &'static str,
    /// What it does, in one sentence.
    pub doc: &'static str,
    /// The signal that will use it, if that comes in a later version; until then it is checked and kept.
    pub awaits: Option<&'static str>,
    /// The option whose value this one replaces for a part. Code that sets the general one wins over an environment that
    /// sets this one.
    pub(crate) general: Option<&'static str>,
    pub(crate) field: Field,
}

impl ConfigOption {
    pub(super) const fn new(
        name: &'static str,
        variables: &'static [&'static str],
        doc: &'static str,
        field: Field,
    ) -> Self {
        Self {
            name,
            variables,
            unset: "",
            doc,
            awaits: None,
            general: None,
            field,
        }
    }

    /// With the words for "not set".
    pub(super) const fn unset(mut self, words: &'static str) -> Self {
        self.unset = words;
        self
    }

    /// As the special case of another option.
    pub(super) const fn of(mut self, general: &'static str) -> Self {
        self.general = Some(general);
        self
    }

    /// As an option of a signal that is not there yet.
    pub(super) const fn awaits(mut self, signal: &'static str) -> Self {
        self.awaits = Some(signal);
        self
    }

    /// All options, in the order of the reference page.
    pub fn all() -> impl Iterator<Item = &'static ConfigOption> {
        GROUPS.iter().flat_map(|group| group.options)
    }

    /// What the option may be, as the rest of the sentence "it must be …".
    pub fn allowed(&self) -> String {
        self.field.allowed()
    }

    /// The names that the option may have, where it is one of a few or a list of them; empty otherwise.
    pub fn names(&self) -> Vec<&'static str> {
        self.field.names()
    }

    /// What kind of value it is.
    pub fn kind(&self) -> OptionKind {
        self.field.kind()
    }

    /// Its value in `config` as text. Values that may hold secrets are masked.
    pub fn show(&self, config: &Config) -> String {
        self.field
            .show(config)
            .unwrap_or_else(|| self.unset.to_owned())
    }

    /// The option of that name, in any language's spelling: `schedule_delay`, `scheduleDelay`, `ScheduleDelay`.
    pub fn find(name: &str) -> Option<&'static ConfigOption> {
        Self::all().find(|option| same_name(option.name, name))
    }
}

/// What kind of value an option has: what a language's typed options make of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OptionKind {
    /// A text.
    Text,
    /// True or false.
    Flag,
    /// A whole number.
    Whole,
    /// A number with a fraction.
    Number,
    /// Milliseconds.
    Millis,
    /// One of [`ConfigOption::names`].
    Choice,
    /// A list of [`ConfigOption::names`].
    List,
    /// Keys and values.
    Pairs,
}

fn same_name(one: &str, other: &str) -> bool {
    let letters = |name: &str| {
        name.bytes()
            .filter(|byte| !matches!(byte, b'_' | b'-'))
            .map(|byte| byte.to_ascii_lowercase())
            .collect::<Vec<_>>()
    };
    letters(one) == letters(other)
}

/// The option whose name is nearest to a name that does not exist, if one is near enough to be meant.
pub(crate) fn similar(name: &str) -> Option<&'static str> {
    let names = ConfigOption::all().map(|option| option.name);
    nearest(&name.to_ascii_lowercase().replace('-', "_"), names)
}

/// The one of `known` that was probably meant by `name`.
pub(crate) fn nearest<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    // Distances are only worth their cost for names of a plausible length.
    if name.len() > 64 {
        return None;
    }
    known
        .map(|known| (distance(known, name), known))
        .min()
        .filter(|(distance, _)| *distance <= 1 + name.len() / 5)
        .map(|(_, known)| known)
}

/// The Levenshtein distance.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (above, left) in one.bytes().zip(1..) {
        let mut diagonal = row[0];
        row[0] = left;
        for (index, byte) in other.bytes().enumerate() {
            let substituted = diagonal + usize::from(above != byte);
            diagonal = row[index + 1];
            row[index + 1] = substituted.min(diagonal + 1).min(row[index] + 1);
        }
    }
    row[other.len()]
}
