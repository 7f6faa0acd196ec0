//! Encodes records as an OTLP `ExportTraceServiceRequest`: redact, cut, write.
//!
//! Straight from the record to the wire, without structs in between. Fields stand in the order of their numbers;
//! `ScopeSpans` in the order in which their tracers were made; spans in the order in which they ended.
//!
//! Source: opentelemetry-proto 1.11, `trace.proto`, `common.proto`, `resource.proto`.

use super::wire::Wire;
use crate::redact::{Counts, KeyClass, Redactor};
use crate::trace::{
    Attributes, Batch, BatchError, Cursor, Item, OwnedScope, OwnedValue, Record, Scalar, Text,
    Value, text_budget, unpack,
};
use std::borrow::Cow;

/// Flags beyond W3C's: whether the parent's or link's remoteness is known, and what it is.
const HAS_IS_REMOTE: u32 = 1 << 8;
const IS_REMOTE: u32 = 1 << 9;

/// Records of one batch that belong together: from a slot on, so many.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice<'a> {
    pub(crate) batch: &'a Batch,
    pub(crate) slot: usize,
    pub(crate) records: u32,
}

/// What an encoding came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Encoded {
    /// Spans that are in the request.
    pub(crate) spans: u32,
    /// Records that were not sampled.
    pub(crate) sampled_out: u32,
    /// Records that were wrong.
    pub(crate) invalid: u32,
}

/// Encodes for one provider. Keeps its buffers.
pub(crate) struct Encoder<'p> {
    redactor: &'p Redactor,
    value_length: Option<usize>,
    scopes: &'p boxcar::Vec<OwnedScope>,
    resource: Vec<u8>,
    wire: Wire,
    /// Tracer of each sampled record, and where it is.
    places: Vec<(u32, u32, usize)>,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    key: String,
    value: String,
}

/// What writing values needs: policy, text, and the counts it leads to.
struct Policy<'a> {
    redactor: &'a Redactor,
    counts: &'a Counts,
    value_length: Option<usize>,
}

impl<'p> Encoder<'p> {
    /// `resource` are the attributes of every request; they are redacted too.
    pub(crate) fn new(
        redactor: &'p Redactor,
        value_length: Option<u32>,
        scopes: &'p boxcar::Vec<OwnedScope>,
        resource: &[(String, OwnedValue)],
        counts: &Counts,
    ) -> Self {
        let policy = Policy {
            redactor,
            counts,
            value_length: None,
        };
        let mut wire = Wire::default();
        let open = wire.open(1);
        for (key, value) in resource {
            policy.owned_attribute(&mut wire, 1, key, value);
        }
        wire.close(open);
        Self {
            redactor,
            value_length: value_length.map(|length| length as usize),
            scopes,
            resource: wire.0,
            wire: Wire::default(),
            places: Vec::new(),
            scratch: Scratch::default(),
        }
    }

    /// Encodes the sampled records of `slices`; the bytes are in [`bytes`](Self::bytes). A record that is wrong ends the
    /// reading of its slice.
    pub(crate) fn encode(&mut self, slices: &[Slice<'_>], counts: &Counts) -> Encoded {
        let mut encoded = self.place(slices);
        self.wire.0.clear();
        let resource_spans = self.wire.open(1);
        self.wire.0.extend_from_slice(&self.resource);
        let policy = Policy {
            redactor: self.redactor,
            counts,
            value_length: self.value_length,
        };
        let places = std::mem::take(&mut self.places);
        for group in places.chunk_by(|a, b| a.0 == b.0) {
            let scope_spans = self.wire.open(2);
            let scope = self.scopes.get(group[0].0 as usize);
            if let Some(scope) = scope {
                policy.scope(&mut self.wire, scope);
            }
            for &(_, slice, slot) in group {
                let before = self.wire.0.len();
                let record = slices[slice as usize].batch.record(slot);
                let written = record
                    .and_then(|record| policy.span(&mut self.wire, &record, &mut self.scratch));
                if written.is_ok() {
                    encoded.spans += 1;
                } else {
                    self.wire.0.truncate(before);
                    encoded.invalid += 1;
                }
            }
            if let Some(scope) = scope {
                self.wire.text(3, &scope.schema_url);
            }
            self.wire.close(scope_spans);
        }
        self.wire.close(resource_spans);
        self.places = places;
        encoded
    }

    /// The request that was encoded last.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.wire.0
    }

    /// Finds the sampled records and sorts them by tracer.
    fn place(&mut self, slices: &[Slice<'_>]) -> Encoded {
        let mut encoded = Encoded::default();
        self.places.clear();
        for (index, slice) in slices.iter().enumerate() {
            let mut slot = slice.slot;
            for read in 0..slice.records {
                let Ok(record) = slice.batch.record(slot) else {
                    encoded.invalid += slice.records - read;
                    break;
                };
                if record.is_sampled() {
                    self.places.push((record.tracer(), index as u32, slot));
                } else {
                    encoded.sampled_out += 1;
                }
                slot += record.slots();
            }
        }
        // Stable, so that spans keep their order; nearly sorted already, so cheap.
        self.places.sort_by_key(|place| place.0);
        encoded
    }
}

impl Policy<'_> {
    fn scope(&self, wire: &mut Wire, scope: &OwnedScope) {
        let open = wire.open(1);
        wire.text(1, &self.redactor.text(&scope.name, self.counts));
        wire.text(2, &scope.version);
        for (key, value) in &scope.attributes {
            self.owned_attribute(wire, 3, key, value);
        }
        wire.close(open);
    }

