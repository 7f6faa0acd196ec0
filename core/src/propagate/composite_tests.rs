//! Several formats in one carrier: which wins, what is added, what is written.

use super::super::marks::Marks;
use super::super::tests::context;
use super::*;
use crate::propagate::Pairs;

const TRACEPARENT: (&str, &str) = (
    "traceparent",
    "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-02",
);
const SAME_B3: (&str, &str) = ("b3", "0af7651916cd43dd8448eb211c80319c-00000000000000aa-d");
const OTHER_B3: (&str, &str) = ("b3", "ffffffffffffffffffffffffffffffff-00000000000000bb-0");

fn propagators(names: &str) -> Propagators {
    let (propagators, unknown) = Propagators::parse(names);
    assert_eq!(unknown, []);
    propagators
}

/// Span id, flags and trace state of the caller.
fn caller(names: &str, headers: &[(&str, &str)]) -> Option<(String, u8, String)> {
    let (context, _) = propagators(names).extract_from(&Pairs(headers));
    let state = |context: &SpanContext| context.state.as_str().to_owned();
    context.map(|context| {
        (
            context.span_id.to_string(),
            context.flags.bits(),
            state(&context),
        )
    })
}

fn found(span_id: &str, flags: u8, state: &str) -> Option<(String, u8, String)> {
    Some((span_id.to_owned(), flags, state.to_owned()))
}

fn sent(names: &str, context: &SpanContext, baggage: &Baggage) -> (Vec<(String, String)>, usize) {
    let mut headers = Vec::new();
    let left_out =
        propagators(names).inject(context, baggage, &|_, v| v.into(), &mut |name, value| {
            headers.push((name.to_owned(), value.to_owned()));
        });
    (headers, left_out)
}

#[test]
fn the_first_of_the_list_wins_over_one_of_another_trace() {
    let headers = [OTHER_B3, TRACEPARENT];
    assert_eq!(
        caller("tracecontext,b3", &headers),
        found("b7ad6b7169203331", 2, "")
    );
    assert_eq!(
        caller("b3,tracecontext", &headers),
        found("00000000000000bb", 0, "")
    );
}

#[test]
fn a_format_that_finds_nothing_leaves_the_place_to_the_next() {
    let broken = ("traceparent", "00-nonsense");
    assert_eq!(
        caller("tracecontext,b3", &[broken, OTHER_B3]),
        found("00000000000000bb", 0, "")
    );
    assert_eq!(caller("tracecontext,b3", &[broken]), None);
}

#[test]
fn trace_context_counts_wherever_it_stands_if_it_is_of_the_same_trace() {
    let headers = [SAME_B3, TRACEPARENT, ("tracestate", "a=1")];
    for names in ["tracecontext,b3", "b3,tracecontext"] {
        assert_eq!(
            caller(names, &headers),
            found("b7ad6b7169203331", 2, "a=1"),
            "{names}"
        );
    }
}

#[test]
fn debug_is_kept_from_a_format_that_knows_it() {
    let sampled = (
        "traceparent",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    );
    for names in ["tracecontext,b3", "b3,tracecontext"] {
        let state = "polyspan=d";
        assert_eq!(
            caller(names, &[SAME_B3, sampled]),
            found("b7ad6b7169203331", 1, state),
            "{names}"
        );
    }
}

#[test]
fn a_format_with_64_bit_ids_agrees_by_the_lower_half() {
    let half = ("b3", "8448eb211c80319c-00000000000000aa-1");
    for names in ["tracecontext,b3", "b3,tracecontext"] {
        let (context, _) = propagators(names).extract_from(&Pairs(&[half, TRACEPARENT]));
        let trace_id = context.unwrap().trace_id.to_string();
        assert_eq!(trace_id, "0af7651916cd43dd8448eb211c80319c", "{names}");
    }
}

#[test]
fn what_datadog_knows_completes_a_trace_context_of_the_same_trace() {
    let headers = [
        (
            "traceparent",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ),
        ("tracestate", "a=1"),
        ("x-datadog-trace-id", "9532127138774266268"),
        ("x-datadog-parent-id", "7"),
        ("x-datadog-sampling-priority", "2"),
    ];
    for names in ["tracecontext,datadog", "datadog,tracecontext"] {
        assert_eq!(
            caller(names, &headers),
            found("b7ad6b7169203331", 1, "dd=s:2,a=1"),
            "{names}"
        );
    }
}

#[test]
fn marks_do_not_cross_the_boundary_of_the_process() {
    let from_outside = [TRACEPARENT, ("tracestate", "polyspan=duh,a=1")];
    assert_eq!(
        caller("tracecontext", &from_outside),
        found("b7ad6b7169203331", 2, "a=1")
    );
    let marked = context(
        true,
        Marks {
            debug: true,
            ..Marks::default()
        },
    );
    let (headers, _) = sent("tracecontext", &marked, &Baggage::new());
    assert_eq!(headers.len(), 1, "{headers:?}");
}

