//! What produces the telemetry: the attributes that all spans of a process share.
//!
//! Later sources win over earlier ones:
//!
//! 1. what every SDK must say: `telemetry.sdk.*` and a service name;
//! 2. what the [`Detectors`] find out, in the order of the table;
//! 3. attributes of the environment or of a configuration file, then of code;
//! 4. the service name option;
//! 5. `polyspan.binding` and `polyspan.policy`, which state facts.
//!
//! | file | finds | from |
//! |---|---|---|
//! | `service` | `service.instance.id` | random bits of the process generation |
//! | `process` | `process.*` | `/proc/self`, `/etc/passwd`; `process.runtime.*` from the binding |
//! | `host`, `os` | `host.*`, `os.*` | `/proc/sys/kernel`, machine-id, os-release |
//! | `container` | `container.id` | cgroup, mountinfo |
//! | `k8s` | `k8s.*` | variables of the downward API, cgroup, service account |
//! | `cloud` | `cloud.*`, `faas.*` | variables of the platform, firmware |
//!
//! Detectors read files and variables, each only so far, and never a network. They run once in a process generation, when
//! its worker starts. None can fail: what cannot be read is left out, and told at log level debug.
//!
//! Source: OpenTelemetry specification, "Resource SDK"; semantic conventions 1.44.

mod cloud;
mod container;
mod detector;
mod host;
mod k8s;
mod os;
mod process;
mod service;
mod surroundings;
#[cfg(test)]
mod tests;

pub use detector::{Detector, Detectors};

use crate::config::Config;
use crate::redact::Redactor;
use crate::trace::OwnedValue;
use surroundings::Surroundings;

const SERVICE_NAME: &str = "service.name";

/// The semantic conventions whose names the detectors use.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.44.0";

/// The attributes of a process, in a stable order, each key once. Immutable once it is made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    attributes: Vec<(String, OwnedValue)>,
    schema_url: String,
}

/// A resource and what could not be read for it, one sentence each.
pub(crate) struct Detected {
    pub(crate) resource: Resource,
    pub(crate) problems: Vec<String>,
}

impl Resource {
    /// A resource with these attributes; of a key that comes again the last value stays. `schema_url` may be empty.
    pub fn new<K: Into<String>, V: Into<OwnedValue>>(
        attributes: impl IntoIterator<Item = (K, V)>,
        schema_url: impl Into<String>,
    ) -> Self {
        let mut resource = Self {
            attributes: Vec::new(),
            schema_url: schema_url.into(),
        };
        for (key, value) in attributes {
            resource.put(&key.into(), value.into());
        }
        resource
    }

    /// This resource with what `updating` says over it, also where that is an empty value. If both have a schema URL and
    /// not the same one, the result has that of `updating`: its attributes stay as they are, and the others may have other
    /// names there.
    pub fn merge(&self, updating: &Resource) -> Resource {
        let mut merged = self.clone();
        for (key, value) in &updating.attributes {
            merged.put(key, value.clone());
        }
        if !updating.schema_url.is_empty() {
            merged.schema_url.clone_from(&updating.schema_url);
        }
        merged
    }

    /// The attributes, in order.
    pub fn attributes(&self) -> &[(String, OwnedValue)] {
        &self.attributes
    }

    /// One attribute.
    pub fn get(&self, key: &str) -> Option<&OwnedValue> {
        let found = self.attributes.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }

    /// The schema whose names the attributes have; empty if that is not known.
    pub fn schema_url(&self) -> &str {
        &self.schema_url
    }

    /// The resource of this process, without its policy.
    ///
    /// `instance` is random and new for each process generation. Reads files.
    pub(crate) fn of_process(config: &Config, instance: u128, redactor: &Redactor) -> Detected {
        Self::of(config, instance, redactor, Surroundings::own())
    }

    fn of(
        config: &Config,
        instance: u128,
        redactor: &Redactor,
        around: Surroundings<'_>,
    ) -> Detected {
        let given = Self::new(
            config.resource_attributes.iter().cloned(),
            config.resource_schema_url.as_deref().unwrap_or_default(),
        );
        let mut resource = if config.fixed_resource {
            given
        } else {
            let mut basis = Self::of_sdk(config, &around);
            basis = basis.merge(&Self::detected(config, instance, redactor, &around));
            basis.merge(&given)
        };
        if let Some(name) = &config.service_name {
            resource.put_text(SERVICE_NAME, name);
        }
        if !config.fixed_resource {
            resource.put_text("polyspan.binding", config.binding.name());
        }
        Detected {
            resource,
            problems: around.into_problems(),
        }
    }

    /// This resource as that of spans, with the fingerprint of the policy.
    pub(crate) fn with_policy(&self, config: &Config, policy: &str) -> Self {
        let mut resource = self.clone();
        if !config.fixed_resource {
            resource.put_text("polyspan.policy", policy);
        }
        resource
    }

    /// What is there whatever detectors run.
    fn of_sdk(config: &Config, around: &Surroundings<'_>) -> Self {
        let mut resource = Self {
            schema_url: SCHEMA_URL.to_owned(),
            ..Self::default()
        };
        let process = process::executable_name(around);
        let name = process.map_or("unknown_service".to_owned(), |process| {
            format!("unknown_service:{process}")
        });
        resource.put_text(SERVICE_NAME, &name);
        resource.put_text("telemetry.sdk.name", "polyspan");
        resource.put_text("telemetry.sdk.language", config.sdk_language());
        resource.put_text("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
        resource
    }

    fn detected(
        config: &Config,
        instance: u128,
        redactor: &Redactor,
        around: &Surroundings<'_>,
    ) -> Self {
        let mut found = Self::default();
        for detector in config.resource_detectors.list() {
            let found = &mut found;
            match detector {
                Detector::Service => service::detect(found, instance),
                Detector::Host => host::detect(found, around),
                Detector::Os => os::detect(found, around),
                Detector::Process => process::detect(found, around, redactor),
                Detector::ProcessRuntime => process::detect_runtime(found, config),
                Detector::Container => container::detect(found, around),
                Detector::K8s => k8s::detect(found, around),
                Detector::Cloud => cloud::detect(found, around),
            }
        }
        found
            .attributes
            .retain(|(key, _)| config.keeps_detected(key));
        found
    }

    fn put_some(&mut self, key: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.put_text(key, value);
        }
    }

    fn put_text(&mut self, key: &str, value: &str) {
        self.put(key, OwnedValue::Str(value.to_owned()));
    }

    fn put(&mut self, key: &str, value: OwnedValue) {
        match self.attributes.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((key.to_owned(), value)),
        }
    }
}
