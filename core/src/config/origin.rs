//! Where the value of an option comes from.

use std::fmt;

/// Where a setting came from, which decides how strictly it is read and what it wins over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An environment variable.
    Environment {
        /// Its name.
        variable: &'static str,
    },
    /// A configuration or policy file.
    File {
        /// The file, as it was named.
        file: String,
        /// Where in it, such as `tracer_provider.limits.event_count_limit`.
        path: String,
    },
    /// The program.
    Code,
}

impl Source {
    pub(crate) fn is_environment(&self) -> bool {
        matches!(self, Source::Environment { .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Environment { variable } => write!(f, "environment variable {variable}"),
            Source::File { file, path } => write!(f, "{file}: {path}"),
            Source::Code => f.write_str("code"),
        }
    }
}
