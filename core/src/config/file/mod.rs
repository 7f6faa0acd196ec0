//! Declarative configuration: the file that `OTEL_CONFIG_FILE` names, and the policy file of `POLYSPAN_POLICY_FILE`.
//!
//! ```text
//! file ── yaml (substitute) ──▶ tree ── schema ──▶ valid tree ── reader, one file per section ──▶ Config
//! ```
//!
//! | file | is |
//! |---|---|
//! | `yaml`, `substitute` | the text as a tree; `${VAR}` in its scalars |
//! | `schema` | what may stand where, from the specification's own schema |
//! | `reader` | the walk over the tree; notes what nobody asked for |
//! | `general`, `resource`, `traces`, `exporter`, `sampler`, `metrics` | one section each |
//! | `share` | what several components of one kind have in common |
//! | `policy` | `distribution.polyspan`, and the policy file |
//! | [`plugin`] | components that the program makes |
//!
//! An unusable file never means the defaults: it is an error that making a provider reports, with the line and the path of
//! everything that is wrong. What the schema knows and polyspan does not do is such an error too.
//!
//! Source: OpenTelemetry specification, "Configuration Data Model" and "Configuration SDK"; schema 1.1.

mod exporter;
mod general;
mod metrics;
pub mod plugin;
mod policy;
mod problem;
mod reader;
mod resource;
mod sampler;
mod schema;
mod share;
mod substitute;
#[cfg(test)]
mod tests;
mod traces;
mod yaml;

use std::fs::File;
use std::io::Read;

use super::environment::{self, Lookup};
use super::{Config, ConfigError, Source};
use crate::resource::Detector;
use problem::{Path, Problem};
use reader::{At, Reader};
use yaml::Node;

/// The configuration that a file describes, with what is wrong in it among its problems.
pub(super) fn load(file: &str, lookup: &Lookup<'_>) -> Config {
    let mut config = Config {
        proxies: environment::proxies(lookup),
        ..Config::default()
    };
    let problems = match read(file, lookup) {
        Ok(document) => apply(&document, file, &mut config),
        Err(problem) => vec![problem],
    };
    config.refuse_file("config_file", file, problems);
    config.name_service(lookup);
    config
}

/// Puts the policy of a policy file over the environment's settings.
pub(super) fn load_policy(config: &mut Config, file: &str, lookup: &Lookup<'_>) {
    let problems = match read(file, lookup) {
        Ok(document) => policy::apply(&document, file, config),
        Err(problem) => vec![problem],
    };
    config.refuse_file("policy_file", file, problems);
}

impl Config {
    /// The `service` detector takes the name from the variable, which is weaker than what the file says.
    fn name_service(&mut self, lookup: &Lookup<'_>) {
        const VARIABLE: &str = "OTEL_SERVICE_NAME";
        let named = self.resource_attributes.iter();
        if !self.resource_detectors.has(Detector::Service)
            || named.into_iter().any(|(key, _)| key == "service.name")
        {
            return;
        }
        let name = lookup(VARIABLE).and_then(|name| name.into_string().ok());
        if let Some(name) = name.filter(|name| !name.trim().is_empty()) {
            self.service_name = Some(name.trim().to_owned());
            let variable = VARIABLE;
            self.note_source("service_name", Source::Environment { variable });
        }
    }

    fn refuse_file(&mut self, option: &'static str, file: &str, problems: Vec<Problem>) {
        for problem in problems {
            let error = ConfigError::InFile {
                file: file.to_owned(),
                line: problem.line,
                path: problem.path.to_string(),
                what: problem.what,
            };
            self.problems.refuse(option, error);
        }
    }
}

/// Reads a file as a tree.
fn read(file: &str, lookup: &Lookup<'_>) -> Result<Node, Problem> {
    let unreadable = |line, what: String| Problem {
        path: Path::root(),
        line,
        what,
    };
    let known = [".yaml", ".yml", ".json"];
    if !known.iter().any(|extension| file.ends_with(extension)) {
        let allowed = "its name must end in .yaml, .yml or .json";
        return Err(unreadable(0, format!("cannot be used: {allowed}")));
    }
    // One byte more than is allowed shows that there are more.
    let most = yaml::MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    File::open(file)
        .and_then(|opened| opened.take(most).read_to_end(&mut bytes))
        .map_err(|error| unreadable(0, format!("cannot be read: {error}")))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| unreadable(0, "cannot be used: it is not valid UTF-8".to_owned()))?;
    yaml::parse(&text, lookup)
        .map_err(|error| unreadable(error.line, format!("cannot be used: {}", error.problem)))
}

/// Reads text as the fuzzer makes it: what is wrong in a configuration, and what is made of the rest. It is tried as a
/// policy too.
#[cfg(any(test, fuzzing))]
pub(crate) fn fuzz(text: &str) -> (Vec<String>, String) {
    let lookup: &Lookup<'_> = &|name| (name == "SET").then(|| "value".into());
    let mut config = Config::default();
    let problems = match yaml::parse(text, lookup) {
        Ok(document) => {
            policy::apply(&document, "fuzz.yaml", &mut Config::default());
            let problems = apply(&document, "fuzz.yaml", &mut config).into_iter();
            problems.map(|problem| problem.what).collect()
        }
        Err(unreadable) => vec![unreadable.problem],
    };
    (problems, config.describe())
}

/// Puts everything that a file says into `config`, and returns what is wrong.
fn apply(document: &Node, file: &str, config: &mut Config) -> Vec<Problem> {
    let problems = schema::check(document);
    if !problems.is_empty() {
        return problems;
    }
    let mut reader = Reader::new(config, file);
    let root = At::new(document, Path::root());
    reader.general(&root);
    reader.resource(&root);
    reader.tracer_provider(&root);
    reader.meter_provider(&root);
    reader.logger_provider(&root);
    reader.distribution(&root);
    reader.tell_unused(document, &Path::root());
    let Reader {
        problems, awaited, ..
    } = reader;
    for part in awaited {
        let warning =
            format!("{file}: {part} is checked, but has no effect before a later version");
        config.problems.warn("config_file", warning);
    }
    problems
}
