//! W3C Trace Context: the headers `traceparent` and `tracestate`.
//!
//! ```text
//! traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03
//!              │  trace id                         span id          └ flags: 1 sampled, 2 random
//!              └ version
//! ```
//!
//! received `traceparent`                           | meaning
//! -------------------------------------------------|-------------------------------------------------------
//! version 00, exactly 55 characters                | the caller's span
//! version 01 to fe, 55 characters, then end or `-` | the caller's span; the rest belongs to a later standard
//! anything else, or the header twice               | no caller: a new trace, and `tracestate` is not looked at
//!
//! What is sent is always version 00. A malformed `tracestate` is dropped and leaves `traceparent` as it is.
//!
//! Source: W3C Trace Context level 2, "Traceparent Header" and "Versioning of traceparent".

use super::carrier::Getter;
use super::marks;
use crate::trace::ids::hex;
use crate::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};

/// Name of the header with ids and flags.
pub const TRACEPARENT: &str = "traceparent";
/// Name of the header with the vendors' trace state.
pub const TRACESTATE: &str = "tracestate";

/// Characters of a version-00 `traceparent`, and the least of any later version.
const LENGTH: usize = 55;

/// Reads the caller's span from its headers.
pub(super) fn extract(carrier: &dyn Getter) -> Option<SpanContext> {
    let lines = carrier.get(TRACEPARENT);
    let [line] = lines.as_slice() else {
        return None;
    };
    let (trace_id, span_id, flags) = parse(line)?;
    let state = carrier.get(TRACESTATE);
    Some(SpanContext {
        trace_id,
        span_id,
        flags,
        remote: true,
        state: TraceState::from_lines(state.iter().map(String::as_str)),
    })
}

/// Hands `context` to `set` as headers; an invalid one hands over nothing.
pub fn inject(context: &SpanContext, set: &mut dyn FnMut(&str, &str)) {
    if !context.is_valid() {
        return;
    }
    let header = format(context);
    // Hexadecimal digits and dashes are always UTF-8.
    if let Ok(header) = str::from_utf8(&header) {
        set(TRACEPARENT, header);
    }
    let state = marks::without(&context.state);
    if !state.is_empty() {
        set(TRACESTATE, state.as_str());
    }
}

/// Reads a `traceparent`; `None` if it is malformed or one of its ids is all zeroes.
pub fn parse(header: &str) -> Option<(TraceId, SpanId, TraceFlags)> {
    let header = header.trim_matches([' ', '\t']).as_bytes();
    let (known, rest) = header.split_at_checked(LENGTH)?;
    let version = byte(known.get(..2)?)?;
    let room_for_more = version != 0 && rest.first() == Some(&b'-');
    if version == 0xff || !(rest.is_empty() || room_for_more) {
        return None;
    }
    let dashes = [known[2], known[35], known[52]];
    if dashes != [b'-'; 3] {
        return None;
    }
    let trace_id: TraceId = digits(&known[3..35])?.parse().ok()?;
    let span_id: SpanId = digits(&known[36..52])?.parse().ok()?;
    let flags = TraceFlags::new(byte(&known[53..])?);
    (trace_id.is_valid() && span_id.is_valid()).then_some((trace_id, span_id, flags))
}

/// The `traceparent` of `context`, without allocating.
pub fn format(context: &SpanContext) -> [u8; LENGTH] {
    let mut header = *b"00-00000000000000000000000000000000-0000000000000000-00";
    header[3..35].copy_from_slice(&context.trace_id.to_hex());
    header[36..52].copy_from_slice(&context.span_id.to_hex());
    // Only two bits are ever set, so the flags are one digit.
    header[54] = b'0' + context.flags.bits();
    header
}

fn digits(bytes: &[u8]) -> Option<&str> {
    str::from_utf8(bytes).ok()
}

