//! Reads span batches (`docs/span-batch.md`): what a binding submitted, or what the core's own recorders wrote.
//!
//! Nothing here trusts a number that it reads: every length, count, offset and depth is checked against what is there.

use super::{SpanId, SpanKind, TraceId, Value};
use std::borrow::Cow;
use std::fmt;

use super::layout::{self, flag, head, item, kind, unpair};

/// How much text one record may refer to, all references added up.
const MAX_RECORD_TEXT: usize = 16 << 20;

/// Why a batch or a record was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// The first slot is not the magic number and version of this core.
    Version {
        /// What stands there.
        found: u32,
    },
    /// The text encoding is none of 0, 1, 2.
    Encoding {
        /// What stands there.
        found: u32,
    },
    /// Slots end before the record they belong to.
    Truncated,
    /// A reference points outside the text.
    TextRange,
    /// A type, tag, flag or length that the format does not have.
    Malformed,
    /// Values nest deeper than 64.
    TooDeep,
    /// One record refers to more than 16 MiB of text.
    TooMuchText,
    /// The batch is larger than the memory budget.
    TooLarge,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => write!(
                f,
                "span batch starts with {found:#010x}; it must start with {:#010x} (format version 1)",
                layout::MAGIC
            ),
            Self::Encoding { found } => write!(
                f,
                "span batch names text encoding {found}; it must be 0 (UTF-8), 1 (UTF-16LE) or 2 (Latin-1)"
            ),
            Self::Truncated => f.write_str("span batch ends inside a record"),
            Self::TextRange => f.write_str("span batch refers to text outside its text buffer"),
            Self::Malformed => {
                f.write_str("span batch holds a type, tag or length that the format does not have")
            }
            Self::TooDeep => f.write_str("span batch nests values deeper than 64"),
            Self::TooMuchText => {
                f.write_str("a record of the span batch refers to more than 16 MiB of text")
            }
            Self::TooLarge => f.write_str("span batch is larger than the memory budget"),
        }
    }
}

impl std::error::Error for BatchError {}

/// How a batch's text is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// UTF-8 that the core's own recorders wrote, so it is well-formed.
    Own,
    Utf8,
    Utf16,
    Latin1,
}

/// A batch: two buffers and what its header says.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) slots: Vec<u64>,
    pub(crate) text: Vec<u8>,
    pub(crate) records: u32,
    pub(crate) encoding: Encoding,
}

impl Batch {
    /// Reads the header. The records are checked when they are read.
    pub(crate) fn open(slots: Vec<u64>, text: Vec<u8>) -> Result<Batch, BatchError> {
        let [first, second, ..] = *slots.as_slice() else {
            return Err(BatchError::Truncated);
        };
        let (magic, encoding) = unpair(first);
        if magic != layout::MAGIC {
            return Err(BatchError::Version { found: magic });
        }
        let encoding = match encoding {
            0 => Encoding::Utf8,
            1 => Encoding::Utf16,
            2 => Encoding::Latin1,
            found => return Err(BatchError::Encoding { found }),
        };
        let (records, _policy_epoch) = unpair(second);
        // A record takes at least its head, so a larger claim is false.
        let most = (slots.len() - layout::HEADER) / head::SLOTS;
        if records as usize > most {
            return Err(BatchError::Truncated);
        }
        Ok(Batch {
            slots,
            text,
            records,
            encoding,
        })
    }

    /// Memory held by the two buffers.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * 8 + self.text.capacity()
    }

    /// The record that starts at `slot`.
    #[inline]
    pub(crate) fn record(&self, slot: usize) -> Result<Record<'_>, BatchError> {
        let rest = self.slots.get(slot..).ok_or(BatchError::Truncated)?;
        let &length_flags = rest.first().ok_or(BatchError::Truncated)?;
        let (length, flags) = unpair(length_flags);
        let slots = rest.get(..length as usize).ok_or(BatchError::Truncated)?;
        let head: &[u64; head::SLOTS] = slots.first_chunk().ok_or(BatchError::Malformed)?;
        let (_, attribute_slots) = unpair(head[head::LINKS_ATTRIBUTES]);
        let body = &slots[head::SLOTS..];
        let attributes = body
            .get(..attribute_slots as usize)
            .ok_or(BatchError::Malformed)?;
        let (tracer, base) = unpair(head[head::TRACER_BASE]);
        Ok(Record {
            head,
            flags,
            tracer,
            attributes,
            items: &body[attribute_slots as usize..],
            text: Text {
                bytes: &self.text,
                encoding: self.encoding,
                base,
            },
        })
    }
}

/// The text to which a record refers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    base: u32,
}

