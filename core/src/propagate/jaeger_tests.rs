//! One test per rule of `jaeger.rs`.

use super::super::tests::{context, read, written};
use super::super::{Pairs, Propagator, marks::Marks};
use super::*;

const IDS: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

fn uber(header: &str) -> Option<(String, u8, &'static str)> {
    read(Propagator::Jaeger, &[("uber-trace-id", header)])
}

fn entries(headers: &[(&str, &str)]) -> Vec<(String, String)> {
    let baggage = extract_baggage(&Pairs(headers));
    baggage
        .iter()
        .map(|entry| (entry.key().to_owned(), entry.value().to_owned()))
        .collect()
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn the_header_gives_ids_and_flags() {
    let ids = "0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0";
    for (flags, sampled, mark) in [
        ("1", 1, ""),
        ("0", 0, ""),
        ("3", 1, "d"),
        ("2", 1, "d"),
        ("01", 1, ""),
        ("9", 1, ""),
        ("8", 0, ""),
        ("ff", 1, "d"),
    ] {
        assert_eq!(
            uber(&format!("{ids}:{flags}")),
            Some((IDS.to_owned(), sampled, mark)),
            "{flags}"
        );
    }
}

#[test]
fn missing_leading_zeroes_are_filled_in() {
    let ids = format!("{:032x}-{:016x}", 0x1a_u8, 0x2b_u8);
    assert_eq!(uber("1a:2b:0:1"), Some((ids, 1, "")));
    let ids = format!("{:032x}-{:016x}", 0x1_0000_0000_0000_0000_u128, 1);
    assert_eq!(uber("10000000000000000:1::0"), Some((ids, 0, "")));
}

#[test]
fn a_percent_encoded_header_is_decoded() {
    let encoded = "0af7651916cd43dd8448eb211c80319c%3Ab7ad6b7169203331%3a0%3A1";
    assert_eq!(uber(encoded), Some((IDS.to_owned(), 1, "")));
}

#[test]
fn malformed_headers_are_no_caller() {
    for header in [
        "",
        ":::",
        "1:2:0",
        "1:2:0:1:1",
        "0:2:0:1",
        "1:0:0:1",
        "g:2:0:1",
        "1:g:0:1",
        "1:2:g:1",
        "1:2:0:",
        "1:2:0:100",
        "1:2:0:x",
        "+1:2:0:1",
        "1:-2:0:1",
        "1:2:0:+1",
        "é:2:0:1",
        "1%ff:2:0:1",
        "0af7651916cd43dd8448eb211c80319c0:2:0:1",
        "1:b7ad6b71692033310:0:1",
        "ééééééééé:2:0:1",
        &format!("1:2:0:1{}", " ".repeat(300)).replace(' ', "%20"),
    ] {
        assert_eq!(uber(header), None, "{header}");
    }
}

#[test]
fn one_header_is_sent_with_full_length_ids() {
    let debug = Marks {
        debug: true,
        ..Marks::default()
    };
    let undecided = Marks {
        undecided: true,
        ..Marks::default()
    };
    for (sampled, marks, flags) in [
        (true, Marks::default(), 1),
        (false, Marks::default(), 0),
        (true, debug, 3),
        (false, undecided, 0),
    ] {
        let context = context(sampled, marks);
        let value = format!("{}:{}:0:{flags}", context.trace_id, context.span_id);
        assert_eq!(
            written(Propagator::Jaeger, &context),
            [pair("uber-trace-id", &value)]
        );
    }
}

#[test]
fn baggage_is_read_from_headers_of_its_own() {
    let headers = [
        ("Uberctx-User", "Am%C3%A9lie"),
        ("uberctx-tier", " 2 "),
        ("uberctx-", "no key"),
        ("uberctx-a b", "no token"),
        ("uberctx-bytes-bin", "AAE="),
        ("uberctx-tier", "3"),
        ("x-uberctx-other", "1"),
    ];
    assert_eq!(
        entries(&headers),
        [pair("user", "Amélie"), pair("tier", "2")]
    );
}

#[test]
fn baggage_written_by_hand_gives_way_to_headers() {
    let headers = [
        ("jaeger-baggage", "tier=1, user = A%20B"),
        ("uberctx-tier", "2"),
    ];
    assert_eq!(entries(&headers), [pair("tier", "2"), pair("user", "A B")]);
}

#[test]
fn baggage_that_is_read_is_bounded() {
    let many: Vec<_> = (0..100).map(|n| (format!("uberctx-k{n}"), "v")).collect();
    assert_eq!(extract_baggage(&Pairs(&many)).len(), MAX_MEMBERS);
    let long = "x".repeat(5000);
    let headers = [
        ("uberctx-a", long.as_str()),
        ("uberctx-b", &long),
        ("uberctx-c", "1"),
    ];
    assert_eq!(entries(&headers), [pair("a", &long)]);
}

#[test]
fn a_name_that_comes_often_is_looked_up_once() {
    struct Repeating(std::cell::Cell<usize>);
    impl Getter for Repeating {
        fn get(&self, name: &str) -> Vec<String> {
            self.0.set(self.0.get() + usize::from(name == "uberctx-a"));
            vec!["v".to_owned()]
        }
        fn keys(&self, visit: &mut dyn FnMut(&str)) {
            (0..1000).for_each(|_| visit("Uberctx-A"));
        }
    }
    let carrier = Repeating(std::cell::Cell::new(0));
    assert_eq!(extract_baggage(&carrier).get("a"), Some("v"));
    assert_eq!(carrier.0.get(), 1);
}

#[test]
fn baggage_is_sent_redacted_encoded_and_bounded() {
    let long = "x".repeat(5000);
    let baggage: Baggage = [
        ("User", "a b"),
        ("mail", "a@b.c"),
        ("a@b.c", "the key is a secret and no token"),
        ("a%40b.c", "the key is a secret"),
        ("blob-bin", "gRPC would decode it"),
        ("long", &long),
        ("longer", &long),
        ("last", "1"),
    ]
    .into_iter()
    .collect();
    let mut sent = Vec::new();
    let redact = |_: &str, value: &str| value.contains('@');
    let left_out = inject_baggage(
        &baggage,
        &|key, value| {
            if redact(key, value) {
                "[gone]".into()
            } else {
                value.into()
            }
        },
        &mut |name, value| sent.push(pair(name, value)),
    );
    assert_eq!(
        sent,
        [
            pair("uberctx-user", "a%20b"),
            pair("uberctx-mail", "[gone]"),
            pair("uberctx-long", &long),
            pair("uberctx-last", "1"),
        ]
    );
    assert_eq!(left_out, 4);
}
