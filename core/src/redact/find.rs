//! Finding: which detectors a text needs, what they found, and the text without it.
//!
//! Detectors read plain text. Where a text carries another in percent-encoding or JSON escapes, the encoding is peeled
//! off layer by layer ([`Layer`]) and every layer is read in turn; a finding is kept as a range of the original text, so
//! everything outside it stays byte for byte as it was.

use super::layer::Layer;
use super::rule::Rule;
use super::{card, credentials, email, headers, json, pairs, url};

/// What stands where a value was.
pub(super) const MASK: &str = "[REDACTED]";
/// The same inside URLs, as the semantic conventions name it, and after every equals sign.
pub(super) const BARE_MASK: &str = "REDACTED";
/// User name and password of a URL, as the semantic conventions name it.
pub(super) const CREDENTIALS_MASK: &str = "REDACTED:REDACTED";

/// A text nested deeper than this is not understood any more, and is removed.
pub(super) const MAX_LAYERS: usize = 8;

/// The original text has more layers than are peeled.
#[derive(Debug)]
pub(super) struct TooDeep;

/// What replaces a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mask {
    /// A fixed text.
    Text(&'static str),
    /// [`MASK`] between quotes, for a JSON value that is not a string. The quote is copied from this range, because in
    /// JSON inside JSON a quote is `\"`.
    Quoted { start: usize, end: usize },
}

/// A range of the original text that must go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) rule: Rule,
    pub(super) mask: Mask,
}

/// Collects what the detectors find in one layer, as ranges of the original text.
pub(super) struct Findings<'a> {
    edits: Vec<Edit>,
    layer: Option<&'a Layer>,
}

impl Findings<'_> {
    /// `start..end` of the layer must become `mask`.
    pub(super) fn add(&mut self, rule: Rule, start: usize, end: usize, mask: &'static str) {
        if start < end {
            let (start, end) = self.original(start, end);
            self.edits.push(Edit {
                start,
                end,
                rule,
                mask: Mask::Text(mask),
            });
        }
    }

    /// `start..end` of the layer must become [`MASK`] between two of the quotes that stand at `quote`.
    pub(super) fn add_quoted(&mut self, rule: Rule, start: usize, end: usize, quote: usize) {
        let (start, end) = self.original(start, end);
        let quote = self.original(quote, quote + 1);
        self.edits.push(Edit {
            start,
            end,
            rule,
            mask: Mask::Quoted {
                start: quote.0,
                end: quote.1,
            },
        });
    }

    fn original(&self, start: usize, end: usize) -> (usize, usize) {
        match self.layer {
            None => (start, end),
            Some(layer) => (layer.original(start), layer.original(end)),
        }
    }
}

/// All that must go from `text`: sorted, without overlaps; empty (and nothing allocated) for most texts.
pub(super) fn edits(text: &[u8], triggers: Triggers) -> Result<Vec<Edit>, TooDeep> {
    if !triggers.any() {
        return Ok(Vec::new());
    }
    let mut findings = Findings {
        edits: Vec::new(),
        layer: None,
    };
    detect(text, triggers, &mut findings);
    let mut edits = findings.edits;
    if triggers.has(ESCAPE) {
        let mut outer = Layer::peel(text);
        let mut depth = 1;
        while let Some(layer) = outer {
            if depth > MAX_LAYERS {
                return Err(TooDeep);
            }
            let triggers = Triggers::of(layer.text());
            let mut findings = Findings {
                edits,
                layer: Some(&layer),
            };
            detect(layer.text(), triggers, &mut findings);
            edits = findings.edits;
            outer = if triggers.has(ESCAPE) {
                layer.peel_again()
            } else {
                None
            };
            depth += 1;
        }
    }
    merge(&mut edits);
    Ok(edits)
}

fn detect(text: &[u8], triggers: Triggers, findings: &mut Findings<'_>) {
    if triggers.has(QUOTE) && (triggers.has(COLON) || triggers.has(EQUALS)) {
        json::find(text, findings);
    }
    if triggers.has(AT) {
        let user_infos = if triggers.has(COLON) {
            url::find(text, findings)
        } else {
            Vec::new()
        };
        email::find(text, &user_infos, findings);
    }
    if triggers.has(EQUALS) {
        pairs::find(text, findings);
    }
    if triggers.has(SPACE) {
        credentials::find_schemes(text, findings);
        if triggers.has(COLON) {
            headers::find(text, findings);
        }
    }
    if triggers.has(JAY) {
        credentials::find_tokens(text, findings);
    }
    if triggers.digits >= card::MIN_DIGITS {
        card::find(text, findings);
    }
}

/// Sorts by position and lets the finding that starts first (and, of those, the longest) swallow what it overlaps.
fn merge(edits: &mut Vec<Edit>) {
    edits.sort_by(|one, other| one.start.cmp(&other.start).then(other.end.cmp(&one.end)));
    edits.dedup_by(|next, kept| {
        let overlaps = next.start < kept.end;
        if overlaps {
            kept.end = kept.end.max(next.end);
        }
        overlaps
    });
}

const AT: u8 = 1;
const ESCAPE: u8 = 2;
const DIGIT: u8 = 4;
const QUOTE: u8 = 8;
const COLON: u8 = 16;
const EQUALS: u8 = 32;
const SPACE: u8 = 64;
/// `J` as in `eyJ`, with which the base64 of `{"` begins.
const JAY: u8 = 128;

const TRIGGERS: [u8; 256] = {
    let mut triggers = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        triggers[byte] = match byte as u8 {
            b'@' => AT,
            b'%' | b'\\' => ESCAPE,
            b'0'..=b'9' => DIGIT,
            b'"' | b'\'' => QUOTE,
            b':' => COLON,
            b'=' => EQUALS,
            b' ' | b'\t' => SPACE,
            b'J' => JAY,
            _ => 0,
        };
        byte += 1;
    }
    triggers
};

/// Which bytes a text has that a detector could start from.
#[derive(Clone, Copy)]
pub(super) struct Triggers {
    seen: u8,
    digits: usize,
}

impl Triggers {
    /// One pass, a table look-up per byte; a second one only where digits could be a card number.
    #[inline]
    pub(super) fn of(text: &[u8]) -> Triggers {
        let look = |seen: u8, byte: &u8| seen | TRIGGERS[usize::from(*byte)];
        let (eights, rest) = text.as_chunks::<8>();
        let mut seen = rest.iter().fold(0, look);
        for eight in eights {
            seen |= eight.iter().fold(0, look);
        }
        let digits = if seen & DIGIT != 0 && text.len() >= card::MIN_DIGITS {
            text.iter().filter(|byte| byte.is_ascii_digit()).count()
        } else {
            0
        };
        Triggers { seen, digits }
    }

    /// Whether any detector has to look.
    #[inline]
    pub(super) fn any(self) -> bool {
        self.seen & (AT | ESCAPE | EQUALS | SPACE | JAY) != 0
            || self.seen & (QUOTE | COLON) == QUOTE | COLON
            || self.digits >= card::MIN_DIGITS
    }

    fn has(self, trigger: u8) -> bool {
        self.seen & trigger != 0
    }
}