impl<'a> Text<'a> {
    pub(crate) fn utf8(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            encoding: Encoding::Own,
            base: 0,
        }
    }

    /// The string of a reference, in UTF-8; what is ill-formed is replaced by U+FFFD. `budget` is how much text the
    /// record may still refer to.
    #[inline]
    pub(crate) fn get<'s>(
        &self,
        reference: u64,
        scratch: &'s mut String,
        budget: &mut usize,
    ) -> Result<&'s str, BatchError>
    where
        'a: 's,
    {
        let bytes = self.bytes(reference, budget)?;
        match self.encoding {
            Encoding::Own | Encoding::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => return Ok(text),
                Err(_) => {
                    scratch.clear();
                    scratch.push_str(&String::from_utf8_lossy(bytes));
                }
            },
            Encoding::Latin1 => {
                scratch.clear();
                scratch.extend(bytes.iter().map(|&byte| char::from(byte)));
            }
            Encoding::Utf16 => decode_utf16(bytes, scratch),
        }
        Ok(scratch)
    }

    /// The bytes of a reference, if they are known to be well-formed UTF-8: no need to look at them.
    #[inline]
    pub(crate) fn own(
        &self,
        reference: u64,
        budget: &mut usize,
    ) -> Result<Option<&'a [u8]>, BatchError> {
        match self.encoding {
            Encoding::Own => self.bytes(reference, budget).map(Some),
            _ => Ok(None),
        }
    }

    #[inline]
    fn bytes(&self, reference: u64, budget: &mut usize) -> Result<&'a [u8], BatchError> {
        let (offset, length) = unpair(reference);
        if length == 0 {
            return Ok(&[]);
        }
        let unit = if self.encoding == Encoding::Utf16 {
            2
        } else {
            1
        };
        let start = (self.base as usize + offset as usize) * unit;
        let bytes = self
            .bytes
            .get(start..start + length as usize * unit)
            .ok_or(BatchError::TextRange)?;
        *budget = budget
            .checked_sub(bytes.len())
            .ok_or(BatchError::TooMuchText)?;
        Ok(bytes)
    }
}

/// Names, keys and most values are ASCII, which needs no decoding; the rest goes the standard way.
fn decode_utf16(bytes: &[u8], out: &mut String) {
    out.clear();
    let units = || {
        bytes
            .chunks_exact(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
    };
    if units().all(|unit| unit < 0x80) {
        out.extend(units().map(|unit| char::from(unit as u8)));
    } else {
        out.extend(char::decode_utf16(units()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
}

/// One finished span, read in place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    head: &'a [u64; head::SLOTS],
    flags: u32,
    tracer: u32,
    attributes: &'a [u64],
    items: &'a [u64],
    text: Text<'a>,
}

impl<'a> Record<'a> {
    #[inline]
    pub(crate) fn slots(&self) -> usize {
        unpair(self.head[head::LENGTH_FLAGS]).0 as usize
    }

    #[inline]
    pub(crate) fn tracer(&self) -> u32 {
        self.tracer
    }

    #[inline]
    pub(crate) fn is_sampled(&self) -> bool {
        (self.flags >> flag::VERDICT_SHIFT) & 3 == flag::VERDICT_SAMPLED
    }

    #[inline]
    pub(crate) fn trace_id(&self) -> TraceId {
        TraceId::from_parts(self.head[head::TRACE_HIGH], self.head[head::TRACE_LOW])
    }

    #[inline]
    pub(crate) fn span_id(&self) -> SpanId {
        SpanId::from_u64(self.head[head::SPAN])
    }

    #[inline]
    pub(crate) fn parent_id(&self) -> SpanId {
        SpanId::from_u64(self.head[head::PARENT])
    }

    /// The span id of the local root; with [`is_last_of_local_trace`](Self::is_last_of_local_trace) what segments go by.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by segments, which come with error-keeping")
    )]
    pub(crate) fn local_root(&self) -> SpanId {
        SpanId::from_u64(self.head[head::LOCAL_ROOT])
    }

    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by segments, which come with error-keeping")
    )]
    pub(crate) fn is_last_of_local_trace(&self) -> bool {
        self.flags & flag::LAST_OF_LOCAL_TRACE != 0
    }

    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "read by segments, which come with error-keeping")
    )]
    pub(crate) fn threshold(&self) -> Option<u64> {
        (self.flags & flag::HAS_THRESHOLD != 0).then_some(self.head[head::THRESHOLD])
    }

    #[inline]
    pub(crate) fn kind(&self) -> SpanKind {
        SpanKind::from_number(self.flags & flag::KIND_MASK)
    }

    /// 0 unset, 1 ok, 2 error.
    #[inline]
    pub(crate) fn status(&self) -> u32 {
        (self.flags >> flag::STATUS_SHIFT) & 3
    }

    #[inline]
    pub(crate) fn trace_flags(&self) -> u8 {
        ((self.flags >> flag::TRACE_FLAGS_SHIFT) & 3) as u8
    }

    #[inline]
    pub(crate) fn parent_is_remote(&self) -> bool {
        self.flags & flag::PARENT_REMOTE != 0
    }

    #[inline]
    pub(crate) fn start(&self) -> u64 {
        join_time(self.head[head::START], unpair(self.head[head::NANOS]).0)
    }

    #[inline]
    pub(crate) fn end(&self) -> u64 {
        join_time(self.head[head::END], unpair(self.head[head::NANOS]).1)
    }

    #[inline]
    pub(crate) fn name(&self) -> u64 {
        self.head[head::NAME]
    }

    #[inline]
    pub(crate) fn trace_state(&self) -> u64 {
        self.head[head::STATE]
    }

    #[inline]
    pub(crate) fn status_description(&self) -> u64 {
        self.head[head::STATUS]
    }

    pub(crate) fn dropped_attributes(&self) -> u32 {
        unpair(self.head[head::DROPPED]).0
    }

    pub(crate) fn dropped_events(&self) -> u32 {
        unpair(self.head[head::DROPPED]).1
    }

    pub(crate) fn dropped_links(&self) -> u32 {
        unpair(self.head[head::LINKS_ATTRIBUTES]).0
    }

    #[inline]
    pub(crate) fn text(&self) -> Text<'a> {
        self.text
    }

    #[inline]
    pub(crate) fn attributes(&self) -> Attributes<'a> {
        Attributes {
            count: unpair(self.head[head::COUNTS]).0,
            cursor: Cursor(self.attributes),
        }
    }

    /// Events and links.
    #[inline]
    pub(crate) fn items(&self) -> Items<'a> {
        Items {
            left: unpair(self.head[head::COUNTS]).1,
            cursor: Cursor(self.items),
        }
    }
}

