//! The policy: under `distribution.polyspan`, or alone in a policy file.
//!
//! | key | is |
//! |---|---|
//! | `redaction` | as `POLYSPAN_REDACTION` |
//! | `sampler` | as `tracer_provider.sampler` |
//! | `limits` | as `tracer_provider.limits` |
//! | `propagator` | as `propagator` |
//! | `baggage.attributes` | a list: as the option `baggage_attributes` |
//!
//! In a configuration file `sampler`, `limits` and `propagator` may stand in their standard places instead, but not in both. `memory_limit` stands
//! beside the policy in a configuration file, as the standard has no place for it.

use super::super::Config;
use super::super::origin::Source;
use super::problem::{Path, Problem};
use super::reader::{At, Reader};
use super::schema;
use super::yaml::{Node, Value};

/// Keys of a policy, the schema's definition of each, and the standard place of the same setting.
const KEYS: &[(&str, Option<&str>, &str)] = &[
    ("redaction", None, ""),
    ("sampler", Some("Sampler"), "tracer_provider.sampler"),
    ("limits", Some("SpanLimits"), "tracer_provider.limits"),
    ("propagator", Some("Propagator"), "propagator"),
    ("baggage", None, ""),
];

impl Reader<'_> {
    pub(super) fn distribution(&mut self, root: &At<'_>) {
        let Some(distribution) = root.some("distribution") else {
            return;
        };
        if let Value::Map(members) = &distribution.node.value {
            for (name, member) in members.iter().filter(|(name, _)| name != "polyspan") {
                // Another distribution's; it may be in use beside polyspan.
                At::new(member, distribution.path.key(name)).leave();
            }
        }
        if let Some(own) = distribution.some("polyspan") {
            for (key, _, standard) in KEYS {
                let twice =
                    !standard.is_empty() && own.some(key).is_some() && is_there(root, standard);
                if twice && let Some(at) = own.some(key) {
                    self.refuse(
                        &at,
                        format!("stands in {standard} too; it must stand in one of them"),
                    );
                }
            }
            self.put("memory_limit", own.some("memory_limit"));
            self.policy(&own, &["memory_limit"]);
        }
    }

    fn policy(&mut self, at: &At<'_>, besides: &[&str]) {
        let Value::Map(members) = &at.node.value else {
            return self.refuse(at, "is not a map of keys and values");
        };
        for (key, node) in members {
            let definition = KEYS.iter().find(|(known, ..)| known == key);
            let path = at.path.key(key);
            match definition {
                Some((_, Some(definition), _)) => {
                    self.problems
                        .extend(schema::check_part(node, definition, &path));
                }
                Some(_) => {}
                None if besides.contains(&key.as_str()) => {}
                None => {
                    let known: Vec<_> = KEYS.iter().map(|(key, ..)| *key).collect();
                    At::new(node, path.clone()).leave();
                    let what = format!("is unknown; a policy has {}", known.join(", "));
                    self.problems.push(Problem::said(&path, node, what));
                }
            }
        }
        if !self.problems.is_empty() {
            return at.leave();
        }
        self.put("redaction", at.some("redaction"));
        if let Some(sampler) = at.some("sampler") {
            self.sampler_of_provider(&sampler);
        }
        if let Some(limits) = at.some("limits") {
            self.span_limits(&limits);
        }
        if let Some(propagator) = at.some("propagator") {
            self.propagator(&propagator);
        }
        if let Some(baggage) = at.some("baggage") {
            self.baggage(&baggage);
        }
    }

    fn baggage(&mut self, at: &At<'_>) {
        let Value::Map(_) = at.node.value else {
            at.leave();
            return self.refuse_as(at, "a map with the key attributes");
        };
        if let Some(attributes) = at.some("attributes") {
            self.baggage_attributes(&attributes);
        }
    }

    /// Patterns, one an item.
    fn baggage_attributes(&mut self, at: &At<'_>) {
        let Value::List(_) = at.node.value else {
            at.leave();
            return self.refuse_as(at, "a list of patterns such as \"user.*\"");
        };
        let mut patterns = Vec::new();
        for item in at.items() {
            match item.scalar() {
                Some(pattern) => patterns.push(pattern),
                None => {
                    item.leave();
                    self.refuse_as(&item, "a pattern such as \"user.*\"");
                }
            }
        }
        self.put_text("baggage_attributes", &patterns.join(","), at);
    }
}

/// Puts a policy file over the environment, and says which variables it wins over.
pub(super) fn apply(document: &Node, file: &str, config: &mut Config) -> Vec<Problem> {
    let before: Vec<_> = config.sources.clone();
    let mut reader = Reader::new(config, file);
    reader.policy(&At::new(document, Path::root()), &[]);
    reader.tell_unused(document, &Path::root());
    let problems = reader.problems;
    let hidden: Vec<_> = before
        .iter()
        .filter(|(option, source)| config.source(option) != Some(source))
        .filter_map(|(_, source)| match source {
            Source::Environment { variable } => Some(*variable),
            _ => None,
        })
        .collect();
    if !hidden.is_empty() {
        let warning = format!(
            "{file} wins over {}, which has no effect",
            hidden.join(", ")
        );
        config.problems.warn("policy_file", warning);
    }
    problems
}

fn is_there(root: &At<'_>, path: &str) -> bool {
    let mut node = root.node;
    for key in path.split('.') {
        match node.get(key) {
            Some(member) => node = member,
            None => return false,
        }
    }
    node.value != Value::Null
}
