//! User name and password in URLs. Signature parameters are among the [`pairs`](super::pairs).

use super::find::{CREDENTIALS_MASK, Findings};
use super::rule::Rule;

/// How far a password that is not encoded (`postgres://u:p/w@host`) is looked for behind the end of the authority.
const MAX_STRAY: usize = 256;

/// Finds them, and returns where each user info ends: at an at sign that is not one of an e-mail address.
pub(super) fn find(text: &[u8], findings: &mut Findings<'_>) -> Vec<usize> {
    let mut at_signs = Vec::new();
    let mut at = 0;
    while let Some(found) = memchr::memmem::find(&text[at..], b"://") {
        let start = at + found + 3;
        let scheme = start > 3 && text[start - 4].is_ascii_alphanumeric();
        at = start;
        if !scheme {
            continue;
        }
        let rest = &text[start..];
        let authority = &rest[..length_until(rest, |byte| matches!(byte, b'/' | b'?' | b'#'))];
        let Some(length) = user_info(authority).or_else(|| stray_user_info(authority, rest)) else {
            continue;
        };
        // `ssh://git@host` names no person and no secret.
        if !matches!(&rest[..length], b"" | b"git")
            && &rest[..length] != CREDENTIALS_MASK.as_bytes()
        {
            findings.add(
                Rule::UrlCredentials,
                start,
                start + length,
                CREDENTIALS_MASK,
            );
        }
        at = start + length;
        at_signs.push(at);
    }
    at_signs
}

fn user_info(authority: &[u8]) -> Option<usize> {
    memchr::memrchr(b'@', authority)
}

/// A colon that no port follows shows that the authority did not end where it seemed to: the password has a delimiter.
fn stray_user_info(authority: &[u8], rest: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', authority)?;
    let port = &authority[colon + 1..];
    if authority.first() == Some(&b'[') || port.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let reach = &rest[..rest.len().min(MAX_STRAY)];
    memchr::memrchr(b'@', &reach[..length_until(reach, |_| false)])
}

/// The length of `text` up to a byte that ends every URL, or one that `ends` it too.
fn length_until(text: &[u8], ends: impl Fn(u8) -> bool) -> usize {
    text.iter()
        .take_while(|byte| {
            !matches!(
                byte,
                b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'<' | b'>' | b'\\' | b'`'
            ) && !ends(**byte)
        })
        .count()
}
