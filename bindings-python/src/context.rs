//! The current context, and span contexts both ways.

#![allow(unsafe_code)]

use crate::api::Api;
use crate::span::Span;
use polyspan::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

/// What a new span continues.
pub(crate) enum ParentSpan<'py> {
    Ours(Bound<'py, Span>),
    Foreign(SpanContext),
    None,
}

/// The current `Context`.
#[inline]
pub(crate) fn current<'py>(py: Python<'py>, api: &Api) -> PyResult<Bound<'py, PyAny>> {
    let Some(variable) = &api.variable else {
        return api.get_current.bind(py).call0();
    };
    let mut value = std::ptr::null_mut();
    // SAFETY: `variable` is a ContextVar (checked when it was looked up), `value` is valid for writing; what comes back is a
    // new reference, or null if the variable has no value.
    unsafe {
        if ffi::PyContextVar_Get(variable.as_ptr(), std::ptr::null_mut(), &raw mut value) < 0 {
            return Err(PyErr::fetch(py));
        }
        match Bound::from_owned_ptr_or_opt(py, value) {
            Some(value) => Ok(value),
            None => api.get_current.bind(py).call0(),
        }
    }
}

/// Makes the current context, with `span` as its span, current; the result is for [`detach`].
#[inline]
pub(crate) fn attach<'py>(
    py: Python<'py>,
    api: &Api,
    span: &Bound<'py, Span>,
) -> PyResult<Bound<'py, PyAny>> {
    let base = current(py, api)?;
    let (Some(variable), Ok(base)) = (&api.variable, base.cast::<PyDict>()) else {
        let context = api
            .set_value
            .bind(py)
            .call1((api.span_key.bind(py), span, &base))?;
        return api.attach.bind(py).call1((context,));
    };
    let context = with_span(py, api, base, span)?;
    // SAFETY: `variable` is a ContextVar; the result is a new reference to a token, or null with an error set.
    unsafe {
        Bound::from_owned_ptr_or_err(
            py,
            ffi::PyContextVar_Set(variable.as_ptr(), context.as_ptr()),
        )
    }
}

/// A new `Context` filled in place: the class forbids that to Python code, so that nobody changes one that is in use.
fn with_span<'py>(
    py: Python<'py>,
    api: &Api,
    base: &Bound<'py, PyDict>,
    span: &Bound<'py, Span>,
) -> PyResult<Bound<'py, PyDict>> {
    let key = api.span_key.bind(py);
    let context = api.context_type.bind(py).call0()?.cast_into::<PyDict>()?;
    // A context that holds nothing but a span is not worth copying.
    if !(base.is_empty() || base.len() == 1 && base.contains(key)?) {
        context.update(base.as_mapping())?;
    }
    context.set_item(key, span)?;
    Ok(context)
}

/// Undoes [`attach`]. A token of another execution context, which a generator that is closed elsewhere brings along, is not
/// worth an error in the application's log: the context it stood in is gone.
#[inline]
pub(crate) fn detach(py: Python<'_>, api: &Api, token: &Bound<'_, PyAny>) {
    let Some(variable) = &api.variable else {
        if let Err(error) = api.detach.bind(py).call1((token,)) {
            error.write_unraisable(py, None);
        }
        return;
    };
    // SAFETY: `variable` is a ContextVar and `token` came from `PyContextVar_Set`; an error is cleared.
    unsafe {
        if ffi::PyContextVar_Reset(variable.as_ptr(), token.as_ptr()) < 0 {
            ffi::PyErr_Clear();
        }
    }
}

/// The span that `context` (or the current one) holds.
///
/// # Errors
///
/// Its `get_span_context()` is not a span context, or raised.
#[inline]
pub(crate) fn parent<'py>(
    py: Python<'py>,
    api: &Api,
    context: Option<&Bound<'py, PyAny>>,
) -> PyResult<ParentSpan<'py>> {
    let current_context;
    let context = match context {
        Some(context) => context,
        None => {
            current_context = current(py, api)?;
            &current_context
        }
    };
    if let Ok(entries) = context.cast::<PyDict>() {
        let Some(span) = entries.get_item(api.span_key.bind(py))? else {
            return Ok(ParentSpan::None);
        };
        if let Ok(span) = span.cast_into::<Span>() {
            return Ok(ParentSpan::Ours(span));
        }
    }
    foreign(py, api, context)
}

#[cold]
fn foreign<'py>(
    py: Python<'py>,
    api: &Api,
    context: &Bound<'py, PyAny>,
) -> PyResult<ParentSpan<'py>> {
    let span = api.get_current_span.bind(py).call1((context,))?;
    let context = span.call_method0("get_span_context")?;
    if context.is_none() {
        return Ok(ParentSpan::None);
    }
    Ok(match from_python(py, api, &context)? {
        context if context.is_valid() => ParentSpan::Foreign(context),
        _ => ParentSpan::None,
    })
}

/// Reads a span context of opentelemetry-api.
///
/// # Errors
///
/// It is not one. Ids out of range are invalid, not an error.
pub(crate) fn from_python(
    py: Python<'_>,
    api: &Api,
    context: &Bound<'_, PyAny>,
) -> PyResult<SpanContext> {
    if !context.is_instance(api.span_context.bind(py))? {
        let class = context.get_type().name()?;
        return Err(PyTypeError::new_err(format!(
            "a span context must be an opentelemetry.trace.SpanContext, not {class}"
        )));
    }
    // The class is a tuple: trace id, span id, is_remote, flags, trace state, is_valid.
    let fields = context.cast::<PyTuple>()?;
    let trace_id: u128 = fields.get_item(0)?.extract().unwrap_or(0);
    let span_id: u64 = fields.get_item(1)?.extract().unwrap_or(0);
    let flags: u32 = fields.get_item(3)?.extract().unwrap_or(0);
    let state = fields.get_item(4)?;
    let state = if state.len()? == 0 {
        TraceState::EMPTY
    } else {
        TraceState::parse(&state.call_method0("to_header")?.extract::<String>()?)
    };
    Ok(SpanContext {
        trace_id: TraceId::from_bytes(trace_id.to_be_bytes()),
        span_id: SpanId::from_u64(span_id),
        flags: TraceFlags::new(flags as u8),
        remote: fields.get_item(2)?.is_truthy()?,
        state,
    })
}

/// Makes a span context of opentelemetry-api.
pub(crate) fn to_python<'py>(
    py: Python<'py>,
    api: &Api,
    context: &SpanContext,
) -> PyResult<Bound<'py, PyAny>> {
    let state = if context.state.is_empty() {
        api.empty_trace_state.bind(py).clone()
    } else {
        trace_state(py, api, &context.state)?
    };
    let trace_id = u128::from_be_bytes(context.trace_id.to_bytes());
    let flags = &api.trace_flags[usize::from(context.flags.bits() & 3)];
    api.span_context.bind(py).call1((
        trace_id,
        context.span_id.as_u64(),
        context.remote,
        flags,
        state,
    ))
}

/// The API's constructor knows only the keys of trace context level 1 and would lose the others, so its dictionary is
/// filled directly where it has the one that we know.
fn trace_state<'py>(py: Python<'py>, api: &Api, state: &TraceState) -> PyResult<Bound<'py, PyAny>> {
    let class = api.trace_state.bind(py);
    let members: Vec<(&str, &str)> = state.members().collect();
    let empty = class.call0()?;
    let Some(entries) = empty.getattr_opt("_dict")? else {
        return class.call1((members,));
    };
    for (key, value) in members {
        entries.set_item(key, value)?;
    }
    Ok(empty)
}
