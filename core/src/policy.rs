//! The policy: what is sampled, redacted, kept and propagated. Compiled once from the configuration, never changed.

use crate::config::{Config, ConfigError};
use crate::fingerprint::fnv1a;
use crate::propagate::Propagators;
use crate::redact::Redactor;
use crate::sample::{Mask, Sampler};
use crate::trace::Limits;

/// Sampler, redactor, limits and propagators of one provider.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) sampler: Sampler,
    pub(crate) mask: Mask,
    pub(crate) redactor: Redactor,
    pub(crate) propagators: Propagators,
    pub(crate) limits: Limits,
}

impl Policy {
    /// # Errors
    ///
    /// The sampler's argument is not a ratio.
    pub(crate) fn compile(config: &Config) -> Result<Self, ConfigError> {
        let sampler = config.head_sampler()?;
        Ok(Self {
            mask: sampler.mask(),
            sampler,
            redactor: Redactor::new(config.redaction),
            propagators: config.propagators.clone(),
            limits: config.limits(),
        })
    }

    /// `r:<8 hex> s:<8 hex> p:<8 hex>`: redactor, sampler, propagators with limits.
    pub(crate) fn fingerprint(&self) -> String {
        let limits = format!("{:?}", self.limits);
        format!(
            "r:{:08x} s:{:08x} p:{:08x}",
            self.redactor.fingerprint(),
            self.sampler.fingerprint(),
            fnv1a(&[&self.propagators.describe(), &limits]),
        )
    }

    /// The policy in words, its fingerprint first.
    pub(crate) fn describe(&self) -> String {
        format!(
            "policy {}\nsampler: {}\nredaction: {}\npropagators: {}\n",
            self.fingerprint(),
            self.sampler.describe(),
            self.redactor.describe(),
            self.propagators.describe(),
        )
    }
}
