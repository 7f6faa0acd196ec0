//! Others' cases, read at run time from the folder that is shared beside the repository.
//!
//! Asserted are the parts that are the same question for us: URL redaction as the Java instrumentation does it, tokens in
//! gitleaks' `jwt` and `curl-auth-header` rules, e-mail addresses and cards of Presidio, cards of libdatadog. Where we
//! differ on purpose, the case is listed with the reason, and the difference is asserted.

use super::super::credentials::decode;
use super::*;
use serde_json::Value;

/// `None`, and a loud line, where the folder is not there; CI has it.
fn read(file: &str) -> Option<Value> {
    let path = std::path::Path::new("../../shared/cases").join(file);
    match std::fs::read(&path) {
        Ok(bytes) => Some(serde_json::from_slice(&bytes).expect("a case file is JSON")),
        Err(error) => {
            let message = format!("{} cannot be read: {error}", path.display());
            assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
            eprintln!("SKIPPED, NOT TESTED: {message}");
            None
        }
    }
}

fn each<'a>(cases: &'a Value, what: &str) -> impl Iterator<Item = &'a Value> {
    let list = cases[what].as_array().expect("a list of cases");
    assert!(!list.is_empty(), "{what} has cases");
    list.iter()
}

fn text<'a>(case: &'a Value, field: &str) -> &'a str {
    case[field].as_str().expect(field)
}

#[test]
fn urls_are_redacted_as_the_java_instrumentation_does() {
    let Some(cases) = read("url_redaction.json") else {
        return;
    };
    for case in each(&cases, "java") {
        let (id, input, expected) = (
            text(case, "id"),
            text(case, "input"),
            text(case, "expected"),
        );
        let expected = match id {
            // Without a scheme this is no URL, but the detector for e-mail addresses sees one.
            "UrlSanitizerTest:35" => "user1:[REDACTED]",
            // A pair in the middle of nowhere may hold a password with a number sign; only a query ends there.
            _ => expected,
        };
        assert_eq!(redact(input).0, expected, "{id}");
    }
}

#[test]
fn queries_without_secret_names_stay_unlike_in_dotnet() {
    let Some(cases) = read("url_redaction.json") else {
        return;
    };
    for case in each(&cases, "dotnet") {
        stays(text(case, "input"));
    }
}

#[test]
fn tokens_that_gitleaks_finds_do_not_leave() {
    let Some(cases) = read("gitleaks_secrets.json") else {
        return;
    };
    let mut asserted = 0;
    for case in each(&cases, "cases") {
        let (id, rule) = (text(case, "id"), text(case, "rule"));
        if !matches!(rule, "jwt" | "curl-auth-header") || case["detected"] != true {
            continue;
        }
        let input = decode(text(case, "input_b64").as_bytes()).expect("base64");
        let input = String::from_utf8(input).expect("text");
        let (clean, fired) = redact(&input);
        assert!(!fired.is_empty(), "{id}: nothing found in {input}");
        assert!(!clean.contains("eyJ"), "{id}: {clean}");
        asserted += 1;
    }
    assert!(asserted >= 20, "only {asserted} cases");
}

#[test]
fn e_mail_addresses_and_cards_of_presidio_are_found() {
    let Some(cases) = read("presidio_recognizers.json") else {
        return;
    };
    let mut asserted = 0;
    for case in each(&cases, "cases") {
        let rule = match text(case, "entity") {
            "EMAIL_ADDRESS" => Rule::Email,
            "CREDIT_CARD" => Rule::Card,
            _ => continue,
        };
        let (id, input) = (text(case, "id"), text(case, "input"));
        // UATP: any number of fifteen digits with a one in front would do.
        let expected = match id {
            "credit_card:29" | "credit_card:30" => 0,
            _ => case["expected_count"].as_u64().expect("a count"),
        };
        let (clean, fired) = redact(input);
        let found = fired.iter().find(|(name, _)| *name == rule.name());
        assert_eq!(
            found.map_or(0, |(_, count)| *count),
            expected,
            "{id}: {input}"
        );
        if expected > 0 {
            for secret in case["expected_texts"].as_array().into_iter().flatten() {
                assert!(
                    !clean.contains(secret.as_str().expect("a text")),
                    "{id}: {clean}"
                );
            }
        }
        asserted += 1;
    }
    assert!(asserted >= 10, "only {asserted} cases");
}

#[test]
fn cards_of_libdatadog_are_found() {
    let Some(cases) = read("datadog_span_obfuscation.json") else {
        return;
    };
    for case in each(&cases["cases"], "credit_cards") {
        let (id, input) = (text(case, "id"), text(case, "input"));
        let expected = match id {
            // UATP.
            "test_valid_cards:393" => false,
            // A letter may stand beside a card number; here the length and the prefix fit.
            _ => case["is_card"] == true,
        };
        assert_eq!(
            redact(input).1.iter().any(|(name, _)| *name == "card"),
            expected,
            "{id}: {input}"
        );
    }
}
