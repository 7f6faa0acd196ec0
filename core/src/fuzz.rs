//! What is fuzzed: one function for each place where bytes from outside are read. They must return for every input.
//!
//! `fuzz/` runs them under libFuzzer; the tests below run them on every change, over the committed corpus and some
//! thousand mutations of it that are the same each time. What must hold of a result is asserted here, so that both see it.
//!
//! target | reads | form of the input
//! ---|---|---
//! [`batch`] | a span batch | encoding, records, length of the text (2 bytes), text, slots
//! [`propagators`] | headers | one byte for each propagator up to a zero byte, then lines `name:value`
//! [`baggage`] | the header `baggage` | lines
//! [`otlp_response`] | what an OTLP server answers | the body
//! [`configuration`] | a configuration or policy file | the file

use crate::export::otlp::{Encoded, Encoder, Slice};
use crate::export::response;
use crate::propagate::{Baggage, Pairs, Propagator, Propagators, baggage as header, sentry};
use crate::redact::{Counts, Redactor};
use crate::resource::Resource;
use crate::trace::{Batch, OwnedScope, Scope, SpanContext, layout};

/// A target under its name.
pub type Target = (&'static str, fn(&[u8]));

/// All that there are; `fuzz/fuzz_targets` has a file, and `fuzz/corpus` a directory, for each.
pub const TARGETS: [Target; 5] = [
    ("batch", batch),
    ("propagators", propagators),
    ("baggage", baggage),
    ("otlp_response", otlp_response),
    ("configuration", configuration),
];

/// A batch from a binding, to the bytes of a request.
pub fn batch(input: &[u8]) {
    let Some(batch) = open(input) else {
        return;
    };
    let encoded = encode(&batch);
    let seen = encoded.spans + encoded.sampled_out + encoded.invalid;
    assert_eq!(seen, batch.records);
}

/// Redacts, cuts and writes all records.
fn encode(batch: &Batch) -> Encoded {
    let (redactor, counts) = (Redactor::default(), Counts::default());
    let scopes = boxcar::Vec::new();
    scopes.push(OwnedScope::from(Scope::from("fuzz")));
    let slice = Slice {
        batch,
        slot: layout::HEADER,
        records: batch.records,
    };
    Encoder::new(&redactor, Some(64), &scopes, &Resource::default(), &counts)
        .encode(&[slice], &counts)
}

/// The batch that the input stands for.
fn open(input: &[u8]) -> Option<Batch> {
    let (&[encoding, records, low, high], rest) = input.split_first_chunk()?;
    let length = usize::from(u16::from_le_bytes([low, high]));
    let (text, slots) = rest.split_at(rest.len().min(length));
    let header = [
        layout::pair(layout::MAGIC, u32::from(encoding)),
        layout::pair(u32::from(records), 0),
    ];
    let slots = slots.chunks(8).map(|bytes| {
        let mut slot = [0; 8];
        slot[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(slot)
    });
    Batch::open(header.into_iter().chain(slots).collect(), text.to_vec()).ok()
}

/// Headers of all formats, and what is sent on.
pub fn propagators(input: &[u8]) {
    let end = input
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(input.len());
    let (names, lines) = input.split_at(end);
    let list = names
        .iter()
        .map(|byte| Propagator::ALL[usize::from(*byte) % Propagator::ALL.len()]);
    let propagators = Propagators::new(list.take(32)).with_sentry_head(sentry::Head {
        public_key: "key".to_owned(),
        org_id: Some("1".to_owned()),
        sample_rate: Some(0.5),
        ..sentry::Head::default()
    });
    let text = String::from_utf8_lossy(lines.get(1..).unwrap_or_default());
    let headers: Vec<_> = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .collect();
    let (caller, entries) = propagators.extract_from(&Pairs(&headers));
    assert!(entries.len() <= header::MAX_MEMBERS);
    let caller = caller.unwrap_or(SpanContext::INVALID);
    let sent = send(&propagators, &caller, &entries);
    for (name, value) in &sent {
        let plain = value.bytes().all(|byte| (0x20..0x7f).contains(&byte));
        assert!(plain && value.len() <= header::MAX_BYTES, "{name}: {value}");
    }
    let (again, _) = propagators.extract_from(&Pairs(&sent));
    let again = again.unwrap_or(SpanContext::INVALID);
    if caller.is_valid() {
        assert_eq!(again.trace_id.low(), caller.trace_id.low());
        assert_eq!(again.span_id, caller.span_id);
    }
}

fn send(
    propagators: &Propagators,
    caller: &SpanContext,
    entries: &Baggage,
) -> Vec<(String, String)> {
    let (redactor, counts) = (Redactor::default(), Counts::default());
    let mut sent = Vec::new();
    propagators.inject(
        caller,
        entries,
        &|key, value| redactor.baggage(key, value, &counts),
        &mut |name, value| sent.push((name.to_owned(), value.to_owned())),
    );
    sent
}

/// Baggage that is read, and sent on without loss but for what does not fit.
pub fn baggage(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let read = header::parse(text.lines());
    assert!(read.len() <= header::MAX_MEMBERS);
    let (sent, left_out) = header::format(&read, &|_, value| value.into());
    assert!(sent.is_ascii() && sent.len() <= header::MAX_BYTES);
    let again = header::parse([sent.as_str()]);
    assert_eq!(again.len() + left_out, read.len());
    for entry in &again {
        assert!(read.iter().any(|before| before == entry), "{entry:?}");
    }
}

/// What an OTLP server answers to a request.
pub fn otlp_response(input: &[u8]) {
    // 200 characters and what says that there were more.
    let is_short = |text: &String| text.chars().count() <= 201 && !text.contains(char::is_control);
    if let Ok(partial) = response::partial_success(input) {
        assert!(partial.message.as_ref().is_none_or(is_short), "{partial:?}");
    }
    let refusal = response::refusal(input);
    assert!(refusal.as_ref().is_none_or(is_short), "{refusal:?}");
}

/// A configuration file, which is also tried as a policy file.
pub fn configuration(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let (problems, made) = crate::config::fuzz_file(text);
    for problem in problems {
        assert!(
            problem.len() <= 4096 + input.len(),
            "{} bytes",
            problem.len()
        );
    }
    assert!(
        made.len() <= 64 * 1024 + 4 * input.len(),
        "{} bytes",
        made.len()
    );
}

#[cfg(test)]
#[path = "fuzz_tests.rs"]
mod tests;
