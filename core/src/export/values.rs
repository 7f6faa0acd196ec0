//! Encodes attributes as OTLP `KeyValue`s: redact, cut, write.
//!
//! Source: opentelemetry-proto 1.11, `common.proto`.

use super::depth::{self, Depth};
use super::key_cache::KeyCache;
use super::wire::Wire;
use crate::redact::{Counts, KeyClass, Redactor};
use crate::trace::{Attributes, BatchError, Cursor, OwnedValue, Scalar, Text, Value, unpack};
use std::borrow::Cow;

/// What writing values needs: policy, text, and the counts it leads to.
pub(super) struct Policy<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) counts: &'a Counts,
    pub(super) value_length: Option<usize>,
}

/// What reading one record needs: its text, how much of it may still be referred to, and room to decode into.
pub(super) struct Source<'a, 's> {
    pub(super) text: Text<'a>,
    pub(super) budget: usize,
    pub(super) scratch: &'s mut Scratch,
}

/// Room to decode into, and what is remembered of keys.
pub(super) struct Scratch {
    pub(super) keys: KeyCache,
    pub(super) key: String,
    pub(super) value: String,
}

impl Scratch {
    pub(super) fn new() -> Self {
        Self {
            keys: KeyCache::new(),
            key: String::new(),
            value: String::new(),
        }
    }
}

