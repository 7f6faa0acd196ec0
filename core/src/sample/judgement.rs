//! What a single sampler says, before it is worked out what a span's context is to carry.

use super::{SamplerAttributes, Verdict};
use crate::trace::TraceState;
use std::fmt;

/// A sampler's answer.
#[derive(Clone, Debug)]
pub(super) struct Judgement<'s> {
    pub(super) verdict: Verdict,
    /// T by which a sampled span was chosen; `None` if its probability is not known.
    pub(super) threshold: Option<u64>,
    /// The trace state that holds this threshold and nothing else, where the sampler has it at hand.
    pub(super) alone: Option<&'s TraceState>,
    /// The trace state as a user's sampler wants it, in place of the parent's.
    pub(super) state: Option<TraceState>,
    pub(super) attributes: Option<SamplerAttributes>,
    pub(super) notice: Option<Notice>,
}

impl From<Verdict> for Judgement<'_> {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            threshold: None,
            alone: None,
            state: None,
            attributes: None,
            notice: None,
        }
    }
}

/// What a user should know about how a sampler is used. Each is told once per process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// `traceidratio` judged a child.
    RatioOfChild,
    /// `traceidratio` judged a child of a consistent sampler.
    RatioOfConsistentChild,
    /// A share was taken of traces whose ids nobody said were random.
    PresumedRandom,
    /// A sampler of the user's panicked.
    Panicked,
}

impl Notice {
    /// The bit that remembers that it was told.
    pub(crate) fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// The first three are worded as the specification words them, with what to do.
impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RatioOfChild => {
                "The TraceIdRatioBased sampler is operating as a child sampler, which other systems' SDKs do differently: \
                 use parentbased_traceidratio, or the sampler probability/development of a configuration file"
            }
            Self::RatioOfConsistentChild => {
                "The TraceIdRatioBased sampler is operating as a child sampler and a parent is using ProbabilitySampler: use \
                 the sampler probability/development of a configuration file here too"
            }
            Self::PresumedRandom => {
                "The ProbabilitySampler sampler is presuming TraceIDs are random and expects the Trace random flag to be set \
                 in confirmation; upgrade your callers to use W3C Trace Context Level 2"
            }
            Self::Panicked => {
                "the sampler that this program brings panicked; spans for which it does are not sampled. The panic's message \
                 says where in the program's own code to look"
            }
        })
    }
}
