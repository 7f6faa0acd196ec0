//! The policy: what is sampled, redacted, kept and propagated. Compiled once from the configuration, never changed.

use crate::config::{Config, ConfigError};
use crate::fingerprint::fnv1a;
use crate::propagate::sentry::Head;
use crate::propagate::{BaggageAttributes, Propagators};
use crate::redact::Redactor;
use crate::sample::{Mask, Sampler};
use crate::trace::{Limits, OwnedValue};

/// Sampler, redactor, limits and propagators of one provider.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) sampler: Sampler,
    pub(crate) mask: Mask,
    pub(crate) redactor: Redactor,
    pub(crate) propagators: Propagators,
    pub(crate) baggage_attributes: BaggageAttributes,
    pub(crate) limits: Limits,
}

impl Policy {
    /// # Errors
    ///
    /// The sampler's argument is not a ratio.
    pub(crate) fn compile(config: &Config) -> Result<Self, ConfigError> {
        let sampler = config.head_sampler()?;
        let propagators = match sentry_head(config, &sampler) {
            Some(head) => config.propagators.clone().with_sentry_head(head),
            None => config.propagators.clone(),
        };
        Ok(Self {
            mask: sampler.mask(),
            sampler,
            redactor: Redactor::new(config.redaction),
            propagators,
            baggage_attributes: config.baggage_attributes.clone(),
            limits: config.limits(),
        })
    }

    /// `r:<8 hex> s:<8 hex> p:<8 hex>`: redactor, sampler, propagators with limits and the baggage that becomes attributes.
    pub(crate) fn fingerprint(&self) -> String {
        let limits = format!("{:?}", self.limits);
        let propagators = self.propagators.describe();
        let baggage = self.baggage_attributes.to_string();
        let mut sent = vec![propagators.as_str(), &limits];
        if !self.baggage_attributes.is_empty() {
            sent.push(&baggage);
        }
        format!(
            "r:{:08x} s:{:08x} p:{:08x}",
            self.redactor.fingerprint(),
            self.sampler.fingerprint(),
            fnv1a(&sent),
        )
    }

    /// The policy in words, its fingerprint first.
    pub(crate) fn describe(&self) -> String {
        let mut words = format!(
            "policy {}\nsampler: {}\nredaction: {}\npropagators: {}\n",
            self.fingerprint(),
            self.sampler.describe(),
            self.redactor.describe(),
            self.propagators.describe(),
        );
        if !self.baggage_attributes.is_empty() {
            words += &format!("baggage attributes: {}\n", self.baggage_attributes);
        }
        words
    }
}

/// What Sentry is told of the traces that begin here, if a DSN says in whose name.
fn sentry_head(config: &Config, sampler: &Sampler) -> Option<Head> {
    let attribute = |key: &str| {
        let found = config.resource_attributes.iter().find(|(k, _)| k == key);
        match &found?.1 {
            OwnedValue::Str(text) => Some(text.clone()),
            _ => None,
        }
    };
    let mut head = Head::of(config.sentry_dsn.as_ref()?);
    head.environment = attribute("deployment.environment.name");
    head.release = attribute("service.version");
    head.sample_rate = sampler.rate_at_roots();
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn baggage_that_becomes_attributes_is_part_of_the_policy() {
        let policy = |list: &str| {
            let mut config = Config::default();
            config.set("baggage_attributes", list).unwrap();
            Policy::compile(&config).unwrap()
        };
        let default = Policy::compile(&Config::default()).unwrap();
        assert_eq!(policy("none").fingerprint(), default.fingerprint());
        assert_ne!(policy("tenant").fingerprint(), default.fingerprint());
        assert_ne!(
            policy("tenant").fingerprint(),
            policy("user.*").fingerprint()
        );
        let [described, plain] = [policy("tenant,user.*"), default].map(|one| one.describe());
        assert!(
            described.ends_with("\nbaggage attributes: tenant,user.*\n"),
            "{described}"
        );
        assert!(!plain.contains("baggage attributes"), "{plain}");
    }

    #[test]
    fn sentry_is_told_of_traces_that_begin_here_only_with_a_dsn() {
        let mut config = Config::default()
            .resource_attribute("service.version", "1.2")
            .resource_attribute("deployment.environment.name", "staging");
        let head = |config: &Config| sentry_head(config, &config.head_sampler().unwrap());
        assert_eq!(head(&config), None);
        config
            .set("sentry_dsn", "https://abc@o42.ingest.sentry.io/7")
            .unwrap();
        config.set("sampler", "parentbased_traceidratio").unwrap();
        config.set("sampler_arg", "0.25").unwrap();
        let head = head(&config).unwrap();
        assert_eq!(
            (head.public_key.as_str(), head.org_id.as_deref()),
            ("abc", Some("42"))
        );
        assert_eq!(
            (head.release.as_deref(), head.environment.as_deref()),
            (Some("1.2"), Some("staging"))
        );
        assert_eq!(head.sample_rate, Some(0.25));
    }
}
