//! The sampler of a policy: which there are, and what holds for all of them.

use super::judgement::{Judgement, Notice};
use super::threshold::{self, OtelState};
use super::{
    Candidate, Composable, Composite, Custom, CustomSampler, Decision, Mask, ParentBased,
    Probability, TraceIdRatio, Verdict, always, ratio,
};
use crate::fingerprint::fnv1a;
use crate::trace::{TraceFlags, TraceState};
use std::fmt;
use std::sync::Arc;

/// The sampler of a policy.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sampler {
    /// Samples every span.
    AlwaysOn,
    /// Drops every span.
    AlwaysOff,
    /// Samples a share of all traces, by trace id alone.
    TraceIdRatio(TraceIdRatio),
    /// Samples a share of all traces and says so in the trace state.
    Probability(Probability),
    /// Follows the parent.
    ParentBased(Arc<ParentBased>),
    /// Records what the sampler inside drops, without exporting it.
    AlwaysRecord(Arc<Sampler>),
    /// Several that work together.
    Composite(Arc<Composite>),
    /// The program's own.
    Custom(Custom),
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
    /// The ratio is not one that a threshold of 56 bits can express.
    InvalidProbability {
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

/// Names of the specification that this version has no sampler for: both ask a server.
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
    /// Names are read in any case. Only a ratio sampler looks at the ratio. The samplers without a name there are made by the
    /// functions below, or by a configuration file.
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

    /// A share of all traces, told to every stage by `ot=th`. Best as the root of [`parent_based`](Self::parent_based).
    ///
    /// # Errors
    ///
    /// As [`Probability::new`].
    pub fn probability(ratio: f64) -> Result<Self, SamplerError> {
        Probability::new(ratio).map(Self::Probability)
    }

    /// Records what `inside` drops, without exporting it: for processors that want to see every span.
    pub fn always_record(inside: Self) -> Self {
        Self::AlwaysRecord(Arc::new(inside))
    }

    /// Decides as a composable sampler intends.
    pub fn composite(composable: Composable) -> Self {
        Self::Composite(Arc::new(Composite::new(composable)))
    }

    /// A sampler that the program brings along.
    pub fn custom(sampler: impl CustomSampler + 'static) -> Self {
        Self::Custom(Custom::new(sampler))
    }

    /// Decides for a span that starts.
    #[inline]
    pub fn decide(&self, candidate: &Candidate<'_>) -> Decision {
        self.decide_with_notice(candidate).0
    }

    /// As [`decide`](Self::decide), with what the user should know about it.
    #[inline]
    pub(crate) fn decide_with_notice(
        &self,
        candidate: &Candidate<'_>,
    ) -> (Decision, Option<Notice>) {
        let parent = candidate.parent;
        let otel = parent.map_or_else(OtelState::default, |parent| OtelState::of(&parent.state));
        let judgement = self.judge(candidate, &otel);
        // The ids of our roots are random; a child must pass on what its parent's trace id is (W3C Trace Context level 2,
        // "Random Trace ID Flag").
        let random = parent.is_none_or(|parent| parent.flags.is_random());
        let verdict = judgement.verdict;
        let (state, threshold) = carry(&judgement, parent.map(|parent| &parent.state));
        let decision = Decision {
            verdict,
            flags: TraceFlags::default()
                .with_sampled(verdict == Verdict::Sample)
                .with_random(random),
            state,
            threshold,
            attributes: judgement.attributes,
        };
        (decision, judgement.notice)
    }

    /// How often to ask, and what to tell.
    pub fn mask(&self) -> Mask {
        match self {
            Self::AlwaysOn | Self::AlwaysOff => always::MASK,
            Self::TraceIdRatio(_) => ratio::MASK,
            Self::Probability(_) => Probability::MASK,
            Self::ParentBased(sampler) => sampler.mask(),
            Self::AlwaysRecord(inside) => inside.mask(),
            Self::Composite(sampler) => sampler.mask(),
            Self::Custom(sampler) => sampler.mask(),
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

    /// The share of traces that begin here and are sampled, where it is the same for all.
    pub(crate) fn rate_at_roots(&self) -> Option<f64> {
        match self {
            Self::AlwaysOn => Some(1.0),
            Self::AlwaysOff => Some(0.0),
            Self::TraceIdRatio(share) => Some(share.ratio()),
            Self::Probability(share) => Some(share.ratio()),
            Self::ParentBased(by_parent) => by_parent.root.rate_at_roots(),
            Self::AlwaysRecord(inside) => inside.rate_at_roots(),
            Self::Composite(sampler) => sampler.rate_at_roots(),
            Self::Custom(_) => None,
        }
    }

    pub(super) fn judge(&self, candidate: &Candidate<'_>, otel: &OtelState) -> Judgement<'_> {
        match self {
            Self::AlwaysOn => always::ON.into(),
            Self::AlwaysOff => always::OFF.into(),
            Self::TraceIdRatio(sampler) => sampler.judge(candidate, otel),
            Self::Probability(sampler) => sampler.judge(candidate, otel),
            Self::ParentBased(sampler) => sampler.judge(candidate, otel),
            Self::AlwaysRecord(inside) => {
                let judgement = inside.judge(candidate, otel);
                Judgement {
                    verdict: always::recorded(judgement.verdict),
                    ..judgement
                }
            }
            Self::Composite(sampler) => sampler.judge(candidate, otel),
            Self::Custom(sampler) => sampler.judge(candidate),
        }
    }

    /// Whether a span may be recorded and not exported.
    pub(super) fn may_record_only(&self) -> bool {
        match self {
            Self::AlwaysRecord(_) | Self::Custom(_) => true,
            Self::ParentBased(sampler) => sampler.samplers().any(Self::may_record_only),
            _ => false,
        }
    }
}

/// The trace state of the new span where it is not the parent's, and the threshold that it carries.
///
/// A threshold stands only at what was sampled by it: it is erased where the span is not sampled or nobody knows how probable
/// that was ("General requirements" of the specification's "TraceState: Probability Sampling").
#[inline]
fn carry(
    judgement: &Judgement<'_>,
    parent: Option<&TraceState>,
) -> (Option<TraceState>, Option<u64>) {
    let own = judgement.state.as_ref();
    let base = own.or(parent).unwrap_or(&TraceState::EMPTY);
    let wanted = judgement
        .threshold
        .filter(|threshold| judgement.verdict == Verdict::Sample && *threshold < threshold::RANGE);
    let (changed, threshold) = match wanted {
        // A trace state of a user's sampler is taken as it is.
        None if own.is_some() || base.is_empty() => (None, None),
        Some(_) if base.is_empty() && judgement.alone.is_some() => {
            (judgement.alone.cloned(), wanted)
        }
        _ => {
            let (changed, fits) = threshold::with_threshold(base, wanted);
            (changed, wanted.filter(|_| fits))
        }
    };
    (changed.or_else(|| own.cloned()), threshold)
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysOn => f.write_str("AlwaysOnSampler"),
            Self::AlwaysOff => f.write_str("AlwaysOffSampler"),
            Self::TraceIdRatio(sampler) => sampler.fmt(f),
            Self::Probability(sampler) => sampler.fmt(f),
            Self::ParentBased(sampler) => sampler.fmt(f),
            Self::AlwaysRecord(inside) => write!(f, "AlwaysRecord{{root:{inside}}}"),
            Self::Composite(sampler) => sampler.fmt(f),
            Self::Custom(sampler) => sampler.fmt(f),
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
            Self::InvalidProbability { value } => write!(
                f,
                "sampler ratio is {value}; it must be 0, or a number from 2^-56 (about 1.4e-17) to 1, such as 0.25"
            ),
        }
    }
}

impl std::error::Error for SamplerError {}
