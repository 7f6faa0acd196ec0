//! Writes a finished span as a record of the span batch format (`docs/span-batch.md`).
//!
//! A live span in Rust, C or Python *is* a [`Recorder`]: what is set on it goes straight into the slots and the text that
//! its record will consist of, in buffers that are used again, so that recording allocates nothing in steady state.

use super::layout::{self, flag, head, item, kind};
use super::{Attributes, Limits, OwnedValue, SpanContext, SpanId, SpanKind, Text, Value};

/// The growing record of one live span.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    /// Attributes: key and value each.
    attributes: Vec<u64>,
    /// Events, and links, in the order in which they came.
    items: Vec<u64>,
    text: String,
    /// Where each attribute's key stands in `attributes`, with a cheap hash of the key.
    keys: Vec<(u32, u32)>,
    name: u64,
    status_description: u64,
    flags: u32,
    events: u32,
    links: u32,
    dropped_attributes: u32,
    dropped_events: u32,
    dropped_links: u32,
}

/// What the tracer knows of a span besides what was set on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) context: &'a SpanContext,
    pub(crate) parent: SpanId,
    pub(crate) parent_is_remote: bool,
    pub(crate) local_root: SpanId,
    pub(crate) tracer: u32,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

impl Recorder {
    /// Makes this recorder fit for the next span; keeps the buffers unless one span made them very large.
    pub(crate) fn reset(&mut self) {
        const KEEP: usize = 16 << 10;
        self.attributes.clear();
        self.items.clear();
        self.text.clear();
        self.keys.clear();
        if self.text.capacity() > KEEP {
            self.text.shrink_to(KEEP);
        }
        if self.attributes.capacity() + self.items.capacity() > KEEP {
            self.attributes.shrink_to(KEEP / 2);
            self.items.shrink_to(KEEP / 2);
        }
        self.name = 0;
        self.status_description = 0;
        self.flags = 0;
        (self.events, self.links) = (0, 0);
        (
            self.dropped_attributes,
            self.dropped_events,
            self.dropped_links,
        ) = (0, 0, 0);
    }

    #[inline]
    pub(crate) fn set_name(&mut self, name: &str) {
        self.name = self.push_text(name);
    }

    pub(crate) fn name(&self) -> &str {
        self.text_at(self.name)
    }

    #[inline]
    pub(crate) fn set_kind(&mut self, kind: SpanKind) {
        self.flags = (self.flags & !flag::KIND_MASK) | kind as u32;
    }

    pub(crate) fn kind(&self) -> SpanKind {
        SpanKind::from_number(self.flags & flag::KIND_MASK)
    }

    /// The status code: 0 unset, 1 ok, 2 error.
    pub(crate) fn status(&self) -> u32 {
        (self.flags >> flag::STATUS_SHIFT) & 3
    }

    pub(crate) fn status_description(&self) -> &str {
        self.text_at(self.status_description)
    }

    /// Ok is final, and unset never overwrites (OpenTelemetry specification, "Set Status").
    pub(crate) fn set_status(&mut self, code: u32, description: &str) {
        if self.status() == 1 || code == 0 {
            return;
        }
        self.flags = (self.flags & !(3 << flag::STATUS_SHIFT)) | (code << flag::STATUS_SHIFT);
        self.status_description = if code == 2 {
            self.push_text(description)
        } else {
            0
        };
    }

    /// Sets an attribute; a key that is there already keeps its place and gets the new value, an empty one is none.
    ///
    /// Inlined into the caller, where key and type are usually known: copying a literal is then a few moves.
    #[inline(always)]
    pub(crate) fn set_attribute(&mut self, key: &str, value: &Value<'_>, limits: &Limits) {
        if key.is_empty() {
            return;
        }
        let hash = key_hash(key);
        if self.keys.iter().any(|&(seen, _)| seen == hash)
            && let Some(found) = self.find(hash, key)
        {
            return self.overwrite(found, value);
        }
        if self.keys.len() >= limits.attribute_count as usize
            || self.text.len() + key.len() > Limits::RECORD_TEXT
        {
            self.dropped_attributes += 1;
            return;
        }
        self.keys.push((hash, self.attributes.len() as u32));
        let key = push_text(&mut self.text, key);
        write_attribute(&mut self.attributes, &mut self.text, key, value);
    }

    /// Whether an attribute with this key is there.
    pub(crate) fn has_attribute(&self, key: &str) -> bool {
        self.find(key_hash(key), key).is_some()
    }

    #[cold]
    fn find(&self, hash: u32, key: &str) -> Option<usize> {
        self.keys.iter().position(|&(seen, at)| {
            seen == hash && self.text_at(self.attributes[at as usize]) == key
        })
    }

    #[cold]
    fn overwrite(&mut self, index: usize, value: &Value<'_>) {
        let value_at = self.keys[index].1 as usize + 1;
        let end = self
            .keys
            .get(index + 1)
            .map_or(self.attributes.len(), |next| next.1 as usize);
        let mut replacement = Vec::new();
        write_value(&mut replacement, &mut self.text, value, 1);
        let grown = replacement.len() as i64 - (end - value_at) as i64;
        self.attributes.splice(value_at..end, replacement);
        for key in &mut self.keys[index + 1..] {
            key.1 = (i64::from(key.1) + grown) as u32;
        }
    }