fn join_time(millis: u64, nanos: u32) -> u64 {
    let millis = f64::from_bits(millis);
    // `as` saturates: a negative, endless or absent time becomes 0 or the largest that fits.
    (millis as u64)
        .saturating_mul(1_000_000)
        .saturating_add(u64::from(nanos))
}

/// Slots that are read from front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(&'a [u64]);

impl<'a> Cursor<'a> {
    #[inline]
    fn take(&mut self) -> Result<u64, BatchError> {
        let (&first, rest) = self.0.split_first().ok_or(BatchError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }

    #[inline]
    fn take_many(&mut self, count: usize) -> Result<&'a [u64], BatchError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(BatchError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next value's outside: for an array or map, what is inside follows at this cursor.
    #[inline]
    pub(crate) fn value(&mut self) -> Result<Scalar<'a>, BatchError> {
        let (tag, extra) = unpair(self.take()?);
        Ok(match tag {
            kind::STRING => Scalar::Text(self.take()?),
            kind::INT => Scalar::Int(self.take()? as i64),
            kind::BOOL => Scalar::Bool(self.take()? != 0),
            kind::DOUBLE => Scalar::Double(f64::from_bits(self.take()?)),
            kind::NUMBER => number(f64::from_bits(self.take()?)),
            kind::EMPTY => {
                self.take()?;
                Scalar::Empty
            }
            kind::BYTES => {
                let length = extra as usize;
                Scalar::Bytes(self.take_many(length.div_ceil(8))?, length)
            }
            kind::ARRAY => Scalar::Array(extra),
            kind::MAP => Scalar::Map(extra),
            _ => return Err(BatchError::Malformed),
        })
    }

    /// A key's reference.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<u64, BatchError> {
        self.take()
    }
}

/// A value of a host that has one type for all numbers.
///
/// Source: OpenTelemetry specification, "Mapping Arbitrary Data to OTLP AnyValue": integral values are ints, those
/// outside int64 are strings.
fn number(value: f64) -> Scalar<'static> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() != 0.0 || !value.is_finite() || (value == 0.0 && value.is_sign_negative()) {
        Scalar::Double(value)
    } else if (-BEYOND..BEYOND).contains(&value) {
        Scalar::Int(value as i64)
    } else {
        Scalar::Decimal(value)
    }
}

/// What a value slot says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Empty,
    Bool(bool),
    Int(i64),
    Double(f64),
    /// A reference.
    Text(u64),
    /// An integral number outside int64, to be written in decimal.
    Decimal(f64),
    /// Slots that hold bytes, and how many bytes count.
    Bytes(&'a [u64], usize),
    /// So many values follow.
    Array(u32),
    /// So many keys with values follow.
    Map(u32),
}

