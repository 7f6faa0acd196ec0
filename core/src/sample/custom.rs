//! Samplers that a program brings along.
//!
//! A custom sampler is asked on the caller's thread, as often as its mask says, by any number of threads at once. It has to be
//! quick and must not wait. A panic in it is caught: the span is not sampled, and the first panic is told as a diagnostic.

use super::judgement::{Judgement, Notice};
use super::{Candidate, Mask, SamplerAttributes, Verdict};
use crate::trace::TraceState;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A sampler of a program (OpenTelemetry specification, "Sampler").
///
/// ```
/// use polyspan::sample::{Candidate, CustomSampler, Sampler, SamplingResult, Verdict};
///
/// #[derive(Debug)]
/// struct NoHealthChecks;
///
/// impl CustomSampler for NoHealthChecks {
///     fn should_sample(&self, span: &Candidate<'_>) -> SamplingResult {
///         match span.name {
///             "GET /healthz" => Verdict::Drop.into(),
///             _ => Verdict::Sample.into(),
///         }
///     }
///
///     fn description(&self) -> String {
///         "NoHealthChecks".to_owned()
///     }
/// }
///
/// let config = polyspan::Config::default().sampler(Sampler::custom(NoHealthChecks));
/// # drop(config);
/// ```
pub trait CustomSampler: fmt::Debug + Send + Sync {
    /// Decides for a span that starts.
    fn should_sample(&self, candidate: &Candidate<'_>) -> SamplingResult;

    /// Name and settings in a few words, without secrets. The policy's fingerprint is made of it: say the same wherever the
    /// same is decided.
    fn description(&self) -> String;

    /// How often to ask, and what to tell. Unless this says less, the sampler is asked about every span and told everything.
    fn mask(&self) -> Mask {
        Mask::EVERYTHING
    }
}

/// What a [`CustomSampler`] answers.
#[derive(Clone, Debug)]
pub struct SamplingResult {
    /// What becomes of the span.
    pub verdict: Verdict,
    /// Attributes that are set on the span after those that it starts with. The same set for the same reason: sets are kept.
    pub attributes: Option<SamplerAttributes>,
    /// The span's trace state, taken as it is; `None` is the parent's. An empty one clears it.
    pub state: Option<TraceState>,
    /// T of consistent sampling, 0 to 2^56 - 1, if the span was sampled because of `R >= T`: it is written as `th`. Without it
    /// the probability is not known, and a `th` of the parent's is erased.
    pub threshold: Option<u64>,
}

impl From<Verdict> for SamplingResult {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            attributes: None,
            state: None,
            threshold: None,
        }
    }
}

/// A [`CustomSampler`], shared. Equal to its clones only.
#[derive(Clone)]
pub struct Custom(Arc<dyn CustomSampler>);

impl Custom {
    pub(super) fn new(sampler: impl CustomSampler + 'static) -> Self {
        Self(Arc::new(sampler))
    }

    pub(super) fn judge(&self, candidate: &Candidate<'_>) -> Judgement<'static> {
        let answer = catch_unwind(AssertUnwindSafe(|| self.0.should_sample(candidate)));
        let Ok(result) = answer else {
            return Judgement {
                notice: Some(Notice::Panicked),
                ..Verdict::Drop.into()
            };
        };
        Judgement {
            threshold: result.threshold,
            state: result.state,
            attributes: result.attributes.filter(|set| !set.is_empty()),
            ..result.verdict.into()
        }
    }

    pub(super) fn mask(&self) -> Mask {
        catch_unwind(AssertUnwindSafe(|| self.0.mask())).unwrap_or(Mask::EVERYTHING)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let description = catch_unwind(AssertUnwindSafe(|| self.0.description()));
        f.write_str(description.as_deref().unwrap_or("a sampler that panics"))
    }
}
