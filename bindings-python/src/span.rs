//! A live span as Python sees it.
//!
//! `polyspan.Span` is made from this class and opentelemetry-api's: a real subclass of `opentelemetry.trace.Span`, which
//! `isinstance` finds twice as fast as a registered one. Tracers make instances of it.

#![allow(unsafe_code)]

use crate::api::{Api, api, warn};
use crate::cell::Guarded;
use crate::context;
use crate::tracer::Tracer;
use crate::value::{self, Attributes, attribute, attribute_key, survive, text, text_of, time};
use polyspan::trace::{self, SpanContext, SpanKind, Status};
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};
use std::cell::Cell;

/// The class `polyspan.Span`.
static SPAN_TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();

thread_local! {
    /// The span for which Python is just making the object.
    static UNBORN: Cell<Option<Span>> = const { Cell::new(None) };
}

/// Tells which class tracers make instances of.
#[pyfunction]
#[pyo3(name = "_set_span_type")]
pub(crate) fn set_span_type(py: Python<'_>, class: Bound<'_, PyType>) -> PyResult<()> {
    if !class.is_subclass_of::<Span>()? {
        return Err(PyTypeError::new_err(
            "the span type must be made from _native.Span",
        ));
    }
    let _ = SPAN_TYPE.set(py, class.unbind());
    Ok(())
}

/// See the module's documentation.
#[pyclass(frozen, subclass, weakref, module = "polyspan._native")]
pub(crate) struct Span {
    live: Guarded<Live>,
    context: PyOnceLock<Py<PyAny>>,
    parent: Option<SpanContext>,
    tracer: Py<Tracer>,
    start: u64,
    kind: SpanKind,
    /// Whether it is recorded, or was until it ended.
    recorded: bool,
    record_exception: bool,
    set_status_on_exception: bool,
}

/// What changes. Python objects are only moved in and out here, and dropped outside.
struct Live {
    span: trace::Span,
    name: Py<PyString>,
    status: Option<Py<PyAny>>,
    end: Option<u64>,
}

/// What a span is made with besides what the core knows.
pub(crate) struct Birth<'a, 'py> {
    pub(crate) name: Bound<'py, PyString>,
    pub(crate) parent: Option<SpanContext>,
    pub(crate) tracer: &'a Bound<'py, Tracer>,
    pub(crate) record_exception: bool,
    pub(crate) set_status_on_exception: bool,
}

