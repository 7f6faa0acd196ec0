//! Tokens that are known by their form: HTTP authentication (`Bearer`, `Basic`) and JSON Web Tokens.

use super::find::{Findings, MASK};
use super::rule::Rule;

/// Words that follow `Bearer` and `Basic` in prose and in `WWW-Authenticate`.
const PROSE: [&[u8]; 22] = [
    b"access",
    b"and",
    b"auth",
    b"authentication",
    b"authorisation",
    b"authorization",
    b"charset",
    b"credential",
    b"credentials",
    b"error",
    b"for",
    b"from",
    b"header",
    b"is",
    b"of",
    b"or",
    b"realm",
    b"scheme",
    b"scope",
    b"token",
    b"token_type",
    b"tokens",
];

/// Finds the credentials after the word `Bearer` or `Basic`.
pub(super) fn find_schemes(text: &[u8], findings: &mut Findings<'_>) {
    let mut next = 0;
    for at in memchr::memchr2_iter(b'b', b'B', text) {
        let boundary = at == 0 || !text[at - 1].is_ascii_alphanumeric();
        let length = match &text[at..] {
            word if starts_with_word(word, b"bearer") => 6,
            word if starts_with_word(word, b"basic") => 5,
            _ => continue,
        };
        if at < next || !boundary {
            continue;
        }
        let start = at + length + run(&text[at + length..], |byte| matches!(byte, b' ' | b'\t'));
        let end = start + run(&text[start..], is_token68);
        let alone = stands_alone(text, at, end);
        let token = &text[start..end];
        let secret = !is_prose(token)
            && if length == 6 {
                alone || looks_random(token)
            } else {
                alone && looks_random(token) || holds_user_and_password(token)
            };
        if secret {
            findings.add(Rule::Bearer, start, end, MASK);
        }
        next = end;
    }
}

fn starts_with_word(text: &[u8], word: &[u8]) -> bool {
    text.len() > word.len() + 1
        && text[..word.len()].eq_ignore_ascii_case(word)
        && matches!(text[word.len()], b' ' | b'\t')
}

/// Whether scheme and token are a whole header value: the text, or what stands between two marks.
fn stands_alone(text: &[u8], start: usize, end: usize) -> bool {
    let before = text[..start].iter().rev().find(|byte| **byte != b' ');
    matches!(
        before,
        None | Some(b'"' | b'\'' | b':' | b'=' | b'[' | b'\n')
    ) && matches!(
        text.get(end),
        None | Some(b'"' | b'\'' | b',' | b';' | b']' | b'}' | b'\\' | b'\r' | b'\n')
    )
}

fn is_prose(token: &[u8]) -> bool {
    let word = &token[..run(token, |byte| byte.is_ascii_alphabetic() || byte == b'_')];
    run(&token[word.len()..], |byte| {
        matches!(byte, b'=' | b'.' | b':' | b'-')
    }) + word.len()
        == token.len()
        && PROSE.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// No word of a sentence: long, or with digits or capitals inside.
pub(super) fn looks_random(token: &[u8]) -> bool {
    token.len() >= 24
        || token.len() >= 6 && token.iter().any(u8::is_ascii_digit)
        || token.len() >= 8
            && token[1..].iter().any(u8::is_ascii_uppercase)
            && token.iter().any(u8::is_ascii_lowercase)
}

/// Whether the token is the base64 of `user:password`.
fn holds_user_and_password(token: &[u8]) -> bool {
    token.len() >= 4
        && decode(token).is_some_and(|bytes| {
            bytes.contains(&b':') && bytes.iter().all(|byte| *byte >= b' ' && *byte != 0x7f)
        })
}

/// Finds JSON Web Tokens: base64url of a JSON object with `alg`, a dot, and at least the beginning of a payload.
/// Unsigned, encrypted and cut tokens count as well.
pub(super) fn find_tokens(text: &[u8], findings: &mut Findings<'_>) {
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&text[at..], b"eyJ") {
        let start = at + found;
        let dot = start + run(&text[start..], is_base64url);
        if text.get(dot) != Some(&b'.') {
            // No other token can begin in this run either: it does not end in a dot.
            at = dot;
            continue;
        }
        let header = &text[start..dot];
        // Runs of `eyJeyJ…` would otherwise be decoded once from each of their letters.
        let tries = memchr::memmem::find_iter(header, b"eyJ").take(4);
        let Some((from, encrypted)) = tries
            .filter_map(|from| Some((from, token_header(&header[from..])?)))
            .next()
        else {
            at = dot;
            continue;
        };
        let mut end = dot;
        for _ in 0..if encrypted { 4 } else { 2 } {
            if text.get(end) != Some(&b'.') {
                break;
            }
            end += 1 + run(&text[end + 1..], is_base64url);
        }
        if end > dot + 1 {
            findings.add(Rule::Jwt, start + from, end, MASK);
        }
        at = end;
    }
}

/// Whether `text` is the header of a token, and if so whether of an encrypted one, which has five parts.
fn token_header(text: &[u8]) -> Option<bool> {
    let header = decode(text)?;
    let has = |name: &[u8]| memchr::memmem::find(&header, name).is_some();
    (header.first() == Some(&b'{') && has(b"\"alg\"")).then(|| has(b"\"enc\""))
}

/// Base64 in either alphabet, with or without padding; a rest too short for a byte is left out.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0);
    for &byte in text {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => break,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    Some(bytes)
}

fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// The characters of `token68` in RFC 9110, and the colon that some issuers use.
fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' | b':')
}

fn run(text: &[u8], accepts: impl Fn(u8) -> bool) -> usize {
    text.iter().take_while(|byte| accepts(**byte)).count()
}
