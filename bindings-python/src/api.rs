//! What polyspan takes from opentelemetry-api, looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyTuple, PyType};

/// Classes, keys and functions of Python.
pub(crate) struct Api {
    /// `opentelemetry.context.Context`, a dict subclass.
    pub(crate) context_type: Py<PyType>,
    /// The context variable behind `opentelemetry.context`; `None` if `OTEL_PYTHON_CONTEXT` names another context.
    pub(crate) variable: Option<Py<PyAny>>,
    pub(crate) attach: Py<PyAny>,
    pub(crate) detach: Py<PyAny>,
    pub(crate) get_current: Py<PyAny>,
    pub(crate) set_value: Py<PyAny>,
    pub(crate) span_key: Py<PyString>,
    pub(crate) get_current_span: Py<PyAny>,
    /// Of `opentelemetry.baggage`.
    pub(crate) get_all_baggage: Py<PyAny>,
    pub(crate) span_context: Py<PyType>,
    pub(crate) trace_flags: [Py<PyAny>; 4],
    pub(crate) trace_state: Py<PyType>,
    pub(crate) empty_trace_state: Py<PyAny>,
    /// The members of `SpanKind`, by their numbers in the API.
    pub(crate) kinds: [Py<PyAny>; 5],
    pub(crate) status: Py<PyType>,
    pub(crate) status_code: Py<PyType>,
    pub(crate) sequence: Py<PyAny>,
    pub(crate) mapping: Py<PyAny>,
    /// `logging.getLogger("polyspan").warning`.
    pub(crate) warning: Py<PyAny>,
    /// Of `polyspan.span`.
    pub(crate) describe_exception: Py<PyAny>,
    /// Of `polyspan.tracer`.
    pub(crate) decorate: Py<PyAny>,
    pub(crate) no_arguments: Py<PyTuple>,
}

static API: PyOnceLock<Api> = PyOnceLock::new();

/// See [`Api`].
///
/// # Errors
///
/// opentelemetry-api is missing or is a version that lacks something.
#[inline]
pub(crate) fn api(py: Python<'_>) -> PyResult<&'static Api> {
    match API.get(py) {
        Some(api) => Ok(api),
        None => API.get_or_try_init(py, || Api::look_up(py)),
    }
}

impl Api {
    fn look_up(py: Python<'_>) -> PyResult<Self> {
        let context = py.import("opentelemetry.context")?;
        let trace = py.import("opentelemetry.trace")?;
        let propagation = py.import("opentelemetry.trace.propagation")?;
        let abc = py.import("collections.abc")?;
        let kind = trace.getattr("SpanKind")?;
        let kind = |name: &str| kind.getattr(name).map(Bound::unbind);
        let flags = trace.getattr("TraceFlags")?;
        let flags = |bits: u8| flags.call1((bits,)).map(Bound::unbind);
        let class = |module: &Bound<'_, PyModule>, name: &str| -> PyResult<Py<PyType>> {
            Ok(module.getattr(name)?.cast_into::<PyType>()?.unbind())
        };
        let logger = py
            .import("logging")?
            .call_method1("getLogger", ("polyspan",))?;
        Ok(Self {
            context_type: class(&context, "Context")?,
            variable: variable(py, &context)?,
            attach: context.getattr("attach")?.unbind(),
            detach: context.getattr("detach")?.unbind(),
            get_current: context.getattr("get_current")?.unbind(),
            set_value: context.getattr("set_value")?.unbind(),
            span_key: propagation
                .getattr("_SPAN_KEY")?
                .cast_into::<PyString>()?
                .unbind(),
            get_current_span: trace.getattr("get_current_span")?.unbind(),
            get_all_baggage: py
                .import("opentelemetry.baggage")?
                .getattr("get_all")?
                .unbind(),
            span_context: class(&trace, "SpanContext")?,
            trace_flags: [flags(0)?, flags(1)?, flags(2)?, flags(3)?],
            trace_state: class(&trace, "TraceState")?,
            empty_trace_state: trace.getattr("DEFAULT_TRACE_STATE")?.unbind(),
            kinds: [
                kind("INTERNAL")?,
                kind("SERVER")?,
                kind("CLIENT")?,
                kind("PRODUCER")?,
                kind("CONSUMER")?,
            ],
            status: class(&trace, "Status")?,
            status_code: class(&trace, "StatusCode")?,
            sequence: abc.getattr("Sequence")?.unbind(),
            mapping: abc.getattr("Mapping")?.unbind(),
            warning: logger.getattr("warning")?.unbind(),
            describe_exception: py
                .import("polyspan.span")?
                .getattr("describe_exception")?
                .unbind(),
            decorate: py.import("polyspan.tracer")?.getattr("decorate")?.unbind(),
            no_arguments: PyTuple::empty(py).unbind(),
        })
    }
}

/// The context variable can be used directly only where the API's own runtime context holds it.
fn variable(py: Python<'_>, context: &Bound<'_, PyModule>) -> PyResult<Option<Py<PyAny>>> {
    let runtime = context.getattr("_RUNTIME_CONTEXT")?;
    let standard = py
        .import("opentelemetry.context.contextvars_context")?
        .getattr("ContextVarsRuntimeContext")?;
    if !runtime.is_exact_instance(&standard) {
        return Ok(None);
    }
    let variable = runtime.getattr_opt("_current_context")?;
    let class = py.import("contextvars")?.getattr("ContextVar")?;
    Ok(variable
        .filter(|variable| variable.is_exact_instance(&class))
        .map(Bound::unbind))
}

/// Writes a warning to the logger `polyspan`. Runs Python: never inside a cell.
#[cold]
pub(crate) fn warn(py: Python<'_>, message: &str) {
    let told = api(py).and_then(|api| api.warning.bind(py).call1(("%s", message)));
    if let Err(error) = told {
        error.write_unraisable(py, None);
    }
}
