//! A span that is current for the time of a `with` block: what `start_as_current_span` returns.
//!
//! opentelemetry-api does this with a generator, which costs twice as much as the whole span here. As there, nothing starts
//! before the block is entered, and the object decorates functions, `async` ones too.

use crate::api::api;
use crate::cell::Guarded;
use crate::context;
use crate::span::Span;
use crate::tracer::{Request, Tracer};
use pyo3::exceptions::{PyException, PyRuntimeError};
use pyo3::prelude::*;

/// See the module's documentation.
#[pyclass(frozen, weakref, module = "polyspan._native")]
pub(crate) struct ActiveSpan {
    tracer: Py<Tracer>,
    name: Py<PyAny>,
    details: Option<Box<Details>>,
    record_exception: bool,
    set_status_on_exception: bool,
    end_on_exit: bool,
    entered: Guarded<Option<Entered>>,
}

/// The arguments that are seldom given.
#[derive(Default)]
pub(crate) struct Details {
    pub(crate) context: Option<Py<PyAny>>,
    pub(crate) kind: Option<Py<PyAny>>,
    pub(crate) attributes: Option<Py<PyAny>>,
    pub(crate) links: Option<Py<PyAny>>,
    pub(crate) start_time: Option<Py<PyAny>>,
}

struct Entered {
    span: Py<Span>,
    token: Py<PyAny>,
}

impl ActiveSpan {
    #[inline]
    pub(crate) fn new(
        tracer: Py<Tracer>,
        name: Py<PyAny>,
        details: Option<Box<Details>>,
        record_exception: bool,
        set_status_on_exception: bool,
        end_on_exit: bool,
    ) -> Self {
        Self {
            tracer,
            name,
            details,
            record_exception,
            set_status_on_exception,
            end_on_exit,
            entered: Guarded::new(None),
        }
    }
}

#[pymethods]
impl ActiveSpan {
    fn __enter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, Span>> {
        let api = api(py)?;
        // One block at a time; another may follow.
        if self.entered.enter(py, |slot| slot.is_some()) != Some(false) {
            return Err(PyRuntimeError::new_err(
                "this block has been entered and not left; call start_as_current_span for each block",
            ));
        }
        let mut request = Request {
            record_exception: self.record_exception,
            set_status_on_exception: self.set_status_on_exception,
            ..Request::new(self.name.bind(py))
        };
        if let Some(details) = self.details.as_deref() {
            let bind =
                |given: &'_ Option<Py<PyAny>>| given.as_ref().map(|given| given.bind(py).clone());
            request.context = bind(&details.context);
            request.kind = bind(&details.kind);
            request.attributes = bind(&details.attributes);
            request.links = bind(&details.links);
            request.start_time = bind(&details.start_time);
        }
        let span = Tracer::start(self.tracer.bind(py), api, &request)?;
        let token = context::attach(py, api, &span)?;
        let mut entered = Some(Entered {
            span: span.clone().unbind(),
            token: token.unbind(),
        });
        self.entered
            .enter(py, |slot| std::mem::swap(slot, &mut entered));
        Ok(span)
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        exc_type: &Bound<'_, PyAny>,
        exc_val: &Bound<'_, PyAny>,
        exc_tb: &Bound<'_, PyAny>,
    ) -> PyResult<bool> {
        let _ = (exc_type, exc_tb);
        let Some(entered) = self.entered.enter(py, Option::take).flatten() else {
            return Err(PyRuntimeError::new_err(
                "this block was left without being entered",
            ));
        };
        context::detach(py, api(py)?, entered.token.bind(py));
        let span = entered.span.get();
        // What derives from BaseException alone (GeneratorExit, CancelledError) is not a failure of the operation.
        let told = if exc_val.is_instance_of::<PyException>() && span.is_live(py) {
            span.failed(
                py,
                exc_val,
                self.record_exception,
                self.set_status_on_exception,
            )
        } else {
            Ok(())
        };
        if self.end_on_exit {
            span.finish(py, None);
        }
        told.map(|()| false)
    }

    /// Decorates a function: each call runs in a block of its own.
    fn __call__<'py>(
        slf: &Bound<'py, Self>,
        function: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        api(py)?.decorate.bind(py).call1((slf, function))
    }

    /// The same block once more.
    fn _again(&self, py: Python<'_>) -> Self {
        let again = |given: &Option<Py<PyAny>>| given.as_ref().map(|given| given.clone_ref(py));
        let details = self.details.as_deref().map(|details| {
            Box::new(Details {
                context: again(&details.context),
                kind: again(&details.kind),
                attributes: again(&details.attributes),
                links: again(&details.links),
                start_time: again(&details.start_time),
            })
        });
        Self::new(
            self.tracer.clone_ref(py),
            self.name.clone_ref(py),
            details,
            self.record_exception,
            self.set_status_on_exception,
            self.end_on_exit,
        )
    }
}
