//! What holds for every text.

use super::limits::short;
use super::*;
use proptest::prelude::*;

/// Texts made of what the detectors look for, so that they meet each other.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[ -~]{0,8}",
        1 => "\\PC{0,4}",
        8 => proptest::sample::select(vec![
            "ada@example.org", "%40", "@", "b.co", ".org", "4111 1111 1111 1111", "4111111111111111", "4111", "-1111",
            "eyJhbGciOiJIUzI1NiJ9", ".", "eyJ", "Bearer ", "Basic ", "abc123def456", "https://", "u:p@", "/", "?", "&",
            "token=", "sig=", "password", "\"password\"", "'pwd'", "\":\"", "\"", "'", ":", "=", "{", "}", "[", "]", ",",
            "\\", "\\\"", "\\u0040", "\\n", "%22", "%25", "%5C", "%", "[REDACTED]", "REDACTED", "REDACTED:REDACTED@",
            " ", "\n", "12345", "null", "git@",
        ]).prop_map(str::to_owned),
    ];
    proptest::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

fn rest(redactor: &Redactor, text: &str) -> (String, u64) {
    let counts = Counts::new();
    let clean = redactor.text(text, &counts).into_owned();
    (clean, counts.total())
}

proptest! {
    #[test]
    fn redacting_twice_is_redacting_once(text in texts(), limit in prop_oneof![Just(64 * 1024), 24..96usize]) {
        let redactor = short(limit);
        let (once, _) = rest(&redactor, &text);
        let (twice, counted) = rest(&redactor, &once);
        prop_assert_eq!(&twice, &once);
        prop_assert_eq!(counted, 0);
    }

    #[test]
    fn what_changes_nothing_copies_nothing_and_counts_nothing(text in texts()) {
        let counts = Counts::new();
        let clean = Redactor::default().text(&text, &counts);
        let borrowed = matches!(clean, Cow::Borrowed(_));
        prop_assert_eq!(borrowed, clean == text);
        prop_assert_eq!(borrowed, counts.total() == 0);
    }

    #[test]
    fn no_value_leaves_longer_than_the_limit(text in texts(), limit in 24..96usize) {
        let (clean, _) = rest(&short(limit), &text);
        prop_assert!(clean.len() <= limit);
    }

    #[test]
    fn no_bytes_make_it_fail(bytes in proptest::collection::vec(any::<u8>(), 0..200), key in texts()) {
        let counts = Counts::new();
        let redactor = Redactor::default();
        let once = redactor.bytes(&key, &bytes, &counts).into_owned();
        let twice = redactor.bytes(&key, &once, &counts);
        prop_assert_eq!(&twice[..], &once[..]);
        redactor.key_class(&key);
    }

    #[test]
    fn a_planted_e_mail_address_never_leaves(
        before in texts(), after in texts(),
        address in "[a-z]{1,8}[.+_-]?[a-z0-9]{1,8}@[a-z]{2,8}(\\.[a-z]{2,6}){1,2}",
    ) {
        prop_assume!(!address.starts_with("git@"));
        for text in [
            format!("{before} {address} {after}"),
            format!("{before} {} {after}", address.replace('@', "%40")),
            format!("{before} {} {after}", address.replace('@', "\\u0040")),
        ] {
            let (clean, _) = rest(&Redactor::default(), &text);
            prop_assert!(!clean.contains(&address), "{} became {}", text, clean);
            prop_assert!(!clean.contains(&address.replace('@', "%40")), "{} became {}", text, clean);
        }
    }

    #[test]
    fn a_planted_card_number_never_leaves(before in texts(), after in texts(), digits in "[0-9]{11}", separator in "[ -]?") {
        let number = with_check_digit(&format!("4111{digits}"));
        let groups: Vec<_> = (0..4).map(|group| &number[group * 4..group * 4 + 4]).collect();
        let written = groups.join(&separator);
        let (clean, _) = rest(&Redactor::default(), &format!("{before}\n{written}\n{after}"));
        prop_assert!(!clean.contains(&written), "{}", clean);
    }

    #[test]
    fn a_planted_token_never_leaves(before in texts(), after in texts(), id in "[a-z0-9]{1,20}") {
        let token = jwt(&format!(r#"{{"kid":"{id}","alg":"ES256"}}"#));
        let (clean, _) = rest(&Redactor::default(), &format!("{before} {token} {after}"));
        let payload = token.split('.').nth(1).unwrap();
        prop_assert!(!clean.contains(payload), "{}", clean);
    }

    #[test]
    fn a_planted_password_never_leaves_json(
        before in texts(), password in "[A-Z][ -~]{3,20}[A-Z]", depth in 0..4usize,
    ) {
        let mut text = serde_json::json!({"user": "x", "password": password}).to_string();
        for _ in 0..depth {
            text = serde_json::json!({"body": text}).to_string();
        }
        let (clean, _) = rest(&Redactor::default(), &format!("{before}\n{text}"));
        prop_assert!(!clean.contains(&password), "{}", clean);
        if before.is_empty() {
            let mut value: serde_json::Value = serde_json::from_str(&clean).unwrap();
            for _ in 0..depth {
                value = serde_json::from_str(value["body"].as_str().unwrap()).unwrap();
            }
            prop_assert_eq!(&value["password"], "[REDACTED]");
        }
    }
}

fn with_check_digit(number: &str) -> String {
    (0..10)
        .map(|digit| format!("{number}{digit}"))
        .find(|number| super::super::card::is_card(number.parse().unwrap()))
        .unwrap()
}
