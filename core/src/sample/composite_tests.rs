//! One test per row of the tables in `composite.rs`.

use super::super::Sampler;
use super::*;
use crate::trace::{SpanId, TraceFlags, TraceId, Value};

const QUARTER: u64 = 0xc0_0000_0000_0000;
const HIGH: u64 = u64::MAX;

fn parent(flags: u8, low: u64, state: &str) -> SpanContext {
    SpanContext {
        trace_id: TraceId::from_parts(1, low),
        span_id: SpanId::from_u64(1),
        flags: TraceFlags::new(flags),
        remote: true,
        state: TraceState::parse(state),
    }
}

fn shown(
    composable: &Composable,
    candidate: &Candidate<'_>,
) -> (Verdict, Option<String>, Option<u64>) {
    let decision = Sampler::composite(composable.clone()).decide(candidate);
    let state = decision.state.map(|state| state.as_str().to_owned());
    (decision.verdict, state, decision.threshold)
}

fn root(composable: &Composable, low: u64) -> (Verdict, Option<String>, Option<u64>) {
    shown(composable, &Candidate::root(TraceId::from_parts(1, low)))
}

fn child(composable: &Composable, parent: &SpanContext) -> (Verdict, Option<String>, Option<u64>) {
    let candidate = Candidate {
        parent: Some(parent),
        ..Candidate::root(parent.trace_id)
    };
    shown(composable, &candidate)
}

fn quarter() -> Composable {
    Composable::probability(0.25).unwrap()
}

fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn always_on_samples_all_with_a_threshold_of_nought() {
    assert_eq!(
        root(&Composable::AlwaysOn, 0),
        (Verdict::Sample, text("ot=th:0"), Some(0))
    );
    let unsampled = parent(2, 0, "ot=th:c;rv:00000000000000,v=1");
    let expected = text("ot=th:0;rv:00000000000000,v=1");
    assert_eq!(
        child(&Composable::AlwaysOn, &unsampled),
        (Verdict::Sample, expected, Some(0))
    );
}

#[test]
fn always_off_drops_all_and_erases_the_threshold() {
    assert_eq!(
        root(&Composable::AlwaysOff, HIGH),
        (Verdict::Drop, None, None)
    );
    let sampled = parent(3, HIGH, "ot=th:0,v=1");
    assert_eq!(
        child(&Composable::AlwaysOff, &sampled),
        (Verdict::Drop, text("v=1"), None)
    );
}

#[test]
fn a_probability_samples_what_reaches_its_threshold() {
    assert_eq!(
        root(&quarter(), QUARTER),
        (Verdict::Sample, text("ot=th:c"), Some(QUARTER))
    );
    assert_eq!(root(&quarter(), QUARTER - 1), (Verdict::Drop, None, None));
    assert_eq!(Composable::probability(0.0), Ok(Composable::AlwaysOff));
}

#[test]
fn a_parent_s_threshold_is_followed_where_it_agrees_with_its_flag() {
    let sampler = Composable::parent_threshold(Composable::AlwaysOff);
    let agrees = parent(3, HIGH, "ot=th:c");
    assert_eq!(
        child(&sampler, &agrees),
        (Verdict::Sample, None, Some(QUARTER))
    );
    let contradicts = parent(3, 1, "ot=th:c");
    assert_eq!(
        child(&sampler, &contradicts),
        (Verdict::Sample, text(""), None)
    );
    let unsampled = parent(2, HIGH, "ot=th:c");
    assert_eq!(child(&sampler, &unsampled), (Verdict::Drop, text(""), None));
}

#[test]
fn a_parent_without_a_threshold_is_followed_by_its_flag_alone() {
    let sampler = Composable::parent_threshold(Composable::AlwaysOff);
    assert_eq!(
        child(&sampler, &parent(3, 0, "v=1")),
        (Verdict::Sample, None, None)
    );
    assert_eq!(
        child(&sampler, &parent(2, HIGH, "v=1")),
        (Verdict::Drop, None, None)
    );
}

#[test]
fn where_there_is_no_parent_the_root_sampler_is_asked() {
    let sampler = Composable::parent_threshold(quarter());
    assert_eq!(root(&sampler, HIGH).2, Some(QUARTER));
    assert_eq!(root(&sampler, 0).0, Verdict::Drop);
    // The format in which this parent came left the decision to us.
    assert_eq!(
        child(&sampler, &parent(0, HIGH, "polyspan=u")).2,
        Some(QUARTER)
    );
}

