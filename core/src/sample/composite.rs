//! Samplers that work together: each says how it would choose, and one compares with the randomness.
//!
//! A [`Composable`] sampler answers a threshold instead of a verdict. [`Composite`] asks the outermost one, compares its `T` with
//! the trace's `R`, and keeps `ot=th` true:
//!
//! intent                     | verdict           | `th` of the span
//! ---------------------------|-------------------|------------------------
//! no threshold               | drop              | erased
//! reliable T, `R >= T`       | sample            | T
//! reliable T, `R < T`        | drop              | erased
//! unreliable T               | a new random R    | erased
//!
//! composable         | threshold
//! -------------------|----------------------------------------------------------------------------------------
//! `AlwaysOn`         | 0
//! `AlwaysOff`        | none
//! `Probability`      | by its share
//! `ParentThreshold`  | the parent's; 0 and unreliable if it is sampled and says none; none if it is not sampled
//! `RuleBased`        | that of the first rule that fits; none if no rule does
//! `Annotating`       | that of the sampler inside; adds attributes to what is sampled
//!
//! Source: OpenTelemetry specification, "CompositeSampler".

use super::judgement::Judgement;
use super::rule::Rule;
use super::threshold::{self, OtelState};
use super::{Candidate, Mask, Probability, SamplerAttributes, SamplerError, Verdict, always};
use crate::propagate::marks::is_undecided;
use crate::trace::random_u128;
use crate::trace::{OwnedValue, SpanContext, TraceState};
use std::fmt;
use std::sync::Arc;

/// A sampler that says how it would choose.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Composable {
    /// Everything.
    AlwaysOn,
    /// Nothing.
    AlwaysOff,
    /// A share of all traces.
    Probability(Probability),
    /// As the parent was chosen; where there is none, as the sampler inside says.
    ParentThreshold(Arc<Composable>),
    /// As the first rule that fits says; nothing if none fits.
    RuleBased(Arc<[Rule]>),
    /// As the sampler inside says; adds these attributes to what is sampled.
    Annotating(SamplerAttributes, Arc<Composable>),
}

impl Composable {
    /// A share of all traces; for 0, which is no probability, [`AlwaysOff`](Self::AlwaysOff).
    ///
    /// # Errors
    ///
    /// As [`Probability::new`].
    pub fn probability(ratio: f64) -> Result<Self, SamplerError> {
        Ok(match Probability::new(ratio)? {
            none if none.threshold() == threshold::RANGE => Self::AlwaysOff,
            share => Self::Probability(share),
        })
    }

    /// Follows the parent, and asks `root` where there is none.
    pub fn parent_threshold(root: Self) -> Self {
        Self::ParentThreshold(Arc::new(root))
    }

    /// Asks the sampler of the first rule that fits.
    pub fn rule_based(rules: impl Into<Arc<[Rule]>>) -> Self {
        Self::RuleBased(rules.into())
    }

    /// Adds attributes to what `inside` samples.
    pub fn annotating(
        attributes: impl IntoIterator<Item = (String, OwnedValue)>,
        inside: Self,
    ) -> Self {
        Self::Annotating(attributes.into_iter().collect(), Arc::new(inside))
    }

    fn intent(&self, candidate: &Candidate<'_>, otel: &OtelState) -> Intent<'_> {
        match self {
            Self::AlwaysOn => Intent::reliable(0, &threshold::ALL),
            Self::AlwaysOff => Intent::NONE,
            Self::Probability(share) => Intent::reliable(share.threshold(), share.state()),
            Self::ParentThreshold(root) => match candidate.parent {
                Some(parent) if !is_undecided(parent) => of_parent(parent, otel),
                _ => root.intent(candidate, otel),
            },
            Self::RuleBased(rules) => rules
                .iter()
                .find(|rule| rule.matches(candidate))
                .map_or(Intent::NONE, |rule| rule.sampler.intent(candidate, otel)),
            Self::Annotating(own, inside) => inside.intent(candidate, otel).with(own),
        }
    }

    /// Whether local children of any span are chosen as it was, and get nothing else from the sampler.
    fn mask(&self) -> Mask {
        match self {
            Self::AlwaysOn | Self::AlwaysOff => always::MASK,
            Self::Probability(_) => Probability::MASK,
            Self::ParentThreshold(root) => Mask {
                inheritable: true,
                ..root.mask()
            },
            Self::RuleBased(rules) => {
                let masks = rules
                    .iter()
                    .map(|rule| rule.mask().and(rule.sampler.mask()));
                Mask {
                    // A rule may fit a child and not its parent.
                    inheritable: false,
                    ..masks.fold(always::MASK, Mask::and)
                }
            }
            Self::Annotating(_, inside) => Mask {
                // A child has the attributes as well.
                inheritable: false,
                ..inside.mask()
            },
        }
    }

    /// The share of roots that is sampled, where it is the same for all.
    pub(super) fn rate_at_roots(&self) -> Option<f64> {
        match self {
            Self::AlwaysOn => Some(1.0),
            Self::AlwaysOff => Some(0.0),
            Self::Probability(share) => Some(share.ratio()),
            Self::ParentThreshold(inside) | Self::Annotating(_, inside) => inside.rate_at_roots(),
            Self::RuleBased(_) => None,
        }
    }
}

/// What a parent says: its flag, and its threshold if that agrees with the flag.
fn of_parent(parent: &SpanContext, otel: &OtelState) -> Intent<'static> {
    match known_threshold(parent, otel) {
        Some(threshold) => Intent {
            threshold: Some(threshold),
            reliable: true,
            ..Intent::NONE
        },
        None if parent.is_sampled() => Intent {
            threshold: Some(0),
            ..Intent::NONE
        },
        None => Intent::NONE,
    }
}

