//! The table of the specification, "Environment variable substitution", row by row, and what it does not say.

use super::*;

fn value(scalar: &str) -> Value {
    let node = parse(&format!("key: {scalar}"));
    node.get("key").unwrap().value.clone()
}

fn text(scalar: &str) -> Value {
    Value::Text(scalar.to_owned())
}

#[test]
fn every_row_of_the_specification_holds() {
    let rows = [
        ("${STRING_VALUE}", text("value")),
        ("${BOOL_VALUE}", Value::Bool(true)),
        ("${INT_VALUE}", Value::Int(1)),
        ("${FLOAT_VALUE}", Value::Float(1.1)),
        ("${HEX_VALUE}", Value::Int(3_735_928_559)),
        ("\"${STRING_VALUE}\"", text("value")),
        ("\"${BOOL_VALUE}\"", text("true")),
        ("\"${INT_VALUE}\"", text("1")),
        ("\"${FLOAT_VALUE}\"", text("1.1")),
        ("\"${HEX_VALUE}\"", text("0xdeadbeef")),
        ("${env:STRING_VALUE}", text("value")),
        ("${INVALID_MAP_VALUE}", text("value\nkey:value")),
        ("foo ${STRING_VALUE} ${FLOAT_VALUE}", text("foo value 1.1")),
        ("${UNDEFINED_KEY}", Value::Null),
        ("${UNDEFINED_KEY:-fallback}", text("fallback")),
        ("${REPLACE_ME}", text("${DO_NOT_REPLACE_ME}")),
        ("${UNDEFINED_KEY:-${STRING_VALUE}}", text("${STRING_VALUE}")),
        ("$${STRING_VALUE}", text("${STRING_VALUE}")),
        ("$$${STRING_VALUE}", text("$value")),
        ("$$$${STRING_VALUE}", text("$${STRING_VALUE}")),
        (
            "$${STRING_VALUE:-fallback}",
            text("${STRING_VALUE:-fallback}"),
        ),
        (
            "$${STRING_VALUE:-${STRING_VALUE}}",
            text("${STRING_VALUE:-value}"),
        ),
        (
            "${UNDEFINED_KEY:-$${UNDEFINED_KEY}}",
            text("${UNDEFINED_KEY:-${UNDEFINED_KEY}}"),
        ),
        ("${VALUE_WITH_ESCAPE}", text("value$$")),
        ("a $$ b", text("a $ b")),
        ("a $ b", text("a $ b")),
    ];
    for (scalar, expected) in rows {
        assert_eq!(value(scalar), expected, "{scalar}");
    }
    let node = parse("${STRING_VALUE}: value");
    assert_eq!(node.get("${STRING_VALUE}").unwrap().value, text("value"));
    assert!(unreadable("key: ${STRING_VALUE:?error}").contains("${STRING_VALUE:?error}"));
}

#[test]
fn an_empty_variable_takes_the_default_and_a_set_one_does_not() {
    assert_eq!(value("${EMPTY:-x}"), text("x"));
    assert_eq!(value("${EMPTY}"), Value::Null);
    assert_eq!(value("${INT_VALUE:-2}"), Value::Int(1));
    assert_eq!(value("\"${UNDEFINED:-}\""), text(""));
    assert_eq!(value("\"${UNDEFINED:- a b }\""), text(" a b "));
}

#[test]
fn what_is_no_reference_stays() {
    for scalar in ["${}", "a ${", "$", "a$b", "$STRING_VALUE"] {
        assert_eq!(value(&format!("'{scalar}'")), text(scalar), "{scalar}");
    }
}

#[test]
fn a_reference_that_conforms_to_nothing_is_refused_with_its_line() {
    for scalar in [
        "${1API_KEY}",
        "${API_$KEY}",
        "${sys:KEY}",
        "${env:1}",
        "${A-b}",
        "${ A}",
    ] {
        let said = unreadable(&format!("a: 1\nkey: \"{scalar}\""));
        assert!(said.starts_with("2: has the reference ${"), "{said}");
    }
}

#[test]
fn scalars_of_all_styles_and_places_are_replaced() {
    let node = parse(
        "- ${INT_VALUE}\n- '${STRING_VALUE}'\n- |\n  ${STRING_VALUE}\n- {a: [\"${STRING_VALUE}\"]}\n",
    );
    let Value::List(items) = &node.value else {
        panic!()
    };
    assert_eq!(items[0].value, Value::Int(1));
    assert_eq!(items[1].value, text("value"));
    assert_eq!(items[2].value, text("value\n"));
    assert_eq!(items[3], parse("{a: [value]}"));
}
