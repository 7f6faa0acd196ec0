//! One test per rule of `b3.rs`.

use super::super::tests::{context, read, written};
use super::super::{Propagator, marks::Marks};

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";

fn single(header: &str) -> Option<(String, u8, &'static str)> {
    read(Propagator::B3, &[("b3", header)])
}

fn multi(headers: &[(&str, &str)]) -> Option<(String, u8, &'static str)> {
    let ids = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)];
    read(Propagator::B3Multi, &[&ids, headers].concat())
}

#[test]
fn the_single_header_gives_ids_and_the_sampling_state() {
    let ids = format!("{TRACE}-{SPAN}");
    for (state, flags, mark) in [("-1", 1, ""), ("-0", 0, ""), ("-d", 1, "d"), ("", 0, "u")] {
        assert_eq!(
            single(&format!("{ids}{state}")),
            Some((ids.clone(), flags, mark)),
            "{state}"
        );
    }
}

#[test]
fn the_parents_parent_is_read_over() {
    let header = format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90");
    assert_eq!(single(&header), Some((format!("{TRACE}-{SPAN}"), 1, "")));
}

#[test]
fn a_trace_id_of_64_bits_is_the_lower_half() {
    let header = format!("64fe8b2a57d3eff7-{SPAN}-1");
    let ids = format!("000000000000000064fe8b2a57d3eff7-{SPAN}");
    assert_eq!(single(&header), Some((ids, 1, "")));
}

#[test]
fn malformed_single_headers_are_no_caller() {
    for header in [
        "",
        "0",
        "1",
        "d",
        "-",
        "---",
        TRACE,
        &format!("{TRACE}-"),
        &format!("{TRACE}-{SPAN}-"),
        &format!("{TRACE}-{SPAN}-2"),
        &format!("{TRACE}-{SPAN}-11"),
        &format!("{TRACE}-{SPAN}-1-"),
        &format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b9"),
        &format!("{TRACE}-{SPAN}-1-05e3ac9a4f6e3b90-1"),
        &format!("{}-{SPAN}-1", TRACE.to_uppercase()),
        &format!("{TRACE}0-{SPAN}-1"),
        &format!("{}-{SPAN}-1", &TRACE[1..]),
        &format!("{TRACE}-{}-1", &SPAN[1..]),
        &format!("{}-{SPAN}-1", "0".repeat(32)),
        &format!("{}-{SPAN}-1", "0".repeat(16)),
        &format!("{TRACE}-{}-1", "0".repeat(16)),
        &format!("{TRACE}_{SPAN}_1"),
        "é0f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1",
    ] {
        assert_eq!(single(header), None, "{header}");
    }
}

#[test]
fn several_headers_give_ids_and_the_sampling_state() {
    let ids = format!("{TRACE}-{SPAN}");
    for (headers, flags, mark) in [
        (&[("X-B3-Sampled", "1")][..], 1, ""),
        (&[("x-b3-sampled", "0")], 0, ""),
        (&[("X-B3-Sampled", "true")], 1, ""),
        (&[("X-B3-Sampled", "false")], 0, ""),
        (&[("X-B3-Flags", "1")], 1, "d"),
        (&[("X-B3-Flags", "1"), ("X-B3-Sampled", "0")], 1, "d"),
        (&[("X-B3-Flags", "0"), ("X-B3-Sampled", "1")], 1, ""),
        (&[], 0, "u"),
        (&[("X-B3-Sampled", "maybe"), ("X-B3-Flags", "x")], 0, "u"),
        (&[("X-B3-Sampled", "1"), ("X-B3-Sampled", "0")], 1, ""),
        (
            &[("X-B3-ParentSpanId", "nonsense"), ("X-B3-Sampled", "1")],
            1,
            "",
        ),
    ] {
        assert_eq!(
            multi(headers),
            Some((ids.clone(), flags, mark)),
            "{headers:?}"
        );
    }
}

#[test]
fn several_headers_without_both_ids_are_no_caller() {
    for headers in [
        &[("x-b3-traceid", TRACE), ("x-b3-sampled", "1")][..],
        &[("x-b3-spanid", SPAN), ("x-b3-sampled", "1")],
        &[("x-b3-traceid", "nonsense"), ("x-b3-spanid", SPAN)],
        &[("x-b3-traceid", TRACE), ("x-b3-spanid", "")],
        &[("x-b3-sampled", "0")],
    ] {
        assert_eq!(read(Propagator::B3Multi, headers), None, "{headers:?}");
    }
}

#[test]
fn both_propagators_read_both_forms_and_the_single_header_counts() {
    let other = format!("{SPAN}-{SPAN}-0");
    let headers = [
        ("x-b3-traceid", TRACE),
        ("x-b3-spanid", SPAN),
        ("b3", &other),
    ];
    for propagator in [Propagator::B3, Propagator::B3Multi] {
        let ids = format!("{:032x}-{SPAN}", 0xe457_b5a2_e4d8_6bd1_u64);
        assert_eq!(read(propagator, &headers), Some((ids, 0, "")));
        assert_eq!(
            read(propagator, &headers[..2]).unwrap().0,
            format!("{TRACE}-{SPAN}")
        );
        // A single header that is malformed is as good as none.
        assert!(read(propagator, &[headers[0], headers[1], ("b3", "0")]).is_some());
    }
}

#[test]
fn each_form_is_sent_by_its_own_propagator() {
    let debug = Marks {
        debug: true,
        ..Marks::default()
    };
    let undecided = Marks {
        undecided: true,
        ..Marks::default()
    };
    for (sampled, marks, state, header) in [
        (true, Marks::default(), "-1", Some(("x-b3-sampled", "1"))),
        (false, Marks::default(), "-0", Some(("x-b3-sampled", "0"))),
        (true, debug, "-d", Some(("x-b3-flags", "1"))),
        (false, undecided, "", None),
        // Our sampler dropped what was to be kept: then it is not sampled.
        (false, debug, "-0", Some(("x-b3-sampled", "0"))),
    ] {
        let context = context(sampled, marks);
        let (trace_id, span_id) = (context.trace_id.to_string(), context.span_id.to_string());
        assert_eq!(
            written(Propagator::B3, &context),
            [("b3".to_owned(), format!("{trace_id}-{span_id}{state}"))]
        );
        let mut multi = vec![
            ("x-b3-traceid", trace_id.as_str()),
            ("x-b3-spanid", &span_id),
        ];
        multi.extend(header);
        let sent = written(Propagator::B3Multi, &context);
        let sent: Vec<_> = sent.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(sent, multi);
    }
}
