//! One test per rule of `datadog.rs`.

use super::super::tests::{context, read, written};
use super::super::{Pairs, Propagator, marks::Marks};
use super::*;

const LOW: &str = "9532127138774266268"; // 8448eb211c80319c
const SPAN: &str = "13235353014750950193"; // b7ad6b7169203331
const HIGH: &str = "_dd.p.tid=0af7651916cd43dd";
const IDS: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

fn headers<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    [&[(TRACE_ID, LOW), (PARENT_ID, SPAN)], more].concat()
}

/// The trace state that is held for these headers.
fn state(more: &[(&str, &str)]) -> String {
    let found = extract(&Pairs(&headers(more))).unwrap();
    found.context.state.as_str().to_owned()
}

/// What is sent for a context with this trace state.
fn sent(sampled: bool, state: &str) -> Vec<(String, String)> {
    let mut context = context(sampled, Marks::default());
    context.state = TraceState::parse(state);
    let mut sent = written(Propagator::Datadog, &context);
    sent.drain(..2);
    sent
}

fn pair(key: &str, value: &str) -> (String, String) {
    (key.to_owned(), value.to_owned())
}

#[test]
fn the_upper_half_of_the_trace_id_is_a_tag() {
    let all = headers(&[(SAMPLING_PRIORITY, "1"), (TAGS, HIGH)]);
    assert_eq!(
        read(Propagator::Datadog, &all),
        Some((IDS.to_owned(), 1, ""))
    );
    let low = read(Propagator::Datadog, &headers(&[])).unwrap().0;
    assert_eq!(
        low,
        format!(
            "{}-{}",
            "00000000000000008448eb211c80319c", "b7ad6b7169203331"
        )
    );
}

#[test]
fn an_upper_half_that_is_malformed_is_zero() {
    for tid in [
        "",
        "1",
        "0AF7651916CD43DD",
        "0af7651916cd43dd0",
        "0000000000000000",
        "0af7651916cd43dé",
    ] {
        let tags = format!("_dd.p.tid={tid},_dd.p.dm=-1");
        let ids = read(Propagator::Datadog, &headers(&[(TAGS, &tags)]))
            .unwrap()
            .0;
        assert!(ids.starts_with("0000000000000000"), "{tid}: {ids}");
    }
}

#[test]
fn the_priority_is_the_decision() {
    for (priority, flags, mark) in [
        ("2", 1, ""),
        ("1", 1, ""),
        ("0", 0, ""),
        ("-1", 0, ""),
        (" 1 ", 1, ""),
        ("", 0, "u"),
        ("yes", 0, "u"),
        ("1.0", 0, "u"),
        ("9999999999999999999999", 0, "u"),
    ] {
        let found = read(
            Propagator::Datadog,
            &headers(&[(SAMPLING_PRIORITY, priority)]),
        )
        .unwrap();
        assert_eq!((found.1, found.2), (flags, mark), "{priority}");
    }
    assert_eq!(read(Propagator::Datadog, &headers(&[])).unwrap().2, "u");
}

#[test]
fn malformed_ids_are_no_caller() {
    for id in [
        "",
        "0",
        "-1",
        "+1",
        "1e3",
        "0x1",
        "8448eb211c80319c",
        "18446744073709551616",
        "99999999999999999999999999",
        "１",
    ] {
        for broken in [
            [(TRACE_ID, id), (PARENT_ID, SPAN)],
            [(TRACE_ID, LOW), (PARENT_ID, id)],
        ] {
            assert_eq!(read(Propagator::Datadog, &broken), None, "{broken:?}");
        }
    }
    assert_eq!(read(Propagator::Datadog, &[(TRACE_ID, LOW)]), None);
    assert_eq!(read(Propagator::Datadog, &[(PARENT_ID, SPAN)]), None);
}

#[test]
fn priority_origin_and_tags_are_held_as_datadogs_tracers_hold_them() {
    let tags = format!("{HIGH},_dd.p.dm=-4,_dd.p.usr.id=baz64==,other=1,_dd.p.=x,_dd.p.e=");
    assert_eq!(
        state(&[
            (SAMPLING_PRIORITY, "2"),
            (ORIGIN, "syn=thetics;~,x"),
            (TAGS, &tags)
        ]),
        "dd=s:2;o:syn~thetics___x;t.dm:-4;t.usr.id:baz64~~"
    );
    assert_eq!(state(&[]), "");
    assert_eq!(state(&[(ORIGIN, "é\u{1}")]), "dd=o:__");
}

