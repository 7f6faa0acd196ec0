//! The head verdict: whether a span is recorded and exported, decided when it starts.
//!
//! | sampler | name in `OTEL_TRACES_SAMPLER` | in configuration files | file |
//! |---|---|---|---|
//! | one verdict for all | `always_on`, `always_off` | the same | [`always`] |
//! | a share of all traces, by trace id | `traceidratio` | `trace_id_ratio_based` | [`ratio`] |
//! | a share of all traces, told to every stage by `ot=th` | | `probability/development` | [`probability`] |
//! | the parent's verdict; at a root that of another sampler | `parentbased_…` | `parent_based` | [`parent`] |
//! | nothing dropped, only not exported | | `always_record` | [`always`] |
//! | several that work together: rules, thresholds of parents | | `composite/development` | [`composite`], [`rule`] |
//! | the program's own | | | [`custom`] |
//!
//! A sampler judges a [`Candidate`]; [`Sampler::decide`] adds what holds for all of them: the flags of the new span, and the
//! threshold that its trace state may carry. Samplers are immutable and shared by all threads; the [`Mask`] tells bindings how
//! seldom they need to ask.
//!
//! Source: OpenTelemetry specification, "Sampling", "TraceState: Probability Sampling", and "SDK environment variables".

pub mod always;
pub mod composite;
pub mod custom;
mod judgement;
pub mod parent;
pub mod probability;
pub mod ratio;
pub mod rule;
mod sampler;
pub mod threshold;

pub use composite::{Composable, Composite};
pub use custom::{Custom, CustomSampler, SamplingResult};
pub(crate) use judgement::Notice;
pub use parent::ParentBased;
pub use probability::Probability;
pub use ratio::TraceIdRatio;
pub use rule::{Condition, ParentKind, Patterns, Rule};
pub(crate) use sampler::LATER;
pub use sampler::{NAMES, Sampler, SamplerError};

use crate::propagate::Baggage;
use crate::trace::{
    Link, OwnedValue, SpanContext, SpanKind, TraceFlags, TraceId, TraceState, Value,
};
use std::sync::Arc;

/// What becomes of a span. The numbers are those of the span batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// Neither recorded nor exported.
    Drop = 0,
    /// Recorded, not exported.
    RecordOnly = 1,
    /// Recorded and exported.
    Sample = 2,
}

/// What is known of a span when it starts.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The parent, if the span has a valid one.
    pub parent: Option<&'a SpanContext>,
    /// The baggage of the context in which the span starts, where the caller said it.
    pub baggage: Option<&'a Baggage>,
    /// The parent's trace id, or the new one of a root.
    pub trace_id: TraceId,
    /// The span's name; may be empty unless the mask needs it.
    pub name: &'a str,
    /// The span's kind; may be [`SpanKind::Internal`] unless the mask needs it.
    pub kind: SpanKind,
    /// Attributes given at the start; may be left out unless the mask needs them.
    pub attributes: &'a [(&'a str, Value<'a>)],
    /// Links given at the start; may be left out unless the mask needs attributes.
    pub links: &'a [Link<'a>],
}

impl Candidate<'_> {
    /// The nameless root of a trace, to be filled in.
    pub fn root(trace_id: TraceId) -> Self {
        Self {
            parent: None,
            baggage: None,
            trace_id,
            name: "",
            kind: SpanKind::Internal,
            attributes: &[],
            links: &[],
        }
    }
}

/// Attributes that a sampler puts on every span for which it decides in the same way.
pub type SamplerAttributes = Arc<[(String, OwnedValue)]>;

/// What a sampler decided, and what the span's context is to carry.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// What becomes of the span.
    pub verdict: Verdict,
    /// The trace flags of the new span.
    pub flags: TraceFlags,
    /// The trace state of the new span, where it differs from the parent's.
    pub state: Option<TraceState>,
    /// The threshold T of consistent sampling (56 bits) by which the span was chosen, if it is known to all stages.
    pub threshold: Option<u64>,
    /// Attributes that the sampler adds to the span.
    pub attributes: Option<SamplerAttributes>,
}

/// How often a binding must ask, and how much it must tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Local children always have the verdict, the threshold and the trace state of their local parent and no attributes of
    /// the sampler, so asking once per local root is enough.
    pub inheritable: bool,
    /// The decision depends on name or kind.
    pub needs_name_kind: bool,
    /// The decision depends on attributes or links.
    pub needs_attributes: bool,
}

impl Mask {
    /// Ask about every span, and tell everything.
    pub const EVERYTHING: Self = Self {
        inheritable: false,
        needs_name_kind: true,
        needs_attributes: true,
    };

    /// What two samplers need of which now one is asked, now the other.
    fn and(self, other: Self) -> Self {
        Self {
            inheritable: self.inheritable && other.inheritable,
            needs_name_kind: self.needs_name_kind || other.needs_name_kind,
            needs_attributes: self.needs_attributes || other.needs_attributes,
        }
    }
}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
