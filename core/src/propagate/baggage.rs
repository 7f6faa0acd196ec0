//! W3C Baggage: what an application passes along with a request, in the header `baggage`.
//!
//! received                                        | held
//! ------------------------------------------------|--------------------------------------------------------
//! `key=value;property`                            | key and decoded value; the properties as they came
//! a member without `=`, with a malformed key or value | nothing of it; the others stay
//! a malformed property                            | nothing of it; key and value stay
//! bytes that are not UTF-8                        | U+FFFD in their place
//! a key twice                                     | the later value, in the place of the first
//! more than 64 members or 8192 bytes, all lines together | the members before that point, never a part of one
//!
//! What is sent obeys the same limits: a member that does not fit, or whose key the header cannot carry, is left out
//! and counted. Keys, values and properties are decoded and shown to the redactor before they are sent: a changed value
//! is sent changed, a key that is itself a secret takes its member with it.
//!
//! Source: W3C Baggage, "Header Content" and "Limits".

use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use std::borrow::Cow;

/// Name of the header.
pub const BAGGAGE: &str = "baggage";
/// Most members that are read or sent.
pub const MAX_MEMBERS: usize = 64;
/// Most bytes that are read or sent, all header lines together.
pub const MAX_BYTES: usize = 8192;

/// What must not stand in a value as it is. `+` may, but is written `%2B` because form decoders read it as a blank.
const ENCODED: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b',')
    .add(b';')
    .add(b'\\')
    .add(b'%')
    .add(b'+');

/// Shows a key and its value to the redactor, which gives back what may leave the process.
///
/// The key is empty where the text that is shown is a key itself.
pub type Redact<'r> = dyn for<'v> Fn(&str, &'v str) -> Cow<'v, str> + 'r;

/// The application's entries, each key once, in the order in which they were first set.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Baggage {
    entries: Vec<Entry>,
}

/// One entry of a [`Baggage`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    key: String,
    value: String,
    metadata: String,
}

impl Entry {
    /// The name.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value, decoded.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The properties in the header's own form, `k=v;k`; empty if there are none.
    pub fn metadata(&self) -> &str {
        &self.metadata
    }
}

impl Baggage {
    /// No entries.
    pub const fn new() -> Self {
        Self {
            entries: Vec::new(),
        }
    }

    /// Sets `key`, replacing what stood there.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<String>) {
        self.set_with_metadata(key, value, "");
    }

    /// Sets `key` with properties in the header's own form, replacing what stood there.
    pub fn set_with_metadata(
        &mut self,
        key: impl Into<String>,
        value: impl Into<String>,
        metadata: impl Into<String>,
    ) {
        let entry = Entry {
            key: key.into(),
            value: value.into(),
            metadata: metadata.into(),
        };
        match self
            .entries
            .iter_mut()
            .find(|earlier| earlier.key == entry.key)
        {
            Some(earlier) => *earlier = entry,
            None => self.entries.push(entry),
        }
    }

    /// Adds the entries of `other` whose keys are not here, as long as there are no more than [`MAX_MEMBERS`].
    pub(super) fn complete_from(&mut self, other: &Self) {
        for entry in other {
            if self.len() < MAX_MEMBERS && self.get(&entry.key).is_none() {
                self.entries.push(entry.clone());
            }
        }
    }

    /// Keeps only the entries of which `wanted` is true.
    pub(super) fn retain(&mut self, wanted: impl Fn(&Entry) -> bool) {
        self.entries.retain(wanted);
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) {
        self.entries.retain(|entry| entry.key != key);
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.iter().find(|entry| entry.key == key).map(Entry::value)
    }

    /// All entries.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl<'a> IntoIterator for &'a Baggage {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Baggage {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut baggage = Self::new();
        for (key, value) in entries {
            baggage.set(key, value);
        }
        baggage
    }
}

/// Reads all header lines, in their order.
pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Baggage {
    let mut baggage = Baggage::new();
    // The comma that the first member does not have.
    let mut room = MAX_BYTES + 1;
    for member in lines.into_iter().flat_map(|line| line.split(',')) {
        let Some(left) = room.checked_sub(member.len() + 1) else {
            break;
        };
        room = left;
        if let Some(entry) = parse_member(member) {
            baggage.set_with_metadata(entry.key, entry.value, entry.metadata);
            if baggage.len() == MAX_MEMBERS {
                break;
            }
        }
    }
    baggage
}