#[test]
fn the_first_rule_that_fits_decides_and_none_is_a_drop() {
    let rule = |name: &str, sampler| Rule {
        conditions: vec![super::super::Condition::Names(super::super::Patterns {
            included: vec![name.to_owned()],
            excluded: Vec::new(),
        })],
        sampler,
    };
    let sampler = Composable::rule_based([
        rule("GET /health*", Composable::AlwaysOff),
        rule("GET /*", Composable::AlwaysOn),
    ]);
    let named = |name| {
        let candidate = Candidate {
            name,
            ..Candidate::root(TraceId::from_parts(1, HIGH))
        };
        shown(&sampler, &candidate).0
    };
    assert_eq!(named("GET /healthz"), Verdict::Drop);
    assert_eq!(named("GET /orders"), Verdict::Sample);
    assert_eq!(named("POST /orders"), Verdict::Drop);
}

#[test]
fn annotations_are_added_to_what_is_sampled_and_the_outer_ones_win() {
    let set = |key: &str, value| (key.to_owned(), OwnedValue::Int(value));
    let inner = Composable::annotating([set("a", 1), set("b", 1)], quarter());
    let outer = Composable::annotating([set("b", 2), set("c", 2)], inner);
    let decide = |low| {
        Sampler::composite(outer.clone()).decide(&Candidate::root(TraceId::from_parts(1, low)))
    };
    let attributes = decide(HIGH).attributes.unwrap();
    assert_eq!(attributes.to_vec(), [set("a", 1), set("b", 2), set("c", 2)]);
    assert_eq!(decide(0).attributes, None);
}

#[test]
fn an_unreliable_threshold_is_compared_with_randomness_of_its_own() {
    // A sampled parent without a threshold: T is 0 and the trace's R must not matter.
    let sampler = Composable::parent_threshold(Composable::AlwaysOff);
    let parent = parent(3, 0, "ot=rv:00000000000000");
    assert_eq!(child(&sampler, &parent), (Verdict::Sample, None, None));
}

#[test]
fn composite_of_a_probability_is_the_probability_sampler() {
    let both = [
        Sampler::composite(quarter()),
        Sampler::probability(0.25).unwrap(),
    ];
    for low in [0, QUARTER - 1, QUARTER, HIGH] {
        for parent in [
            None,
            Some(parent(1, low, "ot=th:8;x:1,v=1")),
            Some(parent(2, low, "")),
        ] {
            let candidate = Candidate {
                parent: parent.as_ref(),
                ..Candidate::root(TraceId::from_parts(1, low))
            };
            let [one, other] = both.each_ref().map(|sampler| sampler.decide(&candidate));
            assert_eq!(one, other, "{low:x} {parent:?}");
        }
    }
}

#[test]
fn masks_say_when_a_child_may_differ_from_its_parent() {
    let mask = |composable: Composable| Sampler::composite(composable).mask();
    assert!(mask(quarter()).inheritable);
    assert!(mask(Composable::parent_threshold(quarter())).inheritable);
    let annotated = Composable::annotating([("a".to_owned(), OwnedValue::Int(1))], quarter());
    assert!(
        !mask(annotated.clone()).inheritable,
        "children have the attributes too"
    );
    assert!(
        mask(Composable::parent_threshold(annotated)).inheritable,
        "only roots have them"
    );
    let by_kind = Composable::rule_based([Rule {
        conditions: vec![super::super::Condition::Kinds(Vec::new())],
        sampler: quarter(),
    }]);
    let expected = Mask {
        inheritable: false,
        needs_name_kind: true,
        needs_attributes: false,
    };
    assert_eq!(mask(by_kind), expected);
    let by_attribute = Composable::rule_based([Rule {
        conditions: vec![super::super::Condition::AttributeValues {
            key: "k".to_owned(),
            values: Vec::new(),
        }],
        sampler: quarter(),
    }]);
    assert!(mask(Composable::parent_threshold(by_attribute)).needs_attributes);
}

#[test]
fn descriptions_say_all_that_decides() {
    let rule = Rule {
        conditions: vec![super::super::Condition::AttributeValues {
            key: "k".to_owned(),
            values: vec!["v".to_owned()],
        }],
        sampler: Composable::AlwaysOn,
    };
    let sampler = Sampler::composite(Composable::parent_threshold(Composable::rule_based([
        rule,
        Rule::any(quarter()),
    ])));
    assert_eq!(
        sampler.describe(),
        "CompositeSampler{ComposableParentThreshold{root:ComposableRuleBased{(\"k\" in [\"v\"]&ComposableAlwaysOn),\
         (ComposableProbability{0.25})}}}"
    );
}

#[test]
fn rules_see_attributes_that_are_given_at_the_start() {
    let sampler = Composable::rule_based([Rule {
        conditions: vec![super::super::Condition::AttributeValues {
            key: "http.response.status_code".to_owned(),
            values: vec!["404".to_owned()],
        }],
        sampler: Composable::AlwaysOn,
    }]);
    let candidate = Candidate {
        attributes: &[("http.response.status_code", Value::Int(404))],
        ..Candidate::root(TraceId::from_parts(1, 0))
    };
    assert_eq!(shown(&sampler, &candidate).0, Verdict::Sample);
}
