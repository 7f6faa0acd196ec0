//! Baggage entries that become attributes of spans: `baggage.<key>`, set when a span starts, after the attributes that it
//! starts with.
//!
//! By default none do: baggage comes from anywhere, and what a stranger sends would be stored. The option
//! `baggage_attributes` lists the keys that are wanted. The value is redacted like any attribute, as what it is in the
//! baggage: the prefix changes nothing about whether a key is the name of a secret.

use super::baggage::Baggage;
use std::fmt;

/// What the key of such an attribute starts with.
pub const PREFIX: &str = "baggage.";
/// Most patterns, and most characters of one.
const MAX_PATTERNS: usize = 64;
const MAX_PATTERN: usize = 256;

/// Which keys: patterns in which `*` stands for any text, also for none.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct BaggageAttributes {
    patterns: Vec<String>,
}

impl BaggageAttributes {
    /// Reads a list such as `tenant,user.*`, or `none`; an empty list is none too.
    ///
    /// # Errors
    ///
    /// What is wrong with the list, as a clause that follows it.
    pub fn parse(list: &str) -> Result<Self, String> {
        let patterns = list.split(',').map(str::trim);
        let patterns: Vec<_> = patterns.filter(|pattern| !pattern.is_empty()).collect();
        if let [only] = patterns.as_slice()
            && only.eq_ignore_ascii_case("none")
        {
            return Ok(Self::default());
        }
        if patterns.len() > MAX_PATTERNS {
            let number = patterns.len();
            return Err(format!(
                "which has {number} patterns, more than {MAX_PATTERNS}"
            ));
        }
        let is_usable = |text: &str| {
            text.len() <= MAX_PATTERN && text.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if let Some(index) = patterns.iter().position(|pattern| !is_usable(pattern)) {
            let number = index + 1;
            return Err(format!(
                "whose pattern number {number} no baggage key could match"
            ));
        }
        Ok(Self {
            patterns: patterns.into_iter().map(str::to_owned).collect(),
        })
    }

    /// Whether no entry is copied.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether the entry with this key is copied.
    pub fn matches(&self, key: &str) -> bool {
        let mut patterns = self.patterns.iter();
        patterns.any(|pattern| is_match(pattern.as_bytes(), key.as_bytes()))
    }

    /// Attributes for the entries that are copied, in the order of the baggage.
    pub fn of<'b>(&'b self, baggage: &'b Baggage) -> impl Iterator<Item = (String, &'b str)> {
        let wanted = baggage.iter().filter(|entry| self.matches(entry.key()));
        wanted.map(|entry| (format!("{PREFIX}{}", entry.key()), entry.value()))
    }
}

/// The list as it is configured.
impl fmt::Display for BaggageAttributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.is_empty() {
            true => f.write_str("none"),
            false => f.write_str(&self.patterns.join(",")),
        }
    }
}

/// Goes back only to the last `*`, so the steps are at most the product of both lengths.
fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut done) = (0, 0);
    let mut star = None;
    while done < text.len() {
        if pattern.get(at) == Some(&b'*') {
            star = Some((at + 1, done));
            at += 1;
        } else if pattern.get(at) == Some(&text[done]) {
            (at, done) = (at + 1, done + 1);
        } else if let Some((behind, from)) = star {
            star = Some((behind, from + 1));
            (at, done) = (behind, from + 1);
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    fn patterns(list: &str) -> BaggageAttributes {
        BaggageAttributes::parse(list).unwrap()
    }

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, key, expected) in [
            ("tenant", "tenant", true),
            ("tenant", "tenants", false),
            ("tenant", "Tenant", false),
            ("user.*", "user.id", true),
            ("user.*", "user.", true),
            ("user.*", "user", false),
            ("*.id", "user.id", true),
            ("*.id", "user.id.x", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbY", false),
            ("*", "", true),
            ("*", "anything", true),
            ("**", "anything", true),
            ("a*", "", false),
        ] {
            assert_eq!(patterns(pattern).matches(key), expected, "{pattern} {key}");
        }
    }

    #[test]
    fn many_stars_take_no_time_to_speak_of() {
        let pattern = "a*".repeat(128);
        assert!(
            !patterns(&pattern).matches(&("a".repeat(8192) + "b")[..8000].replace('b', "c")[..127])
        );
        assert!(!patterns(&(pattern[..254].to_owned() + "*b")).matches(&"a".repeat(8192)));
    }

    #[test]
    fn a_list_is_read_and_shown() {
        assert_eq!(
            patterns(" tenant , user.* ,, ").to_string(),
            "tenant,user.*"
        );
        for none in ["", "none", " None ", ","] {
            assert!(patterns(none).is_empty());
            assert_eq!(patterns(none).to_string(), "none");
        }
        let long = "x".repeat(257);
        for (list, expected) in [
            ("a,b c", "whose pattern number 2 no baggage key could match"),
            ("é", "whose pattern number 1 no baggage key could match"),
            (&long, "whose pattern number 1 no baggage key could match"),
            (&"a,".repeat(65), "which has 65 patterns, more than 64"),
        ] {
            assert_eq!(BaggageAttributes::parse(list), Err(expected.to_owned()));
        }
    }

    #[test]
    fn entries_that_match_become_attributes_in_their_order() {
        let baggage: Baggage = [("b", "1"), ("user.id", "2"), ("a", "3")]
            .into_iter()
            .collect();
        let patterns = patterns("a,user.*");
        let attributes: Vec<_> = patterns.of(&baggage).collect();
        assert_eq!(
            attributes,
            [
                ("baggage.user.id".to_owned(), "2"),
                ("baggage.a".to_owned(), "3")
            ]
        );
    }

    #[test]
    fn the_prefix_changes_nothing_about_a_keys_being_a_secret() {
        let redactor = Redactor::default();
        for key in [
            "tenant",
            "token",
            "key",
            "id",
            "session",
            "sessionId",
            "api_key",
            "x-api-key",
            "password",
            "auth",
            "auth.method",
            "user.email",
            "pin",
            "card",
            "card.number",
            "secret",
            "csrf",
            "cookie",
            "private",
            "code",
            "signature",
            "access",
            "public_key",
            "telemetry.sdk.name",
        ] {
            let plain = redactor.key_class(key) == crate::redact::KeyClass::Secret;
            let prefixed =
                redactor.key_class(&format!("{PREFIX}{key}")) == crate::redact::KeyClass::Secret;
            assert_eq!(plain, prefixed, "{key}");
        }
    }
}
