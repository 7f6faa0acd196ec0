//! `name=value` in queries, connection strings, cookies, command lines and sentences.
//!
//! A pair is found by its equals sign. The value ends where its surroundings end it: in a URL at `&`, `;` or `#`, in text
//! also at a comma or a closing bracket, between quotes at the quote. An equals sign between spaces counts only before a
//! quote (`password = 'x'`), for `token = x` is a condition or a sentence.

use super::find::{BARE_MASK, Findings, MASK};
use super::json::string_end;
use super::keys;
use super::rule::Rule;

const MAX_NAME: usize = 96;

/// The parameters that the semantic conventions for `url.full` and `url.query` name. Their exact spelling stays in the
/// text; other spellings of it are secret all the same.
const SIGNATURES: [&[u8]; 7] = [
    b"AWSAccessKeyId",
    b"Signature",
    b"sig",
    b"X-Amz-Signature",
    b"X-Amz-Credential",
    b"X-Amz-Security-Token",
    b"X-Goog-Signature",
];

pub(super) fn find(text: &[u8], findings: &mut Findings<'_>) {
    let mut next = 0;
    for equals in memchr::memchr_iter(b'=', text) {
        if equals < next {
            continue;
        }
        let spaced_before = equals > 0 && text[equals - 1] == b' ';
        let spaced_after = text.get(equals + 1) == Some(&b' ');
        let mut start = equals + 1 + usize::from(spaced_after);
        let quote = text.get(start).filter(|byte| matches!(byte, b'"' | b'\''));
        if (spaced_before || spaced_after) && quote.is_none() {
            continue;
        }
        let name_end = equals - usize::from(spaced_before);
        let name_start = name_start(text, name_end);
        if name_start == name_end {
            continue;
        }
        let before = name_start.checked_sub(1).map(|before| text[before]);
        let in_query = matches!(before, Some(b'?' | b'&'));
        let Some(rule) = rule(&text[name_start..name_end], in_query || before.is_none()) else {
            continue;
        };
        let end = match quote {
            Some(&quote) => {
                start += 1;
                string_end(text, start, quote)
            }
            None => start + value_length(&text[start..], in_query),
        };
        if !says_nothing(&text[start..end]) {
            findings.add(rule, start, end, BARE_MASK);
        }
        next = end;
    }
}

/// Where the name begins that ends before `end`; `end` if there is none.
pub(super) fn name_start(text: &[u8], end: usize) -> usize {
    let reach = end.saturating_sub(MAX_NAME);
    let mut start = end;
    while start > reach && IN_NAME[usize::from(text[start - 1])] {
        start -= 1;
    }
    start
}

const IN_NAME: [bool; 256] = {
    let mut in_name = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        in_name[byte] = (byte as u8).is_ascii_alphanumeric()
            || matches!(byte as u8, b'_' | b'-' | b'.' | b'[' | b']' | b'$');
        byte += 1;
    }
    in_name
};

fn rule(name: &[u8], in_query: bool) -> Option<Rule> {
    let signature = SIGNATURES
        .iter()
        .any(|known| known.eq_ignore_ascii_case(name));
    // `sig=11` in a sentence is the number of a signal.
    if signature && (in_query || name.len() > 3) {
        Some(Rule::UrlSignature)
    } else if keys::is_secret(name) {
        Some(Rule::SecretParameter)
    } else {
        None
    }
}

fn value_length(text: &[u8], in_query: bool) -> usize {
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(MASK.as_bytes()) {
            at += MASK.len();
            continue;
        }
        let ends = match text[at] {
            b' ' | b'\t' | b'\r' | b'\n' | b'&' | b';' | b'"' | b'\'' | b'<' | b'>' | b'`' => true,
            b'#' => in_query,
            b',' | b')' | b']' | b'}' => !in_query,
            // The end of a JSON string that stands inside another one.
            b'\\' => {
                let slashes = text[at..].iter().take_while(|byte| **byte == b'\\').count();
                matches!(text.get(at + slashes), Some(b'"' | b'\''))
            }
            _ => false,
        };
        if ends {
            break;
        }
        at += 1;
    }
    at
}

/// Whether a value hides nothing: it is empty, already masked, a placeholder, or a word for yes, no and nothing.
pub(super) fn says_nothing(value: &[u8]) -> bool {
    const WORDS: [&[u8]; 7] = [
        b"true",
        b"false",
        b"null",
        b"none",
        b"nil",
        b"undefined",
        b"%s",
    ];
    value == MASK.as_bytes()
        || value == BARE_MASK.as_bytes()
        || value.iter().all(|byte| matches!(byte, b'*' | b'?'))
        || WORDS.iter().any(|word| word.eq_ignore_ascii_case(value))
        || matches!(value, [b'$', digits @ ..] if digits.iter().all(u8::is_ascii_digit))
}
