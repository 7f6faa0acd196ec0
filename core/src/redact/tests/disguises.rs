//! Secrets inside encodings.

use super::*;

#[test]
fn a_percent_encoded_e_mail_address_in_a_query_is_found() {
    for (text, expected) in [
        (
            "/search?email=ada%40example.org&p=1",
            "/search?email=[REDACTED]&p=1",
        ),
        (
            "https://shop.example/s?q=ada%2Blists%40example.org",
            "https://shop.example/s?q=[REDACTED]",
        ),
        ("q=ada%2540example.org", "q=[REDACTED]"),
        (
            "next=%2Fsearch%3Femail%3Dada%40example.org%26p%3D1",
            "next=%2Fsearch%3Femail%3D[REDACTED]%26p%3D1",
        ),
        (
            "next=%2Fsearch%3Femail%3Dada@example.org",
            "next=%2Fsearch%3Femail%3D[REDACTED]",
        ),
        ("j%C3%B6rg%40example.org", "[REDACTED]"),
    ] {
        becomes(text, expected, Rule::Email);
    }
}

#[test]
fn percent_encoded_cards_tokens_and_credentials_are_found() {
    becomes(
        "c=4111%201111%201111%201111&x",
        "c=[REDACTED]&x",
        Rule::Card,
    );
    becomes("c=%204111111111111111", "c=%20[REDACTED]", Rule::Card);
    becomes(
        "h=Bearer%20abc123def456",
        "h=Bearer%20[REDACTED]",
        Rule::Bearer,
    );
    becomes(
        "u=https%3A%2F%2Fada%3Apw%40host%2Fx",
        "u=https%3A%2F%2FREDACTED:REDACTED%40host%2Fx",
        Rule::UrlCredentials,
    );
    becomes(
        "r=%2Fx%3Ftoken%3Dabc%26y%3D1",
        "r=%2Fx%3Ftoken%3DREDACTED%26y%3D1",
        Rule::SecretParameter,
    );
    becomes(
        "d=%7B%22password%22%3A%22hunter2%22%2C%22n%22%3A1%7D",
        "d=%7B%22password%22%3A%22[REDACTED]%22%2C%22n%22%3A1%7D",
        Rule::JsonMember,
    );
}

#[test]
fn json_inside_json_is_read_and_its_quotes_stay_escaped() {
    for (text, expected) in [
        (
            r#"{"body":"{\"password\":\"hun\\\"ter2\",\"n\":1}"}"#,
            r#"{"body":"{\"password\":\"[REDACTED]\",\"n\":1}"}"#,
        ),
        (
            r#"{"body":"{\"otp\":123456}"}"#,
            r#"{"body":"{\"otp\":\"[REDACTED]\"}"}"#,
        ),
        (
            r#"{"a":"{\"b\":\"{\\\"pwd\\\":{\\\"x\\\":1}}\"}"}"#,
            r#"{"a":"{\"b\":\"{\\\"pwd\\\":\\\"[REDACTED]\\\"}\"}"}"#,
        ),
        (
            r#"{\u0022password\u0022:\u0022x\u0022}"#,
            r#"{\u0022password\u0022:\u0022[REDACTED]\u0022}"#,
        ),
        (
            r#"{"x":"\n{\n  \"secret\": \"s\"\n}"}"#,
            r#"{"x":"\n{\n  \"secret\": \"[REDACTED]\"\n}"}"#,
        ),
    ] {
        becomes(text, expected, Rule::JsonMember);
    }
}

#[test]
fn json_escapes_hide_nothing_from_the_other_detectors() {
    becomes(
        r#""to\nada@example.org\n""#,
        r#""to\n[REDACTED]\n""#,
        Rule::Email,
    );
    becomes(r#""ada\u0040example.org""#, r#""[REDACTED]""#, Rule::Email);
    becomes(
        r#""\u00204111111111111111""#,
        r#""\u0020[REDACTED]""#,
        Rule::Card,
    );
    becomes(
        r#"{\"u\":\"/x?token=abc\"}"#,
        r#"{\"u\":\"/x?token=REDACTED\"}"#,
        Rule::SecretParameter,
    );
    becomes(
        r#""\ud83d\ude00ada@example.org""#,
        r#""[REDACTED]""#,
        Rule::Email,
    );
}

#[test]
fn a_name_written_in_escapes_is_still_the_name() {
    becomes(
        "?p%61ssword=x",
        "?p%61ssword=REDACTED",
        Rule::SecretParameter,
    );
    becomes(
        r#"{"p\u0061ssword":"x"}"#,
        r#"{"p\u0061ssword":"[REDACTED]"}"#,
        Rule::JsonMember,
    );
}

#[test]
fn a_secret_in_a_name_is_found_as_in_any_text() {
    becomes("user.ada@example.org.visits", "[REDACTED]", Rule::Email);
}

#[test]
fn more_encodings_inside_each_other_than_are_read_remove_the_text() {
    let nested = |times: usize| format!("ada%{}40example.org", "25".repeat(times));
    becomes(&nested(7), "[REDACTED]", Rule::Email);
    let (clean, fired) = redact(&format!("q={}", nested(8)));
    assert_eq!(clean, "[REDACTED]");
    assert_eq!(fired, [("limit", 1)]);
}

#[test]
fn bytes_are_read_as_text_and_keep_what_is_not() {
    let redactor = Redactor::new(Mode::Default);
    let counts = Counts::new();
    let clean = redactor.bytes("body", b"\xff ada@example.org \x00", &counts);
    // A byte that is no ASCII may be a letter of the local part, so it is separated here.
    assert_eq!(clean, &b"\xff [REDACTED] \x00"[..]);
    let clean = redactor.bytes("body", br#"{"password":"x"}"#, &counts);
    assert_eq!(clean, &br#"{"password":"[REDACTED]"}"#[..]);
    let untouched = [0, 159, 146, 150];
    assert!(matches!(
        redactor.bytes("body", &untouched, &counts),
        Cow::Borrowed(_)
    ));
    assert_eq!(
        (counts.get(Rule::Email), counts.get(Rule::JsonMember)),
        (1, 1)
    );
}