impl Span {
    /// Makes the Python object of a span.
    #[inline]
    pub(crate) fn make<'py>(
        py: Python<'py>,
        api: &Api,
        span: trace::Span,
        birth: Birth<'_, 'py>,
    ) -> PyResult<Bound<'py, Self>> {
        let class = SPAN_TYPE
            .get(py)
            .ok_or_else(|| PyRuntimeError::new_err("import polyspan, not polyspan._native"))?
            .as_ptr()
            .cast::<ffi::PyTypeObject>();
        let unborn = Self {
            context: PyOnceLock::new(),
            parent: birth.parent,
            tracer: birth.tracer.clone().unbind(),
            start: span.start_unix_nanos(),
            kind: span.kind(),
            recorded: span.is_recording(),
            record_exception: birth.record_exception,
            set_status_on_exception: birth.set_status_on_exception,
            live: Guarded::new(Live {
                span,
                name: birth.name.unbind(),
                status: None,
                end: None,
            }),
        };
        UNBORN.set(Some(unborn));
        // SAFETY: the class is a subclass of `Span` (checked when it was set) whose `tp_new` is the inherited one of `Span`,
        // given an empty tuple and no keywords; the result is a new reference or null with an error set.
        let object = unsafe {
            let make = (*class)
                .tp_new
                .ok_or_else(|| PyTypeError::new_err("no tp_new"))?;
            let made = make(class, api.no_arguments.as_ptr(), std::ptr::null_mut());
            Bound::from_owned_ptr_or_err(py, made)?
        };
        Ok(object.cast_into()?)
    }

    /// Starts a span below this one, and tells what its parent's context is.
    #[inline]
    pub(crate) fn as_parent<R>(
        &self,
        py: Python<'_>,
        start: impl FnOnce(&trace::Span) -> R,
    ) -> Option<(R, SpanContext)> {
        self.live
            .enter(py, |live| (start(&live.span), live.span.context().clone()))
    }

    /// The context as the core has it.
    pub(crate) fn core_context(&self, py: Python<'_>) -> SpanContext {
        self.live
            .enter(py, |live| live.span.context().clone())
            .unwrap_or(SpanContext::INVALID)
    }

    #[inline]
    pub(crate) fn is_live(&self, py: Python<'_>) -> bool {
        self.live
            .enter(py, |live| live.span.is_recording())
            .unwrap_or(false)
    }

    /// Changes a span that is recording.
    #[inline]
    fn change(&self, py: Python<'_>, operation: &str, body: impl FnOnce(&mut trace::Span)) {
        let done = self.live.enter(py, |live| {
            let recording = live.span.is_recording();
            if recording {
                body(&mut live.span);
            }
            recording
        });
        if done == Some(false) {
            self.refused(py, operation);
        }
    }

    #[cold]
    fn refused(&self, py: Python<'_>, operation: &str) {
        if self.recorded {
            warn(py, &format!("{operation} on an ended span."));
        }
    }

    /// Ends the span at `end`, or now.
    #[inline]
    pub(crate) fn finish(&self, py: Python<'_>, end: Option<u64>) {
        let ended = self.live.enter(py, |live| {
            if live.end.is_some() {
                return false;
            }
            let end = match end {
                Some(end) => end.max(self.start),
                None if self.recorded => live.span.now_unix_nanos(),
                None => 0,
            };
            live.end = Some(end);
            live.span.finish_at(end)
        });
        if ended == Some(false) {
            self.refused(py, "Calling end()");
        }
    }

    /// Records an exception that left a `with` block, and sets the status.
    pub(crate) fn failed(
        &self,
        py: Python<'_>,
        exception: &Bound<'_, PyAny>,
        record: bool,
        set_status: bool,
    ) -> PyResult<()> {
        if record {
            self.record(py, exception, None, None)?;
        }
        if set_status {
            let api = api(py)?;
            let class = exception.get_type().name()?;
            let message = match exception.str() {
                Ok(message) => text_of(&message).into_owned(),
                Err(error) => {
                    survive(py, error, "an exception cannot be shown")?;
                    String::new()
                }
            };
            let error = api.status_code.bind(py).getattr("ERROR")?;
            let description = format!("{}: {message}", text_of(&class));
            let status = api.status.bind(py).call1((error, description))?;
            self.take_status(py, &status)?;
        }
        Ok(())
    }

    fn record(
        &self,
        py: Python<'_>,
        exception: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
        timestamp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if !self.is_live(py) {
            self.refused(py, "Recording an exception");
            return Ok(());
        }
        let attributes = Attributes::convert(attributes)?;
        let timestamp = time(timestamp);
        let described = api(py)?.describe_exception.bind(py).call1((exception,));
        let described = described.and_then(|described| {
            described.extract::<(
                Bound<'_, PyString>,
                Bound<'_, PyString>,
                Bound<'_, PyString>,
            )>()
        });
        let (class, message, stack) = match described {
            Ok(described) => described,
            Err(error) => return survive(py, error, "an exception cannot be recorded"),
        };
        let (class, message, stack) = (text_of(&class), text_of(&message), text_of(&stack));
        let values = attributes.as_values();
        self.change(py, "Recording an exception", |span| {
            let at = timestamp.unwrap_or_else(|| span.now_unix_nanos());
            span.record_exception_at(&class, &message, Some(&stack), &values, at);
        });
        Ok(())
    }

    /// Takes an API `Status`: OK is final, UNSET changes nothing.
    fn take_status(&self, py: Python<'_>, status: &Bound<'_, PyAny>) -> PyResult<()> {
        let code: u8 = status.getattr("status_code")?.getattr("value")?.extract()?;
        let description = status.getattr("description")?;
        let description = match description.cast::<PyString>() {
            Ok(description) => text_of(description).into_owned(),
            Err(_) => String::new(),
        };
        let core_status = match code {
            1 => Status::Ok,
            2 => Status::Error(&description),
            _ => return Ok(()),
        };
        let mut kept = Some(status.clone().unbind());
        let done = self.live.enter(py, |live| {
            let recording = live.span.is_recording();
            if recording && live.span.status() != Status::Ok {
                live.span.set_status(core_status);
                std::mem::swap(&mut live.status, &mut kept);
            }
            recording
        });
        drop(kept);
        if done == Some(false) {
            self.refused(py, "Setting status");
        }
        Ok(())
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        // A span that nobody ended and nobody can end any more is counted, not exported.
        if let Some(mut live) = self.live.take() {
            live.span.abandon();
        }
    }
}

