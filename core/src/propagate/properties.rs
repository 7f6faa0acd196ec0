//! What holds of the propagators for every input.

use super::*;
use crate::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use proptest::prelude::*;
use std::borrow::Cow;

/// Text that is nearly a header: made of the characters and fragments that mean something in one.
fn header() -> impl Strategy<Value = String> {
    let fragment = prop_oneof![
        Just("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned()),
        Just("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03-".to_owned()),
        "[a-z0-9@*/_-]{1,12}=[ -~]{0,20}",
        "[ \t,;=%&\"\\\\-]{1,6}",
        "%[0-9a-fA-F]{2}",
        "[a-zA-Z]{1,9}=[!-~]{0,300};[a-z]{1,9}(=[!-~]{0,9})?",
        any::<String>(),
    ];
    prop::collection::vec(fragment, 0..80).prop_map(|fragments| fragments.concat())
}

fn state() -> impl Strategy<Value = TraceState> {
    prop::collection::btree_map(
        "[a-z0-9][a-z0-9_*/@-]{0,10}",
        "[ !-+.-<>-~]{0,9}[!-+.-<>-~]",
        0..20,
    )
    .prop_map(|members| {
        members
            .iter()
            .fold(TraceState::EMPTY, |state, (key, value)| {
                state.with(key, value).unwrap()
            })
    })
}

fn context() -> impl Strategy<Value = SpanContext> {
    (1u64.., 1u64.., any::<u64>(), any::<u8>(), state()).prop_map(
        |(low, span, high, flags, state)| SpanContext {
            trace_id: TraceId::from_parts(high, low),
            span_id: SpanId::from_u64(span),
            flags: TraceFlags::new(flags),
            remote: true,
            state,
        },
    )
}

fn baggage() -> impl Strategy<Value = Baggage> {
    let metadata = "([a-z]{1,5}(=[!#-+.-:<-\\[\\]-~]{0,8})?(;[a-z]{1,5}=[a-z]{0,4}){0,3})?";
    prop::collection::vec(
        ("[!#-'*+.0-9A-Z^_`a-z|~-]{1,12}", ".{0,20}", metadata),
        0..20,
    )
    .prop_map(|entries| {
        let mut baggage = Baggage::new();
        for (key, value, metadata) in entries {
            baggage.set_with_metadata(key, value, metadata);
        }
        baggage
    })
}

/// Names of all formats.
fn names() -> Vec<&'static str> {
    let mut names = Propagators::new(Propagator::ALL.iter().copied())
        .headers()
        .to_vec();
    names.retain(|name| !name.ends_with('*'));
    names.extend(["uberctx-a", "uberctx-b", "uberctx-a-bin", "Traceparent"]);
    names
}

/// A value that is often nearly one of a header.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        header(),
        prop::sample::select(vec![
            "0",
            "1",
            "d",
            "-1",
            "2",
            "true",
            "?",
            "9532127138774266268"
        ])
        .prop_map(str::to_owned),
        "(0af7651916cd43dd)?8448eb211c80319c-b7ad6b7169203331(-[01d]?){0,2}",
        "[0-9a-f]{1,33}(:|%3[aA])[0-9a-f]{1,17}(:|%3A)[0-9a-f]{0,2}(:|%3A)[0-9a-f]{1,3}",
        "Root=1-[0-9a-f]{8}-[0-9a-f]{24};(Parent=[0-9a-f]{16};)?(Sampled=[01?])?",
        "_dd.p.tid=[0-9a-f]{16}(,_dd.p.[a-z]{1,9}=[ -~]{0,60}){0,9}",
        "(sentry-[a-z_]{1,9}=[!-~]{0,40},?){0,9}",
        "[0-9]{1,21}",
    ]
}

fn plain<'v>(_: &str, value: &'v str) -> Cow<'v, str> {
    Cow::Borrowed(value)
}

fn send(context: &SpanContext, baggage: &Baggage) -> Vec<(String, String)> {
    let mut headers = Vec::new();
    Propagators::default().inject(context, baggage, &plain, &mut |name, value| {
        headers.push((name.to_owned(), value.to_owned()));
    });
    headers
}

