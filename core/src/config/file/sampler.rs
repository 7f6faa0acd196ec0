//! Samplers: every kind of the schema but `jaeger_remote/development`, which would ask a server.

use std::sync::Arc;

use super::super::sampling::SamplerChoice;
use super::plugin;
use super::reader::{At, Reader};
use crate::sample::{
    Composable, Condition, ParentBased, ParentKind, Patterns, Probability, Rule, Sampler,
    SamplerError, TraceIdRatio,
};
use crate::trace::SpanKind;

pub(super) const KNOWN: &str = "always_on, always_off, always_record, composite/development, parent_based, probability/development, \
                     trace_id_ratio_based";
const COMPOSABLE: &str = "always_on, always_off, parent_threshold, probability, rule_based";

impl Reader<'_> {
    pub(super) fn sampler_of_provider(&mut self, at: &At<'_>) {
        if let Some(sampler) = self.sampler(at) {
            self.config.sampler = SamplerChoice::Made(sampler);
            self.config.note_source("sampler", self.source(at));
        }
    }

    fn sampler(&mut self, at: &At<'_>) -> Option<Sampler> {
        let (kind, settings) = at.only()?;
        match kind {
            "always_on" => Some(Sampler::AlwaysOn),
            "always_off" => Some(Sampler::AlwaysOff),
            "always_record" => {
                let root = settings.some("root")?;
                self.sampler(&root).map(Sampler::always_record)
            }
            "trace_id_ratio_based" => self
                .ratio(&settings, TraceIdRatio::new)
                .map(Sampler::TraceIdRatio),
            "probability/development" => self
                .ratio(&settings, Probability::new)
                .map(Sampler::Probability),
            "parent_based" => Some(self.parent_based(&settings)),
            "composite/development" => self.composable(&settings).map(Sampler::composite),
            other => self.sampler_of_program(other, &settings),
        }
    }

    fn sampler_of_program(&mut self, name: &str, at: &At<'_>) -> Option<Sampler> {
        at.leave();
        match plugin::sampler(name, at.node) {
            Some(Ok(sampler)) => return Some(sampler),
            Some(Err(why)) => self.refuse(at, format!("cannot be made: {why}")),
            None => {
                let what = format!("is no sampler of this version; known are {KNOWN}");
                self.refuse(at, what);
            }
        }
        None
    }

    fn ratio<T>(
        &mut self,
        at: &At<'_>,
        make: impl FnOnce(f64) -> Result<T, SamplerError>,
    ) -> Option<T> {
        let ratio = at.some("ratio").and_then(|at| at.number());
        make(ratio.unwrap_or(1.0))
            .map_err(|error| self.refuse(at, error.to_string()))
            .ok()
    }

    fn composable(&mut self, at: &At<'_>) -> Option<Composable> {
        let (kind, settings) = at.only()?;
        match kind {
            "always_on" => Some(Composable::AlwaysOn),
            "always_off" => Some(Composable::AlwaysOff),
            "probability" => self.ratio(&settings, Composable::probability),
            "parent_threshold" => {
                let root = settings.some("root")?;
                self.composable(&root).map(Composable::parent_threshold)
            }
            "rule_based" => {
                let rules = settings.some("rules").map(|rules| rules.items());
                let rules = rules.unwrap_or_default().into_iter();
                let read: Vec<_> = rules.filter_map(|rule| self.rule(&rule)).collect();
                Some(Composable::rule_based(read))
            }
            _ => {
                settings.leave();
                let what = format!("is no sampler of this version; known are {COMPOSABLE}");
                self.refuse(&settings, what);
                None
            }
        }
    }

    fn rule(&mut self, at: &At<'_>) -> Option<Rule> {
        let mut conditions = Vec::new();
        if let Some(part) = at.some("attribute_values") {
            conditions.push(Condition::AttributeValues {
                key: key(&part),
                values: texts(part.some("values")),
            });
        }
        if let Some(part) = at.some("attribute_patterns") {
            conditions.push(Condition::AttributePatterns {
                key: key(&part),
                patterns: Patterns {
                    included: texts(part.some("included")),
                    excluded: texts(part.some("excluded")),
                },
            });
        }
        if let Some(part) = at.some("span_kinds") {
            let kinds = texts(Some(part));
            conditions.push(Condition::Kinds(
                kinds.iter().map(|kind| span_kind(kind)).collect(),
            ));
        }
        if let Some(part) = at.some("parent") {
            let parents = texts(Some(part));
            conditions.push(Condition::Parents(
                parents.iter().map(|parent| parent_kind(parent)).collect(),
            ));
        }
        let sampler = self.composable(&at.some("sampler")?)?;
        Some(Rule {
            conditions,
            sampler,
        })
    }

    fn parent_based(&mut self, at: &At<'_>) -> Sampler {
        let mut part = |key| at.some(key).and_then(|part| self.sampler(&part));
        let root = part("root").unwrap_or(Sampler::AlwaysOn);
        let mut sampler = ParentBased::new(root);
        for (key, place) in [
            ("remote_parent_sampled", &mut sampler.remote_sampled),
            ("remote_parent_not_sampled", &mut sampler.remote_unsampled),
            ("local_parent_sampled", &mut sampler.local_sampled),
            ("local_parent_not_sampled", &mut sampler.local_unsampled),
        ] {
            if let Some(given) = part(key) {
                *place = given;
            }
        }
        Sampler::ParentBased(Arc::new(sampler))
    }
}

fn key(at: &At<'_>) -> String {
    let key = at.some("key").and_then(|key| key.text());
    key.unwrap_or_default().to_owned()
}

fn texts(list: Option<At<'_>>) -> Vec<String> {
    let items = list.map(|list| list.items()).unwrap_or_default();
    items.iter().filter_map(At::scalar).collect()
}

/// The schema allows no other names.
fn span_kind(name: &str) -> SpanKind {
    match name {
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// The schema allows no other names.
fn parent_kind(name: &str) -> ParentKind {
    match name {
        "remote" => ParentKind::Remote,
        "local" => ParentKind::Local,
        _ => ParentKind::None,
    }
}
