//! A share of all traces, chosen by trace id, so that every process chooses the same ones.
//!
//! `R` is the lower 56 bits of the trace id, `T = (1 - ratio) * 2^56`; a trace is sampled if and only if `R >= T`. Ratio 0
//! gives `T = 2^56`, which no `R` reaches; ratio 1 gives `T = 0`, which every `R` reaches.
//!
//! The specification leaves the algorithm of `TraceIdRatioBased` open and names this rule for its successor; the traces of
//! a smaller ratio are among those of a larger one. It writes no threshold, as the specification forbids to change this sampler
//! before 2027; [`Probability`](super::Probability) is the same with one. It judges a child by its trace id too, so it belongs
//! at roots, inside [`ParentBased`](super::ParentBased).

use super::judgement::{Judgement, Notice};
use super::threshold::OtelState;
use super::{Candidate, Mask, SamplerError, Verdict};
use crate::trace::TraceId;
use std::fmt;

/// How many values `R` can have.
const RANGE: u64 = 1 << 56;

pub(super) const MASK: Mask = Mask {
    inheritable: true,
    needs_name_kind: false,
    needs_attributes: false,
};

/// Samples `ratio` of all traces.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TraceIdRatio {
    ratio: f64,
    threshold: u64,
}

impl TraceIdRatio {
    /// Samples this share; it must be a number from 0 to 1.
    pub fn new(ratio: f64) -> Result<Self, SamplerError> {
        if !(0.0..=1.0).contains(&ratio) {
            return Err(SamplerError::InvalidRatio {
                value: ratio.to_string(),
            });
        }
        // -0 is in the range, and would be described as another sampler.
        let ratio = ratio.abs();
        // Multiplying by a power of two is exact, so only the last bit of T is rounded; 1 - ratio would round earlier.
        let chosen = (ratio * RANGE as f64).round() as u64;
        Ok(Self {
            ratio,
            threshold: RANGE - chosen,
        })
    }

    /// The share of traces.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// T: traces with a smaller R are not sampled. From 0 to 2^56.
    pub fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The verdict on all spans of a trace.
    #[inline]
    pub fn verdict(&self, trace_id: TraceId) -> Verdict {
        if trace_id.low() % RANGE >= self.threshold {
            Verdict::Sample
        } else {
            Verdict::Drop
        }
    }

    pub(super) fn judge(&self, candidate: &Candidate<'_>, otel: &OtelState) -> Judgement<'static> {
        let is_consistent = otel.threshold.is_some() || otel.randomness.is_some();
        let notice = candidate.parent.map(|_| {
            if is_consistent {
                Notice::RatioOfConsistentChild
            } else {
                Notice::RatioOfChild
            }
        });
        Judgement {
            notice,
            ..self.verdict(candidate.trace_id).into()
        }
    }
}

impl fmt::Display for TraceIdRatio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceIdRatioBased{{{}}}", self.ratio)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn verdict(ratio: f64, low: u64) -> Verdict {
        TraceIdRatio::new(ratio)
            .unwrap()
            .verdict(TraceId::from_parts(7, low))
    }

    #[test]
    fn ratio_0_samples_nothing_and_ratio_1_everything() {
        for low in [0, 1, RANGE - 1, RANGE, u64::MAX] {
            assert_eq!(verdict(0.0, low), Verdict::Drop);
            assert_eq!(verdict(1.0, low), Verdict::Sample);
        }
    }

    #[test]
    fn the_threshold_itself_is_sampled_and_one_less_is_not() {
        for ratio in [0.5, 0.25, 0.01, 0.999] {
            let threshold = TraceIdRatio::new(ratio).unwrap().threshold();
            assert_eq!(verdict(ratio, threshold), Verdict::Sample);
            assert_eq!(verdict(ratio, threshold - 1), Verdict::Drop);
        }
    }

    #[test]
    fn thresholds_are_those_of_the_specification() {
        for (ratio, threshold) in [
            (1.0, 0),
            (0.5, 0x80_0000_0000_0000),
            (0.25, 0xc0_0000_0000_0000),
            (0.01, 0xfd_70a3_d70a_3d71),
            (0.0, RANGE),
        ] {
            assert_eq!(
                TraceIdRatio::new(ratio).unwrap().threshold(),
                threshold,
                "{ratio}"
            );
        }
    }

    #[test]
    fn the_smallest_ratio_samples_one_value() {
        assert_eq!(
            TraceIdRatio::new(1.0 / RANGE as f64).unwrap().threshold(),
            RANGE - 1
        );
    }

    #[test]
    fn only_the_lower_56_bits_count() {
        assert_eq!(verdict(0.5, 0xff7f_ffff_ffff_ffff), Verdict::Drop);
        assert_eq!(verdict(0.5, 0x0080_0000_0000_0000), Verdict::Sample);
    }

    #[test]
    fn the_description_names_the_ratio() {
        for (ratio, description) in [
            (0.25, "TraceIdRatioBased{0.25}"),
            (1.0, "TraceIdRatioBased{1}"),
            (1e-6, "TraceIdRatioBased{0.000001}"),
            (-0.0, "TraceIdRatioBased{0}"),
        ] {
            assert_eq!(TraceIdRatio::new(ratio).unwrap().to_string(), description);
        }
    }

    #[test]
    fn what_is_not_a_share_is_refused() {
        for ratio in [1.5, -0.1, f64::NAN, f64::INFINITY] {
            let error = TraceIdRatio::new(ratio).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("sampler ratio is {ratio}; it must be a number from 0 to 1, such as 0.25")
            );
        }
    }

    proptest! {
        #[test]
        fn what_a_smaller_ratio_samples_a_larger_one_samples_too(a in 0.0..=1.0, b in 0.0..=1.0, low: u64) {
            let (small, large) = if a < b { (a, b) } else { (b, a) };
            prop_assert!(verdict(small, low) <= verdict(large, low));
        }
    }
}
