//! What was found, in words, and what to do about it.

use std::io::{self, Write};

use polyspan::resource::SCHEMA_URL;
use serde_json::{Value, json};

/// How grave a finding is, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// As it should be.
    Good,
    /// Spans arrive, but not as somebody may expect.
    Warning,
    /// Because of this spans do not arrive.
    Problem,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Good => "ok",
            Level::Warning => "warning",
            Level::Problem => "problem",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What was looked at: `configuration`, `sampler`, `connection`, `protocol`, `tls`, `test span`.
    pub(super) about: &'static str,
    pub(super) says: String,
    /// What to do; empty if nothing is to be done.
    pub(super) advice: String,
}

impl Finding {
    pub(super) fn good(about: &'static str, says: impl Into<String>) -> Self {
        Self::new(Level::Good, about, says, "")
    }

    pub(super) fn warning(
        about: &'static str,
        says: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(Level::Warning, about, says, advice)
    }

    pub(super) fn problem(
        about: &'static str,
        says: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self::new(Level::Problem, about, says, advice)
    }

    fn new(
        level: Level,
        about: &'static str,
        says: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            level,
            about,
            says: says.into(),
            advice: advice.into(),
        }
    }
}

/// What this program was built for.
fn platform() -> String {
    format!("{} {}", std::env::consts::OS, std::env::consts::ARCH)
}

/// Everything that the doctor found.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// `name: value` of what differs from the defaults, with its origin.
    pub(super) settings: Vec<(String, String, String)>,
    pub(super) findings: Vec<Finding>,
    /// Nothing could be tried, because the configuration cannot be used.
    pub(super) unusable: bool,
}

impl Report {
    fn worst(&self) -> Level {
        let levels = self.findings.iter().map(|finding| finding.level);
        levels.max().unwrap_or(Level::Good)
    }

    /// 0: spans arrive. 1: they do not. 2: nothing could be tried.
    pub(super) fn exit_code(&self) -> u8 {
        match (self.unusable, self.worst()) {
            (true, _) => 2,
            (false, Level::Problem) => 1,
            (false, _) => 0,
        }
    }

    fn verdict(&self) -> &'static str {
        match self.exit_code() {
            2 => "the configuration cannot be used",
            1 => "spans do not arrive",
            _ if self.worst() == Level::Warning => "spans arrive; see the warnings",
            _ => "spans arrive",
        }
    }

    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "polyspan {}", env!("CARGO_PKG_VERSION"))?;
        writeln!(out, "{}, conventions {SCHEMA_URL}", platform())?;
        if !self.settings.is_empty() {
            writeln!(out, "\nset:")?;
        }
        for (name, value, origin) in &self.settings {
            writeln!(out, "  {name} = {value}  ({origin})")?;
        }
        writeln!(out)?;
        for finding in &self.findings {
            let Finding {
                level,
                about,
                says,
                advice,
            } = finding;
            writeln!(out, "{:8}{about}: {says}", level.name())?;
            if !advice.is_empty() {
                writeln!(out, "        -> {advice}")?;
            }
        }
        writeln!(out, "\n{}", self.verdict())
    }

    pub(super) fn to_json(&self) -> Value {
        let settings: Vec<_> = self
            .settings
            .iter()
            .map(|(name, value, origin)| json!({"name": name, "value": value, "origin": origin}))
            .collect();
        let findings: Vec<_> = self
            .findings
            .iter()
            .map(|finding| {
                json!({
                    "level": finding.level.name(),
                    "about": finding.about,
                    "says": finding.says,
                    "advice": finding.advice,
                })
            })
            .collect();
        json!({
            "version": env!("CARGO_PKG_VERSION"),
            "platform": platform(),
            "schema_url": SCHEMA_URL,
            "verdict": self.verdict(),
            "exit_code": self.exit_code(),
            "settings": settings,
            "findings": findings,
        })
    }
}