    #[inline]
    fn span(
        &self,
        wire: &mut Wire,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), BatchError> {
        let text = record.text();
        let mut budget = text_budget();
        let open = wire.open(2);
        wire.bytes(1, &record.trace_id().to_bytes());
        wire.bytes(2, &record.span_id().to_bytes());
        wire.text(
            3,
            text.get(record.trace_state(), &mut scratch.value, &mut budget)?,
        );
        if record.parent_id().is_valid() {
            wire.bytes(4, &record.parent_id().to_bytes());
        }
        let name = text.get(record.name(), &mut scratch.value, &mut budget)?;
        wire.text(5, &self.redactor.text(name, self.counts));
        wire.number(6, record.kind() as u64);
        wire.fixed64(7, record.start());
        wire.fixed64(8, record.end());
        self.attributes(wire, 9, record.attributes(), text, scratch, &mut budget)?;
        wire.number(10, u64::from(record.dropped_attributes()));
        for item in record.items() {
            if let Item::Event {
                time,
                name,
                dropped_attributes,
                attributes,
            } = item?
            {
                let open = wire.open(11);
                wire.fixed64(1, time);
                let name = text.get(name, &mut scratch.value, &mut budget)?;
                wire.text(2, &self.redactor.text(name, self.counts));
                self.attributes(wire, 3, attributes, text, scratch, &mut budget)?;
                wire.number(4, u64::from(dropped_attributes));
                wire.close(open);
            }
        }
        wire.number(12, u64::from(record.dropped_events()));
        for item in record.items() {
            if let Item::Link {
                trace_id,
                span_id,
                flags,
                remote,
                state,
                dropped_attributes,
                attributes,
            } = item?
            {
                let open = wire.open(13);
                wire.bytes(1, &trace_id.to_bytes());
                wire.bytes(2, &span_id.to_bytes());
                wire.text(3, text.get(state, &mut scratch.value, &mut budget)?);
                self.attributes(wire, 4, attributes, text, scratch, &mut budget)?;
                wire.number(5, u64::from(dropped_attributes));
                wire.fixed32(6, context_flags(flags, remote));
                wire.close(open);
            }
        }
        wire.number(14, u64::from(record.dropped_links()));
        if record.status() != 0 {
            let open = wire.open(15);
            let description =
                text.get(record.status_description(), &mut scratch.value, &mut budget)?;
            wire.text(2, &self.redactor.text(description, self.counts));
            wire.number(3, u64::from(record.status()));
            wire.close(open);
        }
        wire.fixed32(
            16,
            context_flags(record.trace_flags(), record.parent_is_remote()),
        );
        wire.close(open);
        Ok(())
    }

    #[inline]
    fn attributes(
        &self,
        wire: &mut Wire,
        field: u32,
        mut attributes: Attributes<'_>,
        text: Text<'_>,
        scratch: &mut Scratch,
        budget: &mut usize,
    ) -> Result<(), BatchError> {
        for _ in 0..attributes.count {
            let open = wire.open(field);
            self.member(wire, &mut attributes.cursor, text, scratch, budget, 1)?;
            wire.close(open);
        }
        Ok(())
    }

    /// A key and its value: the content of a `KeyValue`.
    #[inline]
    fn member(
        &self,
        wire: &mut Wire,
        cursor: &mut Cursor<'_>,
        text: Text<'_>,
        scratch: &mut Scratch,
        budget: &mut usize,
        depth: usize,
    ) -> Result<(), BatchError> {
        let mut key_scratch = std::mem::take(&mut scratch.key);
        let key = text.get(cursor.key()?, &mut key_scratch, budget)?;
        if self.redactor.is_off() {
            wire.text(1, key);
        } else {
            wire.text(1, &self.redactor.text(key, self.counts));
        }
        let open = wire.open(2);
        if self.redactor.key_class(key) == KeyClass::Secret {
            skip(cursor, depth)?;
            self.text_value(wire, self.redactor.secret(self.counts));
        } else {
            self.value(wire, key, cursor, text, scratch, budget, depth)?;
        }
        wire.close(open);
        scratch.key = key_scratch;
        Ok(())
    }

