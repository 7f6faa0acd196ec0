//! The SDK's meter provider of one process generation.

use super::attribute::Redaction;
use super::counter::Definition;
use crate::pipeline::{Pipeline, Signal};
use crate::trace::Inner;
use opentelemetry::InstrumentationScope;
use opentelemetry::metrics::{Counter, InstrumentBuilder, Meter, MeterProvider as _};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    InstrumentKind, ManualReader, Pipeline as SdkPipeline, SdkMeterProvider, Temporality,
};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

/// The metrics of one provider in one process generation: nothing until the first measurement.
#[derive(Default)]
pub(crate) struct Metrics {
    meters: OnceLock<Meters>,
    begun: Signal,
}

impl Metrics {
    /// What was measured so far; `None` if nothing was.
    pub(super) fn meters(&self) -> Option<&Meters> {
        self.meters.get()
    }

    /// Until the first measurement.
    pub(super) async fn begun(&self) -> &Meters {
        self.begun.until(|| self.meters.get()).await
    }
}

impl Pipeline {
    /// The meters, made at the first measurement, from which on the worker exports metrics.
    #[inline]
    pub(super) fn meters(&'static self, provider: &'static Inner) -> &'static Meters {
        match self.metrics.meters.get() {
            Some(meters) => meters,
            None => self.begin_to_measure(provider),
        }
    }

    #[cold]
    fn begin_to_measure(&'static self, provider: &'static Inner) -> &'static Meters {
        let make = || Meters::new(provider, self);
        let meters = self.metrics.meters.get_or_init(make);
        self.ensure_worker(provider);
        self.metrics.begun.interrupt();
        meters
    }
}

/// The SDK behind the instruments.
pub(super) struct Meters {
    provider: SdkMeterProvider,
    reader: Reader,
    redaction: Redaction<'static>,
}

impl Meters {
    fn new(provider: &'static Inner, pipeline: &'static Pipeline) -> Self {
        let redaction = Redaction {
            redactor: &provider.policy.redactor,
            counts: &pipeline.redacted,
        };
        let resource = pipeline.resource(provider);
        let attributes = redaction.owned(resource.attributes());
        let builder = opentelemetry_sdk::Resource::builder_empty();
        let resource = match resource.schema_url() {
            "" => builder.with_attributes(attributes),
            url => builder.with_schema_url(attributes, url.to_owned()),
        }
        .build();
        let reader = Reader::default();
        let provider = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(reader.clone())
            .build();
        Self {
            provider,
            reader,
            redaction,
        }
    }

    /// The instrument of a counter of whole numbers.
    pub(super) fn whole(&self, definition: &Definition) -> Counter<u64> {
        let meter = self.meter(definition);
        let builder = meter.u64_counter(definition.name.clone());
        self.described(builder, definition).build()
    }

    /// The instrument of a counter of real numbers.
    pub(super) fn real(&self, definition: &Definition) -> Counter<f64> {
        let meter = self.meter(definition);
        let builder = meter.f64_counter(definition.name.clone());
        self.described(builder, definition).build()
    }

    fn described<'m, T>(
        &self,
        builder: InstrumentBuilder<'m, T>,
        definition: &Definition,
    ) -> InstrumentBuilder<'m, T> {
        builder
            .with_unit(definition.unit.clone())
            .with_description(self.redaction.text(&definition.description))
    }

    fn meter(&self, definition: &Definition) -> Meter {
        let scope = &definition.scope;
        let mut builder = InstrumentationScope::builder(self.redaction.text(&scope.name))
            .with_attributes(self.redaction.owned(&scope.attributes));
        if !scope.version.is_empty() {
            builder = builder.with_version(scope.version.clone());
        }
        if !scope.schema_url.is_empty() {
            builder = builder.with_schema_url(scope.schema_url.clone());
        }
        self.provider.meter_with_scope(builder.build())
    }

    /// What was measured until now.
    pub(super) fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.reader.collect(metrics)
    }
}

/// The SDK's manual reader; the SDK takes one end, polyspan's worker pulls at the other.
#[derive(Clone, Debug, Default)]
struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<SdkPipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}