/// Writes the header value, redacted, and tells how many entries it leaves out. The value is empty if nothing is left.
pub fn format<'a>(
    entries: impl IntoIterator<Item = &'a Entry>,
    redact: &Redact<'_>,
) -> (String, usize) {
    let mut header = String::new();
    let (mut written, mut left_out) = (0, 0);
    for entry in entries {
        let comma = usize::from(written > 0);
        match format_member(entry, redact) {
            Some(member)
                if written < MAX_MEMBERS && header.len() + comma + member.len() <= MAX_BYTES =>
            {
                if comma > 0 {
                    header.push(',');
                }
                header.push_str(&member);
                written += 1;
            }
            _ => left_out += 1,
        }
    }
    (header, left_out)
}

fn parse_member(member: &str) -> Option<Entry> {
    let (pair, properties) = member.split_once(';').unwrap_or((member, ""));
    let (key, value) = pair.split_once('=')?;
    let (key, value) = (trim(key), trim(value));
    if !is_token(key) || !is_value(value) {
        return None;
    }
    let metadata = properties.split(';').filter_map(Property::parse);
    Some(Entry {
        key: key.to_owned(),
        value: decode(value).into_owned(),
        metadata: join(metadata.map(|property| property.raw())),
    })
}

/// Key and encoded value as they may leave the process; `None` if the key may not or cannot.
pub(super) fn pair<'a>(
    entry: &'a Entry,
    redact: &'a Redact<'_>,
) -> Option<(&'a str, Cow<'a, str>)> {
    // Encoding only lengthens, so what is too long now need not be looked at.
    let length = entry.key.len() + entry.value.len() + entry.metadata.len();
    if length >= MAX_BYTES || !is_token(&entry.key) || is_secret(&entry.key, redact) {
        return None;
    }
    let value = match redact(&entry.key, &entry.value) {
        Cow::Borrowed(value) => encode(value),
        Cow::Owned(value) => Cow::Owned(encode(&value).into_owned()),
    };
    Some((&entry.key, value))
}

fn format_member(entry: &Entry, redact: &Redact<'_>) -> Option<String> {
    let (key, value) = pair(entry, redact)?;
    let mut member = format!("{key}={value}");
    for property in entry.metadata.split(';') {
        if let Some(property) = Property::split(property).and_then(|p| p.redacted(entry, redact)) {
            member.push(';');
            member.push_str(&property);
        }
    }
    Some(member)
}

/// A key's own text holds something that must not leave the process.
fn is_secret(key: &str, redact: &Redact<'_>) -> bool {
    let decoded = decode(key);
    redact("", &decoded) != decoded
}

/// One property of an entry's metadata.
#[derive(Clone, Copy)]
struct Property<'a> {
    key: &'a str,
    value: Option<&'a str>,
}

impl<'a> Property<'a> {
    fn split(text: &'a str) -> Option<Self> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key, Some(trim(value))),
            None => (text, None),
        };
        let key = trim(key);
        is_token(key).then_some(Self { key, value })
    }

    fn parse(text: &'a str) -> Option<Self> {
        Self::split(text).filter(|property| property.value.is_none_or(is_value))
    }

    fn raw(self) -> String {
        match self.value {
            Some(value) => format!("{}={value}", self.key),
            None => self.key.to_owned(),
        }
    }

    /// What may be sent: the text is judged as the entry's own and as the property's.
    fn redacted(self, entry: &Entry, redact: &Redact<'_>) -> Option<String> {
        if is_secret(self.key, redact) {
            return None;
        }
        let Some(value) = self.value else {
            let plain = decode(self.key);
            return (redact(&entry.key, &plain) == plain).then(|| self.raw());
        };
        let plain = decode(value);
        let as_entry = redact(&entry.key, &plain);
        let redacted = redact(self.key, &as_entry);
        if redacted == plain && is_value(value) {
            return Some(self.raw());
        }
        Some(format!("{}={}", self.key, encode(&redacted)))
    }
}

fn join(properties: impl Iterator<Item = String>) -> String {
    properties.collect::<Vec<_>>().join(";")
}

pub(super) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// Replaces escapes by what they stand for; a `%` that starts none stays.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

fn encode(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, ENCODED).into()
}

/// An HTTP token (RFC 9110, 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

/// Zero or more of the standard's baggage octets.
fn is_value(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte))
}

#[cfg(test)]
#[path = "baggage_tests.rs"]
mod tests;
