//! Span batches as a host writes them (`docs/span-batch.md`), to what a backend receives.

mod sink;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use polyspan::stats::DropCause;
use polyspan::trace::BatchError;
use polyspan::{Config, Provider};
use proptest::prelude::*;
use sink::Sink;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);
const SAMPLED: u32 = 2 << 3;

fn pair(lo: u32, hi: u32) -> u64 {
    u64::from(lo) | u64::from(hi) << 32
}

/// A batch under construction, as a simple host would build it.
struct Builder {
    encoding: u32,
    slots: Vec<u64>,
    text: Vec<u8>,
    records: u32,
}

impl Builder {
    fn new(encoding: u32) -> Self {
        Self {
            encoding,
            slots: vec![0, 0],
            text: Vec::new(),
            records: 0,
        }
    }

    fn text(&mut self, text: &str) -> u64 {
        let units: Vec<u16> = text.encode_utf16().collect();
        self.units(&units)
    }

    /// A string of UTF-16 units, which need not be well-formed.
    fn units(&mut self, units: &[u16]) -> u64 {
        let offset = self.text.len() as u32;
        match self.encoding {
            1 => {
                self.text
                    .extend(units.iter().flat_map(|unit| unit.to_le_bytes()));
                pair(offset / 2, units.len() as u32)
            }
            2 => {
                self.text.extend(units.iter().map(|unit| *unit as u8));
                pair(offset, units.len() as u32)
            }
            _ => {
                let text = String::from_utf16(units).unwrap();
                self.text.extend_from_slice(text.as_bytes());
                pair(offset, text.len() as u32)
            }
        }
    }

    fn record(&mut self, flags: u32, attributes: &[Vec<u64>], items: &[Vec<u64>]) {
        let name = self.text("work");
        let body: usize = attributes.iter().chain(items).map(Vec::len).sum();
        let attribute_slots: usize = attributes.iter().map(Vec::len).sum();
        self.slots.extend_from_slice(&[
            pair(17 + body as u32, flags),
            0x0102_0304_0506_0708,
            0x1112_1314_1516_1718,
            0x2122_2324_2526_2728,
            0x31,
            0x41,
            1_700_000_000_000f64.to_bits(),
            1_700_000_000_001f64.to_bits(),
            pair(250, 750_000),
            pair(0, 0),
            name,
            0,
            0,
            0x00c0_0000_0000_0000,
            pair(attributes.len() as u32, items.len() as u32),
            pair(1, 2),
            pair(3, attribute_slots as u32),
        ]);
        self.slots.extend(attributes.iter().chain(items).flatten());
        self.records += 1;
    }

    fn finish(mut self) -> (Vec<u64>, Vec<u8>) {
        self.slots[0] = pair(0x0142_5350, self.encoding);
        self.slots[1] = pair(self.records, 1);
        (self.slots, self.text)
    }
}

fn provider(sink: &Sink) -> Provider {
    let mut config = Config::default();
    config.set("endpoint", &sink.url()).unwrap();
    Provider::new(config).unwrap()
}

/// Submits and flushes; the spans that arrive.
fn deliver(provider: Provider, sink: &Sink, batch: (Vec<u64>, Vec<u8>), records: u64) -> Vec<Span> {
    provider.count_started(records);
    provider.count_ended(records);
    assert_eq!(provider.submit(batch.0, batch.1), Ok(records as u32));
    provider.flush(SOON).unwrap();
    assert!(provider.stats().is_balanced(), "{:?}", provider.stats());
    let requests = sink.traces();
    let scopes = requests
        .into_iter()
        .flat_map(|request| request.resource_spans);
    scopes
        .flat_map(|r| r.scope_spans)
        .flat_map(|s| s.spans)
        .collect()
}

fn value(span: &Span, at: usize) -> Any {
    span.attributes[at].value.clone().unwrap().value.unwrap()
}

