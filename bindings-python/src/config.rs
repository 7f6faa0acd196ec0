//! Options, as the core reads and bounds them.

use polyspan::config::{self, ConfigError, ConfigOption};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString};

use crate::value::{attribute, attribute_key, text_of};

/// A configuration under construction: the environment's, changed option by option.
#[pyclass(frozen, module = "polyspan._native")]
pub(crate) struct Config {
    config: std::sync::Mutex<Option<config::Config>>,
}

impl Config {
    fn change<R>(&self, body: impl FnOnce(&mut Option<config::Config>) -> R) -> R {
        let mut config = self
            .config
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        body(&mut config)
    }

    /// What has been built. A copy: the object can be used again.
    pub(crate) fn built(&self) -> config::Config {
        self.change(|config| config.clone()).unwrap_or_default()
    }
}

#[pymethods]
impl Config {
    /// The configuration of the environment.
    #[new]
    fn new() -> Self {
        Self {
            config: std::sync::Mutex::new(Some(config::Config::from_env())),
        }
    }

    /// Sets an option from text.
    fn set(&self, py: Python<'_>, name: &str, value: &Bound<'_, PyString>) -> PyResult<()> {
        let value = text_of(value);
        let done = self.change(|config| config.as_mut().map(|config| config.set(name, &value)));
        done.unwrap_or(Ok(())).map_err(|error| raise(py, &error))
    }

    /// Adds an attribute of the resource.
    fn resource_attribute(&self, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(key) = attribute_key(key)
            && let Some(value) = attribute(value)?
        {
            let key = key.to_str()?;
            self.change(|config| {
                *config = config
                    .take()
                    .map(|config| config.resource_attribute(key, value.as_value()));
            });
        }
        Ok(())
    }

    /// Adds a header of OTLP requests. What is wrong with it is told when the provider is made.
    fn header(&self, name: &str, value: &str) {
        self.change(|config| *config = config.take().map(|config| config.header(name, value)));
    }

    /// What was ignored in the environment.
    fn warnings(&self) -> Vec<String> {
        self.change(|config| {
            config
                .as_ref()
                .map_or_else(Vec::new, |config| config.warnings().to_vec())
        })
    }
}

/// The error as `polyspan.ConfigError`.
pub(crate) fn raise(py: Python<'_>, error: &ConfigError) -> PyErr {
    let class = py
        .import("polyspan.errors")
        .and_then(|module| module.getattr("ConfigError"));
    let made = class.and_then(|class| {
        class.call1((
            error.to_string(),
            error.field(),
            error.value(),
            error.allowed(),
        ))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

/// All options: name, variables, what they do, what they may be.
#[pyfunction]
pub(crate) fn options(py: Python<'_>) -> PyResult<Vec<Bound<'_, PyDict>>> {
    let describe = |option: &ConfigOption| {
        let dict = PyDict::new(py);
        dict.set_item("name", option.name)?;
        dict.set_item("variables", option.variables.to_vec())?;
        dict.set_item("doc", option.doc)?;
        dict.set_item("allowed", option.allowed())?;
        Ok(dict)
    };
    ConfigOption::all().map(describe).collect()
}
