//! E-mail addresses: a local part, an at sign, and a domain of at least two labels that ends in a top-level domain.

use super::find::{BARE_MASK, Findings, MASK};
use super::rule::Rule;

/// Finds them; `user_infos` are the at signs, in order, that end the user info of a URL.
pub(super) fn find(text: &[u8], user_infos: &[usize], findings: &mut Findings<'_>) {
    for at in memchr::memchr_iter(b'@', text) {
        let start = local_start(text, at);
        let local = &text[start..at];
        // `git@host:path` is how repositories are named; REDACTED is what the URL rule leaves behind.
        if user_infos.binary_search(&at).is_ok() {
            continue;
        }
        if local.is_empty() || local == b"git" || local == BARE_MASK.as_bytes() {
            continue;
        }
        if let Some(length) = domain(&text[at + 1..]) {
            findings.add(Rule::Email, start, at + 1 + length, MASK);
        }
    }
}

/// Where the local part that ends before `at` begins.
fn local_start(text: &[u8], at: usize) -> usize {
    let mut start = at;
    while start > 0 {
        let byte = text[start - 1];
        let local = byte.is_ascii_alphanumeric()
            || byte >= 0x80
            || matches!(byte, b'.' | b'_' | b'+' | b'-')
            // An apostrophe belongs to a name (o'brien) unless it opens a quotation.
            || byte == b'\'' && start > 1 && text[start - 2].is_ascii_alphanumeric();
        if !local {
            break;
        }
        start -= 1;
    }
    start + escape_left_of(text, start, at)
}

/// How many bytes at `start` belong to an escape that began before it (`%3D`, `\n`, `\u003d`), so that masking the rest
/// leaves the escape whole. The layer beneath sees the character that the escape stands for.
fn escape_left_of(text: &[u8], start: usize, end: usize) -> usize {
    let Some(before) = start.checked_sub(1).and_then(|before| text.get(before)) else {
        return 0;
    };
    let rest = &text[start..end];
    let length = match (before, rest) {
        (b'%', [one, two, ..]) if one.is_ascii_hexdigit() && two.is_ascii_hexdigit() => 2,
        (b'\\', [b'u', unit @ ..])
            if unit.len() >= 4 && unit[..4].iter().all(u8::is_ascii_hexdigit) =>
        {
            5
        }
        (b'\\', [b'n' | b't' | b'r' | b'b' | b'f', ..]) => 1,
        _ => 0,
    };
    if length < rest.len() { length } else { 0 }
}

/// The length of the domain at the beginning of `text`.
fn domain(text: &[u8]) -> Option<usize> {
    let mut labels = 0;
    let mut start = 0;
    let mut end = None;
    loop {
        let length = text[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'-' || **byte >= 0x80)
            .count();
        let label = &text[start..start + length];
        if label.is_empty() || label.len() > 63 && labels > 0 || labels == 0 && is_scale(label) {
            break;
        }
        labels += 1;
        if labels > 1 && is_top_level(label) {
            end = Some(start + length);
        }
        start += length;
        if text.get(start) != Some(&b'.') {
            break;
        }
        start += 1;
    }
    end
}

/// `icon@2x.png` is a picture.
fn is_scale(label: &[u8]) -> bool {
    matches!(label, [b'0'..=b'9', b'x'])
}

fn is_top_level(label: &[u8]) -> bool {
    let name = label.strip_suffix(b"-").unwrap_or(label);
    name.len() >= 2
        && (name
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
            || name.len() > 4 && name[..4].eq_ignore_ascii_case(b"xn--"))
}