#[test]
fn baggage_of_all_formats_is_one_and_the_first_of_the_list_counts() {
    let headers = [
        ("uberctx-a", "jaeger"),
        ("uberctx-b", "jaeger"),
        ("baggage", "a=w3c,c=w3c;p"),
    ];
    let all = |names: &str| {
        let (_, baggage) = propagators(names).extract_from(&Pairs(&headers));
        let entries = baggage
            .iter()
            .map(|e| format!("{}={};{}", e.key(), e.value(), e.metadata()));
        entries.collect::<Vec<_>>()
    };
    assert_eq!(all("baggage,jaeger"), ["a=w3c;", "c=w3c;p", "b=jaeger;"]);
    assert_eq!(all("jaeger,baggage"), ["a=jaeger;", "b=jaeger;", "c=w3c;p"]);
}

#[test]
fn baggage_of_all_formats_together_is_bounded() {
    let mut headers: Vec<_> = (0..64)
        .map(|n| (format!("uberctx-j{n}"), "v".to_owned()))
        .collect();
    let list: Vec<_> = (0..64).map(|n| format!("w{n}=v")).collect();
    headers.push(("baggage".to_owned(), list.join(",")));
    let (_, baggage) = propagators("baggage,jaeger").extract_from(&Pairs(&headers));
    assert_eq!((baggage.len(), baggage.get("w63")), (64, Some("v")));
}

#[test]
fn all_formats_are_written_in_the_order_of_the_list_and_baggage_once() {
    let baggage: Baggage = [("k", "v")].into_iter().collect();
    let names = "sentry,b3,jaeger,xray,datadog,b3multi,tracecontext,baggage";
    let (headers, left_out) = sent(names, &context(true, Marks::default()), &baggage);
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "sentry-trace",
            "baggage",
            "b3",
            "uber-trace-id",
            "uberctx-k",
            "x-amzn-trace-id",
            "x-datadog-trace-id",
            "x-datadog-parent-id",
            "x-datadog-sampling-priority",
            "x-datadog-tags",
            "x-b3-traceid",
            "x-b3-spanid",
            "x-b3-sampled",
            "traceparent",
        ]
    );
    assert_eq!((left_out, headers[1].1.as_str()), (0, "k=v"));
}

#[test]
fn an_invalid_context_is_written_by_no_format_but_baggage_is() {
    let baggage: Baggage = [("k", "v")].into_iter().collect();
    let all = "tracecontext,b3,b3multi,jaeger,xray,datadog,sentry,baggage";
    let (headers, _) = sent(all, &SpanContext::INVALID, &baggage);
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["uberctx-k", "baggage"]);
}

#[test]
fn names_that_are_read_and_written_are_told() {
    let b3 = propagators("b3,b3multi");
    assert_eq!(
        b3.fields(),
        [
            "b3",
            "x-b3-traceid",
            "x-b3-spanid",
            "x-b3-sampled",
            "x-b3-flags"
        ]
    );
    assert_eq!(propagators("b3").fields(), ["b3"]);
    assert_eq!(propagators("b3").headers(), b3.headers());
    assert_eq!(propagators("jaeger").fields(), ["uber-trace-id"]);
    assert_eq!(
        propagators("jaeger").headers(),
        ["uber-trace-id", "jaeger-baggage", "uberctx-*"]
    );
    assert_eq!(
        propagators("sentry,baggage").fields(),
        ["sentry-trace", "baggage"]
    );
}

#[test]
fn every_format_reads_what_it_wrote() {
    for propagator in Propagator::ALL {
        if *propagator == Propagator::Baggage {
            continue;
        }
        for (sampled, marks) in [(true, Marks::default()), (false, Marks::default())] {
            let context = context(sampled, marks);
            let one = Propagators::new([*propagator]);
            let mut headers = Vec::new();
            one.inject(
                &context,
                &Baggage::new(),
                &|_, v| v.into(),
                &mut |name, value| {
                    assert!(one.fields().contains(&name), "{name}");
                    assert!(one.headers().contains(&name), "{name}");
                    headers.push((name.to_owned(), value.to_owned()));
                },
            );
            let (read, _) = one.extract_from(&Pairs(&headers));
            let read = read.unwrap();
            assert_eq!(
                (read.trace_id, read.span_id, read.is_sampled(), read.remote),
                (context.trace_id, context.span_id, sampled, true),
                "{propagator}"
            );
        }
    }
}
