//! Counts.

use crate::api::warn;
use crate::provider::Provider;
use crate::value::{Attributes, shown, text_of};
use polyspan::Scope;
use pyo3::prelude::*;
use pyo3::types::{PyFloat, PyInt, PyString};

/// What `get_meter` was given: name, version, schema URL, attributes.
type Meter<'py> = (
    Bound<'py, PyString>,
    Option<Bound<'py, PyString>>,
    Option<Bound<'py, PyString>>,
    Option<Bound<'py, PyAny>>,
);

/// One counter; `polyspan.metrics.Counter` is made from this class and opentelemetry-api's.
#[pyclass(frozen, subclass, weakref, module = "polyspan._native")]
pub(crate) struct Counter {
    counter: polyspan::Counter,
}

#[pymethods]
impl Counter {
    #[new]
    fn new(
        native: &Bound<'_, Provider>,
        meter: Meter<'_>,
        name: &Bound<'_, PyString>,
        unit: &Bound<'_, PyString>,
        description: &Bound<'_, PyString>,
    ) -> PyResult<Self> {
        let (meter, version, schema_url, attributes) = meter;
        let attributes = Attributes::convert(attributes.as_ref())?;
        let text = |given: &Option<Bound<'_, PyString>>| {
            given
                .as_ref()
                .map_or_else(String::new, |given| text_of(given).into_owned())
        };
        let scope = Scope {
            name: &text_of(&meter),
            version: &text(&version),
            schema_url: &text(&schema_url),
            attributes: &attributes.as_values(),
        };
        let (name, unit, description) = (text_of(name), text_of(unit), text_of(description));
        Ok(Self {
            counter: native
                .get()
                .core()
                .counter(scope, &name, &unit, &description),
        })
    }

    /// Adds to the sum of these attributes. `context` is there for opentelemetry-api: a sum has no context.
    #[pyo3(signature = (amount, attributes=None, context=None))]
    fn add(
        &self,
        amount: &Bound<'_, PyAny>,
        attributes: Option<&Bound<'_, PyAny>>,
        context: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let _ = context;
        let attributes = Attributes::convert(attributes)?;
        // Whatever may run Python comes before the core is asked.
        if let Ok(amount) = amount.cast::<PyInt>()
            && let Ok(amount) = amount.extract::<u64>()
        {
            self.counter.add_u64(amount, &attributes.as_values());
        } else if let Ok(amount) = amount.cast::<PyFloat>()
            && amount.value() >= 0.0
        {
            self.counter
                .add_f64(amount.value(), &attributes.as_values());
        } else {
            warn(
                amount.py(),
                &format!(
                    "a counter takes an int or float that is not negative, not {}; it is ignored",
                    shown(amount)
                ),
            );
        }
        Ok(())
    }
}
