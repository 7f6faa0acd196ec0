//! Attributes of measurements and of what measures, redacted, as `opentelemetry` has them.

use crate::redact::{Counts, KeyClass, Redactor};
use crate::trace::{OwnedValue, Value};
use opentelemetry::{Array, KeyValue, Value as SdkValue};
use serde_json::Value as Json;

/// A redactor and where it counts.
#[derive(Clone, Copy)]
pub(super) struct Redaction<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) counts: &'a Counts,
}

/// `attributes` as they may leave the process.
pub(super) fn redacted(
    redactor: &Redactor,
    counts: &Counts,
    attributes: &[(&str, Value<'_>)],
) -> Vec<KeyValue> {
    let redaction = Redaction { redactor, counts };
    attributes
        .iter()
        .filter_map(|(key, value)| redaction.attribute(key, value))
        .collect()
}

impl Redaction<'_> {
    /// As [`redacted`], for attributes that are kept.
    pub(super) fn owned(
        self,
        attributes: &[(String, OwnedValue)],
    ) -> impl Iterator<Item = KeyValue> {
        attributes
            .iter()
            .filter_map(move |(key, value)| self.attribute(key, &value.as_value()))
    }

    /// Text without a name of its own.
    pub(super) fn text(self, text: &str) -> String {
        self.redactor.text(text, self.counts).into_owned()
    }

    fn attribute(self, key: &str, value: &Value<'_>) -> Option<KeyValue> {
        let value = match self.redactor.key_class(key) {
            KeyClass::Secret => self.redactor.secret(self.counts).into(),
            KeyClass::Safe | KeyClass::Scan => self.value(key, value)?,
        };
        Some(KeyValue::new(self.text(key), value))
    }

    fn value(self, key: &str, value: &Value<'_>) -> Option<SdkValue> {
        Some(match value {
            Value::Empty => return None,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => match self.redactor.integer(key, *value, self.counts) {
                Some(mask) => mask.into(),
                None => (*value).into(),
            },
            Value::Double(value) => (*value).into(),
            Value::Str(value) => self.string(key, value).into(),
            Value::Bytes(value) => self.bytes(key, value).into(),
            Value::Array(values) => self.array(key, values),
            Value::Map(_) => self.json(key, value, 1).to_string().into(),
        })
    }

    fn string(self, key: &str, value: &str) -> String {
        let redacted = self.redactor.attribute(key, value, self.counts);
        redacted.into_owned()
    }

    fn bytes(self, key: &str, value: &[u8]) -> String {
        let redacted = self.redactor.bytes(key, value, self.counts);
        String::from_utf8_lossy(&redacted).into_owned()
    }

    /// A list of one type stays one, else it becomes JSON: the SDK has lists of one type only.
    fn array(self, key: &str, values: &[Value<'_>]) -> SdkValue {
        let array = match values.first() {
            None => Some(Array::String(Vec::new())),
            Some(Value::Bool(_)) => all(values, |value| match value {
                Value::Bool(value) => Some(*value),
                _ => None,
            })
            .map(Array::Bool),
            Some(Value::Int(_)) => all(values, |value| match value {
                Value::Int(value) => self.safe_integer(key, *value),
                _ => None,
            })
            .map(Array::I64),
            Some(Value::Double(_)) => all(values, |value| match value {
                Value::Double(value) => Some(*value),
                _ => None,
            })
            .map(Array::F64),
            Some(Value::Str(_)) => all(values, |value| match value {
                Value::Str(value) => Some(*value),
                _ => None,
            })
            .map(|texts| {
                let redacted = texts.into_iter().map(|text| self.string(key, text).into());
                Array::String(redacted.collect())
            }),
            Some(_) => None,
        };
        match array {
            Some(array) => SdkValue::Array(array),
            None => self.list(key, values, 1).to_string().into(),
        }
    }

    /// The number, if it may leave; not counted, because a list with one that may not is redacted again as JSON.
    fn safe_integer(self, key: &str, value: i64) -> Option<i64> {
        let masked = self.redactor.integer(key, value, &Counts::new());
        masked.is_none().then_some(value)
    }

    fn json(self, key: &str, value: &Value<'_>, depth: usize) -> Json {
        match value {
            Value::Empty => Json::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => match self.redactor.integer(key, *value, self.counts) {
                Some(mask) => mask.into(),
                None => (*value).into(),
            },
            Value::Double(value) => (*value).into(),
            Value::Str(value) => self.string(key, value).into(),
            Value::Bytes(value) => self.bytes(key, value).into(),
            Value::Array(_) | Value::Map(_) if depth > Value::MAX_DEPTH => Json::Null,
            Value::Array(values) => self.list(key, values, depth),
            Value::Map(members) => {
                let members = members.iter().map(|(key, value)| {
                    let value = match self.redactor.key_class(key) {
                        KeyClass::Secret => self.redactor.secret(self.counts).into(),
                        KeyClass::Safe | KeyClass::Scan => self.json(key, value, depth + 1),
                    };
                    (self.text(key), value)
                });
                Json::Object(members.collect())
            }
        }
    }

    fn list(self, key: &str, values: &[Value<'_>], depth: usize) -> Json {
        let values = values.iter().map(|value| self.json(key, value, depth + 1));
        Json::Array(values.collect())
    }
}

/// What `read` makes of all values; `None` if one is of another kind.
fn all<'v, T>(
    values: &'v [Value<'v>],
    read: impl Fn(&'v Value<'v>) -> Option<T>,
) -> Option<Vec<T>> {
    values.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(key: &str, value: Value<'_>) -> String {
        let counts = Counts::new();
        let redacted = redacted(&Redactor::default(), &counts, &[(key, value)]);
        let shown = redacted
            .iter()
            .map(|attribute| format!("{}={}", attribute.key, attribute.value));
        shown.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn scalars_and_lists_of_one_type_keep_their_types() {
        let list = |value: Value<'_>| {
            let counts = Counts::new();
            let attributes = [("list", value)];
            let redacted = redacted(&Redactor::default(), &counts, &attributes);
            redacted[0].value.clone()
        };
        let ints = vec![1i64, 2].into();
        assert_eq!(list(ints), SdkValue::Array(Array::I64(vec![1, 2])));
        let bools = vec![true].into();
        assert_eq!(list(bools), SdkValue::Array(Array::Bool(vec![true])));
        let doubles = vec![0.5].into();
        assert_eq!(list(doubles), SdkValue::Array(Array::F64(vec![0.5])));
        let texts = vec!["a", "b"].into();
        let expected = vec!["a".into(), "b".into()];
        assert_eq!(list(texts), SdkValue::Array(Array::String(expected)));
        assert_eq!(list(Value::Int(7)), SdkValue::I64(7));
        assert_eq!(list(Value::Bool(true)), SdkValue::Bool(true));
        assert_eq!(list(Value::Double(1.5)), SdkValue::F64(1.5));
    }

    #[test]
    fn what_the_sdk_has_no_type_for_becomes_text() {
        let mixed = Value::Array(vec![1i64.into(), "x".into(), Value::Empty]);
        assert_eq!(shown("a", mixed), r#"a=[1,"x",null]"#);
        let map = Value::Map(vec![("n", 1i64.into()), ("s", "x".into())]);
        assert_eq!(shown("a", map), r#"a={"n":1,"s":"x"}"#);
        assert_eq!(shown("a", Value::Bytes(b"text")), "a=text");
        assert_eq!(shown("a", Value::Empty), "");
    }

    #[test]
    fn nothing_secret_is_left_in_whatever_form() {
        const MAIL: &str = "ann@example.com";
        const CARD: i64 = 4_111_111_111_111_111;
        let forms = [
            ("user", Value::Str(MAIL)),
            ("user", Value::Bytes(MAIL.as_bytes())),
            ("user", vec!["x", MAIL].into()),
            ("user", Value::Array(vec![1i64.into(), MAIL.into()])),
            ("user", Value::Map(vec![("mail", MAIL.into())])),
            ("user", Value::Map(vec![(MAIL, 1i64.into())])),
            (MAIL, Value::Bool(true)),
            ("card", Value::Int(CARD)),
            ("card", vec![1, CARD].into()),
            ("card", Value::Map(vec![("n", CARD.into())])),
            ("password", Value::Str("hunter2")),
            ("password", Value::Int(4711)),
            ("user", Value::Map(vec![("password", "hunter2".into())])),
        ];
        for (key, value) in forms {
            let shown = shown(key, value.clone());
            assert!(shown.contains("REDACTED"), "{value:?}: {shown}");
            for secret in [MAIL, "4111", "hunter2", "4711"] {
                assert!(!shown.contains(secret), "{value:?}: {shown}");
            }
        }
    }

    #[test]
    fn what_nests_too_deeply_is_cut() {
        let mut value = Value::Str("ann@example.com");
        for _ in 0..1_000 {
            value = Value::Array(vec![value]);
        }
        let shown = shown("deep", value);
        assert!(shown.contains("null"), "{shown}");
    }
}
