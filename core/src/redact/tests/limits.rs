//! How much is read, and what the redactor says of itself.

use super::super::{MARGIN_BYTES, MAX_VALUE_BYTES};
use super::*;

/// A redactor that reads only `limit` bytes.
pub(super) fn short(limit: usize) -> Redactor {
    Redactor {
        mode: Mode::Default,
        limit,
    }
}

#[test]
fn a_value_longer_than_is_read_is_cut_so_that_nothing_unread_leaves() {
    let redactor = Redactor::new(Mode::Default);
    let counts = Counts::new();
    let long = "x".repeat(MAX_VALUE_BYTES + MARGIN_BYTES) + " ada@example.org";
    assert_eq!(redactor.text(&long, &counts), "x".repeat(MAX_VALUE_BYTES));
    assert_eq!(counts.get(Rule::Limit), 1);
    assert_eq!(counts.total(), 1);
    let whole = "x".repeat(MAX_VALUE_BYTES);
    assert!(matches!(redactor.text(&whole, &counts), Cow::Borrowed(_)));
}

#[test]
fn a_secret_that_straddles_the_limit_is_masked_whole_or_left_out_whole() {
    let token = jwt(r#"{"alg":"HS256"}"#);
    for secret in ["ada@example.org", "4111 1111 1111 1111", &token] {
        for before in 0..80 {
            let text = format!(
                "{} {secret} and more {}",
                "x".repeat(before),
                "y".repeat(200)
            );
            let clean = short(40).text(&text, &Counts::new()).into_owned();
            assert!(clean.len() <= 40, "{clean}");
            let rest = clean.replace("[REDACTED]", "");
            let rest = rest.trim_matches(['x', 'y', ' ']);
            assert!("and more".starts_with(rest), "{before}: {clean}");
        }
    }
}

#[test]
fn masks_that_make_a_value_longer_are_cut_at_the_limit_but_never_through() {
    let text = "a@b.co ".repeat(6);
    let counts = Counts::new();
    let clean = short(42).text(&text, &counts).into_owned();
    assert_eq!((counts.get(Rule::Email), counts.get(Rule::Limit)), (3, 1));
    assert_eq!(clean, "[REDACTED] [REDACTED] [REDACTED] ");
    let again = short(42).text(&clean, &Counts::new()).into_owned();
    assert_eq!(again, clean);
}

#[test]
fn a_cut_falls_between_characters() {
    let clean = short(10).text("ääääääääää", &Counts::new()).into_owned();
    assert_eq!(clean, "äääää");
    let clean = short(9).text("ääääääääää", &Counts::new()).into_owned();
    assert_eq!(clean, "ääää");
}

#[test]
fn off_changes_and_counts_nothing() {
    let redactor = Redactor::new(Mode::Off);
    let counts = Counts::new();
    let long = "ada@example.org ".repeat(10_000);
    assert!(redactor.is_off());
    assert_eq!(redactor.text(&long, &counts), long);
    assert_eq!(
        redactor.attribute("password", "hunter2", &counts),
        "hunter2"
    );
    assert_eq!(
        redactor.bytes("password", b"hunter2", &counts),
        &b"hunter2"[..]
    );
    assert_eq!(redactor.integer("card", 4111111111111111, &counts), None);
    assert_eq!(redactor.baggage("token", "abc", &counts), "abc");
    assert_eq!(counts.total(), 0);
}

#[test]
fn the_fingerprint_tells_the_modes_apart_and_does_not_move() {
    let of = |mode| Redactor::new(mode).fingerprint();
    assert_ne!(of(Mode::Off), of(Mode::Default));
    assert_eq!(of(Mode::Default), of(Mode::Default));
    // Whoever changes a rule raises RULE_SET_VERSION and writes the new number here.
    assert_eq!(format!("{:08x}", of(Mode::Default)), "7370b401");
}

#[test]
fn the_description_names_every_rule() {
    let words = Redactor::new(Mode::Default).describe();
    for rule in Rule::ALL {
        assert!(words.contains(&format!("  {}: {}\n", rule.name(), rule.words())));
    }
    assert_eq!(Redactor::new(Mode::Off).describe(), "off");
}

#[test]
fn a_rule_is_counted_under_its_own_number() {
    for (place, rule) in Rule::ALL.into_iter().enumerate() {
        assert_eq!(rule as usize, place);
    }
}

#[test]
fn hostile_texts_are_read_in_linear_time() {
    let patterns = [
        "a@",
        "@a.b",
        "eyJ",
        "eyJ.",
        "eyJeyJ.",
        "\":",
        "\"a\":",
        "\"pwd\":[",
        "\"pwd\":{\"",
        "://a:b",
        "://",
        "pwd=",
        "a=",
        "\\\"",
        "%25",
        "%40",
        "4111 ",
        "4",
        "4-",
        "bearer ",
        "basic",
        "b ",
        "pwd='",
        "a.",
        "\\u0040",
        "[REDACTED]",
        " ",
        "\"pwd\":\\\"",
    ];
    let redactor = Redactor::new(Mode::Default);
    for pattern in patterns {
        let cost = |bytes: usize| {
            let text = pattern.repeat(bytes / pattern.len());
            let once = || {
                let start = processor_nanoseconds();
                std::hint::black_box(redactor.text(&text, &Counts::new()));
                processor_nanoseconds() - start
            };
            (0..3).map(|_| once()).min().unwrap()
        };
        let (short, long) = (cost(4 * 1024), cost(64 * 1024));
        // Sixteen times the text; were it quadratic, 256 times the work, and seconds of it.
        assert!(
            long < short * 100 + 20_000_000,
            "{pattern:?}: {short} ns for 4 KiB, {long} ns for 64 KiB"
        );
    }
}

/// What this thread has computed so far, which a busy machine does not change as it changes the clock. 0 where the
/// system does not tell.
fn processor_nanoseconds() -> u64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .ok()
        .and_then(|figures| figures.split(' ').next()?.parse().ok())
        .unwrap_or(0)
}
