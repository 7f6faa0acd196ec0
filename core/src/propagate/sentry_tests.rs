//! One test per rule of `sentry.rs`, through the propagators that use it.

use super::super::tests::{context, read, written};
use super::super::{Pairs, Propagator, Propagators, marks::Marks};
use super::*;
use crate::redact::{Counts, Redactor};
use crate::trace::TraceId;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const SPAN: &str = "b7ad6b7169203331";
const DSC: &str =
    "sentry-trace_id=0af7651916cd43dd8448eb211c80319c,sentry-sample_rate=0.5,sentry-x=1";

fn header(header: &str) -> Option<(String, u8, &'static str)> {
    read(Propagator::Sentry, &[("sentry-trace", header)])
}

fn head() -> Head {
    let dsn = "https://0123456789abcdef0123456789abcdef@o42.ingest.sentry.io/7";
    let dsn = Dsn::parse(dsn).unwrap();
    Head {
        environment: Some("production".to_owned()),
        release: Some("shop@1.2.3".to_owned()),
        sample_rate: Some(0.25),
        ..Head::of(&dsn)
    }
}

fn only_sentry() -> Propagators {
    Propagators::new([Propagator::Sentry]).with_sentry_head(head())
}

fn with_baggage() -> Propagators {
    Propagators::new([Propagator::Baggage, Propagator::Sentry]).with_sentry_head(head())
}

/// The header `baggage` that these propagators send, redacted by the default rules.
fn baggage_of(propagators: &Propagators, context: &SpanContext, held: &Baggage) -> String {
    let (redactor, counts) = (Redactor::default(), Counts::default());
    let mut sent = String::new();
    propagators.inject(
        context,
        held,
        &|key, value| redactor.baggage(key, value, &counts),
        &mut |name, value| {
            if name == "baggage" {
                assert_eq!(sent, "", "written twice");
                sent = value.to_owned();
            }
        },
    );
    sent
}

/// What a service that received these headers sends on from a span of the same trace.
fn forwarded(propagators: &Propagators, headers: &[(&str, &str)]) -> String {
    let (caller, held) = propagators.extract_from(&Pairs(headers));
    baggage_of(propagators, &caller.unwrap_or(SpanContext::INVALID), &held)
}

fn sentry_trace() -> (&'static str, &'static str) {
    (
        "sentry-trace",
        "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
    )
}

#[test]
fn the_header_gives_ids_and_the_decision() {
    let ids = format!("{TRACE}-{SPAN}");
    for (decision, flags, mark) in [("-1", 1, ""), ("-0", 0, ""), ("", 0, "u"), ("-", 0, "u")] {
        let value = format!(" \t{ids}{decision} ");
        assert_eq!(header(&value), Some((ids.clone(), flags, mark)), "{value}");
    }
}

#[test]
fn malformed_headers_are_no_caller() {
    for value in [
        "",
        "-",
        "1",
        TRACE,
        &format!("{TRACE}-"),
        &format!("-{SPAN}-1"),
        &format!("{TRACE}-{SPAN}-2"),
        &format!("{TRACE}-{SPAN}-1-"),
        &format!("{TRACE}{SPAN}1"),
        &format!("{}-{SPAN}-1", TRACE.to_uppercase()),
        &format!("{}-{SPAN}-1", "0".repeat(32)),
        &format!("{TRACE}-{}-1", "0".repeat(16)),
        &format!("{TRACE}-{SPAN}-é"),
        &format!("{TRACE} -{SPAN}-1"),
    ] {
        assert_eq!(header(value), None, "{value}");
    }
}

#[test]
fn an_open_decision_is_passed_on_open() {
    let undecided = Marks {
        undecided: true,
        ..Marks::default()
    };
    for (sampled, marks, decision) in [
        (true, Marks::default(), "-1"),
        (false, Marks::default(), "-0"),
        (false, undecided, ""),
    ] {
        let sent = written(Propagator::Sentry, &context(sampled, marks));
        assert_eq!(
            sent,
            [(
                "sentry-trace".to_owned(),
                format!("{TRACE}-{SPAN}{decision}")
            )]
        );
    }
}

#[test]
fn a_context_that_came_is_frozen_and_others_baggage_needs_its_own_propagator() {
    let came = [sentry_trace(), ("baggage", &format!("tenant=7,{DSC}"))];
    assert_eq!(forwarded(&only_sentry(), &came), DSC);
    assert_eq!(forwarded(&with_baggage(), &came), format!("tenant=7,{DSC}"));
    let without_sentry = Propagators::new([Propagator::TraceContext, Propagator::Baggage]);
    assert_eq!(forwarded(&without_sentry, &came), format!("tenant=7,{DSC}"));
}

#[test]
fn a_sentry_trace_without_a_context_freezes_it_empty() {
    assert_eq!(forwarded(&only_sentry(), &[sentry_trace()]), "");
    assert_eq!(
        forwarded(&with_baggage(), &[sentry_trace(), ("baggage", "tenant=7")]),
        "tenant=7"
    );
}

#[test]
fn of_a_trace_that_others_began_nothing_is_said() {
    let propagators =
        Propagators::new([Propagator::TraceContext, Propagator::Sentry]).with_sentry_head(head());
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    assert_eq!(
        forwarded(&propagators, &[("traceparent", &traceparent)]),
        ""
    );
}

