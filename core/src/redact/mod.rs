//! What must not leave the process, and how it is removed.
//!
//! ```text
//!  name ── keys ──▶ Secret ─────────────────────────────────────────────▶ [REDACTED]
//!                   Scan ──▶ value ── find ──▶ json, pairs, headers, url, email, card, credentials
//!                                      │  ▲                │ ranges of the original
//!                                      ▼  │                ▼
//!                                     layer: %40, \"     value without them; once more, until nothing is found
//! ```
//!
//! - **Cheap first.** One pass over the bytes asks whether any detector could find anything; for most values the answer is
//!   no, and nothing else happens. Every detector is linear in the length of the text, none backtracks.
//! - **Nothing else changes.** A finding is a range; outside of the ranges the value stays byte for byte as it was.
//! - **At rest.** A redacted value is looked at again until nothing is found, so redacting twice is redacting once, also
//!   across processes.
//! - **Closed.** At most [`MAX_VALUE_BYTES`] of a value are looked at, and what was not looked at is cut off; a text
//!   with more than eight encodings inside each other, or one that does not come to rest, is removed whole.
//!
//! The redactor is immutable and shared; [`Counts`] belong to whoever runs it. Redaction comes before the limits on
//! value lengths, so that a cut never hides a secret from its detector.

use std::borrow::Cow;

mod card;
mod credentials;
mod email;
mod find;
mod headers;
mod json;
mod keys;
mod layer;
mod pairs;
mod rule;
mod url;
mod words;

#[cfg(test)]
mod tests;

pub use keys::KeyClass;
pub use rule::{Counts, Rule};

use crate::choices::choices;
use crate::fingerprint::fnv1a;
use find::{Edit, MASK, Mask, Triggers};

/// How much of one value is looked at and may leave the process.
///
/// Stack traces with several causes reach tens of kilobytes; scanning that much costs the worker well under a
/// millisecond.
pub const MAX_VALUE_BYTES: usize = 64 * 1024;

/// How far behind the limit is looked for the rest of a secret that begins before it.
const MARGIN_BYTES: usize = 4 * 1024;

/// Masking can bring to light what was hidden before; more often than this it is a trick.
const MAX_PASSES: usize = 6;

/// Part of the fingerprint; raised whenever the same input may give another output.
const RULE_SET_VERSION: u32 = 1;

choices! {
    /// How much is redacted.
    #[derive(Default)]
    #[non_exhaustive]
    pub enum Mode {
        /// Nothing. For tests and controlled environments.
        Off = "off",
        /// The built-in rules.
        #[default]
        Default = "default",
    }
    later: ["strict", "audit"]
}

/// Removes secrets and personal data from telemetry and baggage.
#[derive(Clone, Debug)]
pub struct Redactor {
    mode: Mode,
    limit: usize,
}

impl Default for Redactor {
    fn default() -> Redactor {
        Redactor::new(Mode::Default)
    }
}

impl Redactor {
    /// A redactor with the rules of `mode`.
    pub fn new(mode: Mode) -> Redactor {
        Redactor {
            mode,
            limit: MAX_VALUE_BYTES,
        }
    }

    /// The mode it was made with.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Whether it changes nothing at all.
    pub fn is_off(&self) -> bool {
        self.mode == Mode::Off
    }

    /// What the name `key` says about its value. For values that are not text: mask them with [`secret`](Self::secret)
    /// if it says [`KeyClass::Secret`].
    pub fn key_class(&self, key: &str) -> KeyClass {
        match self.mode {
            Mode::Off => KeyClass::Safe,
            Mode::Default => keys::classify(key),
        }
    }

