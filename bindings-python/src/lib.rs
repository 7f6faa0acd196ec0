//! polyspan's native module for Python.
//!
//! ```text
//! Tracer ── start_span ──────────▶ Span ── cell ──▶ polyspan::Span      the core's live span
//!        └─ start_as_current_span ▶ ActiveSpan      context variable set and reset through the C API
//! Provider, Config, inject/extract                  thin calls of the core
//! ```
//!
//! | file | is |
//! |---|---|
//! | `api` | what is taken from Python once: classes, keys and functions of opentelemetry-api |
//! | `cell` | the one place in which a span is touched; why that is sound without a lock under the GIL |
//! | `value` | Python values to attribute values, completely, before a cell is entered |
//! | `context` | the current context and span contexts, both ways |
//! | `span`, `active`, `tracer`, `counter`, `provider`, `propagation`, `config` | the classes |
//!
//! What a caller sees is in `python/polyspan`; `_native.pyi` types this module.

mod active;
mod api;
mod cell;
mod config;
mod context;
mod counter;
mod propagation;
mod provider;
mod span;
mod tracer;
mod value;

use pyo3::prelude::*;

/// Raised together with `ABI` in `python/polyspan/_load.py` whenever a class or function of this module changes.
const ABI: u32 = 1;

#[pymodule(gil_used = false)]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("ABI", ABI)?;
    module.add_class::<active::ActiveSpan>()?;
    module.add_class::<config::Config>()?;
    module.add_class::<counter::Counter>()?;
    module.add_class::<provider::Provider>()?;
    module.add_class::<span::Span>()?;
    module.add_class::<tracer::Tracer>()?;
    module.add_function(wrap_pyfunction!(config::options, module)?)?;
    module.add_function(wrap_pyfunction!(span::set_span_type, module)?)
}
