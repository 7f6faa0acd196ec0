//! Encodes one record as an OTLP `Span`.
//!
//! Source: opentelemetry-proto 1.11, `trace.proto`.

use super::values::{Policy, Scratch, Source};
use super::wire::Wire;
use crate::propagate::marks;
use crate::trace::{BatchError, Item, OwnedScope, Record, text_budget};

/// Flags beyond W3C's: whether the parent's or link's remoteness is known, and what it is.
const HAS_IS_REMOTE: u32 = 1 << 8;
const IS_REMOTE: u32 = 1 << 9;

impl Policy<'_> {
    pub(super) fn scope(&self, wire: &mut Wire, scope: &OwnedScope) {
        let open = wire.open(1);
        wire.text(1, &self.redactor.text(&scope.name, self.counts));
        wire.text(2, &scope.version);
        for (key, value) in &scope.attributes {
            self.owned_attribute(wire, 3, key, value);
        }
        wire.close(open);
    }

    #[inline]
    pub(super) fn span(
        &self,
        wire: &mut Wire,
        record: &Record<'_>,
        scratch: &mut Scratch,
    ) -> Result<(), BatchError> {
        if !record.trace_id().is_valid() || !record.span_id().is_valid() {
            return Err(BatchError::Malformed);
        }
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
        let mut has_links = false;
        for item in record.items() {
            let item = item?;
            has_links |= matches!(item, Item::Link { .. });
            self.event(wire, &item, source)?;
        }
        wire.number(12, u64::from(record.dropped_events()));
        if has_links {
            for item in record.items() {
                self.link(wire, &item?, source)?;
            }
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
        wire.text(field, &marks::exported(state));
        Ok(())
    }

    /// A name or description; left out when it is empty.
    #[inline]
    pub(super) fn text(
        &self,
        wire: &mut Wire,
        field: u32,
        reference: u64,
        source: &mut Source<'_, '_>,
    ) -> Result<(), BatchError> {
        let text = source
            .text
            .get(reference, &mut source.scratch.value, &mut source.budget)?;
        wire.text(field, &self.redactor.text(text, self.counts));
        Ok(())
    }
}

#[inline]
fn context_flags(w3c: u8, remote: bool) -> u32 {
    u32::from(w3c) | HAS_IS_REMOTE | if remote { IS_REMOTE } else { 0 }
}