#[test]
fn every_field_of_a_record_arrives() {
    let sink = Sink::start();
    let mut batch = Builder::new(0);
    let (key, description, event, state) = (
        batch.text("k"),
        batch.text("broke"),
        batch.text("tick"),
        batch.text("a=b"),
    );
    let attributes = vec![vec![key, 2, 42u64]];
    let items = vec![
        vec![
            pair(1, 5),
            1_700_000_000_000f64.to_bits(),
            pair(999_999, 0),
            event,
            pair(4, 0),
        ],
        vec![pair(2, 7), 5, 6, 7, pair(1 | 1 << 8, 0), state, pair(8, 0)],
    ];
    let flags = 3 | SAMPLED | 2 << 5 | 3 << 8 | 1 << 10 | 1 << 11 | 1 << 12;
    batch.record(flags, &attributes, &items);
    batch.slots[2 + 12] = description;
    let spans = deliver(provider(&sink), &sink, batch.finish(), 1);
    let [span] = spans.as_slice() else {
        panic!("one span")
    };
    assert_eq!(span.name, "work");
    assert_eq!(span.trace_id[..9], [1, 2, 3, 4, 5, 6, 7, 8, 0x11]);
    assert_eq!(span.parent_span_id, [0, 0, 0, 0, 0, 0, 0, 0x31]);
    assert_eq!(span.kind, 3);
    assert_eq!(span.start_time_unix_nano, 1_700_000_000_000_000_250);
    assert_eq!(span.end_time_unix_nano, 1_700_000_000_001_750_000);
    assert_eq!(value(span, 0), Any::IntValue(42));
    let dropped = (
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    );
    assert_eq!(dropped, (1, 2, 3));
    assert_eq!(
        span.flags, 0x303,
        "sampled, random, remoteness known, parent remote"
    );
    let status = span.status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (2, "broke"));
    assert_eq!(span.events[0].time_unix_nano, 1_700_000_000_000_999_999);
    assert_eq!(
        (
            span.events[0].name.as_str(),
            span.events[0].dropped_attributes_count
        ),
        ("tick", 4)
    );
    let link = &span.links[0];
    assert_eq!(
        (
            link.trace_state.as_str(),
            link.flags,
            link.dropped_attributes_count
        ),
        ("a=b", 0x301, 8)
    );
}

#[test]
fn text_of_every_encoding_arrives_as_utf8_and_lone_surrogates_are_replaced() {
    for (encoding, units, expected) in [
        (0, "grün 🚀".encode_utf16().collect::<Vec<_>>(), "grün 🚀"),
        (1, "grün 🚀".encode_utf16().collect(), "grün 🚀"),
        (1, vec![0x61, 0xd800, 0x62], "a\u{fffd}b"),
        (2, vec![0x67, 0xfc], "gü"),
    ] {
        let sink = Sink::start();
        let mut batch = Builder::new(encoding);
        let (key, text) = (batch.text("k"), batch.units(&units));
        batch.record(SAMPLED, &[vec![key, 4, text]], &[]);
        let spans = deliver(provider(&sink), &sink, batch.finish(), 1);
        assert_eq!(value(&spans[0], 0), Any::StringValue(expected.into()));
    }
}

#[test]
fn numbers_of_a_host_with_one_number_type_become_what_the_specification_says() {
    for (number, expected) in [
        (3.0, Any::IntValue(3)),
        (-0.5, Any::DoubleValue(-0.5)),
        (-9_223_372_036_854_775_808.0, Any::IntValue(i64::MIN)),
        (
            9_223_372_036_854_775_808.0,
            Any::StringValue("9223372036854775808".into()),
        ),
        (1e21, Any::StringValue("1000000000000000000000".into())),
        (f64::INFINITY, Any::DoubleValue(f64::INFINITY)),
    ] {
        let sink = Sink::start();
        let mut batch = Builder::new(1);
        let key = batch.text("k");
        batch.record(SAMPLED, &[vec![key, 5, f64::to_bits(number)]], &[]);
        let spans = deliver(provider(&sink), &sink, batch.finish(), 1);
        assert_eq!(value(&spans[0], 0), expected);
    }
}

#[test]
fn bytes_arrays_and_maps_arrive() {
    let sink = Sink::start();
    let mut batch = Builder::new(1);
    let (key, member) = (batch.text("k"), batch.text("m"));
    let nested = vec![
        key,
        pair(7, 2),
        pair(6, 9),
        u64::from_le_bytes(*b"12345678"),
        u64::from(b'9'),
        pair(8, 1),
        member,
        1,
        1,
    ];
    batch.record(SAMPLED, &[nested], &[]);
    let spans = deliver(provider(&sink), &sink, batch.finish(), 1);
    let Any::ArrayValue(array) = value(&spans[0], 0) else {
        panic!("an array")
    };
    assert_eq!(
        array.values[0].value,
        Some(Any::BytesValue(b"123456789".to_vec()))
    );
    let Some(Any::KvlistValue(map)) = &array.values[1].value else {
        panic!("a map")
    };
    assert_eq!(
        map.values[0].value.clone().unwrap().value,
        Some(Any::BoolValue(true))
    );
}

