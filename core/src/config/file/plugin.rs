//! Components of a configuration file that polyspan does not have itself, made by the program.
//!
//! A program registers a function under a name, before it reads the file; where the file has this name in the place of a
//! sampler or a span exporter, the function is called with what stands below it.
//!
//! ```
//! use polyspan::config::plugin;
//! use polyspan::sample::{Sampler, TraceIdRatio};
//!
//! // tracer_provider: {sampler: {half_or_more: {ratio: 0.7}}}
//! plugin::register_sampler("half_or_more", |properties| {
//!     let ratio = properties.double("ratio").unwrap_or(0.5).max(0.5);
//!     let sampler = TraceIdRatio::new(ratio).map_err(|error| error.to_string())?;
//!     Ok(Sampler::TraceIdRatio(sampler))
//! })?;
//! # Ok::<(), plugin::AlreadyRegistered>(())
//! ```
//!
//! Source: OpenTelemetry specification, "Configuration SDK", "PluginComponentProvider" and "ConfigProperties".

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::Destination;
use super::yaml::{Node, Value};
use crate::sample::Sampler;

type Create<T> = Arc<dyn Fn(&Properties<'_>) -> Result<T, String> + Send + Sync>;

/// The functions of one kind of component, by name.
type Registry<T> = Mutex<BTreeMap<String, Create<T>>>;

static SAMPLERS: Registry<Sampler> = Mutex::new(BTreeMap::new());
static SPAN_EXPORTERS: Registry<Destination> = Mutex::new(BTreeMap::new());

/// There is a component of this kind and name already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlreadyRegistered {
    /// The kind of the component, such as `Sampler`.
    pub kind: &'static str,
    /// The name in configuration files.
    pub name: String,
}

impl fmt::Display for AlreadyRegistered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, name } = self;
        write!(
            f,
            "there is a {kind} with the name {name} already; register it once, or under another name"
        )
    }
}

impl std::error::Error for AlreadyRegistered {}

/// Registers what makes the sampler of this name. An error that it returns is told with the place in the file.
///
/// # Errors
/// If a sampler of this name is registered, or is one of polyspan's own.
pub fn register_sampler(
    name: &str,
    create: impl Fn(&Properties<'_>) -> Result<Sampler, String> + Send + Sync + 'static,
) -> Result<(), AlreadyRegistered> {
    let own = super::sampler::KNOWN.split(", ");
    register(&SAMPLERS, "Sampler", own, name, Arc::new(create))
}

/// Registers what makes the span exporter of this name. An error that it returns is told with the place in the file.
///
/// # Errors
/// If an exporter of this name is registered, or is one of polyspan's own.
pub fn register_span_exporter(
    name: &str,
    create: impl Fn(&Properties<'_>) -> Result<Destination, String> + Send + Sync + 'static,
) -> Result<(), AlreadyRegistered> {
    let own = super::exporter::KNOWN.split(", ");
    register(&SPAN_EXPORTERS, "SpanExporter", own, name, Arc::new(create))
}

fn register<T>(
    registry: &Registry<T>,
    kind: &'static str,
    mut own: impl Iterator<Item = &'static str>,
    name: &str,
    create: Create<T>,
) -> Result<(), AlreadyRegistered> {
    let mut known = registry.lock().unwrap_or_else(PoisonError::into_inner);
    if known.contains_key(name) || own.any(|own| own == name) {
        return Err(AlreadyRegistered {
            kind,
            name: name.to_owned(),
        });
    }
    known.insert(name.to_owned(), create);
    Ok(())
}

/// The sampler that the program makes for this name; `None` if it makes none.
pub(super) fn sampler(name: &str, node: &Node) -> Option<Result<Sampler, String>> {
    create(&SAMPLERS, name, node)
}

/// The span exporter that the program makes for this name; `None` if it makes none.
pub(super) fn span_exporter(name: &str, node: &Node) -> Option<Result<Destination, String>> {
    create(&SPAN_EXPORTERS, name, node)
}

fn create<T>(registry: &Registry<T>, name: &str, node: &Node) -> Option<Result<T, String>> {
    let known = registry.lock().unwrap_or_else(PoisonError::into_inner);
    // Called without the lock: a component may ask for others.
    let create = known.get(name).cloned();
    drop(known);
    create.map(|create| create(&Properties(node)))
}

/// What stands below a component in a configuration file. A property of another type than is asked for is as absent.
#[derive(Clone, Copy, Debug)]
pub struct Properties<'n>(&'n Node);

impl<'n> Properties<'n> {
    /// The names of all properties, in the order of the file; also of those that are null.
    pub fn names(&self) -> impl Iterator<Item = &'n str> {
        let members = match &self.0.value {
            Value::Map(members) => members.as_slice(),
            _ => &[],
        };
        members.iter().map(|(name, _)| name.as_str())
    }

    /// A text.
    pub fn text(&self, name: &str) -> Option<&'n str> {
        text(self.0.get(name)?)
    }

    /// True or false.
    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.0.get(name)?.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name)?.value {
            Value::Int(value) => Some(value),
            _ => None,
        }
    }

    /// A number.
    pub fn double(&self, name: &str) -> Option<f64> {
        match self.0.get(name)?.value {
            Value::Float(value) => Some(value),
            Value::Int(value) => Some(value as f64),
            _ => None,
        }
    }

    /// A list of texts; entries that are none are left out.
    pub fn texts(&self, name: &str) -> Option<Vec<&'n str>> {
        let items = self.list(name)?;
        Some(items.iter().filter_map(text).collect())
    }

    /// A map of further properties.
    pub fn map(&self, name: &str) -> Option<Properties<'n>> {
        let node = self.0.get(name)?;
        matches!(node.value, Value::Map(_)).then_some(Properties(node))
    }

    /// A list of maps; entries that are none are left out.
    pub fn maps(&self, name: &str) -> Option<Vec<Properties<'n>>> {
        let maps = self.list(name)?.iter();
        let maps = maps.filter(|node| matches!(node.value, Value::Map(_)));
        Some(maps.map(Properties).collect())
    }

    fn list(&self, name: &str) -> Option<&'n [Node]> {
        match &self.0.get(name)?.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
