//! The policy: what is sampled, redacted, kept and propagated. Compiled once from the configuration, never changed.

use crate::config::{self, Config, ConfigError};
use crate::fingerprint::fnv1a;
use crate::propagate::{Propagator, Propagators};
use crate::redact::{Mode, Redactor};
use crate::sample::{Mask, Sampler, SamplerError, TraceIdRatio};
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
        let sampler = sampler(config).map_err(|_| ConfigError::Invalid {
            field: "sampler_arg".to_owned(),
            value: config.get("sampler_arg"),
            reason: None,
            allowed: "a number from 0 to 1".to_owned(),
        })?;
        Ok(Self {
            mask: sampler.mask(),
            sampler,
            redactor: Redactor::new(match config.redaction {
                config::Redaction::Off => Mode::Off,
                config::Redaction::Default => Mode::Default,
            }),
            propagators: Propagators::new(config.propagators.iter().map(|name| match name {
                config::Propagator::TraceContext => Propagator::TraceContext,
                config::Propagator::Baggage => Propagator::Baggage,
            })),
            limits: config.limits,
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

fn sampler(config: &Config) -> Result<Sampler, SamplerError> {
    use config::Sampler as Choice;
    let ratio = || TraceIdRatio::new(config.sampling_ratio()).map(Sampler::TraceIdRatio);
    Ok(match config.sampler {
        Choice::AlwaysOn => Sampler::AlwaysOn,
        Choice::AlwaysOff => Sampler::AlwaysOff,
        Choice::TraceIdRatio => ratio()?,
        Choice::ParentBasedAlwaysOn => Sampler::parent_based(Sampler::AlwaysOn),
        Choice::ParentBasedAlwaysOff => Sampler::parent_based(Sampler::AlwaysOff),
        Choice::ParentBasedTraceIdRatio => Sampler::parent_based(ratio()?),
    })
}
