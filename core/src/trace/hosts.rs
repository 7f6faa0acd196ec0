//! What a host asks that keeps its spans until they have ended (Node.js, .NET, Unity): limits, verdicts, ids, and the way back.

use super::batch::{Batch, BatchError};
use super::provider::Provider;
use super::{Limits, SpanId, TraceId};
use crate::sample::{Candidate, Decision, Mask};
use crate::stats::DropCause;

impl Provider {
    /// How much a span may hold.
    pub fn limits(&self) -> &'static Limits {
        &self.inner.policy.limits
    }

    /// What the sampler must be asked, and how often: see [`Mask`].
    pub fn sampling_mask(&self) -> Mask {
        self.inner.policy.mask
    }

    /// Numbers the policy that is in force; batches carry it.
    pub fn policy_epoch(&self) -> u32 {
        1
    }

    /// The head verdict for a span that a host keeps itself.
    pub fn sample(&self, candidate: &Candidate<'_>) -> Decision {
        self.inner.sample(candidate)
    }

    /// A new trace id.
    pub fn new_trace_id(&self) -> TraceId {
        self.inner.ids.trace_id()
    }

    /// A new span id.
    pub fn new_span_id(&self) -> SpanId {
        self.inner.ids.span_id()
    }

    /// Empty buffers for the next batch, used before if there are some.
    pub fn buffers(&self) -> (Vec<u64>, Vec<u8>) {
        self.pipeline().take_buffers()
    }

    /// Submits a span batch (`docs/span-batch.md`) and returns how many records it claims. The records are read on the
    /// worker; those that turn out wrong are counted as `dropped{invalid}`.
    ///
    /// # Errors
    ///
    /// The batch's header is wrong; nothing was taken.
    pub fn submit(&self, slots: Vec<u64>, text: Vec<u8>) -> Result<u32, BatchError> {
        let batch = Batch::open(slots, text)?;
        let records = batch.records;
        if !self.inner.disabled {
            self.pipeline().submit(self.inner, batch);
        }
        Ok(records)
    }

    /// Counts spans that a host has started and keeps itself.
    pub fn count_started(&self, number: u64) {
        let local = self.local();
        local.started.add(number);
        local.live.add(number);
    }

    /// Counts spans that ended in a host which keeps them itself, before they are submitted.
    pub fn count_ended(&self, number: u64) {
        let local = self.local();
        local.ended.add(number);
        local.live.subtract(number);
    }

    /// Counts spans that a host dropped before they could be submitted.
    pub fn count_dropped(&self, cause: DropCause, number: u64) {
        self.pipeline().counters.dropped(cause, number);
    }

    /// Counts ended spans that a host kept back because they were not sampled.
    pub fn count_sampled_out(&self, number: u64) {
        self.local().sampled_out.add(number);
    }
}
