//! One test per rule of `baggage.rs`.

use super::*;

fn read(header: &str) -> Vec<(String, String, String)> {
    entries(&parse([header]))
}

fn entries(baggage: &Baggage) -> Vec<(String, String, String)> {
    let texts = |e: &Entry| (e.key.clone(), e.value.clone(), e.metadata.clone());
    baggage.iter().map(texts).collect()
}

fn entry(key: &str, value: &str, metadata: &str) -> (String, String, String) {
    (key.to_owned(), value.to_owned(), metadata.to_owned())
}

fn one(key: &str, value: &str, metadata: &str) -> Baggage {
    let mut baggage = Baggage::new();
    baggage.set_with_metadata(key, value, metadata);
    baggage
}

fn plain<'v>(_: &str, value: &'v str) -> Cow<'v, str> {
    Cow::Borrowed(value)
}

/// Hides whatever has an `@`, and all that stands under the key `pin`.
fn hiding<'v>(key: &str, value: &'v str) -> Cow<'v, str> {
    if key == "pin" || value.contains('@') {
        Cow::Borrowed("[gone, all]")
    } else {
        Cow::Borrowed(value)
    }
}

fn written(baggage: &Baggage) -> String {
    format(baggage, &plain).0
}

#[test]
fn members_are_read_in_order_with_blanks_trimmed() {
    assert_eq!(
        read(
            "key1=value1;property1;property2, key2 = value2, key3=value3; propertyKey=propertyValue"
        ),
        [
            entry("key1", "value1", "property1;property2"),
            entry("key2", "value2", ""),
            entry("key3", "value3", "propertyKey=propertyValue"),
        ]
    );
}

#[test]
fn all_header_lines_are_one_list() {
    let baggage = parse(["userId=alice", "", "serverNode=DF%2028,isProduction=false"]);
    assert_eq!(baggage.len(), 3);
    assert_eq!(baggage.get("serverNode"), Some("DF 28"));
}

#[test]
fn a_value_is_percent_decoded_as_utf_8() {
    assert_eq!(parse(["userId=Am%C3%A9lie"]).get("userId"), Some("Amélie"));
}

#[test]
fn bytes_that_are_not_utf_8_become_the_replacement_character() {
    assert_eq!(parse(["k=a%ffb%C3"]).get("k"), Some("a\u{fffd}b\u{fffd}"));
}

#[test]
fn a_percent_sign_that_starts_no_escape_stays() {
    assert_eq!(
        parse(["k=50%,l=%zz"]),
        [("k", "50%"), ("l", "%zz")].into_iter().collect()
    );
}

#[test]
fn a_value_may_hold_equal_signs_and_may_be_empty() {
    assert_eq!(
        read("k=a=b==,l=,m="),
        [
            entry("k", "a=b==", ""),
            entry("l", "", ""),
            entry("m", "", "")
        ]
    );
}

#[test]
fn a_plus_sign_is_not_a_blank() {
    assert_eq!(parse(["k=a+b"]).get("k"), Some("a+b"));
}

#[test]
fn malformed_members_are_skipped_and_the_others_stay() {
    let bad = [
        "", "novalue", "=v", "a b=1", "k(=1", "é=1", "k=a b", "k=\"q\"", "k=a\\b", "k=é",
        "k=\u{1}", ";p=1",
    ];
    for member in bad {
        assert_eq!(
            read(&format!("a=1,{member},b=2")),
            [entry("a", "1", ""), entry("b", "2", "")],
            "{member:?}"
        );
    }
}

#[test]
fn a_malformed_property_is_skipped_and_its_entry_stays() {
    assert_eq!(
        read("k=v; a ;b c;=1;d = 2 ;e=\"x\";;f=g=h"),
        [entry("k", "v", "a;d=2;f=g=h")]
    );
}

#[test]
fn of_a_key_that_stands_twice_the_later_value_counts() {
    assert_eq!(
        read("a=1,b=2,a=3;p"),
        [entry("a", "3", "p"), entry("b", "2", "")]
    );
}

#[test]
fn keys_differ_by_case() {
    assert_eq!(parse(["a=1,A=2"]).len(), 2);
}

#[test]
fn sixty_four_members_are_read_and_no_more() {
    let header = (0..70)
        .map(|n| format!("k{n}=v"))
        .collect::<Vec<_>>()
        .join(",");
    let baggage = parse([header.as_str()]);
    assert_eq!(
        (baggage.len(), baggage.get("k63"), baggage.get("k64")),
        (64, Some("v"), None)
    );
}

