//! Where spans come from: one resource and one instrumentation scope, shared by all their spans.

use std::hash::{Hash, Hasher};

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;

use super::json::value_text;

/// A resource and a scope without spans, and what the viewer shows of them.
#[derive(Debug)]
pub(crate) struct Origin {
    /// `service.name`.
    pub(crate) service: String,
    /// `polyspan.binding`, which tells Unity from .NET, or else `telemetry.sdk.language`.
    pub(crate) language: String,
    /// Exactly one scope, its spans empty.
    pub(crate) header: ResourceSpans,
    encoded: Vec<u8>,
}

impl Origin {
    /// `header` has one scope and no spans.
    pub(crate) fn new(header: ResourceSpans) -> Self {
        let (service, language) = service_and_language(header.resource.as_ref());
        Origin {
            service,
            language,
            encoded: header.encode_to_vec(),
            header,
        }
    }

    /// What it costs to keep, roughly: the encoded form, the decoded one (about twice that), the names.
    pub(crate) fn memory_bytes(&self) -> usize {
        size_of::<Self>() + 3 * self.encoded.len() + self.service.len() + self.language.len()
    }
}

impl PartialEq for Origin {
    fn eq(&self, other: &Self) -> bool {
        self.encoded == other.encoded
    }
}

impl Eq for Origin {}

impl Hash for Origin {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.encoded.hash(state);
    }
}

/// The two names by which the viewer tells processes apart.
pub(crate) fn service_and_language(resource: Option<&Resource>) -> (String, String) {
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    let find = |key| attribute(attributes, key);
    (
        find("service.name").unwrap_or_else(|| "unknown_service".to_owned()),
        find("polyspan.binding")
            .or_else(|| find("telemetry.sdk.language"))
            .unwrap_or_else(|| "?".to_owned()),
    )
}

fn attribute(attributes: &[KeyValue], key: &str) -> Option<String> {
    let pair = attributes.iter().find(|pair| pair.key == key)?;
    Some(value_text(pair.value.as_ref()))
}