impl Policy<'_> {
    #[inline]
    pub(super) fn attributes(
        &self,
        wire: &mut Wire,
        field: u32,
        mut attributes: Attributes<'_>,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        for _ in 0..attributes.count {
            let open = wire.open(field);
            self.member(wire, &mut attributes.cursor, source, Depth::ATTRIBUTE)?;
            wire.close(open);
        }
        Ok(())
    }

    /// A key and its value: the content of a `KeyValue`.
    #[inline(always)]
    fn member(
        &self,
        wire: &mut Wire,
        cursor: &mut Cursor<'_>,
        source: &mut Source<'_, '_>,
        depth: Depth,
    ) -> Result<(), BatchError> {
        let key = source
            .text
            .get(cursor.key()?, &mut source.scratch.key, &mut source.budget)?;
        let known = if self.redactor.is_off() {
            Some(KeyClass::Safe)
        } else {
            source.scratch.keys.class_of_clean(key, self.redactor)
        };
        let class = match known {
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
        if class == KeyClass::Secret {
            self.secret(wire, cursor, source, depth)?;
        } else {
            self.value(wire, class, cursor, source, depth)?;
        }
        wire.close(open);
        Ok(())
    }

    /// The content of an `AnyValue` under the name of a secret.
    #[inline(never)]
    fn secret(
        &self,
        wire: &mut Wire,
        cursor: &mut Cursor<'_>,
        source: &mut Source<'_, '_>,
        depth: Depth,
    ) -> Result<(), BatchError> {
        let mut ahead = *cursor;
        if let Scalar::Text(reference) = ahead.value()? {
            *cursor = ahead;
            let value =
                source
                    .text
                    .get(reference, &mut source.scratch.value, &mut source.budget)?;
            self.text_value(wire, self.redactor.secret_text(value, self.counts));
        } else {
            skip(cursor, depth.level())?;
            self.text_value(wire, self.redactor.secret(self.counts));
        }
        Ok(())
    }

    /// The content of an `AnyValue` under a key of this class.
    #[inline(always)]
    fn value(
        &self,
        wire: &mut Wire,
        class: KeyClass,
        cursor: &mut Cursor<'_>,
        source: &mut Source<'_, '_>,
        depth: Depth,
    ) -> Result<(), BatchError> {
        let before = *cursor;
        match cursor.value()? {
            Scalar::Text(reference) => {
                let value =
                    source
                        .text
                        .get(reference, &mut source.scratch.value, &mut source.budget)?;
                self.scanned_value(wire, class, value);
            }
            Scalar::Int(number) => self.int_value(wire, class, number),
            Scalar::Bool(truth) => wire.number_always(2, u64::from(truth)),
            Scalar::Double(number) => wire.fixed64(4, double_bits(number)),
            Scalar::Empty => {}
            Scalar::Decimal(number) => self.scanned_value(wire, class, &format!("{number:.0}")),
            Scalar::Bytes(slots, length) => {
                self.bytes_value(wire, class, &unpack(slots, length));
            }
            Scalar::Array(count) => match depth.in_list() {
                Some(inside) => self.array(wire, class, count, cursor, source, inside)?,
                None => self.json(wire, cursor, before, source, depth)?,
            },
            Scalar::Map(count) => match depth.in_map() {
                Some(inside) => self.map(wire, count, cursor, source, inside)?,
                None => self.json(wire, cursor, before, source, depth)?,
            },
        }
        Ok(())
    }

    /// The content of an array.
    #[inline(never)]
    fn array(
        &self,
        wire: &mut Wire,
        class: KeyClass,
        count: u32,
        cursor: &mut Cursor<'_>,
        source: &mut Source<'_, '_>,
        inside: Depth,
    ) -> Result<(), BatchError> {
        let open = wire.open(5);
        for _ in 0..count {
            let element = wire.open(1);
            self.value(wire, class, cursor, source, inside)?;
            wire.close(element);
        }
        wire.close(open);
        Ok(())
    }

    /// The content of a map, which goes by the names of its own members.
    #[inline(never)]
    fn map(
        &self,
        wire: &mut Wire,
        count: u32,
        cursor: &mut Cursor<'_>,
        source: &mut Source<'_, '_>,
        inside: Depth,
    ) -> Result<(), BatchError> {
        let open = wire.open(6);
        for _ in 0..count {
            let member = wire.open(1);
            self.member(wire, cursor, source, inside)?;
            wire.close(member);
        }
        wire.close(open);
        Ok(())
    }

    /// A list or a map that lies too deep for the readers of requests: as JSON text. It is read again from `before` on.
    #[cold]
    fn json<'c>(
        &self,
        wire: &mut Wire,
        cursor: &mut Cursor<'c>,
        before: Cursor<'c>,
        source: &mut Source<'_, '_>,
        depth: Depth,
    ) -> Result<(), BatchError> {
        *cursor = before;
        let value = cursor.owned(source.text, &mut source.budget, depth.level())?;
        // Whatever its key: the names of the members are in the text now.
        self.scanned_value(wire, KeyClass::Scan, &depth::json(&value));
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
    pub(super) fn owned_attribute(
        &self,
        wire: &mut Wire,
        field: u32,
        key: &str,
        value: &OwnedValue,
    ) {
        self.owned_member(wire, field, key, value, Depth::ATTRIBUTE);
    }

    fn owned_member(
        &self,
        wire: &mut Wire,
        field: u32,
        key: &str,
        value: &OwnedValue,
        depth: Depth,
    ) {
        let open = wire.open(field);
        wire.text(1, &self.redactor.text(key, self.counts));
        let inner = wire.open(2);
        match self.redactor.key_class(key) {
            KeyClass::Secret => self.text_value(wire, self.redactor.secret(self.counts)),
            class => self.owned_value(wire, class, value, depth),
        }
        wire.close(inner);
        wire.close(open);
    }

    fn owned_value(&self, wire: &mut Wire, class: KeyClass, value: &OwnedValue, depth: Depth) {
        let inside = match value {
            OwnedValue::Array(_) => depth.in_list(),
            OwnedValue::Map(_) => depth.in_map(),
            _ => Some(depth),
        };
        let Some(inside) = inside else {
            return self.scanned_value(wire, KeyClass::Scan, &depth::json(value));
        };
        match value {
            OwnedValue::Empty => {}
            OwnedValue::Bool(truth) => wire.number_always(2, u64::from(*truth)),
            OwnedValue::Int(number) => self.int_value(wire, class, *number),
            OwnedValue::Double(number) => wire.fixed64(4, double_bits(*number)),
            OwnedValue::Str(text) => self.scanned_value(wire, class, text),
            OwnedValue::Bytes(bytes) => self.bytes_value(wire, class, bytes),
            OwnedValue::Array(values) => {
                let open = wire.open(5);
                for value in values {
                    let element = wire.open(1);
                    self.owned_value(wire, class, value, inside);
                    wire.close(element);
                }
                wire.close(open);
            }
            OwnedValue::Map(members) => {
                let open = wire.open(6);
                for (key, value) in members {
                    self.owned_member(wire, 1, key, value, inside);
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

/// Hosts differ in sign and payload of what is not a number; it is sent as one.
#[inline]
fn double_bits(number: f64) -> u64 {
    if number.is_nan() {
        f64::NAN.to_bits()
    } else {
        number.to_bits()
    }
}
