//! What stands at the top: the version, `disabled`, `log_level`, `attribute_limits`, `propagator`.

use super::super::LogLevel;
use super::reader::{At, Reader};
use crate::propagate::Propagators;

/// The version of the schema that is built in.
const SCHEMA_MINOR: u32 = 1;

impl Reader<'_> {
    pub(super) fn general(&mut self, root: &At<'_>) {
        if let Some(version) = root.get("file_format") {
            self.version(&version);
        }
        self.put("disabled", root.some("disabled"));
        if let Some(level) = root.some("log_level")
            && let Some(name) = level.text()
        {
            self.put_text("log_level", log_level(name).name(), &level);
        }
        if let Some(limits) = root.get("attribute_limits") {
            self.put(
                "attribute_count_limit",
                limits.some("attribute_count_limit"),
            );
            self.put(
                "attribute_value_length_limit",
                limits.some("attribute_value_length_limit"),
            );
            self.depth_limit(&limits);
        }
        match root.get("propagator") {
            Some(propagator) => self.propagator(&propagator),
            // Not the default of the environment: a file that names none means none.
            None => self.config.propagators = Propagators::none(),
        }
        if let Some(instrumentation) = root.get("instrumentation/development") {
            // For instrumentation libraries, which read it themselves.
            instrumentation.leave();
        }
    }

    fn version(&mut self, at: &At<'_>) {
        let text = at.text().unwrap_or_default();
        let mut numbers = text.split(['.', '-']).map(str::parse::<u32>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(1)), Some(Ok(minor))) if minor > SCHEMA_MINOR => {
                let warning = format!(
                    "{}: file_format is \"{text}\", newer than 1.{SCHEMA_MINOR}, which this version knows; what is new in it is refused",
                    self.file
                );
                self.config.problems.warn("config_file", warning);
            }
            (Some(Ok(1)), Some(Ok(_))) => {}
            _ => self.refuse(at, format!("is \"{text}\"; it must be \"1.0\" or \"1.1\"")),
        }
    }

    /// `composite`, then what `composite_list` has in addition.
    pub(super) fn propagator(&mut self, at: &At<'_>) {
        let mut names: Vec<String> = Vec::new();
        if let Some(composite) = at.some("composite") {
            for item in composite.items() {
                if let Some((name, settings)) = item.only() {
                    self.no_settings(&settings);
                    names.push(name.to_owned());
                }
            }
        }
        if let Some(list) = at.some("composite_list").and_then(|list| list.scalar()) {
            let listed = list
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            names.extend(listed.map(str::to_owned));
        }
        let text = if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(",")
        };
        self.put_text("propagators", &text, at);
    }

    /// A part that is chosen by its name alone.
    pub(super) fn no_settings(&mut self, at: &At<'_>) {
        if let Some((key, _)) = at.only() {
            self.refuse(at, format!("has the setting {key}; it takes none"));
        }
    }

    /// Depths other than the specification's default.
    pub(super) fn depth_limit(&mut self, limits: &At<'_>) {
        if let Some(depth) = limits.some("attribute_value_depth_limit")
            && let Some(number) = depth.whole()
            && number != 64
        {
            self.refuse(
                &depth,
                format!("is {number}; this version supports 64 only"),
            );
        }
    }
}

/// The level that a severity of the file means.
fn log_level(severity: &str) -> LogLevel {
    match severity.trim_end_matches(|last: char| last.is_ascii_digit()) {
        "trace" | "debug" => LogLevel::Debug,
        "warn" => LogLevel::Warn,
        "error" | "fatal" => LogLevel::Error,
        _ => LogLevel::Info,
    }
}