fn receive(headers: &[(String, String)]) -> (Option<SpanContext>, Baggage) {
    Propagators::default().extract(&|name| {
        let of_name = headers.iter().filter(|header| header.0 == name);
        of_name.map(|header| header.1.clone()).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn whatever_is_sent_is_received_unchanged(context in context(), baggage in baggage()) {
        prop_assert_eq!(receive(&send(&context, &baggage)), (Some(context), baggage));
    }

    #[test]
    fn whatever_arrives_is_bounded_and_what_was_read_reads_back(
        lines in prop::collection::vec((prop::sample::select(vec!["traceparent", "tracestate", "baggage"]), header()), 0..6),
    ) {
        let lines: Vec<_> = lines.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let (context, baggage) = receive(&lines);
        let context = context.unwrap_or(SpanContext::INVALID);
        prop_assert!(context.state.as_str().len() <= 512 && context.state.members().count() <= 32);
        prop_assert!(baggage.len() <= 64);
        // A byte becomes at most U+FFFD, three bytes.
        let held: usize = baggage.iter().map(|e| e.key().len() + e.value().len() + e.metadata().len()).sum();
        prop_assert!(held <= 3 * 8192);

        let sent = send(&context, &baggage);
        for (name, value) in &sent {
            let limit = if name == "baggage" { 8192 } else { 512 };
            prop_assert!(value.is_ascii() && value.len() <= limit);
        }
        let (again, kept) = receive(&sent);
        prop_assert_eq!(again.unwrap_or(SpanContext::INVALID), context);
        // Encoding may lengthen beyond the limit, so entries can be lost; none may change.
        for entry in &kept {
            prop_assert!(baggage.iter().any(|sent| sent == entry));
        }
    }

    #[test]
    fn no_redactor_makes_a_header_malformed_or_too_long(baggage in baggage(), filler in any::<String>()) {
        let (header, left_out) = baggage::format(&baggage, &|key, value| match key {
            "" => value.into(),
            _ => format!("{filler}{value}").into(),
        });
        prop_assert!(header.len() <= 8192 && header.is_ascii());
        prop_assert_eq!(baggage::parse([header.as_str()]).len() + left_out, baggage.len());
    }

    #[test]
    fn a_redactor_that_changes_everything_lets_nothing_through(baggage in baggage()) {
        let header = baggage::format(&baggage, &|_, value| format!("{value}!").into());
        prop_assert_eq!(header, (String::new(), baggage.len()));
    }

    #[test]
    fn every_format_reads_back_what_it_wrote(
        context in context(),
        baggage in baggage(),
        propagator in prop::sample::select(Propagator::ALL),
    ) {
        let one = Propagators::new([propagator]);
        let mut headers = Vec::new();
        let left_out = one.inject(&context, &baggage, &plain, &mut |name, value| {
            headers.push((name.to_owned(), value.to_owned()));
        });
        for (name, value) in &headers {
            prop_assert!(value.is_ascii() && value.len() <= 8192, "{name}: {value}");
            prop_assert_eq!(name.to_ascii_lowercase(), name.as_str());
        }
        let (caller, entries) = one.extract_from(&Pairs(&headers));
        if propagator != Propagator::Baggage {
            let caller = caller.unwrap();
            prop_assert_eq!((caller.trace_id, caller.span_id), (context.trace_id, context.span_id));
            prop_assert_eq!(caller.is_sampled(), context.is_sampled());
        }
        if propagator == Propagator::Jaeger {
            // Keys that differ by case alone become one.
            prop_assert!(entries.len() + left_out <= baggage.len());
            for entry in &entries {
                prop_assert!(baggage.iter().any(|e| e.key().eq_ignore_ascii_case(entry.key())));
            }
        }
    }

    #[test]
    fn whatever_arrives_in_any_format_is_bounded_and_can_be_sent_on(
        lines in prop::collection::vec((prop::sample::select(names()), value()), 0..12),
        list in prop::collection::vec(prop::sample::select(Propagator::ALL), 0..9),
    ) {
        let propagators = Propagators::new(list).with_sentry_head(sentry::Head {
            sample_rate: Some(0.5),
            public_key: "key".to_owned(),
            org_id: Some("1".to_owned()),
            ..sentry::Head::default()
        });
        let (caller, entries) = propagators.extract_from(&Pairs(&lines));
        prop_assert!(entries.len() <= 64);
        let held: usize = entries.iter().map(|e| e.key().len() + e.value().len() + e.metadata().len()).sum();
        prop_assert!(held <= 3 * 3 * 8192, "{held}");
        let caller = caller.unwrap_or(SpanContext::INVALID);
        prop_assert!(caller.state.as_str().len() <= 512);
        let mut bytes = 0;
        propagators.inject(&caller, &entries, &plain, &mut |name, value| {
            assert!(value.is_ascii() && value.len() <= 8192, "{name}: {value}");
            assert!(!value.bytes().any(|byte| byte.is_ascii_control()), "{name}: {value}");
            bytes += value.len();
        });
        prop_assert!(bytes <= 2 * 8192 + 4096, "{bytes}");
    }

    #[test]
    fn no_single_text_crashes_a_parser(text in header()) {
        let _ = w3c::parse(&text);
        let state = TraceState::parse(&text);
        prop_assert_eq!(TraceState::parse(state.as_str()), state);
        let _ = baggage::parse([text.as_str()]);
        let _ = environment::name(&text);
        let _ = Propagators::parse(&text);
    }
}