    /// Adds an event. `unix_nanos` is its time.
    #[inline]
    pub(crate) fn add_event(
        &mut self,
        name: &str,
        unix_nanos: u64,
        attributes: &[(&str, Value<'_>)],
        limits: &Limits,
    ) {
        if self.events >= limits.event_count || self.text.len() > Limits::RECORD_TEXT {
            self.dropped_events += 1;
            return;
        }
        self.events += 1;
        let start = self.items.len();
        let (millis, nanos) = layout::split_time(unix_nanos);
        let name = self.push_text(name);
        self.items.extend_from_slice(&[0, millis, 0, name, 0]);
        let (kept, dropped) = self.write_attributes(attributes, limits.event_attribute_count);
        self.items[start] = layout::pair(item::EVENT, (self.items.len() - start) as u32);
        self.items[start + 2] = layout::pair(nanos, kept);
        self.items[start + 4] = layout::pair(dropped, 0);
    }

    pub(crate) fn add_link(
        &mut self,
        context: &SpanContext,
        attributes: &[(&str, Value<'_>)],
        limits: &Limits,
    ) {
        if self.links >= limits.link_count || self.text.len() > Limits::RECORD_TEXT {
            self.dropped_links += 1;
            return;
        }
        self.links += 1;
        let start = self.items.len();
        let state = self.push_text(context.state.as_str());
        let flags =
            u32::from(context.flags.bits()) | if context.remote { item::LINK_REMOTE } else { 0 };
        self.items.extend_from_slice(&[
            0,
            context.trace_id.high(),
            context.trace_id.low(),
            context.span_id.as_u64(),
            0,
            state,
            0,
        ]);
        let (kept, dropped) = self.write_attributes(attributes, limits.link_attribute_count);
        self.items[start] = layout::pair(item::LINK, (self.items.len() - start) as u32);
        self.items[start + 4] = layout::pair(flags, kept);
        self.items[start + 6] = layout::pair(dropped, 0);
    }

    /// Writes the attributes of an event or a link and returns how many were kept and how many dropped.
    ///
    /// The same rules as for those of a span: an empty key is none, and a key that comes again gives its value to the
    /// place of the first. Other languages pass a map here, where that is so by itself.
    #[inline]
    fn write_attributes(&mut self, attributes: &[(&str, Value<'_>)], limit: u32) -> (u32, u32) {
        let (mut kept, mut dropped) = (0, 0);
        // Only what is kept is compared with, so that a very long list costs no square of its length.
        let mut kept_until = 0;
        for (at, (key, _)) in attributes.iter().enumerate() {
            let is_kept = |(earlier, _): &(&str, Value<'_>)| earlier == key;
            if key.is_empty() || attributes[..kept_until].iter().any(is_kept) {
                continue;
            }
            if kept == limit {
                dropped += 1;
                continue;
            }
            kept += 1;
            kept_until = at + 1;
            if let Some((key, value)) = attributes[at..].iter().rfind(|one| is_kept(one)) {
                let key = self.push_text(key);
                write_attribute(&mut self.items, &mut self.text, key, value);
            }
        }
        (kept, dropped)
    }

    /// How many slots and bytes of text the record will take.
    #[inline]
    pub(crate) fn size(&self, context: &SpanContext) -> (usize, usize) {
        (
            head::SLOTS + self.attributes.len() + self.items.len(),
            self.text.len() + context.state.as_str().len(),
        )
    }

    /// Appends the record to a batch that is being filled.
    #[inline]
    pub(crate) fn append_to(
        &self,
        identity: &Identity<'_>,
        slots: &mut Vec<u64>,
        text: &mut String,
    ) {
        let context = identity.context;
        let base = text.len() as u32;
        let (start_millis, start_nanos) = layout::split_time(identity.start);
        let (end_millis, end_nanos) = layout::split_time(identity.end);
        let state = context.state.as_str();
        let flags = self.flags
            | (u32::from(context.flags.bits() & 3) << flag::TRACE_FLAGS_SHIFT)
            | (flag::VERDICT_SAMPLED << flag::VERDICT_SHIFT)
            | if identity.parent_is_remote {
                flag::PARENT_REMOTE
            } else {
                0
            };
        let length = head::SLOTS + self.attributes.len() + self.items.len();
        let mut record = [0u64; head::SLOTS];
        record[head::LENGTH_FLAGS] = layout::pair(length as u32, flags);
        record[head::TRACE_HIGH] = context.trace_id.high();
        record[head::TRACE_LOW] = context.trace_id.low();
        record[head::SPAN] = context.span_id.as_u64();
        record[head::PARENT] = identity.parent.as_u64();
        record[head::LOCAL_ROOT] = identity.local_root.as_u64();
        record[head::START] = start_millis;
        record[head::END] = end_millis;
        record[head::NANOS] = layout::pair(start_nanos, end_nanos);
        record[head::TRACER_BASE] = layout::pair(identity.tracer, base);
        record[head::NAME] = self.name;
        record[head::STATE] = layout::pair(self.text.len() as u32, state.len() as u32);
        record[head::STATUS] = self.status_description;
        record[head::COUNTS] = layout::pair(self.keys.len() as u32, self.events + self.links);
        record[head::DROPPED] = layout::pair(self.dropped_attributes, self.dropped_events);
        record[head::LINKS_ATTRIBUTES] =
            layout::pair(self.dropped_links, self.attributes.len() as u32);
        slots.extend_from_slice(&record);
        slots.extend_from_slice(&self.attributes);
        slots.extend_from_slice(&self.items);
        text.push_str(&self.text);
        text.push_str(state);
    }

    /// Attributes so far, for reading a live span back.
    pub(crate) fn attributes(&self) -> Vec<(String, OwnedValue)> {
        Attributes::new(&self.attributes, self.keys.len() as u32)
            .to_values(Text::from(self.text.as_str()))
            .unwrap_or_default()
    }

    #[inline]
    fn push_text(&mut self, text: &str) -> u64 {
        push_text(&mut self.text, text)
    }

    #[inline]
    fn text_at(&self, reference: u64) -> &str {
        let (offset, length) = layout::unpair(reference);
        self.text
            .get(offset as usize..offset as usize + length as usize)
            .unwrap_or_default()
    }
}

#[inline(always)]
fn push_text(buffer: &mut String, text: &str) -> u64 {
    let offset = buffer.len() as u32;
    buffer.push_str(text);
    layout::pair(offset, text.len() as u32)
}

/// Writes a key and a value.
#[inline(always)]
fn write_attribute(slots: &mut Vec<u64>, buffer: &mut String, key: u64, value: &Value<'_>) {
    match scalar(buffer, value) {
        Some([kind, value]) => slots.extend_from_slice(&[key, kind, value]),
        None => {
            slots.push(key);
            write_compound(slots, buffer, value, 1);
        }
    }
}

/// The two slots of a value that has no inside.
#[inline(always)]
fn scalar(buffer: &mut String, value: &Value<'_>) -> Option<[u64; 2]> {
    Some(match value {
        Value::Str(text) if buffer.len() + text.len() <= Limits::RECORD_TEXT => {
            [u64::from(kind::STRING), push_text(buffer, text)]
        }
        Value::Int(number) => [u64::from(kind::INT), *number as u64],
        Value::Bool(truth) => [u64::from(kind::BOOL), u64::from(*truth)],
        Value::Double(number) => [u64::from(kind::DOUBLE), number.to_bits()],
        _ => return None,
    })
}

/// Writes a value; what nests deeper than allowed, or would not fit into the record's text, becomes empty.
fn write_value(slots: &mut Vec<u64>, buffer: &mut String, value: &Value<'_>, depth: usize) {
    match scalar(buffer, value) {
        Some(slots_of_scalar) => slots.extend_from_slice(&slots_of_scalar),
        None => write_compound(slots, buffer, value, depth),
    }
}

#[cold]
fn write_compound(slots: &mut Vec<u64>, buffer: &mut String, value: &Value<'_>, depth: usize) {
    match value {
        Value::Bytes(bytes) if slots.len() * 8 + bytes.len() <= Limits::RECORD_TEXT => {
            slots.push(layout::pair(kind::BYTES, bytes.len() as u32));
            slots.extend(bytes.chunks(8).map(|chunk| {
                let mut slot = [0u8; 8];
                slot[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(slot)
            }));
        }
        Value::Array(values) if depth < Value::MAX_DEPTH => {
            slots.push(layout::pair(kind::ARRAY, values.len() as u32));
            for value in values {
                write_value(slots, buffer, value, depth + 1);
            }
        }
        Value::Map(members) if depth < Value::MAX_DEPTH => {
            let last = |at: usize| {
                !members[at + 1..]
                    .iter()
                    .any(|(key, _)| *key == members[at].0)
            };
            let kept = (0..members.len()).filter(|&at| last(at));
            slots.push(layout::pair(kind::MAP, kept.clone().count() as u32));
            for (key, value) in kept.map(|at| &members[at]) {
                slots.push(push_text(buffer, key));
                write_value(slots, buffer, value, depth + 1);
            }
        }
        _ => slots.extend_from_slice(&[u64::from(kind::EMPTY), 0]),
    }
}

/// Tells different keys apart most of the time; equal hashes are compared in full.
#[inline(always)]
fn key_hash(key: &str) -> u32 {
    let bytes = key.as_bytes();
    match *bytes {
        [] => 0,
        [first, .., last] => {
            let middle = bytes[bytes.len() / 2];
            ((bytes.len() as u32) << 24)
                ^ (u32::from(first) << 16)
                ^ (u32::from(middle) << 8)
                ^ u32::from(last)
        }
        [only] => u32::from(only),
    }
}