#[test]
fn a_trace_that_begins_here_gets_its_context_after_all_other_entries() {
    let held: Baggage = [("tenant", "7")].into_iter().collect();
    let own = "sentry-trace_id=0af7651916cd43dd8448eb211c80319c,\
               sentry-public_key=0123456789abcdef0123456789abcdef,sentry-org_id=42,\
               sentry-environment=production,sentry-release=shop@1.2.3,sentry-sample_rate=0.25,\
               sentry-sample_rand=0.069675,sentry-sampled=true";
    let begun = context(true, Marks::default());
    assert_eq!(baggage_of(&only_sentry(), &begun, &held), own);
    assert_eq!(
        baggage_of(&with_baggage(), &begun, &held),
        format!("tenant=7,{own}")
    );
}

#[test]
fn entries_of_another_trace_are_not_sent_with_this_one() {
    let held: Baggage = [
        ("sentry-trace_id", "f".repeat(32)),
        ("sentry-org_id", "9".to_owned()),
    ]
    .into_iter()
    .collect();
    let sent = baggage_of(&only_sentry(), &context(true, Marks::default()), &held);
    assert!(
        sent.starts_with(&format!("sentry-trace_id={TRACE}")),
        "{sent}"
    );
    assert!(sent.contains("sentry-org_id=42"), "{sent}");
}

#[test]
fn without_a_project_or_a_rate_nothing_is_said() {
    let begun = context(true, Marks::default());
    for propagators in [
        Propagators::new([Propagator::Sentry]),
        Propagators::new([Propagator::Sentry]).with_sentry_head(Head {
            sample_rate: None,
            ..head()
        }),
    ] {
        assert_eq!(baggage_of(&propagators, &begun, &Baggage::new()), "");
    }
    let invalid = SpanContext::INVALID;
    assert_eq!(baggage_of(&only_sentry(), &invalid, &Baggage::new()), "");
}

#[test]
fn the_random_number_is_below_the_rate_exactly_if_the_trace_is_sampled() {
    for rate in [0.0, 1e-9, 0.000_001, 0.25, 1.0 / 3.0, 0.999_999_9, 1.0] {
        for id in (0..2000_u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15)) {
            for sampled in [true, false] {
                let mut context = context(sampled, Marks::default());
                context.trace_id = TraceId::from_parts(1, id);
                match sample_rand(&context, rate) {
                    Some(text) => {
                        let number: f64 = text.parse().unwrap();
                        assert!((0.0..1.0).contains(&number), "{text}");
                        assert_eq!(number < rate, sampled, "{text} {rate}");
                        assert_eq!(text.len(), 8);
                    }
                    // There is no such number.
                    None => assert!(
                        if sampled {
                            rate == 0.0
                        } else {
                            rate > 0.999_999
                        },
                        "{rate}"
                    ),
                }
            }
        }
    }
}

#[test]
fn another_organizations_trace_is_not_continued() {
    let theirs = format!("tenant=7,{DSC},sentry-org_id=43");
    let headers = [sentry_trace(), ("baggage", theirs.as_str())];
    let (caller, held) = with_baggage().extract_from(&Pairs(&headers));
    assert_eq!(caller, None);
    assert_eq!(
        held.iter().map(baggage::Entry::key).collect::<Vec<_>>(),
        ["tenant"]
    );
    // Ours, and one that does not say whose it is, are.
    for theirs in [format!("{DSC},sentry-org_id=42"), DSC.to_owned()] {
        let headers = [sentry_trace(), ("baggage", theirs.as_str())];
        assert!(
            only_sentry().extract_from(&Pairs(&headers)).0.is_some(),
            "{theirs}"
        );
    }
}

#[test]
fn another_organizations_w3c_trace_goes_on_without_their_context() {
    let propagators = Propagators::new([
        Propagator::TraceContext,
        Propagator::Baggage,
        Propagator::Sentry,
    ])
    .with_sentry_head(head());
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let theirs = format!("tenant=7,{DSC},sentry-org_id=43");
    let headers = [
        sentry_trace(),
        ("traceparent", &traceparent),
        ("baggage", &theirs),
    ];
    assert_eq!(forwarded(&propagators, &headers), "tenant=7");
    assert!(propagators.extract_from(&Pairs(&headers)).0.is_some());
}

#[test]
fn secrets_among_the_entries_are_removed() {
    let came = [
        sentry_trace(),
        ("baggage", "sentry-user_id=amelie@example.com,sentry-x=1"),
    ];
    let sent = forwarded(&only_sentry(), &came);
    assert!(
        !sent.contains("example.com") && sent.contains("sentry-x=1"),
        "{sent}"
    );
}

#[test]
fn sentrys_own_variables_are_read() {
    let variable = |name: &str| match name {
        "SENTRY_TRACE" => Some(sentry_trace().1.to_owned()),
        "SENTRY_BAGGAGE" => Some(DSC.to_owned()),
        _ => None,
    };
    let (caller, held) =
        only_sentry().extract(&|field| super::super::environment::get_from(field, variable));
    assert!(caller.is_some());
    assert_eq!(held.get("sentry-x"), Some("1"));
}
