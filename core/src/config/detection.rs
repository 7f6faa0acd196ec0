//! What polyspan finds out about its surroundings by itself.

use super::Config;
use crate::choices::choices;
use crate::wildcard;

choices! {
    /// A source of resource attributes.
    pub enum Detector {
        /// `service.instance.id`.
        Service = "service",
        /// `host.*` and `os.*`.
        Host = "host",
        /// `process.*`, the runtime of the language included.
        Process = "process",
        /// `container.id`.
        Container = "container",
    }
    later: []
}

/// Which attributes that were detected are kept, by patterns of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DetectedAttributes {
    /// All, if empty.
    pub(crate) included: Vec<String>,
    /// None of these, whatever is included.
    pub(crate) excluded: Vec<String>,
}

impl Config {
    /// Whether a detector is to run.
    pub(crate) fn detects(&self, detector: Detector) -> bool {
        self.resource_detectors.contains(&detector)
    }

    /// Whether an attribute that a detector found is to be kept.
    pub(crate) fn keeps_detected(&self, key: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|one| wildcard::matches(one, key));
        let DetectedAttributes { included, excluded } = &self.detected_attributes;
        (included.is_empty() || any(included)) && !any(excluded)
    }
}
