//! `Name: value` lines: captured headers, YAML, messages that quote them.
//!
//! A colon also follows words in sentences (`invalid token: unexpected end`, `AuthError: E17`), so more is asked than of a
//! pair with an equals sign: a space after the colon, a value that is no word of a sentence, and either a place where
//! headers stand (a line of its own, a quotation) or a name that no sentence uses (`x-api-key`, `access_token`, `password`).

use super::credentials::looks_random;
use super::find::{Findings, MASK};
use super::keys;
use super::pairs::name_start;
use super::rule::Rule;
use super::words;

pub(super) fn find(text: &[u8], findings: &mut Findings<'_>) {
    for colon in memchr::memchr_iter(b':', text) {
        if text.get(colon + 1) != Some(&b' ') {
            continue;
        }
        let start = name_start(text, colon);
        let name = &text[start..colon];
        if name.is_empty() || is_error(name) || !keys::is_secret(name) {
            continue;
        }
        let own_place = matches!(
            start.checked_sub(1).map(|before| text[before]),
            None | Some(b'\n' | b'"' | b'\'')
        );
        let mut value = colon + 2;
        let mut end = value + length(&text[value..]);
        // `Authorization: Token 22cb98…`
        if text.get(end) == Some(&b' ')
            && text[value..end].iter().all(u8::is_ascii_alphabetic)
            && own_place
        {
            value = end + 1;
            end = value + length(&text[value..]);
        }
        let alone = own_place
            && matches!(
                text.get(end),
                None | Some(b'\r' | b'\n' | b'"' | b'\'' | b',' | b';' | b'\\')
            );
        if (alone || is_no_word(name)) && looks_random(&text[value..end]) {
            findings.add(Rule::SecretParameter, value, end, MASK);
        }
    }
}

fn length(text: &[u8]) -> usize {
    text.iter()
        .take_while(|byte| {
            !byte.is_ascii_whitespace()
                && !matches!(
                    byte,
                    b'"' | b'\'' | b',' | b';' | b')' | b']' | b'}' | b'\\'
                )
        })
        .count()
}

/// The class of an exception, before its message.
fn is_error(name: &[u8]) -> bool {
    name.ends_with(b"Error") || name.ends_with(b"Exception")
}

fn is_no_word(name: &[u8]) -> bool {
    !name.contains(&b'.')
        && (name.iter().any(|byte| matches!(byte, b'-' | b'_')) || words::is_password(name))
}
