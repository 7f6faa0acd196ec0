//! Which sampler is wanted: named as in `OTEL_TRACES_SAMPLER`, or made in code or by a configuration file.

use std::borrow::Cow;

use super::{Config, ConfigError};
use crate::sample::{self, Sampler};

/// A sampler as it was asked for. A named one is made when the argument is known too.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum SamplerChoice {
    /// One of [`sample::NAMES`].
    Named(&'static str),
    /// Any other.
    Made(Sampler),
}

impl Default for SamplerChoice {
    fn default() -> Self {
        Self::Named("parentbased_always_on")
    }
}

impl SamplerChoice {
    /// The sampler of that name, in any case.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let known = sample::NAMES.into_iter();
        known
            .map(Self::Named)
            .find(|one| one.shown().eq_ignore_ascii_case(name))
    }

    /// The name in settings, or the description if it has none.
    pub(crate) fn shown(&self) -> Cow<'static, str> {
        match self {
            Self::Named(name) => Cow::Borrowed(name),
            Self::Made(sampler) => Cow::Owned(sampler.describe()),
        }
    }
}

impl Config {
    /// The share of the traces that begin in this process which is sampled, from 0 to 1; `None` where it is not the same for
    /// all of them, or only a sampler of the program knows it. What a caller has decided is not in it.
    pub fn sampled_share(&self) -> Option<f64> {
        self.head_sampler().ok()?.rate_at_roots()
    }

    /// The sampler of the policy.
    ///
    /// # Errors
    /// The argument is not what the named sampler takes.
    pub(crate) fn head_sampler(&self) -> Result<Sampler, ConfigError> {
        match &self.sampler {
            SamplerChoice::Made(sampler) => Ok(sampler.clone()),
            SamplerChoice::Named(name) => {
                let ratio = self.sampler_arg.unwrap_or(1.0);
                Sampler::from_spec(name, ratio).map_err(|_| ConfigError::Invalid {
                    field: "sampler_arg".to_owned(),
                    value: Some(ratio.to_string()),
                    reason: None,
                    allowed: "a number from 0 to 1".to_owned(),
                })
            }
        }
    }
}
