//! Encodes records as an OTLP `ExportTraceServiceRequest`: redact, cut, write.
//!
//! Straight from the record to the wire, without structs in between. Fields stand in the order of their numbers;
//! `ScopeSpans` in the order in which their tracers were made; spans in the order in which they ended.
//!
//! Source: opentelemetry-proto 1.11, `trace.proto`, `common.proto`, `resource.proto`.

use super::values::{Policy, Scratch};
use super::wire::Wire;
use crate::redact::{Counts, Redactor};
use crate::resource::Resource;
use crate::trace::{Batch, OwnedScope};
use bytes::Bytes;

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

impl<'p> Encoder<'p> {
    /// `resource` is that of every request; its attributes are redacted too.
    pub(crate) fn new(
        redactor: &'p Redactor,
        value_length: Option<u32>,
        scopes: &'p boxcar::Vec<OwnedScope>,
        resource: &Resource,
        counts: &Counts,
    ) -> Self {
        let policy = Policy {
            redactor,
            counts,
            value_length: None,
        };
        let mut wire = Wire::default();
        let open = wire.open(1);
        for (key, value) in resource.attributes() {
            policy.owned_attribute(&mut wire, 1, key, value);
        }
        wire.close(open);
        // Of what stands in the same message the order is free.
        wire.text(3, resource.schema_url());
        Self {
            redactor,
            value_length: value_length.map(|length| length as usize),
            scopes,
            resource: wire.0,
            wire: Wire::default(),
            places: Vec::new(),
            scratch: Scratch::new(),
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