fn byte(digits: &[u8]) -> Option<u8> {
    match digits {
        [high, low] => Some(hex(*high)? << 4 | hex(*low)?),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDS: &str = "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

    fn flags(header: &str) -> Option<u8> {
        parse(header).map(|(.., flags)| flags.bits())
    }

    fn extracted(lines: &[(&str, &str)]) -> Option<SpanContext> {
        extract(&|name: &str| {
            let of_name = lines.iter().filter(|line| line.0 == name);
            of_name.map(|line| line.1.to_owned()).collect()
        })
    }

    fn injected(context: &SpanContext) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        inject(context, &mut |name, value| {
            headers.push((name.to_owned(), value.to_owned()))
        });
        headers
    }

    #[test]
    fn a_header_of_version_00_gives_ids_and_flags() {
        let (trace_id, span_id, flags) = parse(&format!("00-{IDS}-01")).unwrap();
        assert_eq!(format!("{trace_id}-{span_id}"), IDS);
        assert_eq!(flags, TraceFlags::SAMPLED);
    }

    #[test]
    fn the_random_flag_is_read_and_unknown_flags_are_not() {
        assert_eq!(flags(&format!("00-{IDS}-02")), Some(2));
        assert_eq!(flags(&format!("00-{IDS}-ff")), Some(3));
        assert_eq!(flags(&format!("00-{IDS}-fc")), Some(0));
    }

    #[test]
    fn version_00_ends_after_the_flags() {
        for rest in [".", "-", "-what-the-future-will-be-like", ", "] {
            assert_eq!(flags(&format!("00-{IDS}-01{rest}")), None, "{rest:?}");
        }
    }

    #[test]
    fn a_later_version_may_go_on_after_a_dash() {
        assert_eq!(flags(&format!("cc-{IDS}-03")), Some(3));
        assert_eq!(flags(&format!("01-{IDS}-01-")), Some(1));
        assert_eq!(
            flags(&format!("cc-{IDS}-01-what-the-future-will-be-like")),
            Some(1)
        );
        assert_eq!(
            flags(&format!("cc-{IDS}-01.what-the-future-will-be-like")),
            None
        );
    }

    #[test]
    fn version_ff_is_invalid() {
        assert_eq!(flags(&format!("ff-{IDS}-01")), None);
        assert_eq!(flags(&format!("ff-{IDS}-01-more")), None);
        assert!(flags(&format!("fe-{IDS}-01")).is_some());
    }

    #[test]
    fn a_version_is_two_lower_case_digits() {
        for version in [".0", "0.", "000", "0", "", "CC", "é"] {
            assert_eq!(flags(&format!("{version}-{IDS}-01")), None, "{version:?}");
        }
    }

    #[test]
    fn ids_of_all_zeroes_are_no_context() {
        let zeroes = "0".repeat(32);
        assert_eq!(flags(&format!("00-{zeroes}-b7ad6b7169203331-01")), None);
        assert_eq!(
            flags(&format!(
                "00-0af7651916cd43dd8448eb211c80319c-{}-01",
                &zeroes[..16]
            )),
            None
        );
    }

    #[test]
    fn upper_case_digits_are_malformed() {
        assert_eq!(flags(&format!("00-{}-01", IDS.to_uppercase())), None);
        assert_eq!(flags(&format!("00-{IDS}-0A")), None);
    }

    #[test]
    fn fields_of_another_length_are_malformed() {
        for header in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c0-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b71692033311-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        ] {
            assert_eq!(flags(header), None, "{header}");
        }
    }

    #[test]
    fn blanks_around_the_header_are_ignored() {
        assert_eq!(flags(&format!(" \t00-{IDS}-01\t ")), Some(1));
    }

    #[test]
    fn two_traceparent_headers_start_a_new_trace() {
        let header = format!("00-{IDS}-01");
        assert!(extracted(&[("traceparent", &header)]).is_some());
        assert_eq!(
            extracted(&[("traceparent", &header), ("traceparent", &header)]),
            None
        );
    }

    #[test]
    fn what_was_extracted_is_remote_and_has_the_state_of_all_lines() {
        let header = format!("00-{IDS}-01");
        let context = extracted(&[
            ("traceparent", &header),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
        ])
        .unwrap();
        assert!(context.remote);
        assert_eq!(context.state.as_str(), "a=1,b=2");
    }

    #[test]
    fn a_malformed_trace_state_leaves_the_ids_as_they_are() {
        let header = format!("00-{IDS}-01");
        let context = extracted(&[("traceparent", &header), ("tracestate", "A=1")]).unwrap();
        assert!(context.is_valid() && context.state.is_empty());
    }

    #[test]
    fn trace_state_without_a_context_is_not_asked_for() {
        let asked = std::cell::RefCell::new(Vec::new());
        let context = extract(&|name: &str| {
            asked.borrow_mut().push(name.to_owned());
            Vec::new()
        });
        assert_eq!(
            (context, asked.into_inner()),
            (None, vec!["traceparent".to_owned()])
        );
    }

    #[test]
    fn a_later_version_is_sent_on_as_version_00() {
        let context = extracted(&[("traceparent", &format!("cc-{IDS}-03-more"))]).unwrap();
        assert_eq!(
            injected(&context),
            [("traceparent".to_owned(), format!("00-{IDS}-03"))]
        );
    }

    #[test]
    fn trace_state_is_sent_in_one_header_and_not_at_all_when_empty() {
        let mut context = extracted(&[("traceparent", &format!("00-{IDS}-00"))]).unwrap();
        assert_eq!(injected(&context).len(), 1);
        context.state = TraceState::from_lines(["a=1", "b=2"]);
        assert_eq!(
            injected(&context)[1],
            ("tracestate".to_owned(), "a=1,b=2".to_owned())
        );
    }

    #[test]
    fn an_invalid_context_is_not_sent() {
        assert_eq!(injected(&SpanContext::INVALID), []);
    }
}
