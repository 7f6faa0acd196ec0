//! The head verdict: whether a span is recorded and exported, decided when it starts.
//!
//! | name in `OTEL_TRACES_SAMPLER` | is | file |
//! |---|---|---|
//! | `always_on`, `always_off` | one verdict for all | [`always`] |
//! | `traceidratio` | a share of all traces, chosen by trace id | [`ratio`] |
//! | `parentbased_…` | the parent's verdict; at a root the one after the underscore | [`parent`] |
//!
//! A sampler judges a [`Candidate`]; [`Sampler::decide`] adds what holds for all of them: the flags of the new span.
//! Samplers are immutable and shared by all threads; the [`Mask`] tells bindings how seldom they need to ask.
//!
//! Source: OpenTelemetry specification, "Sampling" and "SDK environment variables".

pub mod always;
pub mod parent;
pub mod ratio;

pub use parent::ParentBased;
pub use ratio::TraceIdRatio;

use crate::fingerprint::fnv1a;
use crate::trace::{SpanContext, SpanKind, TraceFlags, TraceId, TraceState, Value};
use std::fmt;
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
    /// The parent's trace id, or the new one of a root.
    pub trace_id: TraceId,
    /// The span's name; may be empty unless the mask needs it.
    pub name: &'a str,
    /// The span's kind; may be [`SpanKind::Internal`] unless the mask needs it.
    pub kind: SpanKind,
    /// Attributes given at the start; may be left out unless the mask needs them.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

/// Attributes that a sampler puts on every span for which it decides in the same way.
pub type SamplerAttributes = Arc<[(&'static str, Value<'static>)]>;

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
    /// Local children always have the verdict of their local root, so asking once per local root is enough.
    pub inheritable: bool,
    /// The decision depends on name or kind.
    pub needs_name_kind: bool,
    /// The decision depends on attributes.
    pub needs_attributes: bool,
}

/// What a single sampler says, before the flags are worked out.
#[derive(Clone, Debug)]
struct Judgement {
    verdict: Verdict,
    state: Option<TraceState>,
    threshold: Option<u64>,
    attributes: Option<SamplerAttributes>,
}

impl From<Verdict> for Judgement {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            state: None,
            threshold: None,
            attributes: None,
        }
    }
}

/// The sampler of a policy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sampler {
    /// Samples every span.
    AlwaysOn,
    /// Drops every span.
    AlwaysOff,
    /// Samples a share of all traces.
    TraceIdRatio(TraceIdRatio),
    /// Follows the parent.
    ParentBased(Arc<ParentBased>),
}

/// A sampler that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SamplerError {
    /// No sampler has this name.
    UnknownName {
        /// As it was given.
        name: String,
    },
    /// The ratio is not one.
    InvalidRatio {
        /// As it was given.
        value: String,
    },
}

/// The names that [`Sampler::from_spec`] knows.
pub const NAMES: [&str; 6] = [
    "always_on",
    "always_off",
    "traceidratio",
    "parentbased_always_on",
    "parentbased_always_off",
    "parentbased_traceidratio",
];

/// Names of the specification that come in a later version.
pub(crate) const LATER: [&str; 3] = ["jaeger_remote", "parentbased_jaeger_remote", "xray"];

impl Default for Sampler {
    /// `parentbased_always_on`.
    fn default() -> Self {
        Self::parent_based(Self::AlwaysOn)
    }
}

impl Sampler {
    /// The sampler that `OTEL_TRACES_SAMPLER` and `OTEL_TRACES_SAMPLER_ARG` name.
    ///
    /// Names are read in any case. Only a ratio sampler looks at the ratio.
    ///
    /// # Errors
    /// If no sampler has this name, or the ratio that it needs is not from 0 to 1.
    pub fn from_spec(name: &str, ratio: f64) -> Result<Self, SamplerError> {
        let lower = name.trim().to_ascii_lowercase();
        let (root, by_parent) = match lower.strip_prefix("parentbased_") {
            Some(root) => (root, true),
            None => (lower.as_str(), false),
        };
        let root = match root {
            "always_on" => Self::AlwaysOn,
            "always_off" => Self::AlwaysOff,
            "traceidratio" => Self::TraceIdRatio(TraceIdRatio::new(ratio)?),
            _ => {
                return Err(SamplerError::UnknownName {
                    name: name.to_owned(),
                });
            }
        };
        Ok(if by_parent {
            Self::parent_based(root)
        } else {
            root
        })
    }

    /// Follows the parent, and asks `root` where there is none.
    pub fn parent_based(root: Self) -> Self {
        Self::ParentBased(Arc::new(ParentBased::new(root)))
    }

    /// Decides for a span that starts.
    pub fn decide(&self, candidate: &Candidate<'_>) -> Decision {
        let Judgement {
            verdict,
            state,
            threshold,
            attributes,
        } = self.judge(candidate);
        // The ids of our roots are random; a child must pass on what its parent's trace id is (W3C Trace Context level 2,
        // "Random Trace ID Flag").
        let random = candidate
            .parent
            .is_none_or(|parent| parent.flags.is_random());
        Decision {
            verdict,
            flags: TraceFlags::default()
                .with_sampled(verdict == Verdict::Sample)
                .with_random(random),
            state,
            threshold,
            attributes,
        }
    }

    /// How often to ask, and what to tell.
    pub fn mask(&self) -> Mask {
        match self {
            Self::AlwaysOn | Self::AlwaysOff => always::MASK,
            Self::TraceIdRatio(_) => ratio::MASK,
            Self::ParentBased(sampler) => sampler.mask(),
        }
    }

    /// The description that the specification fixes, such as `ParentBased{root:AlwaysOnSampler,…}`.
    pub fn describe(&self) -> String {
        self.to_string()
    }

    /// A hash of everything that decides, equal in every service with the same sampler.
    pub fn fingerprint(&self) -> u32 {
        fnv1a(&[&self.describe()])
    }

    fn judge(&self, candidate: &Candidate<'_>) -> Judgement {
        match self {
            Self::AlwaysOn => always::ON.into(),
            Self::AlwaysOff => always::OFF.into(),
            Self::TraceIdRatio(sampler) => sampler.verdict(candidate.trace_id).into(),
            Self::ParentBased(sampler) => sampler.delegate(candidate.parent).judge(candidate),
        }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysOn => f.write_str("AlwaysOnSampler"),
            Self::AlwaysOff => f.write_str("AlwaysOffSampler"),
            Self::TraceIdRatio(sampler) => sampler.fmt(f),
            Self::ParentBased(sampler) => sampler.fmt(f),
        }
    }
}

impl fmt::Display for SamplerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownName { name } => {
                write!(
                    f,
                    "sampler is {name:?}; it must be one of {}",
                    NAMES.join(", ")
                )
            }
            Self::InvalidRatio { value } => write!(
                f,
                "sampler ratio is {value}; it must be a number from 0 to 1, such as 0.25"
            ),
        }
    }
}

impl std::error::Error for SamplerError {}

#[cfg(test)]
#[path = "sample_tests.rs"]
mod tests;
