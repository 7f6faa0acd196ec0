//! `resource`: what produces the telemetry.

use super::super::detection::DetectedAttributes;
use super::super::pairs;
use super::reader::{At, Reader};
use super::yaml::Value;
use crate::resource::Detectors;
use crate::trace::OwnedValue;

impl Reader<'_> {
    pub(super) fn resource(&mut self, root: &At<'_>) {
        // As the schema has it: a file that asks for no detector has none.
        self.config.resource_detectors = Detectors::new([]);
        let Some(resource) = root.some("resource") else {
            return;
        };
        if let Some(detection) = resource.get("detection/development") {
            self.detection(&detection);
        }
        if let Some(url) = resource.some("schema_url") {
            self.config.resource_schema_url = url.text().map(str::to_owned);
        }
        if let Some(list) = resource.some("attributes_list") {
            self.attributes_list(&list);
        }
        // After the list, over which they win.
        if let Some(attributes) = resource.some("attributes") {
            for attribute in attributes.items() {
                self.attribute(&attribute);
            }
            let source = self.source(&attributes);
            self.config.note_source("resource_attributes", source);
        }
    }

    fn detection(&mut self, at: &At<'_>) {
        let mut names = Vec::new();
        for detector in at.get("detectors").iter().flat_map(At::items) {
            if let Some((name, settings)) = detector.only() {
                self.no_settings(&settings);
                names.push(name.to_owned());
            }
        }
        if let Some(list) = at.get("detectors") {
            self.put_text("resource_detectors", &names.join(","), &list);
        }
        if let Some(attributes) = at.get("attributes") {
            let texts = |key| attributes.get(key).map(|list| list.texts());
            self.config.detected_attributes = DetectedAttributes {
                included: texts("included").unwrap_or_default(),
                excluded: texts("excluded").unwrap_or_default(),
            };
        }
    }

    fn attributes_list(&mut self, at: &At<'_>) {
        match pairs::parse_text(&at.scalar().unwrap_or_default()) {
            Ok(attributes) => {
                for (key, value) in attributes {
                    self.config
                        .put_resource_attribute(key, OwnedValue::Str(value));
                }
                let source = self.source(at);
                self.config.note_source("resource_attributes", source);
            }
            Err(why) => self.refuse(
                at,
                format!(
                    "is a list {why}; it must be of the form key=value,key=value, percent-encoded"
                ),
            ),
        }
    }

    fn attribute(&mut self, at: &At<'_>) {
        let (Some(name), Some(value)) = (at.some("name"), at.get("value")) else {
            return;
        };
        let kind = at.some("type");
        let kind = kind.as_ref().and_then(At::text).unwrap_or("string");
        if value.node.value == Value::Null {
            return;
        }
        match (name.text(), typed(&value, kind)) {
            (Some(name), Some(typed)) => self.config.put_resource_attribute(name.to_owned(), typed),
            _ => self.refuse(&value, format!("does not fit its type, which is {kind}; a text that looks like a number needs quotes")),
        }
    }
}

/// The value, if it is of that type. A text may be written without quotes, so what looks like a number can be one.
fn typed(at: &At<'_>, kind: &str) -> Option<OwnedValue> {
    match kind.strip_suffix("_array") {
        Some(kind) => {
            let items = at.items();
            let values: Option<Vec<_>> = items.iter().map(|item| single(item, kind)).collect();
            matches!(at.node.value, Value::List(_)).then_some(OwnedValue::Array(values?))
        }
        None => single(at, kind),
    }
}

fn single(at: &At<'_>, kind: &str) -> Option<OwnedValue> {
    match (kind, &at.node.value) {
        ("string", Value::Text(text)) => Some(OwnedValue::Str(text.clone())),
        ("bool", Value::Bool(value)) => Some(OwnedValue::Bool(*value)),
        ("int", Value::Int(value)) => Some(OwnedValue::Int(*value)),
        ("double", Value::Float(value)) => Some(OwnedValue::Double(*value)),
        ("double", Value::Int(value)) => Some(OwnedValue::Double(*value as f64)),
        _ => None,
    }
}
