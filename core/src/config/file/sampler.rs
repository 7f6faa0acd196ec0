//! Samplers: every kind of the schema that [`Sampler`] has.

use std::sync::Arc;

use super::super::sampling::SamplerChoice;
use super::plugin;
use super::reader::{At, Reader};
use crate::sample::{ParentBased, Sampler, TraceIdRatio};

pub(super) const KNOWN: &str = "always_on, always_off, trace_id_ratio_based, parent_based";

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
            "trace_id_ratio_based" => self.ratio(&settings).map(Sampler::TraceIdRatio),
            "parent_based" => Some(self.parent_based(&settings)),
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

    fn ratio(&mut self, at: &At<'_>) -> Option<TraceIdRatio> {
        let ratio = at.some("ratio").and_then(|at| at.number());
        let made = TraceIdRatio::new(ratio.unwrap_or(1.0));
        made.map_err(|error| self.refuse(at, error.to_string()))
            .ok()
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
