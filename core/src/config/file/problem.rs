//! What is wrong in a file, and where.

use std::fmt;

use super::yaml::Node;

/// Where in a file: `tracer_provider.processors[0].batch`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Path(String);

impl Path {
    pub(super) fn root() -> Self {
        Self(String::new())
    }

    pub(super) fn key(&self, key: &str) -> Self {
        let dot = if self.0.is_empty() { "" } else { "." };
        Self(format!("{}{dot}{key}", self.0))
    }

    pub(super) fn item(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub(super) fn may_hold_secrets(&self) -> bool {
        self.0.contains(".headers") || self.0.contains("endpoint")
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Problem {
    pub(super) path: Path,
    pub(super) line: usize,
    /// A clause that follows the path.
    pub(super) what: String,
}

impl Problem {
    /// `found` says what is there, as a clause; `allowed` is the rest of the sentence "it must be …".
    pub(super) fn new(path: &Path, node: &Node, found: String, allowed: impl fmt::Display) -> Self {
        Self::said(path, node, format!("{found}; it must be {allowed}"))
    }

    pub(super) fn said(path: &Path, node: &Node, what: String) -> Self {
        Self {
            path: path.clone(),
            line: node.line,
            what,
        }
    }
}