/// The threshold of a sampled parent, unless its flag shows that another stage decided.
pub(super) fn known_threshold(parent: &SpanContext, otel: &OtelState) -> Option<u64> {
    let consistent = |threshold: &u64| otel.randomness_of(parent.trace_id) >= *threshold;
    otel.threshold
        .filter(|threshold| parent.is_sampled() && consistent(threshold))
}

/// How a sampler would choose (OpenTelemetry specification, "GetSamplingIntent").
struct Intent<'s> {
    threshold: Option<u64>,
    /// Whether the threshold tells for how many spans one stands.
    reliable: bool,
    alone: Option<&'s TraceState>,
    attributes: Option<SamplerAttributes>,
}

impl<'s> Intent<'s> {
    const NONE: Self = Self {
        threshold: None,
        reliable: false,
        alone: None,
        attributes: None,
    };

    fn reliable(threshold: u64, alone: &'s TraceState) -> Self {
        Self {
            threshold: Some(threshold),
            reliable: true,
            alone: Some(alone),
            attributes: None,
        }
    }

    /// With attributes of an outer sampler, which win over those of the inner ones.
    fn with(mut self, own: &SamplerAttributes) -> Self {
        self.attributes = Some(match self.attributes.take() {
            None => own.clone(),
            Some(inner) => {
                let is_ours = |key: &str| own.iter().any(|(ours, _)| ours == key);
                let kept = inner.iter().filter(|(key, _)| !is_ours(key));
                kept.chain(own.iter()).cloned().collect()
            }
        });
        self
    }
}

/// The sampler that a [`Composable`] one is used by.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite(Composable);

impl Composite {
    /// Decides as `composable` intends.
    pub fn new(composable: Composable) -> Self {
        Self(composable)
    }

    pub(super) fn judge(&self, candidate: &Candidate<'_>, otel: &OtelState) -> Judgement<'_> {
        let intent = self.0.intent(candidate, otel);
        let randomness = || match intent.reliable {
            true => otel.randomness_of(candidate.trace_id),
            false => (random_u128() as u64) % threshold::RANGE,
        };
        let passes = |threshold| threshold == 0 || randomness() >= threshold;
        if !intent.threshold.is_some_and(passes) {
            return Verdict::Drop.into();
        }
        Judgement {
            threshold: intent.threshold.filter(|_| intent.reliable),
            alone: intent.alone,
            attributes: intent.attributes,
            ..Verdict::Sample.into()
        }
    }

    pub(super) fn mask(&self) -> Mask {
        self.0.mask()
    }

    pub(super) fn rate_at_roots(&self) -> Option<f64> {
        self.0.rate_at_roots()
    }
}

impl fmt::Display for Composable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysOn => f.write_str("ComposableAlwaysOn"),
            Self::AlwaysOff => f.write_str("ComposableAlwaysOff"),
            Self::Probability(share) => write!(f, "ComposableProbability{{{}}}", share.ratio()),
            Self::ParentThreshold(root) => write!(f, "ComposableParentThreshold{{root:{root}}}"),
            Self::RuleBased(rules) => {
                f.write_str("ComposableRuleBased{")?;
                for (index, rule) in rules.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{rule}")?;
                }
                f.write_str("}")
            }
            Self::Annotating(attributes, inside) => {
                f.write_str("ComposableAnnotating{")?;
                for (key, value) in attributes.iter() {
                    write!(f, "{key}={value:?},")?;
                }
                write!(f, "{inside}}}")
            }
        }
    }
}

impl fmt::Display for Composite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CompositeSampler{{{}}}", self.0)
    }
}

#[cfg(test)]
#[path = "composite_tests.rs"]
mod tests;
