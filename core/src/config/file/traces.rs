//! `tracer_provider`: processors, limits, sampler, id generator.

use std::time::Duration;

use super::super::{Destination, Timeout};
use super::reader::{At, Reader};
use super::share::{Shared, Wish};
use crate::export::endpoint::Signal;

const QUEUE: Shared = Shared {
    by: "the batch processors",
    what: "one queue",
    settings: &[
        ("schedule_delay", "schedule_delay", Wish::Smallest),
        (
            "max_export_batch_size",
            "max_export_batch_size",
            Wish::Smallest,
        ),
        ("max_queue_size", "max_queue_size", Wish::Largest),
    ],
};

impl Reader<'_> {
    pub(super) fn tracer_provider(&mut self, root: &At<'_>) {
        let Some(provider) = root.some("tracer_provider") else {
            // Not the default of the environment: without a provider nothing is exported.
            self.config.trace_destinations = Some(Vec::new());
            return;
        };
        if let Some(processors) = provider.get("processors") {
            self.span_processors(&processors);
        }
        if let Some(limits) = provider.get("limits") {
            self.span_limits(&limits);
        }
        if let Some(sampler) = provider.get("sampler") {
            self.sampler_of_provider(&sampler);
        }
        if let Some(generator) = provider.get("id_generator")
            && let Some((name, settings)) = generator.only()
        {
            match name {
                "random" => self.no_settings(&settings),
                _ => {
                    settings.leave();
                    self.refuse(
                        &settings,
                        "is no id generator of this version; known is random",
                    );
                }
            }
        }
    }

    /// All processors become destinations of one pipeline, which has one queue.
    fn span_processors(&mut self, at: &At<'_>) {
        let mut destinations = Vec::new();
        let mut batches = Vec::new();
        for processor in at.items() {
            let Some((kind, settings)) = processor.only() else {
                continue;
            };
            match kind {
                "batch" => {
                    destinations.extend(self.batch_processor(&settings));
                    batches.push(settings);
                }
                "simple" => {
                    let exporter = settings.get("exporter");
                    destinations.extend(exporter.and_then(|at| self.exporter(&at, Signal::Traces)));
                }
                _ => {
                    settings.leave();
                    self.refuse(
                        &settings,
                        "is no span processor of this version; known are batch and simple",
                    );
                }
            }
        }
        self.share(&QUEUE, &batches);
        if batches.is_empty() {
            // Each span at once, as a simple processor does; still not on the thread that ends it.
            self.config.schedule_delay = Duration::ZERO;
            self.config.note_source("schedule_delay", self.source(at));
        }
        // Each destination has the bound of its processor in its own timeout.
        self.config.export_timeout = Timeout::Unlimited;
        self.config.trace_destinations = Some(destinations);
        self.config.note_source("exporter", self.source(at));
    }

    fn batch_processor(&mut self, at: &At<'_>) -> Option<Destination> {
        let exporter = at.get("exporter")?;
        let mut destination = self.exporter(&exporter, Signal::Traces)?;
        let bound = at.some("export_timeout").and_then(|at| at.whole());
        let bound = Timeout::from_millis(bound.unwrap_or(30_000));
        if let Destination::Otlp(otlp) = &mut destination {
            otlp.timeout = shorter(otlp.timeout, bound);
        }
        Some(destination)
    }

    pub(super) fn span_limits(&mut self, limits: &At<'_>) {
        for key in ["attribute_count_limit", "attribute_value_length_limit"] {
            self.put(&format!("span_{key}"), limits.some(key));
        }
        for key in [
            "event_count_limit",
            "link_count_limit",
            "event_attribute_count_limit",
            "link_attribute_count_limit",
        ] {
            self.put(key, limits.some(key));
        }
        self.depth_limit(limits);
    }
}

pub(super) fn shorter(one: Timeout, other: Timeout) -> Timeout {
    match (one.limit(), other.limit()) {
        (Some(a), Some(b)) if b < a => other,
        (None, Some(_)) => other,
        _ => one,
    }
}
