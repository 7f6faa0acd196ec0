//! The worker's part: pulls, encodes, delivers.

use super::encode::Encoder;
use super::meters::Meters;
use crate::diagnostics::Cause;
use crate::pipeline::delivery::Outcome;
use crate::pipeline::{CloseBy, Outlet, Pipeline, cancelled};
use bytes::Bytes;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

/// Exports the metrics of one provider in one process generation.
pub(crate) struct Export {
    pipeline: &'static Pipeline,
    interval: Duration,
    outlets: Vec<Arc<Outlet>>,
    close_by: CloseBy,
    /// One export at a time; made at the first.
    state: Mutex<Option<State>>,
}

struct State {
    encoder: Encoder,
    /// Keeps its buffers.
    metrics: ResourceMetrics,
}

impl Export {
    pub(crate) fn new(
        pipeline: &'static Pipeline,
        interval: Duration,
        outlets: Vec<Arc<Outlet>>,
        close_by: CloseBy,
    ) -> Self {
        Self {
            pipeline,
            // An interval of zero must not become a loop without a pause.
            interval: interval.max(Duration::from_millis(1)),
            outlets,
            close_by,
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
        self.export(meters).await.err()
    }

    async fn export(&self, meters: &Meters) -> Result<(), String> {
        let mut state = self.state.lock().await;
        let body = collect(&mut state, meters).await;
        let body = body.inspect_err(|reason| self.report(0, Cause::Metrics, reason))?;
        let Some(body) = body else { return Ok(()) };
        let mut flights = JoinSet::new();
        for (index, outlet) in self.outlets.iter().enumerate() {
            flights.spawn(self.deliver(index, outlet.clone(), body.clone()));
        }
        let mut failures = Vec::new();
        while let Some(landed) = flights.join_next().await {
            let (index, outcome) = landed.map_err(|bug| bug.to_string())?;
            if let Err(reason) = self.judge(index, outcome) {
                self.report(index, Cause::Metrics, &reason);
                failures.push(reason);
            }
        }
        match failures.is_empty() {
            true => Ok(()),
            false => Err(failures.join("; ")),
        }
    }

    fn deliver(
        &self,
        index: usize,
        outlet: Arc<Outlet>,
        body: Bytes,
    ) -> impl Future<Output = (usize, Outcome)> + Send + 'static {
        let (pipeline, close_by) = (self.pipeline, self.close_by.clone());
        let length = body.len() as u64;
        async move {
            let cancel = cancelled(close_by, &outlet);
            let attempt = |again| pipeline.counters.requested(length, again);
            (index, outlet.deliver(body, cancel, attempt).await)
        }
    }

    fn judge(&self, index: usize, outcome: Outcome) -> Result<(), String> {
        match outcome {
            Outcome::Delivered { message, .. } => {
                if let Some(message) = message {
                    self.report(index, Cause::PartialSuccess, &message);
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

    fn report(&self, index: usize, cause: Cause, message: &str) {
        let diagnostics = &self.pipeline.diagnostics;
        diagnostics.report_about(index, cause, message.to_owned());
    }
}

/// What was measured until now, encoded; `None` if nothing was.
async fn collect(state: &mut Option<State>, meters: &Meters) -> Result<Option<Bytes>, String> {
    let state = match state {
        Some(state) => state,
        none => none.insert(State {
            encoder: Encoder::new().map_err(not_encoded)?,
            metrics: ResourceMetrics::default(),
        }),
    };
    let collected = meters.collect(&mut state.metrics);
    collected.map_err(|error| format!("metrics could not be collected: {error}"))?;
    if state.metrics.scope_metrics().next().is_none() {
        return Ok(None);
    }
    let encoded = state.encoder.encode(&state.metrics).await;
    encoded.map(Some).map_err(not_encoded)
}

fn not_encoded(reason: String) -> String {
    format!("metrics could not be encoded: {reason}")
}