    /// The content of an `AnyValue`.
    #[inline]
    #[expect(
        clippy::too_many_arguments,
        reason = "a cursor, its text and where to write; all differ"
    )]
    fn value(
        &self,
        wire: &mut Wire,
        key: &str,
        cursor: &mut Cursor<'_>,
        text: Text<'_>,
        scratch: &mut Scratch,
        budget: &mut usize,
        depth: usize,
    ) -> Result<(), BatchError> {
        match cursor.value()? {
            Scalar::Text(reference) => {
                let value = text.get(reference, &mut scratch.value, budget)?;
                self.text_value(wire, &self.redactor.attribute(key, value, self.counts));
            }
            Scalar::Int(number) => self.int_value(wire, key, number),
            Scalar::Bool(truth) => wire.number_always(2, u64::from(truth)),
            Scalar::Double(number) => wire.fixed64(4, number.to_bits()),
            Scalar::Empty => {}
            Scalar::Decimal(number) => {
                let decimal = format!("{number:.0}");
                self.text_value(wire, &self.redactor.attribute(key, &decimal, self.counts));
            }
            Scalar::Bytes(slots, length) => {
                let bytes = unpack(slots, length);
                self.bytes_value(wire, key, &bytes);
            }
            Scalar::Array(_) | Scalar::Map(_) if depth > Value::MAX_DEPTH => {
                return Err(BatchError::TooDeep);
            }
            Scalar::Array(count) => {
                let open = wire.open(5);
                for _ in 0..count {
                    let element = wire.open(1);
                    self.value(wire, key, cursor, text, scratch, budget, depth + 1)?;
                    wire.close(element);
                }
                wire.close(open);
            }
            Scalar::Map(count) => {
                let open = wire.open(6);
                for _ in 0..count {
                    let member = wire.open(1);
                    self.member(wire, cursor, text, scratch, budget, depth + 1)?;
                    wire.close(member);
                }
                wire.close(open);
            }
        }
        Ok(())
    }

    #[inline]
    fn text_value(&self, wire: &mut Wire, value: &str) {
        wire.bytes(1, cut(value, self.value_length).as_bytes());
    }

    #[inline]
    fn int_value(&self, wire: &mut Wire, key: &str, number: i64) {
        match self.redactor.integer(key, number, self.counts) {
            Some(mask) => self.text_value(wire, mask),
            None => wire.number_always(3, number as u64),
        }
    }

    fn bytes_value(&self, wire: &mut Wire, key: &str, bytes: &[u8]) {
        let redacted = self.redactor.bytes(key, bytes, self.counts);
        let kept = redacted.len().min(self.value_length.unwrap_or(usize::MAX));
        wire.bytes(7, &redacted[..kept]);
    }

    /// An attribute that is not in a batch: of the resource or of a scope.
    fn owned_attribute(&self, wire: &mut Wire, field: u32, key: &str, value: &OwnedValue) {
        let open = wire.open(field);
        wire.text(1, &self.redactor.text(key, self.counts));
        let inner = wire.open(2);
        if self.redactor.key_class(key) == KeyClass::Secret {
            self.text_value(wire, self.redactor.secret(self.counts));
        } else {
            self.owned_value(wire, key, value);
        }
        wire.close(inner);
        wire.close(open);
    }

    fn owned_value(&self, wire: &mut Wire, key: &str, value: &OwnedValue) {
        match value {
            OwnedValue::Empty => {}
            OwnedValue::Bool(truth) => wire.number_always(2, u64::from(*truth)),
            OwnedValue::Int(number) => self.int_value(wire, key, *number),
            OwnedValue::Double(number) => wire.fixed64(4, number.to_bits()),
            OwnedValue::Str(text) => {
                let redacted: Cow<'_, str> = self.redactor.attribute(key, text, self.counts);
                self.text_value(wire, &redacted);
            }
            OwnedValue::Bytes(bytes) => self.bytes_value(wire, key, bytes),
            OwnedValue::Array(values) => {
                let open = wire.open(5);
                for value in values {
                    let element = wire.open(1);
                    self.owned_value(wire, key, value);
                    wire.close(element);
                }
                wire.close(open);
            }
            OwnedValue::Map(members) => {
                let open = wire.open(6);
                for (key, value) in members {
                    self.owned_attribute(wire, 1, key, value);
                }
                wire.close(open);
            }
        }
    }
}

/// Passes over a value, whatever it holds.
fn skip(cursor: &mut Cursor<'_>, depth: usize) -> Result<(), BatchError> {
    match cursor.value()? {
        Scalar::Array(_) | Scalar::Map(_) if depth > Value::MAX_DEPTH => Err(BatchError::TooDeep),
        Scalar::Array(count) => (0..count).try_for_each(|_| skip(cursor, depth + 1)),
        Scalar::Map(count) => (0..count).try_for_each(|_| {
            cursor.key()?;
            skip(cursor, depth + 1)
        }),
        _ => Ok(()),
    }
}

/// The first `limit` characters.
#[inline]
fn cut(value: &str, limit: Option<usize>) -> &str {
    match limit {
        // A text of so few bytes cannot have more characters.
        Some(limit) if value.len() > limit => value
            .char_indices()
            .nth(limit)
            .map_or(value, |(end, _)| &value[..end]),
        _ => value,
    }
}

#[inline]
fn context_flags(w3c: u8, remote: bool) -> u32 {
    u32::from(w3c) | HAS_IS_REMOTE | if remote { IS_REMOTE } else { 0 }
}
