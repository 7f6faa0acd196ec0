//! A share of all traces, in a way that every stage of every system understands: `ProbabilitySampler` of the specification.
//!
//! As [`TraceIdRatio`](super::TraceIdRatio) it decides by `R >= T`; unlike it, it honours explicit randomness (`rv`) and writes
//! `th` into the trace state of what it samples, so that a backend knows for how many spans each one stands. It looks at no
//! parent's flag; inside [`ParentBased`](super::ParentBased) it stands at the root.

use super::judgement::{Judgement, Notice};
use super::threshold::{self, OtelState};
use super::{Candidate, Mask, SamplerError, Verdict};
use crate::trace::TraceState;
use std::fmt;

/// Samples `ratio` of all traces, consistently.
#[derive(Clone, Debug)]
pub struct Probability {
    ratio: f64,
    threshold: u64,
    /// Trace state with the threshold alone, which is what most roots get.
    state: TraceState,
}

impl Probability {
    /// Samples this share: 0, or from 2^-56 to 1. It is rounded to four hexadecimal digits, as the specification recommends:
    /// to one part in thousands of itself.
    ///
    /// # Errors
    ///
    /// It is no such number.
    pub fn new(ratio: f64) -> Result<Self, SamplerError> {
        let least = 1.0 / threshold::RANGE as f64;
        if ratio != 0.0 && !(least..=1.0).contains(&ratio) {
            return Err(SamplerError::InvalidProbability {
                value: ratio.to_string(),
            });
        }
        let threshold = threshold::of_share(ratio);
        let state = if threshold < threshold::RANGE {
            threshold::with_threshold(&TraceState::EMPTY, Some(threshold)).0
        } else {
            None
        };
        Ok(Self {
            // -0 is 0, and would be described as another sampler.
            ratio: ratio.abs(),
            threshold,
            state: state.unwrap_or_default(),
        })
    }

    /// The share of traces.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// T: traces with a smaller R are not sampled. From 0 to 2^56, which no R reaches.
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    pub(super) fn state(&self) -> &TraceState {
        &self.state
    }

    /// Local children have the trace id and the explicit randomness of their local root, and so its verdict and its `th`.
    pub(super) const MASK: Mask = Mask {
        inheritable: true,
        needs_name_kind: false,
        needs_attributes: false,
    };

    pub(super) fn judge(&self, candidate: &Candidate<'_>, otel: &OtelState) -> Judgement<'_> {
        let sampled = otel.randomness_of(candidate.trace_id) >= self.threshold;
        let verdict = if sampled {
            Verdict::Sample
        } else {
            Verdict::Drop
        };
        let presumed = self.threshold != 0
            && otel.randomness.is_none()
            && candidate
                .parent
                .is_some_and(|parent| !parent.flags.is_random());
        Judgement {
            threshold: Some(self.threshold),
            alone: Some(&self.state),
            notice: presumed.then_some(Notice::PresumedRandom),
            ..verdict.into()
        }
    }
}

/// Equal if they sample the same traces and say so in the same words.
impl PartialEq for Probability {
    fn eq(&self, other: &Self) -> bool {
        self.ratio == other.ratio
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProbabilitySampler{{{}}}", self.ratio)
    }
}
