//! What conditions mean.

use super::*;
use crate::trace::{SpanContext, TraceId};

fn holds(condition: &Condition, attributes: &[(&str, Value<'_>)]) -> bool {
    condition.holds(&Candidate {
        attributes,
        ..Candidate::root(TraceId::from_parts(1, 1))
    })
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn values(values: &[&str]) -> Condition {
    Condition::AttributeValues {
        key: "k".to_owned(),
        values: texts(values),
    }
}

fn patterns(included: &[&str], excluded: &[&str]) -> Patterns {
    Patterns {
        included: texts(included),
        excluded: texts(excluded),
    }
}

#[test]
fn values_that_are_not_text_are_compared_by_their_text() {
    for (value, text) in [
        (Value::Str("GET"), "GET"),
        (Value::Int(404), "404"),
        (Value::Bool(true), "true"),
        (Value::Double(0.5), "0.5"),
    ] {
        assert!(
            holds(&values(&["other", text]), &[("k", value.clone())]),
            "{value:?}"
        );
        assert!(!holds(&values(&["other"]), &[("k", value)]));
    }
}

#[test]
fn of_a_list_one_element_is_enough() {
    let list = Value::Array(vec![Value::Int(1), Value::Str("two")]);
    assert!(holds(&values(&["two"]), &[("k", list.clone())]));
    assert!(!holds(&values(&["three"]), &[("k", list)]));
}

#[test]
fn a_span_without_the_attribute_does_not_fit() {
    assert!(!holds(&values(&["v"]), &[("other", Value::Str("v"))]));
    let all = Condition::AttributePatterns {
        key: "k".to_owned(),
        patterns: patterns(&[], &[]),
    };
    assert!(!holds(&all, &[]));
    assert!(holds(&all, &[("k", Value::Str("anything"))]));
    assert!(
        !holds(&all, &[("k", Value::Bytes(b"x"))]),
        "bytes are no text"
    );
}

#[test]
fn of_a_key_that_stands_twice_the_last_value_counts() {
    let twice = [("k", Value::Str("first")), ("k", Value::Str("last"))];
    assert!(holds(&values(&["last"]), &twice));
    assert!(!holds(&values(&["first"]), &twice));
}

#[test]
fn what_is_excluded_wins_over_what_is_included() {
    let chosen = patterns(&["4*", "GET ?"], &["404"]);
    assert!(chosen.choose("400") && chosen.choose("GET /"));
    assert!(!chosen.choose("404") && !chosen.choose("500") && !chosen.choose("GET /a"));
    assert!(patterns(&[], &["a"]).choose("b"));
    assert!(!patterns(&["get"], &[]).choose("GET"), "case counts");
}

#[test]
fn a_parent_is_none_remote_or_local() {
    let mut context = SpanContext::default();
    for (remote, expected) in [(None, 0), (Some(true), 1), (Some(false), 2)] {
        context.remote = remote == Some(true);
        let candidate = Candidate {
            parent: remote.map(|_| &context),
            ..Candidate::root(TraceId::from_parts(1, 1))
        };
        let kinds = [ParentKind::None, ParentKind::Remote, ParentKind::Local];
        for (at, kind) in kinds.into_iter().enumerate() {
            assert_eq!(
                Condition::Parents(vec![kind]).holds(&candidate),
                at == expected
            );
        }
    }
}

#[test]
fn all_conditions_of_a_rule_must_hold() {
    let rule = Rule {
        conditions: vec![
            Condition::Kinds(vec![SpanKind::Server, SpanKind::Consumer]),
            Condition::Names(patterns(&["GET *"], &[])),
        ],
        sampler: Composable::AlwaysOn,
    };
    let fits = |kind, name| {
        rule.matches(&Candidate {
            kind,
            name,
            ..Candidate::root(TraceId::from_parts(1, 1))
        })
    };
    assert!(fits(SpanKind::Server, "GET /"));
    assert!(!fits(SpanKind::Client, "GET /") && !fits(SpanKind::Server, "POST /"));
    assert!(Rule::any(Composable::AlwaysOn).matches(&Candidate::root(TraceId::from_parts(1, 1))));
}
