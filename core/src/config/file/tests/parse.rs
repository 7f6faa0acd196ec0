//! YAML as far as configuration goes: types, styles, anchors, bounds.

use super::*;

fn value(text: &str) -> Value {
    parse(text).value
}

#[test]
fn plain_scalars_have_the_types_of_the_core_schema() {
    for null in ["a: null", "a: ~", "a: NULL", "a:", "a: !!null ''"] {
        assert_eq!(parse(null).get("a").unwrap().value, Value::Null, "{null}");
    }
    for (text, expected) in [
        ("true", Value::Bool(true)),
        ("FALSE", Value::Bool(false)),
        ("-12", Value::Int(-12)),
        ("+12", Value::Int(12)),
        ("0o17", Value::Int(15)),
        ("0xfF", Value::Int(255)),
        ("007", Value::Int(7)),
        ("1.5", Value::Float(1.5)),
        ("-.5", Value::Float(-0.5)),
        ("1e3", Value::Float(1000.0)),
        ("-.inf", Value::Float(f64::NEG_INFINITY)),
        (
            "9223372036854775808",
            Value::Float(9_223_372_036_854_775_808.0),
        ),
        ("!!str 1", Value::Text("1".into())),
        ("!!int '1'", Value::Int(1)),
        ("!!float 1", Value::Float(1.0)),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
    for text in [
        "yes",
        "on",
        "off",
        "nan",
        "inf",
        "1_000",
        "0b1",
        "1:30",
        "e",
        ".",
        "+-1",
        "0x",
        "1.2.3",
        "2026-01-01",
    ] {
        assert_eq!(
            value(&format!("[{text}]")),
            Value::List(vec![Node::new(Value::Text(text.into()), 1)]),
            "{text}"
        );
    }
}

#[test]
fn json_is_yaml() {
    let node = parse("{\"a\": [1, 2.5, true, null, \"x\\ny\"]}");
    assert_eq!(node, parse("a:\n - 1\n - 2.5\n - true\n -\n - \"x\\ny\"\n"));
}

#[test]
fn nodes_know_their_line() {
    let node = parse("a:\n  b:\n    - 1\n    - 2\n");
    let Value::List(items) = &node.get("a").unwrap().get("b").unwrap().value else {
        panic!()
    };
    assert_eq!((items[0].line, items[1].line), (3, 4));
}

#[test]
fn an_alias_is_what_its_anchor_is() {
    let node = parse("a: &x {k: 1}\nb: *x\n");
    assert_eq!(node.get("a"), node.get("b"));
}

#[test]
fn what_is_no_configuration_is_refused_and_says_why() {
    for (text, said) in [
        ("", "1: it is empty"),
        ("# nothing\n", "1: it is empty"),
        ("a: 1\n---\nb: 2\n", "it has more than one document"),
        ("a: 1\na: 2\n", "2: the key \"a\" stands there twice"),
        ("? [1]\n: 2\n", "a key is not a text"),
        ("a: !mine 1\n", "the tag !mine is unknown"),
        ("a: !!int x\n", "the value does not fit its tag"),
        ("a: [1\n", "it is not YAML"),
        ("a: \"x\n", "it is not YAML"),
        ("a: *nowhere\n", "it is not YAML"),
    ] {
        let found = unreadable(text);
        assert!(found.contains(said), "{text:?}: {found}");
    }
}

#[test]
fn a_file_that_would_grow_without_end_is_refused() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = format!("*a{}", level - 1);
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![below; 9].join(", "));
    }
    assert!(unreadable(&bomb).contains("more than 50000 values"));
    let nested = |inside: &str| format!("{}{inside}{}", "[".repeat(50), "]".repeat(50));
    let chain = format!(
        "a: &a {}\nb: &b {}\nc: {}\n",
        nested(""),
        nested("*a"),
        nested("*b")
    );
    assert!(unreadable(&chain).starts_with("2: it is nested deeper than 64"));
    let items = vec!["x"; 2_000].join(", ");
    let kept = (0..40).fold(format!("[{items}]"), |inside, level| {
        format!("&a{level} [{inside}]")
    });
    assert!(unreadable(&kept).contains("more than 50000 values"));
    assert!(unreadable(&"[".repeat(70)).contains("nested deeper than 64"));
    assert!(unreadable(&format!("a: {}", "x".repeat(1 << 20))).contains("more than 1048576 bytes"));
    assert!(unreadable("a: &a [*a]\n").contains("contains it"));
}
