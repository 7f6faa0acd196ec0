//! Instrumentation scopes: whose spans a tracer starts.

use super::{OwnedValue, Value};

/// Whose spans a tracer starts (OpenTelemetry specification, "Instrumentation Scope").
#[derive(Clone, Copy, Debug, Default)]
pub struct Scope<'a> {
    /// The instrumentation's name; may be empty.
    pub name: &'a str,
    /// Its version; may be empty.
    pub version: &'a str,
    /// The schema that its attributes follow; may be empty.
    pub schema_url: &'a str,
    /// Attributes of the scope itself.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

impl<'a> From<&'a str> for Scope<'a> {
    fn from(name: &'a str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }
}

/// A tracer's scope, kept.
#[derive(Debug, PartialEq)]
pub(crate) struct OwnedScope {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) schema_url: String,
    pub(crate) attributes: Vec<(String, OwnedValue)>,
}

impl From<Scope<'_>> for OwnedScope {
    fn from(scope: Scope<'_>) -> Self {
        let attributes = scope.attributes.iter();
        Self {
            name: scope.name.to_owned(),
            version: scope.version.to_owned(),
            schema_url: scope.schema_url.to_owned(),
            attributes: attributes
                .map(|(key, value)| ((*key).to_owned(), value.into()))
                .collect(),
        }
    }
}