/// Attributes, to be read in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a> {
    pub(crate) count: u32,
    pub(crate) cursor: Cursor<'a>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(slots: &'a [u64], count: u32) -> Self {
        Self {
            count,
            cursor: Cursor(slots),
        }
    }

    /// Owned copies, for reading a live span back.
    pub(crate) fn to_values(
        mut self,
        text: Text<'a>,
    ) -> Result<Vec<(String, super::OwnedValue)>, BatchError> {
        let mut budget = MAX_RECORD_TEXT;
        (0..self.count)
            .map(|_| {
                let key = text
                    .get(self.cursor.key()?, &mut String::new(), &mut budget)?
                    .to_owned();
                Ok((key, owned(&mut self.cursor, text, &mut budget, 1)?))
            })
            .collect()
    }
}

fn owned(
    cursor: &mut Cursor<'_>,
    text: Text<'_>,
    budget: &mut usize,
    depth: usize,
) -> Result<super::OwnedValue, BatchError> {
    use super::OwnedValue as Owned;
    if depth > Value::MAX_DEPTH {
        return Err(BatchError::TooDeep);
    }
    let mut string = |reference| -> Result<String, BatchError> {
        Ok(text.get(reference, &mut String::new(), budget)?.to_owned())
    };
    Ok(match cursor.value()? {
        Scalar::Empty => Owned::Empty,
        Scalar::Bool(value) => Owned::Bool(value),
        Scalar::Int(value) => Owned::Int(value),
        Scalar::Double(value) => Owned::Double(value),
        Scalar::Text(reference) => Owned::Str(string(reference)?),
        Scalar::Decimal(value) => Owned::Str(format!("{value:.0}")),
        Scalar::Bytes(slots, length) => Owned::Bytes(unpack(slots, length).into_owned()),
        Scalar::Array(count) => Owned::Array(
            (0..count)
                .map(|_| owned(cursor, text, budget, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        Scalar::Map(count) => Owned::Map(
            (0..count)
                .map(|_| {
                    let key = text
                        .get(cursor.key()?, &mut String::new(), budget)?
                        .to_owned();
                    Ok((key, owned(cursor, text, budget, depth + 1)?))
                })
                .collect::<Result<_, _>>()?,
        ),
    })
}

/// The bytes that slots hold.
pub(crate) fn unpack(slots: &[u64], length: usize) -> Cow<'_, [u8]> {
    let mut bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.to_le_bytes()).collect();
    bytes.truncate(length);
    Cow::Owned(bytes)
}

/// How much text a record may refer to, to start a reading with.
pub(crate) fn text_budget() -> usize {
    MAX_RECORD_TEXT
}

/// Events and links in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Items<'a> {
    left: u32,
    cursor: Cursor<'a>,
}

/// An event or a link.
#[derive(Clone, Debug)]
pub(crate) enum Item<'a> {
    Event {
        time: u64,
        name: u64,
        dropped_attributes: u32,
        attributes: Attributes<'a>,
    },
    Link {
        trace_id: TraceId,
        span_id: SpanId,
        flags: u8,
        remote: bool,
        state: u64,
        dropped_attributes: u32,
        attributes: Attributes<'a>,
    },
}

impl<'a> Iterator for Items<'a> {
    type Item = Result<Item<'a>, BatchError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        Some(self.read())
    }
}

impl<'a> Items<'a> {
    fn read(&mut self) -> Result<Item<'a>, BatchError> {
        let &first = self.cursor.0.first().ok_or(BatchError::Truncated)?;
        let (tag, length) = unpair(first);
        let slots = self.cursor.take_many(length as usize)?;
        match (tag, slots) {
            (item::EVENT, &[_, millis, nanos_count, name, dropped, ref rest @ ..]) => {
                let (nanos, count) = unpair(nanos_count);
                Ok(Item::Event {
                    time: join_time(millis, nanos),
                    name,
                    dropped_attributes: unpair(dropped).0,
                    attributes: Attributes {
                        count,
                        cursor: Cursor(rest),
                    },
                })
            }
            (
                item::LINK,
                &[
                    _,
                    high,
                    low,
                    span,
                    flags_count,
                    state,
                    dropped,
                    ref rest @ ..,
                ],
            ) => {
                let (flags, count) = unpair(flags_count);
                Ok(Item::Link {
                    trace_id: TraceId::from_parts(high, low),
                    span_id: SpanId::from_u64(span),
                    flags: flags as u8,
                    remote: flags & item::LINK_REMOTE != 0,
                    state,
                    dropped_attributes: unpair(dropped).0,
                    attributes: Attributes {
                        count,
                        cursor: Cursor(rest),
                    },
                })
            }
            _ => Err(BatchError::Malformed),
        }
    }
}