#[pymethods]
impl Span {
    #[new]
    fn new() -> PyResult<Self> {
        UNBORN.take().ok_or_else(|| {
            PyTypeError::new_err("spans are started by a tracer: tracer.start_span(name)")
        })
    }

    fn get_span_context(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let context = match self.context.get(py) {
            Some(context) => context,
            None => self.context.get_or_try_init(py, || {
                context::to_python(py, api(py)?, &self.core_context(py)).map(Bound::unbind)
            })?,
        };
        Ok(context.clone_ref(py))
    }

    fn is_recording(&self, py: Python<'_>) -> bool {
        self.is_live(py)
    }

    fn set_attribute(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        if !self.recorded {
            return Ok(());
        }
        if let Some(key) = attribute_key(key)
            && let Some(value) = attribute(value)?
        {
            let (key, value) = (key.to_str()?, value.as_value());
            self.change(py, "Setting attribute", |span| {
                span.set_attribute(key, value)
            });
        }
        Ok(())
    }

    fn set_attributes(&self, py: Python<'_>, attributes: &Bound<'_, PyAny>) -> PyResult<()> {
        if !self.recorded {
            return Ok(());
        }
        let attributes = Attributes::convert(Some(attributes))?;
        let values = attributes.as_values();
        self.change(py, "Setting attribute", |span| {
            for (key, value) in values {
                span.set_attribute(key, value);
            }
        });
        Ok(())
    }

    #[pyo3(signature = (name, attributes=None, timestamp=None))]
    fn add_event(
        &self,
        py: Python<'_>,
        name: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
        timestamp: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if !self.recorded {
            return Ok(());
        }
        let name = text(name)?;
        let name = text_of(&name);
        let attributes = Attributes::convert(attributes)?;
        let values = attributes.as_values();
        let timestamp = time(timestamp);
        self.change(py, "Adding an event", |span| match timestamp {
            Some(time) => span.add_event_at(&name, &values, time),
            None => span.add_event(&name, &values),
        });
        Ok(())
    }

    #[pyo3(signature = (context, attributes=None))]
    fn add_link(
        &self,
        py: Python<'_>,
        context: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if !self.recorded {
            return Ok(());
        }
        let context = context::from_python(py, api(py)?, context)?;
        let attributes = Attributes::convert(attributes)?;
        // The API lets implementations ignore a link that says nothing.
        if context.is_valid() || !context.state.is_empty() || !attributes.is_empty() {
            let values = attributes.as_values();
            self.change(py, "Adding a link", |span| span.add_link(&context, &values));
        }
        Ok(())
    }

