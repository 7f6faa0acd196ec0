//! What holds of the propagators for every input.

use super::*;
use crate::trace::{SpanId, TraceFlags, TraceId, TraceState};
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
    fn no_single_text_crashes_a_parser(text in header()) {
        let _ = w3c::parse(&text);
        let state = TraceState::parse(&text);
        prop_assert_eq!(TraceState::parse(state.as_str()), state);
        let _ = baggage::parse([text.as_str()]);
        let _ = environment::name(&text);
        let _ = Propagators::parse(&text);
    }
}