#[test]
fn records_that_are_not_sampled_are_counted_and_stay() {
    let sink = Sink::start();
    let mut batch = Builder::new(0);
    batch.record(0, &[], &[]);
    batch.record(1 << 3, &[], &[]);
    batch.record(SAMPLED, &[], &[]);
    let provider = provider(&sink);
    assert_eq!(deliver(provider, &sink, batch.finish(), 3).len(), 1);
    assert_eq!(provider.stats().sampled_out, 2);
}

#[test]
fn a_header_that_is_wrong_is_refused() {
    let sink = Sink::start();
    let provider = provider(&sink);
    let submit = |slots: &[u64]| provider.submit(slots.to_vec(), Vec::new());
    assert_eq!(submit(&[]), Err(BatchError::Truncated));
    assert_eq!(submit(&[7, 0]), Err(BatchError::Version { found: 7 }));
    assert_eq!(
        submit(&[pair(0x0142_5350, 9), 0]),
        Err(BatchError::Encoding { found: 9 })
    );
    let boast = submit(&[pair(0x0142_5350, 0), pair(u32::MAX, 1)]);
    assert_eq!(boast, Err(BatchError::Truncated), "more records than slots");
}

#[test]
fn a_record_that_is_wrong_is_counted_and_those_before_it_arrive() {
    let key = pair(0, 1);
    let deep = || -> Vec<u64> {
        std::iter::once(key)
            .chain(std::iter::repeat_n(pair(7, 1), 100))
            .chain([2, 1])
            .collect()
    };
    let wrong: [(&str, Vec<u64>); 5] = [
        ("a reference outside the text", vec![pair(1 << 30, 5), 2, 1]),
        ("an unknown type", vec![key, 99, 1]),
        (
            "an array longer than the record",
            vec![key, pair(7, u32::MAX)],
        ),
        ("bytes longer than the record", vec![key, pair(6, u32::MAX)]),
        ("values nested too deep", deep()),
    ];
    for (what, attribute) in wrong {
        let sink = Sink::start();
        let mut batch = Builder::new(0);
        batch.record(SAMPLED, &[], &[]);
        batch.record(SAMPLED, &[attribute], &[]);
        let provider = provider(&sink);
        assert_eq!(
            deliver(provider, &sink, batch.finish(), 2).len(),
            1,
            "{what}"
        );
        assert_eq!(provider.stats().dropped(DropCause::Invalid), 1, "{what}");
    }
}

#[test]
fn a_record_without_ids_is_counted_and_not_sent() {
    for slot in [3, 2] {
        let sink = Sink::start();
        let mut batch = Builder::new(0);
        batch.record(SAMPLED, &[], &[]);
        batch.slots[2 + slot] = 0;
        if slot == 2 {
            batch.slots[2 + 1] = 0;
        }
        let provider = provider(&sink);
        assert_eq!(deliver(provider, &sink, batch.finish(), 1).len(), 0);
        assert_eq!(provider.stats().dropped(DropCause::Invalid), 1);
    }
}

#[test]
fn one_text_referred_to_again_and_again_does_not_grow_without_bound() {
    let sink = Sink::start();
    let mut batch = Builder::new(0);
    let long = "x".repeat(1 << 20);
    let text = batch.text(&long);
    let attributes: Vec<_> = (0..100).map(|_| vec![pair(0, 1), 4, text]).collect();
    batch.record(SAMPLED, &attributes, &[]);
    let provider = provider(&sink);
    assert_eq!(deliver(provider, &sink, batch.finish(), 1).len(), 0);
    assert_eq!(provider.stats().dropped(DropCause::Invalid), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_batch_breaks_the_worker_or_the_accounting(
        body in prop::collection::vec(
            prop_oneof![any::<u64>(), (0u32..40, 0u32..40).prop_map(|(lo, hi)| pair(lo, hi))],
            0..200,
        ),
        text in prop::collection::vec(any::<u8>(), 0..64),
        encoding in 0u32..3,
        records in 0u32..12,
    ) {
        let mut config = Config::default();
        config.set("endpoint", "http://127.0.0.1:1").unwrap();
        config.set("timeout", "1").unwrap();
        let provider = Provider::new(config).unwrap();
        let mut slots = vec![pair(0x0142_5350, encoding), pair(records, 1)];
        slots.extend(body);
        if let Ok(accepted) = provider.submit(slots, text) {
            provider.count_started(u64::from(accepted));
            provider.count_ended(u64::from(accepted));
        }
        let _ = provider.shutdown(Duration::from_secs(5));
        prop_assert!(provider.stats().is_balanced(), "{:?}", provider.stats());
    }
}
