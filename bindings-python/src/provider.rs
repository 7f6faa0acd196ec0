//! The core's provider; everything that waits lets go of the GIL.

use crate::config::{Config, raise};
use crate::propagation::{self, Entry, Given};
use crate::value::to_dict;
use polyspan::trace;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};
use std::collections::HashMap;
use std::time::Duration;

/// What stands behind `polyspan.TracerProvider`.
#[pyclass(frozen, module = "polyspan._native")]
pub(crate) struct Provider {
    provider: trace::Provider,
}

impl Provider {
    #[inline]
    pub(crate) fn core(&self) -> trace::Provider {
        self.provider
    }
}

/// Seconds; what is no length of time is none.
fn duration(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(if seconds > 0.0 {
        Duration::from_secs(u32::MAX.into())
    } else {
        Duration::ZERO
    })
}

#[pymethods]
impl Provider {
    #[new]
    fn new(py: Python<'_>, config: &Bound<'_, Config>) -> PyResult<Self> {
        let provider = trace::Provider::new(config.get().built());
        provider
            .map(|provider| Self { provider })
            .map_err(|error| raise(py, &error))
    }

    /// A provider that records nothing.
    #[staticmethod]
    fn noop() -> Self {
        Self {
            provider: trace::Provider::noop(),
        }
    }

    /// `None`, or why not everything was exported.
    fn flush(&self, py: Python<'_>, seconds: f64) -> Option<String> {
        let flushed = py.detach(|| self.provider.flush(duration(seconds)));
        flushed.err().map(|error| error.to_string())
    }

    /// `None`, or why not everything was exported.
    fn shutdown(&self, py: Python<'_>, seconds: f64) -> Option<String> {
        let closed = py.detach(|| self.provider.shutdown(duration(seconds)));
        closed.err().map(|error| error.to_string())
    }

    fn stats(&self, py: Python<'_>) -> String {
        py.detach(|| self.provider.stats()).to_json()
    }

    fn describe(&self) -> String {
        self.provider.describe()
    }

    fn fingerprint(&self) -> String {
        self.provider.fingerprint()
    }

    fn diagnostics(&self, py: Python<'_>) -> Vec<String> {
        py.detach(|| self.provider.take_diagnostics())
    }

    fn is_disabled(&self) -> bool {
        self.provider.is_disabled()
    }

    fn has_metrics(&self) -> bool {
        self.provider.has_metrics()
    }

    fn resource<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        to_dict(py, self.provider.resource().attributes())
    }

    fn fields(&self) -> Vec<&'static str> {
        self.provider.fields().to_vec()
    }

    fn headers(&self) -> Vec<&'static str> {
        self.provider.headers().to_vec()
    }

    /// See [`propagation::inject`].
    #[pyo3(signature = (context, baggage))]
    fn inject(
        &self,
        py: Python<'_>,
        context: Option<&Bound<'_, PyAny>>,
        baggage: Vec<Given<'_>>,
    ) -> PyResult<Vec<(String, String)>> {
        propagation::inject(py, self.provider, context, &baggage)
    }

    /// See [`propagation::extract`].
    fn extract<'py>(
        &self,
        py: Python<'py>,
        headers: HashMap<String, Vec<Bound<'py, PyString>>>,
    ) -> PyResult<(Option<Bound<'py, PyAny>>, Vec<Entry>)> {
        propagation::extract(py, self.provider, headers)
    }
}
