//! Encodes records as an OTLP `ExportTraceServiceRequest`: redact, cut, write.
//!
//! Straight from the record to the wire, without structs in between. Fields stand in the order of their numbers;
//! `ScopeSpans` in the order in which their tracers were made; spans in the order in which they ended.
//!
//! Source: opentelemetry-proto 1.11, `trace.proto`, `common.proto`, `resource.proto`.

use super::key_cache::KeyCache;
use super::wire::Wire;
use crate::redact::{Counts, KeyClass, Redactor};
use crate::trace::{
    Attributes, Batch, BatchError, Cursor, Item, OwnedScope, OwnedValue, Record, Scalar, Text,
    Value, text_budget, unpack,
};
use bytes::Bytes;
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

struct Scratch {
    keys: KeyCache,
    key: String,
    value: String,
}

/// What writing values needs: policy, text, and the counts it leads to.
struct Policy<'a> {
    redactor: &'a Redactor,
    counts: &'a Counts,
    value_length: Option<usize>,
}

/// What reading one record needs: its text, how much of it may still be referred to, and room to decode into.
struct Source<'a, 's> {
    text: Text<'a>,
    budget: usize,
    scratch: &'s mut Scratch,
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
            scratch: Scratch {
                keys: KeyCache::new(),
                key: String::new(),
                value: String::new(),
            },
        }
    }

    /// Encodes the sampled records of `slices`; [`take_body`](Self::take_body) has the bytes. A record that is wrong ends the
    /// reading of its slice.
    pub(crate) fn encode(&mut self, slices: &[Slice<'_>], counts: &Counts) -> Encoded {
        let mut encoded = self.place(slices);
        self.wire.0.clear();
        let resource_spans = self.wire.open_wide::<3>(1);
        self.wire.0.extend_from_slice(&self.resource);
        let policy = Policy {
            redactor: self.redactor,
            counts,
            value_length: self.value_length,
        };
        let places = std::mem::take(&mut self.places);
        for group in places.chunk_by(|a, b| a.0 == b.0) {
            let scope_spans = self.wire.open_wide::<3>(2);
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

    /// The request that was encoded last. [`give_back`](Self::give_back) returns its memory when it was sent.
    pub(crate) fn take_body(&mut self) -> Bytes {
        Bytes::from(std::mem::take(&mut self.wire.0))
    }

    /// Takes back the memory of a request, to be used for the next one.
    pub(crate) fn give_back(&mut self, body: Bytes) {
        // Without another holder this is the same memory again; with one it would be a copy for nothing.
        if body.is_unique() {
            self.wire.0 = body.into();
        }
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
        let mut source = Source {
            text: record.text(),
            budget: text_budget(),
            scratch,
        };
        let source = &mut source;
        let open = wire.open_wide::<2>(2);
        wire.bytes(1, &record.trace_id().to_bytes());
        wire.bytes(2, &record.span_id().to_bytes());
        self.state(wire, 3, record.trace_state(), source)?;
        if record.parent_id().is_valid() {
            wire.bytes(4, &record.parent_id().to_bytes());
        }
        self.text(wire, 5, record.name(), source)?;
        wire.number(6, record.kind() as u64);
        wire.fixed64(7, record.start());
        wire.fixed64(8, record.end());
        self.attributes(wire, 9, record.attributes(), source)?;
        wire.number(10, u64::from(record.dropped_attributes()));
        for item in record.items() {
            self.event(wire, &item?, source)?;
        }
        wire.number(12, u64::from(record.dropped_events()));
        for item in record.items() {
            self.link(wire, &item?, source)?;
        }
        wire.number(14, u64::from(record.dropped_links()));
        if record.status() != 0 {
            let open = wire.open(15);
            self.text(wire, 2, record.status_description(), source)?;
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
    fn event(
        &self,
        wire: &mut Wire,
        item: &Item<'_>,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        if let Item::Event {
            time,
            name,
            dropped_attributes,
            attributes,
        } = *item
        {
            let open = wire.open(11);
            wire.fixed64(1, time);
            self.text(wire, 2, name, source)?;
            self.attributes(wire, 3, attributes, source)?;
            wire.number(4, u64::from(dropped_attributes));
            wire.close(open);
        }
        Ok(())
    }

    fn link(
        &self,
        wire: &mut Wire,
        item: &Item<'_>,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        if let Item::Link {
            trace_id,
            span_id,
            flags,
            remote,
            state,
            dropped_attributes,
            attributes,
        } = *item
        {
            let open = wire.open(13);
            wire.bytes(1, &trace_id.to_bytes());
            wire.bytes(2, &span_id.to_bytes());
            self.state(wire, 3, state, source)?;
            self.attributes(wire, 4, attributes, source)?;
            wire.number(5, u64::from(dropped_attributes));
            wire.fixed32(6, context_flags(flags, remote));
            wire.close(open);
        }
        Ok(())
    }

    /// A trace state, which is not redacted: other systems read it.
    #[inline]
    fn state(
        &self,
        wire: &mut Wire,
        field: u32,
        reference: u64,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        let state = source
            .text
            .get(reference, &mut source.scratch.value, &mut source.budget)?;
        wire.text(field, state);
        Ok(())
    }

    /// A name or description; left out when it is empty.
    #[inline]
    fn text(
        &self,
        wire: &mut Wire,
        field: u32,
        reference: u64,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        if self.redactor.is_off()
            && let Some(bytes) = source.text.own(reference, &mut source.budget)?
        {
            if !bytes.is_empty() {
                wire.bytes(field, bytes);
            }
            return Ok(());
        }
        let text = source
            .text
            .get(reference, &mut source.scratch.value, &mut source.budget)?;
        wire.text(field, &self.redactor.text(text, self.counts));
        Ok(())
    }

    #[inline]
    fn attributes(
        &self,
        wire: &mut Wire,
        field: u32,
        mut attributes: Attributes<'_>,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        for _ in 0..attributes.count {
            let open = wire.open(field);
            self.member(wire, &mut attributes.cursor, source, 1)?;
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
        source: &mut Source<'_, '_>,
        depth: usize,
    ) -> Result<(), BatchError> {
        if self.redactor.is_off() {
            self.text(wire, 1, cursor.key()?, source)?;
            let open = wire.open(2);
            self.value(wire, KeyClass::Safe, cursor, source, depth)?;
            wire.close(open);
            return Ok(());
        }
        let key = source
            .text
            .get(cursor.key()?, &mut source.scratch.key, &mut source.budget)?;
        let class = match source.scratch.keys.class_of_clean(key, self.redactor) {
            Some(class) => {
                wire.text(1, key);
                class
            }
            None => {
                wire.text(1, &self.redactor.text(key, self.counts));
                self.redactor.key_class(key)
            }
        };
        let open = wire.open(2);
        match class {
            KeyClass::Secret => {
                let mut ahead = *cursor;
                if let Scalar::Text(reference) = ahead.value()? {
                    *cursor = ahead;
                    let value = source.text.get(
                        reference,
                        &mut source.scratch.value,
                        &mut source.budget,
                    )?;
                    self.text_value(wire, &self.redactor.attribute(key, value, self.counts));
                } else {
                    skip(cursor, depth)?;
                    self.text_value(wire, self.redactor.secret(self.counts));
                }
            }
            class => self.value(wire, class, cursor, source, depth)?,
        }
        wire.close(open);
        Ok(())
    }

    /// The content of an `AnyValue` under a key of this class.
    #[inline]
    fn value(
        &self,
        wire: &mut Wire,
        class: KeyClass,
        cursor: &mut Cursor<'_>,
        source: &mut Source<'_, '_>,
        depth: usize,
    ) -> Result<(), BatchError> {
        match cursor.value()? {
            Scalar::Text(reference) => {
                if class == KeyClass::Safe
                    && self.value_length.is_none()
                    && let Some(bytes) = source.text.own(reference, &mut source.budget)?
                {
                    wire.bytes(1, bytes);
                } else {
                    let value = source.text.get(
                        reference,
                        &mut source.scratch.value,
                        &mut source.budget,
                    )?;
                    self.scanned_value(wire, class, value);
                }
            }
            Scalar::Int(number) => self.int_value(wire, class, number),
            Scalar::Bool(truth) => wire.number_always(2, u64::from(truth)),
            Scalar::Double(number) => wire.fixed64(4, number.to_bits()),
            Scalar::Empty => {}
            Scalar::Decimal(number) => self.scanned_value(wire, class, &format!("{number:.0}")),
            Scalar::Bytes(slots, length) => {
                self.bytes_value(wire, class, &unpack(slots, length));
            }
            Scalar::Array(_) | Scalar::Map(_) if depth > Value::MAX_DEPTH => {
                return Err(BatchError::TooDeep);
            }
            Scalar::Array(count) => {
                let open = wire.open(5);
                for _ in 0..count {
                    let element = wire.open(1);
                    self.value(wire, class, cursor, source, depth + 1)?;
                    wire.close(element);
                }
                wire.close(open);
            }
            Scalar::Map(count) => {
                let open = wire.open(6);
                for _ in 0..count {
                    let member = wire.open(1);
                    self.member(wire, cursor, source, depth + 1)?;
                    wire.close(member);
                }
                wire.close(open);
            }
        }
        Ok(())
    }

    #[inline]
    fn scanned_value(&self, wire: &mut Wire, class: KeyClass, value: &str) {
        if class == KeyClass::Safe {
            self.text_value(wire, value);
        } else {
            self.text_value(wire, &self.redactor.text(value, self.counts));
        }
    }

    #[inline]
    fn text_value(&self, wire: &mut Wire, value: &str) {
        wire.bytes(1, cut(value, self.value_length).as_bytes());
    }

    #[inline]
    fn int_value(&self, wire: &mut Wire, class: KeyClass, number: i64) {
        let mask = (class != KeyClass::Safe)
            .then(|| self.redactor.integer("", number, self.counts))
            .flatten();
        match mask {
            Some(mask) => self.text_value(wire, mask),
            None => wire.number_always(3, number as u64),
        }
    }

    fn bytes_value(&self, wire: &mut Wire, class: KeyClass, bytes: &[u8]) {
        let redacted = match class {
            KeyClass::Safe => Cow::Borrowed(bytes),
            _ => self.redactor.bytes("", bytes, self.counts),
        };
        let kept = redacted.len().min(self.value_length.unwrap_or(usize::MAX));
        wire.bytes(7, &redacted[..kept]);
    }

    /// An attribute that is not in a batch: of the resource or of a scope.
    fn owned_attribute(&self, wire: &mut Wire, field: u32, key: &str, value: &OwnedValue) {
        let open = wire.open(field);
        wire.text(1, &self.redactor.text(key, self.counts));
        let inner = wire.open(2);
        match self.redactor.key_class(key) {
            KeyClass::Secret => self.text_value(wire, self.redactor.secret(self.counts)),
            class => self.owned_value(wire, class, value),
        }
        wire.close(inner);
        wire.close(open);
    }

    fn owned_value(&self, wire: &mut Wire, class: KeyClass, value: &OwnedValue) {
        match value {
            OwnedValue::Empty => {}
            OwnedValue::Bool(truth) => wire.number_always(2, u64::from(*truth)),
            OwnedValue::Int(number) => self.int_value(wire, class, *number),
            OwnedValue::Double(number) => wire.fixed64(4, number.to_bits()),
            OwnedValue::Str(text) => self.scanned_value(wire, class, text),
            OwnedValue::Bytes(bytes) => self.bytes_value(wire, class, bytes),
            OwnedValue::Array(values) => {
                let open = wire.open(5);
                for value in values {
                    let element = wire.open(1);
                    self.owned_value(wire, class, value);
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
