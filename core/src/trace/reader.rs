//! Reads records of a span batch in place.

use super::batch::BatchError;
use super::layout::{flag, head, item, unpair};
use super::text::Text;
use super::values::{Attributes, Cursor};
use super::{SpanId, SpanKind, TraceId};

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
    /// The record at the beginning of `slots`.
    #[inline]
    pub(crate) fn open(slots: &'a [u64], text: Text<'a>) -> Result<Self, BatchError> {
        let &length_flags = slots.first().ok_or(BatchError::Truncated)?;
        let (length, flags) = unpair(length_flags);
        let slots = slots.get(..length as usize).ok_or(BatchError::Truncated)?;
        let head: &[u64; head::SLOTS] = slots.first_chunk().ok_or(BatchError::Malformed)?;
        let (_, attribute_slots) = unpair(head[head::LINKS_ATTRIBUTES]);
        let (attributes, items) = slots[head::SLOTS..]
            .split_at_checked(attribute_slots as usize)
            .ok_or(BatchError::Malformed)?;
        let (tracer, base) = unpair(head[head::TRACER_BASE]);
        Ok(Record {
            head,
            flags,
            tracer,
            attributes,
            items,
            text: text.at(base),
        })
    }

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
        Attributes::new(self.attributes, unpair(self.head[head::COUNTS]).0)
    }

    /// Events and links.
    #[inline]
    pub(crate) fn items(&self) -> Items<'a> {
        Items {
            left: unpair(self.head[head::COUNTS]).1,
            cursor: Cursor::new(self.items),
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
        let &first = self.cursor.peek().ok_or(BatchError::Truncated)?;
        let (tag, length) = unpair(first);
        let slots = self.cursor.take_many(length as usize)?;
        match (tag, slots) {
            (item::EVENT, &[_, millis, nanos_count, name, dropped, ref rest @ ..]) => {
                let (nanos, count) = unpair(nanos_count);
                Ok(Item::Event {
                    time: join_time(millis, nanos),
                    name,
                    dropped_attributes: unpair(dropped).0,
                    attributes: Attributes::new(rest, count),
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
                    attributes: Attributes::new(rest, count),
                })
            }
            _ => Err(BatchError::Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::pair;
    use super::*;

    fn record(flags: u32) -> Vec<u64> {
        let mut slots = vec![0; head::SLOTS];
        slots[head::LENGTH_FLAGS] = pair(head::SLOTS as u32, flags);
        slots[head::LOCAL_ROOT] = 0x4142;
        slots[head::THRESHOLD] = 0x00c0_0000_0000_0000;
        slots
    }

    #[test]
    fn a_record_carries_what_segments_will_go_by() {
        let slots = record(flag::LAST_OF_LOCAL_TRACE | flag::HAS_THRESHOLD);
        let read = Record::open(&slots, Text::from("")).unwrap();
        assert_eq!(read.local_root(), SpanId::from_u64(0x4142));
        assert!(read.is_last_of_local_trace());
        assert_eq!(read.threshold(), Some(0x00c0_0000_0000_0000));
    }

    #[test]
    fn without_its_flag_a_threshold_is_none() {
        let slots = record(0);
        let read = Record::open(&slots, Text::from("")).unwrap();
        assert!(!read.is_last_of_local_trace());
        assert_eq!(read.threshold(), None);
    }
}
