//! The worker's part: pulls, encodes, delivers.

use super::encode::Encoder;
use super::meters::Meters;
use crate::diagnostics::Cause;
use crate::pipeline::delivery::{Delivery, Outcome};
use crate::pipeline::{Pipeline, cancelled};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::Mutex;

/// Exports the metrics of one provider in one process generation.
pub(crate) struct Export {
    pipeline: &'static Pipeline,
    interval: Duration,
    delivery: Delivery,
    /// One export at a time; made at the first.
    state: Mutex<Option<State>>,
}

struct State {
    encoder: Encoder,
    /// Keeps its buffers.
    metrics: ResourceMetrics,
}

impl Export {
    pub(crate) fn new(pipeline: &'static Pipeline, interval: Duration, delivery: Delivery) -> Self {
        Self {
            pipeline,
            // An interval of zero must not become a loop without a pause.
            interval: interval.max(Duration::from_millis(1)),
            delivery,
            state: Mutex::new(None),
        }
    }

    /// Exports again and again, beside the spans: a slow backend for metrics does not hold them back.
    pub(crate) async fn at_intervals(&self) -> Infallible {
        self.pipeline.metrics.begun().await;
        loop {
            tokio::time::sleep(self.interval).await;
            self.now().await;
        }
    }

    /// Exports what was measured until now. Returns why that failed, after it was reported.
    pub(crate) async fn now(&self) -> Option<String> {
        let meters = self.pipeline.metrics.meters()?;
        let failure = self.export(meters).await.err()?;
        let diagnostics = &self.pipeline.diagnostics;
        diagnostics.report(Cause::Metrics, failure.clone());
        Some(failure)
    }

    async fn export(&self, meters: &Meters) -> Result<(), String> {
        let mut state = self.state.lock().await;
        let state = match &mut *state {
            Some(state) => state,
            none => none.insert(State {
                encoder: Encoder::new().map_err(not_encoded)?,
                metrics: ResourceMetrics::default(),
            }),
        };
        let collected = meters.collect(&mut state.metrics);
        collected.map_err(|error| format!("metrics could not be collected: {error}"))?;
        if state.metrics.scope_metrics().next().is_none() {
            return Ok(());
        }
        let encoded = state.encoder.encode(&state.metrics).await;
        let body = encoded.map_err(not_encoded)?;
        let cancel = cancelled(self.pipeline, &self.delivery);
        let outcome = self.delivery.deliver(body, cancel).await;
        self.judge(outcome)
    }

    fn judge(&self, outcome: Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Delivered { message, .. } => {
                if let Some(message) = message {
                    self.pipeline
                        .diagnostics
                        .report(Cause::PartialSuccess, message);
                }
                Ok(())
            }
            Outcome::Rejected {
                status: Some(404),
                message,
            } => Err(format!(
                "{message}; if it takes no metrics, set metrics_exporter to none"
            )),
            Outcome::Rejected { message, .. } | Outcome::TooLarge { message } => Err(message),
            Outcome::NotAccepted { reason, .. } | Outcome::Unconfirmed { reason } => Err(reason),
            Outcome::Cancelled => Err("metrics were not exported before shutdown ended".to_owned()),
        }
    }
}

fn not_encoded(reason: String) -> String {
    format!("metrics could not be encoded: {reason}")
}