    /// The text that leaves in the place of `value`, the value of the attribute or map member `key`.
    pub fn attribute<'a>(&self, key: &str, value: &'a str, counts: &Counts) -> Cow<'a, str> {
        match self.key_class(key) {
            KeyClass::Safe => Cow::Borrowed(value),
            KeyClass::Scan => self.text(value, counts),
            KeyClass::Secret => Cow::Borrowed(self.secret_text(value, counts)),
        }
    }

    /// The text that leaves in the place of `value`, which has no name: a span or event name, a status description, a
    /// log body, an attribute's key.
    #[inline]
    pub fn text<'a>(&self, value: &'a str, counts: &Counts) -> Cow<'a, str> {
        if self.is_off() || self.is_harmless(value.as_bytes()) {
            return Cow::Borrowed(value);
        }
        self.suspicious_text(value, counts)
    }

    fn suspicious_text<'a>(&self, value: &'a str, counts: &Counts) -> Cow<'a, str> {
        match self.clean(value.as_bytes(), counts) {
            None => Cow::Borrowed(value),
            // All ranges end between characters; if one did not, the value is gone rather than garbled.
            Some(clean) => String::from_utf8(clean).map_or(Cow::Borrowed(MASK), Cow::Owned),
        }
    }

    /// The bytes that leave in the place of `value`. They are read as text, also where they are not UTF-8 throughout.
    pub fn bytes<'a>(&self, key: &str, value: &'a [u8], counts: &Counts) -> Cow<'a, [u8]> {
        match self.key_class(key) {
            KeyClass::Safe => Cow::Borrowed(value),
            KeyClass::Scan => self
                .clean(value, counts)
                .map_or(Cow::Borrowed(value), Cow::Owned),
            KeyClass::Secret if value.is_empty() || value == MASK.as_bytes() => {
                Cow::Borrowed(value)
            }
            KeyClass::Secret => Cow::Borrowed(self.secret(counts).as_bytes()),
        }
    }

    /// The text that leaves in the place of the whole number `value`, if it must not leave: under the name of a secret,
    /// or a card number.
    pub fn integer(&self, key: &str, value: i64, counts: &Counts) -> Option<&'static str> {
        match self.key_class(key) {
            KeyClass::Safe => None,
            KeyClass::Secret => Some(self.secret(counts)),
            KeyClass::Scan => (value > 0 && card::is_card(value.unsigned_abs())).then(|| {
                counts.add(Rule::Card);
                MASK
            }),
        }
    }

    /// The text that leaves in the place of the text `value` under the name of a secret.
    pub(crate) fn secret_text<'a>(&self, value: &'a str, counts: &Counts) -> &'a str {
        if value.is_empty() || value == MASK {
            value
        } else {
            self.secret(counts)
        }
    }

    /// The text that leaves in the place of a whole value, of whatever type, under the name of a secret. Counted.
    pub fn secret(&self, counts: &Counts) -> &'static str {
        counts.add(Rule::SecretKey);
        MASK
    }

    /// The value that is injected in the place of the baggage entry `key`=`value` (decoded).
    pub fn baggage<'a>(&self, key: &str, value: &'a str, counts: &Counts) -> Cow<'a, str> {
        self.attribute(key, value, counts)
    }

    /// A number for mode and rules: equal in two services exactly if they redact alike.
    pub fn fingerprint(&self) -> u32 {
        let version = format!("{RULE_SET_VERSION} {}", self.limit);
        let mut parts = vec![self.mode.name()];
        if !self.is_off() {
            parts.push(&version);
            parts.extend(Rule::ALL.map(Rule::name));
        }
        fnv1a(&parts)
    }

    /// The mode, and below it the rules in words, one a line.
    pub fn describe(&self) -> String {
        let mut words = self.mode.name().to_owned();
        if !self.is_off() {
            for rule in Rule::ALL {
                words.push_str(&format!("\n  {}: {}", rule.name(), rule.words()));
            }
            words.push_str(&format!(
                "\n  a value is read and kept up to {} KiB",
                self.limit / 1024
            ));
        }
        words
    }

    /// Whether a first look is enough to let `value` leave as it is: true for most.
    #[inline]
    fn is_harmless(&self, value: &[u8]) -> bool {
        value.len() <= self.limit && !Triggers::of(value).any()
    }

    /// `value` without what must go; `None` if it may leave as it is.
    fn clean(&self, value: &[u8], counts: &Counts) -> Option<Vec<u8>> {
        let too_long = value.len() > self.limit;
        let window = if too_long {
            &value[..floor_boundary(value, self.limit + MARGIN_BYTES)]
        } else {
            value
        };
        let triggers = Triggers::of(window);
        if !triggers.any() && !too_long {
            return None;
        }
        match find::edits(window, triggers) {
            Ok(edits) if edits.is_empty() && !too_long => None,
            Ok(edits) => Some(self.bring_to_rest(window, edits, counts)),
            Err(find::TooDeep) => Some(removed(counts)),
        }
    }

    /// `text` with `edits` made and cut at the limit, and again with what that brought to light.
    fn bring_to_rest(&self, text: &[u8], mut edits: Vec<Edit>, counts: &Counts) -> Vec<u8> {
        let mut cut = text.len() > self.limit;
        let mut text = Cow::Borrowed(text);
        for _ in 0..MAX_PASSES {
            let (next, shortened) = self.apply(&text, &edits, counts);
            cut |= shortened;
            match find::edits(&next, Triggers::of(&next)) {
                Ok(none) if none.is_empty() => {
                    if cut {
                        counts.add(Rule::Limit);
                    }
                    return next;
                }
                Ok(more) => edits = more,
                Err(find::TooDeep) => break,
            }
            text = Cow::Owned(next);
        }
        removed(counts)
    }

    /// `text` with `edits` made and cut at the limit, and whether it had to be cut. A mask is never cut.
    fn apply(&self, text: &[u8], edits: &[Edit], counts: &Counts) -> (Vec<u8>, bool) {
        let mut out = Vec::with_capacity(text.len().min(self.limit));
        let mut at = 0;
        let keep = |out: &mut Vec<u8>, start: usize, end: usize| {
            let room = (self.limit - out.len()).min(self.limit.saturating_sub(start));
            let plain = &text[start..end];
            let length = floor_boundary(plain, room);
            out.extend_from_slice(&plain[..length]);
            length == plain.len()
        };
        for edit in edits {
            if !keep(&mut out, at, edit.start) {
                return (out, true);
            }
            let (quote, mask) = match edit.mask {
                Mask::Text(mask) => (&b""[..], mask),
                Mask::Quoted { start, end } => (&text[start..end], MASK),
            };
            if out.len() + 2 * quote.len() + mask.len() > self.limit {
                return (out, true);
            }
            out.extend_from_slice(quote);
            out.extend_from_slice(mask.as_bytes());
            out.extend_from_slice(quote);
            counts.add(edit.rule);
            at = edit.end;
        }
        let whole = keep(&mut out, at, text.len());
        (out, !whole)
    }
}

/// What is left of a value that cannot be understood.
fn removed(counts: &Counts) -> Vec<u8> {
    counts.add(Rule::Limit);
    MASK.as_bytes().to_vec()
}

/// The greatest length up to `most` at which `text` can be cut without splitting a UTF-8 character.
fn floor_boundary(text: &[u8], most: usize) -> usize {
    if most >= text.len() {
        return text.len();
    }
    let is_inside = |at: &usize| text[*at] & 0xc0 == 0x80;
    // No character is longer than four bytes; in what is not UTF-8 any place is as good.
    (most.saturating_sub(3)..=most)
        .rev()
        .find(|at| !is_inside(at))
        .unwrap_or(most)
}
