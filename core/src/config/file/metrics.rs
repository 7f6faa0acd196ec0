//! `meter_provider` as far as metrics go, and `logger_provider`, which is only checked.

use super::super::{Destination, Timeout};
use super::reader::{At, Reader};
use super::share::{Shared, Wish};
use super::traces::shorter;
use crate::export::endpoint::Signal;

const INTERVAL: Shared = Shared {
    by: "the periodic readers",
    what: "one timer",
    settings: &[("interval", "metric_export_interval", Wish::Smallest)],
};

impl Reader<'_> {
    pub(super) fn meter_provider(&mut self, root: &At<'_>) {
        let Some(provider) = root.some("meter_provider") else {
            self.config.metric_destinations = Some(Vec::new());
            return;
        };
        let readers = provider.get("readers");
        let mut destinations = Vec::new();
        let mut periodic = Vec::new();
        for reader in readers.iter().flat_map(At::items) {
            match reader.only() {
                Some(("periodic", settings)) => {
                    destinations.extend(self.periodic(&settings));
                    periodic.push(settings);
                }
                Some((_, settings)) => self.await_all(&settings),
                None => {}
            }
        }
        self.share(&INTERVAL, &periodic);
        self.config.metric_destinations = Some(destinations);
        // Each destination has the bound of its reader in its own timeout.
        self.config.metric_export_timeout = Timeout::Unlimited;
        self.config
            .note_source("metrics_exporter", self.source(&provider));
        self.put("exemplar_filter", provider.some("exemplar_filter"));
        for key in ["views", "meter_configurator/development"] {
            if let Some(part) = provider.get(key) {
                self.await_all(&part);
            }
        }
    }

    fn periodic(&mut self, at: &At<'_>) -> Option<Destination> {
        let bound = at.some("timeout").and_then(|at| at.whole());
        let bound = Timeout::from_millis(bound.unwrap_or(30_000));
        for key in ["producers", "cardinality_limits", "max_export_batch_size"] {
            if let Some(part) = at.get(key) {
                self.await_all(&part);
            }
        }
        let exporter = at.get("exporter")?;
        if let Some((_, settings)) = exporter.only() {
            self.put(
                "temporality_preference",
                settings.some("temporality_preference"),
            );
            self.put(
                "default_histogram_aggregation",
                settings.some("default_histogram_aggregation"),
            );
        }
        let mut destination = self.exporter(&exporter, Signal::Metrics)?;
        if let Destination::Otlp(otlp) = &mut destination {
            otlp.timeout = shorter(otlp.timeout, bound);
        }
        Some(destination)
    }

    pub(super) fn logger_provider(&mut self, root: &At<'_>) {
        if let Some(provider) = root.some("logger_provider") {
            self.await_all(&provider);
        }
    }

    /// A part that has been checked against the schema, and takes effect with its signal.
    fn await_all(&mut self, at: &At<'_>) {
        at.leave();
        self.awaited.push(at.path.to_string());
    }
}
