//! How much a span may hold.

/// Span limits of the OpenTelemetry specification (Trace SDK, "Span Limits").
///
/// Counts apply when something is set; the value length applies on the worker, after redaction, so that a cut never hides
/// a secret from its detector and every language cuts alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Attributes of a span.
    pub attribute_count: u32,
    /// Events of a span.
    pub event_count: u32,
    /// Links of a span.
    pub link_count: u32,
    /// Attributes of an event.
    pub event_attribute_count: u32,
    /// Attributes of a link.
    pub link_attribute_count: u32,
    /// Characters of a string, bytes of a byte value; `None` is unlimited.
    pub value_length: Option<u32>,
}

impl Limits {
    /// Bytes of text that one span may collect before further attributes and events are dropped and counted. Protects
    /// the memory budget from a single span; far above what backends accept.
    pub const RECORD_TEXT: usize = 1 << 20;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attribute_count: 128,
            event_count: 128,
            link_count: 128,
            event_attribute_count: 128,
            link_attribute_count: 128,
            value_length: None,
        }
    }
}
