//! Which of the detected attributes a configuration file keeps; what detects them is in [`crate::resource`].

use super::Config;
use crate::wildcard;

/// Which attributes that were detected are kept, by patterns of their names.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DetectedAttributes {
    /// All, if empty.
    pub(crate) included: Vec<String>,
    /// None of these, whatever is included.
    pub(crate) excluded: Vec<String>,
}

impl Config {
    /// Whether an attribute that a detector found is to be kept.
    pub(crate) fn keeps_detected(&self, key: &str) -> bool {
        let any = |patterns: &[String]| patterns.iter().any(|one| wildcard::matches(one, key));
        let DetectedAttributes { included, excluded } = &self.detected_attributes;
        (included.is_empty() || any(included)) && !any(excluded)
    }
}