#[test]
fn what_is_held_is_bounded() {
    let long = "x".repeat(200);
    let tags = format!("_dd.p.a={long},_dd.p.b={long},_dd.p.c=1");
    assert_eq!(state(&[(TAGS, &tags)]), format!("dd=t.a:{long};t.c:1"));
    let too_long = format!("{HIGH},_dd.p.a={}", "x".repeat(MAX_TAGS));
    assert_eq!(state(&[(TAGS, &too_long)]), "");
    assert_eq!(state(&[(ORIGIN, &"x".repeat(10_000))]), "");
}

#[test]
fn ids_are_sent_in_decimal_and_the_upper_half_as_a_tag() {
    assert_eq!(
        written(Propagator::Datadog, &context(true, Marks::default())),
        [
            pair(TRACE_ID, LOW),
            pair(PARENT_ID, SPAN),
            pair(SAMPLING_PRIORITY, "1"),
            pair(TAGS, HIGH)
        ]
    );
    let mut short = context(false, Marks::default());
    short.trace_id = TraceId::from_parts(0, 1);
    assert_eq!(
        written(Propagator::Datadog, &short),
        [
            pair(TRACE_ID, "1"),
            pair(PARENT_ID, SPAN),
            pair(SAMPLING_PRIORITY, "0")
        ]
    );
}

#[test]
fn an_open_decision_is_passed_on_open() {
    let undecided = Marks {
        undecided: true,
        ..Marks::default()
    };
    let sent = written(Propagator::Datadog, &context(false, undecided));
    assert!(
        sent.iter().all(|(name, _)| name != SAMPLING_PRIORITY),
        "{sent:?}"
    );
}

#[test]
fn what_is_held_is_sent_while_the_decision_is_the_same() {
    assert_eq!(
        sent(
            true,
            "dd=s:2;o:syn~thetics;p:00f067aa0ba902b7;t.dm:-4;t.usr.id:baz64~~"
        ),
        [
            pair(SAMPLING_PRIORITY, "2"),
            pair(ORIGIN, "syn=thetics"),
            pair(TAGS, &format!("{HIGH},_dd.p.dm=-4,_dd.p.usr.id=baz64==")),
        ]
    );
    assert_eq!(sent(false, "dd=s:-1")[0], pair(SAMPLING_PRIORITY, "-1"));
}

#[test]
fn another_decision_is_ours_and_not_that_of_the_old_maker() {
    assert_eq!(
        sent(true, "dd=s:-1;t.dm:-4;t.a:1"),
        [
            pair(SAMPLING_PRIORITY, "1"),
            pair(TAGS, &format!("{HIGH},_dd.p.a=1"))
        ]
    );
    assert_eq!(
        sent(false, "dd=s:2;t.dm:-4")[0],
        pair(SAMPLING_PRIORITY, "0")
    );
    assert_eq!(
        sent(true, "dd=s:nonsense;;x;t.:y;o:")[0],
        pair(SAMPLING_PRIORITY, "1")
    );
}

#[test]
fn tags_that_are_sent_are_bounded_and_the_id_comes_first() {
    // The largest member there can be, made of the shortest tags: their prefix is what makes them long.
    let member: String = (0..63)
        .map(|n| format!(";t.{}:", (b'@' + n) as char))
        .collect();
    let state = format!("dd=s:1{}", &member[..250]);
    let tags = sent(true, &state).pop().unwrap().1;
    assert!(
        tags.starts_with(HIGH) && tags.contains("_dd.p.p="),
        "{tags}"
    );
    assert!(tags.len() <= MAX_TAGS, "{}", tags.len());
}

#[test]
fn what_came_in_goes_out_again() {
    let tags = format!("{HIGH},_dd.p.dm=-4,_dd.p.usr.id=baz64==");
    let came = headers(&[(SAMPLING_PRIORITY, "2"), (ORIGIN, "rum"), (TAGS, &tags)]);
    let found = extract(&Pairs(&came)).unwrap();
    let mut went = Vec::new();
    inject(&found.into_context(), &mut |name, value| {
        went.push(pair(name, value))
    });
    assert_eq!(
        went,
        came.iter().map(|(n, v)| pair(n, v)).collect::<Vec<_>>()
    );
}
