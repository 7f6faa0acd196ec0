//! One file per question: which names, which values, in which disguise, how much, and what others' cases say.

mod cases;
mod disguises;
mod limits;
mod names;
mod properties;
mod values;

use super::{Counts, Mode, Redactor, Rule};
use std::borrow::Cow;

/// What leaves in the place of a nameless text, and what fired.
fn redact(text: &str) -> (String, Vec<(&'static str, u64)>) {
    let counts = Counts::new();
    let clean = Redactor::new(Mode::Default).text(text, &counts);
    assert_eq!(
        matches!(clean, Cow::Borrowed(same) if same == text),
        counts.total() == 0,
        "counted exactly if changed: {text:?} became {clean:?}"
    );
    let fired = counts.iter().filter(|(_, count)| *count > 0);
    (
        clean.clone().into_owned(),
        fired.map(|(rule, count)| (rule.name(), count)).collect(),
    )
}

#[track_caller]
fn becomes(text: &str, expected: &str, rule: Rule) {
    let (clean, fired) = redact(text);
    assert_eq!(clean, expected);
    assert_eq!(fired, [(rule.name(), 1)], "in {text:?}");
}

#[track_caller]
fn stays(text: &str) {
    let (clean, fired) = redact(text);
    assert_eq!(clean, text, "fired: {fired:?}");
}

fn base64url(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    bits.as_bytes()
        .chunks(6)
        .map(|six| {
            let six = format!("{:0<6}", std::str::from_utf8(six).unwrap());
            char::from(LETTERS[usize::from_str_radix(&six, 2).unwrap()])
        })
        .collect()
}

/// Built at run time, so that no secret scanner takes this repository for a leak.
fn jwt(header: &str) -> String {
    let payload = base64url(br#"{"sub":"ada","exp":1700000000}"#);
    format!("{}.{payload}.c2lnbmF0dXJl", base64url(header.as_bytes()))
}
