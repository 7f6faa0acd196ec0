//! JSON members with the name of a secret, wherever in a text they stand.
//!
//! The text need not be JSON as a whole: each `"name":` is judged by itself, so JSON that is cut, embedded in a sentence
//! or written by another language (`'name': …`, `"name" => …`) is read as well. Only the value changes.

use super::find::{Findings, MASK};
use super::keys;
use super::pairs::says_nothing;
use super::rule::Rule;

const MAX_NAME: usize = 128;

pub(super) fn find(text: &[u8], findings: &mut Findings<'_>) {
    let mut next = 0;
    for mark in memchr::memchr2_iter(b':', b'=', text) {
        if mark < next {
            continue;
        }
        let after = match text[mark..] {
            [b':', ..] => mark + 1,
            [b'=', b'>', ..] => mark + 2,
            _ => continue,
        };
        let Some((quote, name)) = name_before(text, mark) else {
            continue;
        };
        if !keys::is_secret(name) {
            continue;
        }
        let start = skip_space(text, after);
        let end = value(text, start, quote, findings);
        next = next.max(end);
    }
}

/// The quoted name that ends before `mark`, and where its closing quote stands.
fn name_before(text: &[u8], mark: usize) -> Option<(usize, &[u8])> {
    let closing = text[..mark].iter().rposition(|byte| !is_space(*byte))?;
    let quote = text[closing];
    // An escaped quote belongs to a text inside this one; the layer beneath reads it.
    if !matches!(quote, b'"' | b'\'') || closing > 0 && text[closing - 1] == b'\\' {
        return None;
    }
    let reach = closing.saturating_sub(MAX_NAME);
    let opening = reach + memchr::memrchr(quote, &text[reach..closing])?;
    Some((closing, &text[opening + 1..closing]))
}

/// Masks the value at `start` and returns its end.
fn value(text: &[u8], start: usize, quote: usize, findings: &mut Findings<'_>) -> usize {
    // `b'…'`, `u"…"`: a Python literal with a prefix.
    let prefix = match text[start.min(text.len())..] {
        [b'b' | b'u' | b'r', b'"' | b'\'', ..] => 1,
        _ => 0,
    };
    let start = start + prefix;
    match text.get(start) {
        Some(&open @ (b'"' | b'\'')) => {
            let end = string_end(text, start + 1, open);
            if !says_nothing(&text[start + 1..end]) {
                findings.add(Rule::JsonMember, start + 1, end, MASK);
            }
            end
        }
        Some(b'[' | b'{') => {
            if text[start..].starts_with(MASK.as_bytes()) {
                return start + MASK.len();
            }
            let end = container_end(text, start);
            if end > start + 2 {
                findings.add_quoted(Rule::JsonMember, start, end, quote);
            }
            end
        }
        Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
            let length = text[start..]
                .iter()
                .take_while(|byte| {
                    !is_space(**byte)
                        && !matches!(byte, b',' | b'}' | b']' | b')' | b'"' | b'\'' | b'\\')
                })
                .count();
            if !says_nothing(&text[start..start + length]) {
                findings.add_quoted(Rule::JsonMember, start, start + length, quote);
            }
            start + length
        }
        _ => start,
    }
}

/// Where the string ends whose content starts at `start`: at the closing quote, or where the text was cut.
pub(super) fn string_end(text: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start;
    while let Some(found) = memchr::memchr2(quote, b'\\', text.get(at..).unwrap_or_default()) {
        at += found;
        if text[at] == quote {
            return at;
        }
        at += 2;
    }
    text.len()
}

/// The end of the array or object at `start`.
fn container_end(text: &[u8], start: usize) -> usize {
    let mut depth = 0usize;
    let mut at = start;
    while at < text.len() {
        match text[at] {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            quote @ (b'"' | b'\'') => at = string_end(text, at + 1, quote),
            _ => {}
        }
        at += 1;
    }
    text.len()
}

fn skip_space(text: &[u8], start: usize) -> usize {
    start
        + text[start.min(text.len())..]
            .iter()
            .take_while(|byte| is_space(**byte))
            .count()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