#[test]
fn eight_thousand_one_hundred_and_ninety_two_bytes_are_read_and_no_more() {
    let fits = format!("a={},b=1", "x".repeat(MAX_BYTES - 6));
    assert_eq!(fits.len(), MAX_BYTES);
    assert_eq!(parse([fits.as_str()]).len(), 2);
    let over = format!("a={},b=1", "x".repeat(MAX_BYTES - 5));
    assert_eq!(parse([over.as_str()]).len(), 1);
    // The limit is one for all lines.
    let line = format!("a={}", "x".repeat(MAX_BYTES - 6));
    assert_eq!(parse([line.as_str(), "b=1"]).len(), 2);
    assert_eq!(parse([line.as_str(), "b=12"]).len(), 1);
    assert!(parse([format!("a={}", "x".repeat(MAX_BYTES)).as_str()]).is_empty());
}

#[test]
fn a_value_is_encoded_where_the_header_requires_it() {
    assert_eq!(
        written(&one("k", " a,b;c\\d\"e%f+gé=/\u{7f}", "")),
        "k=%20a%2Cb%3Bc%5Cd%22e%25f%2Bg%C3%A9=/%7F"
    );
}

#[test]
fn metadata_is_sent_as_it_came() {
    let header = "k=v;a;b=%41%2C;c=";
    assert_eq!(written(&parse([header])), header);
}

#[test]
fn metadata_set_in_code_is_made_well_formed() {
    assert_eq!(
        written(&one("k", "v", "a = b c ;;bad key;d")),
        "k=v;a=b%20c;d"
    );
}

#[test]
fn a_key_that_the_header_cannot_carry_is_left_out_and_counted() {
    let baggage: Baggage = [("a b", "1"), ("", "2"), ("é", "3"), ("ok", "4")]
        .into_iter()
        .collect();
    assert_eq!(format(&baggage, &plain), ("ok=4".to_owned(), 3));
}

#[test]
fn members_that_do_not_fit_are_left_out_whole_and_counted() {
    let long = "x".repeat(5000);
    let baggage: Baggage = [("a", long.as_str()), ("b", &long), ("c", "1")]
        .into_iter()
        .collect();
    assert_eq!(format(&baggage, &plain), (format!("a={long},c=1"), 1));
    let many: Baggage = (0..70).map(|n| (format!("k{n}"), "v")).collect();
    let (header, left_out) = format(&many, &plain);
    assert_eq!((parse([header.as_str()]).len(), left_out), (64, 6));
    // Encoding triples this one beyond the limit.
    assert_eq!(
        format(&one("k", &" ".repeat(3000), ""), &plain),
        (String::new(), 1)
    );
}

#[test]
fn a_header_of_exactly_the_limit_is_sent() {
    let baggage = one("a", &"x".repeat(MAX_BYTES - 2), "");
    assert_eq!(format(&baggage, &plain).0.len(), MAX_BYTES);
    assert_eq!(
        format(&one("a", &"x".repeat(MAX_BYTES - 1), ""), &plain),
        (String::new(), 1)
    );
}

#[test]
fn a_value_is_redacted_and_then_encoded() {
    assert_eq!(
        format(&one("who", "a@b.c", ""), &hiding).0,
        "who=[gone%2C%20all]"
    );
    assert_eq!(
        format(&one("pin", "1234", ""), &hiding).0,
        "pin=[gone%2C%20all]"
    );
}

#[test]
fn an_encoded_secret_that_came_in_is_redacted_on_the_way_out() {
    assert_eq!(
        format(&parse(["who=a%40b.c"]), &hiding).0,
        "who=[gone%2C%20all]"
    );
}

#[test]
fn a_key_that_is_a_secret_takes_its_member_with_it() {
    assert_eq!(
        format(&parse(["a%40b.c=1,ok=2"]), &hiding),
        ("ok=2".to_owned(), 1)
    );
}

#[test]
fn metadata_is_redacted_by_the_keys_of_entry_and_property() {
    let gone = "[gone%2C%20all]";
    assert_eq!(
        format(&one("k", "v", "by=a%40b.c;ok=1"), &hiding).0,
        format!("k=v;by={gone};ok=1")
    );
    assert_eq!(
        format(&one("k", "v", "by=a@b.c"), &hiding).0,
        format!("k=v;by={gone}")
    );
    assert_eq!(
        format(&one("k", "v", "pin=7"), &hiding).0,
        format!("k=v;pin={gone}")
    );
    assert_eq!(
        format(&one("pin", "v", "hint=7"), &hiding).0,
        format!("pin={gone};hint={gone}")
    );
    assert_eq!(
        format(&one("k", "v", "a%40b.c;a%40b.c=1;ok"), &hiding).0,
        "k=v;ok"
    );
    assert_eq!(
        format(&one("pin", "v", "1234"), &hiding).0,
        format!("pin={gone}")
    );
}

#[test]
fn entries_can_be_replaced_and_removed() {
    let mut baggage: Baggage = [("a", "1"), ("b", "2")].into_iter().collect();
    baggage.set("a", "3");
    assert_eq!(
        entries(&baggage),
        [entry("a", "3", ""), entry("b", "2", "")]
    );
    baggage.remove("a");
    assert_eq!((baggage.get("a"), baggage.len()), (None, 1));
    assert!(!baggage.is_empty());
}
