//! Baggage entries that become attributes of spans: `baggage.<key>`, set when a span starts, after the attributes that it
//! starts with.
//!
//! By default none do: baggage comes from anywhere, and what a stranger sends would be stored. The option
//! `baggage_attributes` lists the keys that are wanted. The value is redacted like any attribute, as what it is in the
//! baggage: the prefix changes nothing about whether a key is the name of a secret.

use super::baggage::Baggage;
use crate::wildcard;
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
        // No key has a question mark, which stands for one character in patterns of other settings and not in these.
        let is_key = |byte: u8| byte.is_ascii_graphic() && byte != b'?';
        let is_usable = |text: &str| text.len() <= MAX_PATTERN && text.bytes().all(is_key);
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
        patterns.any(|pattern| wildcard::matches(pattern, key))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Redactor;

    fn patterns(list: &str) -> BaggageAttributes {
        BaggageAttributes::parse(list).unwrap()
    }

    #[test]
    fn any_of_the_patterns_chooses_a_key() {
        let patterns = patterns("tenant,user.*");
        assert!(patterns.matches("tenant") && patterns.matches("user.id"));
        assert!(!patterns.matches("user") && !patterns.matches("Tenant"));
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
            (
                "a,b,c?",
                "whose pattern number 3 no baggage key could match",
            ),
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