    fn update_name(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<()> {
        let name = text(name)?;
        let shown = text_of(&name);
        let mut kept = name.clone().unbind();
        let done = self.live.enter(py, |live| {
            let recording = live.span.is_recording();
            if recording {
                live.span.update_name(&shown);
                std::mem::swap(&mut live.name, &mut kept);
            }
            recording
        });
        drop(kept);
        if done == Some(false) {
            self.refused(py, "Updating the name");
        }
        Ok(())
    }

    #[pyo3(signature = (status, description=None))]
    fn set_status(
        &self,
        py: Python<'_>,
        status: &Bound<'_, PyAny>,
        description: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        if !self.recorded {
            return Ok(());
        }
        let api = api(py)?;
        if status.is_instance(api.status.bind(py))? {
            if let Some(description) = description.filter(|given| !given.is_none()) {
                let message = format!(
                    "Description {} ignored. Use either `Status` or `(StatusCode, Description)`",
                    text_of(&description.str()?)
                );
                warn(py, &message);
            }
            self.take_status(py, status)
        } else if status.is_instance(api.status_code.bind(py))? {
            let status = api.status.bind(py).call1((status, description))?;
            self.take_status(py, &status)
        } else {
            Ok(())
        }
    }

    #[pyo3(signature = (exception, attributes=None, timestamp=None, escaped=false))]
    fn record_exception(
        &self,
        py: Python<'_>,
        exception: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
        timestamp: Option<&Bound<'_, PyAny>>,
        escaped: bool,
    ) -> PyResult<()> {
        // `exception.escaped` is deprecated in the semantic conventions and written in no language.
        let _ = escaped;
        if !self.recorded {
            return Ok(());
        }
        self.record(py, exception, attributes, timestamp)
    }

    #[pyo3(signature = (end_time=None))]
    fn end(&self, py: Python<'_>, end_time: Option<&Bound<'_, PyAny>>) {
        let end = end_time.and_then(|end| time(Some(end)));
        self.finish(py, end);
    }

    fn __enter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    #[pyo3(signature = (exc_type, exc_val, exc_tb))]
    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let _ = (exc_type, exc_tb);
        let told = if !exc_val.is_none() && self.is_live(py) {
            self.failed(
                py,
                exc_val,
                self.record_exception,
                self.set_status_on_exception,
            )
        } else {
            Ok(())
        };
        self.finish(py, None);
        told
    }

    #[getter]
    fn name(&self, py: Python<'_>) -> Option<Py<PyString>> {
        self.live.enter(py, |live| live.name.clone_ref(py))
    }

    #[getter]
    fn kind(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(api(py)?.kinds[self.kind as usize - 1].clone_ref(py))
    }

    #[getter]
    fn context(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.get_span_context(py)
    }

    #[getter]
    fn parent<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let api = api(py)?;
        let parent = self.parent.as_ref();
        parent
            .map(|parent| context::to_python(py, api, parent))
            .transpose()
    }

    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let attributes = self.live.enter(py, |live| live.span.attributes());
        value::to_dict(py, &attributes.unwrap_or_default())
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let status = self.live.enter(py, |live| {
            live.status.as_ref().map(|status| status.clone_ref(py))
        });
        match status.flatten() {
            Some(status) => Ok(status.into_bound(py)),
            None => api(py)?.status.bind(py).call0(),
        }
    }

    #[getter]
    fn start_time(&self) -> Option<u64> {
        self.recorded.then_some(self.start)
    }

    #[getter]
    fn end_time(&self, py: Python<'_>) -> Option<u64> {
        let end = self.live.enter(py, |live| live.end).flatten();
        end.filter(|_| self.recorded)
    }

    #[getter]
    fn resource<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.tracer.get().resource(py)
    }

    #[getter]
    fn instrumentation_scope<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.tracer.bind(py).getattr("instrumentation_scope")
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let context = self.get_span_context(py)?;
        let context = context.bind(py).repr()?;
        let name = self.name(py);
        let name = name
            .as_ref()
            .map_or_else(String::new, |name| text_of(name.bind(py)).into_owned());
        Ok(format!(
            "Span(name={name:?}, context={})",
            text_of(&context)
        ))
    }
}
