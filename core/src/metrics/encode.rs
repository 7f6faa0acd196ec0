//! Collected metrics as an OTLP `ExportMetricsServiceRequest`.
//!
//! `opentelemetry-otlp` encodes, and hands the request to an HTTP client: one that keeps the body instead of sending it,
//! because delivery, with its retries and deadlines, is the worker's, the same for all signals.

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{MetricExporter, Protocol, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use std::sync::{Arc, Mutex, PoisonError};

/// Encodes metrics.
pub(super) struct Encoder {
    exporter: MetricExporter,
    body: CapturedBody,
}

impl Encoder {
    pub(super) fn new() -> Result<Self, String> {
        let body = CapturedBody::default();
        let exporter = MetricExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            // Never called, but given, so that the exporter does not read the environment for it.
            .with_endpoint("http://localhost")
            .with_http_client(body.clone())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { exporter, body })
    }

    /// The encoded request.
    pub(super) async fn encode(&self, metrics: &ResourceMetrics) -> Result<Bytes, String> {
        let encoded = self.exporter.export(metrics).await;
        encoded.map_err(|error| error.to_string())?;
        self.body.take().ok_or_else(|| "no request".to_owned())
    }
}

/// Where the body of the last request waits.
#[derive(Clone, Debug, Default)]
struct CapturedBody(Arc<Mutex<Option<Bytes>>>);

impl CapturedBody {
    fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[async_trait]
impl HttpClient for CapturedBody {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.into_body());
        Ok(Response::new(Bytes::new()))
    }
}
