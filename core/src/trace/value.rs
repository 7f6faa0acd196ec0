//! What an attribute may hold.

/// An attribute's value: OTLP's `AnyValue`, borrowed.
///
/// Values nest; what lies deeper than [`MAX_DEPTH`](Value::MAX_DEPTH) becomes [`Value::Empty`] (OpenTelemetry
/// specification 1.60, `AttributeValueDepthLimit`).
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// No value.
    Empty,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    Str(&'a str),
    /// Bytes.
    Bytes(&'a [u8]),
    /// A list, whose elements may differ in type.
    Array(Vec<Value<'a>>),
    /// Named members; of two with one name the later counts.
    Map(Vec<(&'a str, Value<'a>)>),
}

impl Value<'_> {
    /// How deep values may nest.
    pub const MAX_DEPTH: usize = 64;
}

macro_rules! from {
    ($($source:ty => $variant:ident $(as $target:ty)?),* $(,)?) => {$(
        impl From<$source> for Value<'_> {
            fn from(value: $source) -> Self {
                Value::$variant(value $(as $target)?)
            }
        }
    )*};
}
from!(bool => Bool, i64 => Int, i32 => Int as i64, u32 => Int as i64, u16 => Int as i64, u8 => Int as i64, f64 => Double, f32 => Double as f64);

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Value::Str(value)
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Value::Str(value)
    }
}

impl<'a> From<&'a [u8]> for Value<'a> {
    fn from(value: &'a [u8]) -> Self {
        Value::Bytes(value)
    }
}

impl<'a, T: Into<Value<'a>>> From<Vec<T>> for Value<'a> {
    fn from(values: Vec<T>) -> Self {
        Value::Array(values.into_iter().map(Into::into).collect())
    }
}

impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Empty, Into::into)
    }
}

/// A [`Value`] that owns what it holds, for reading a span back and for resources.
#[derive(Clone, Debug, PartialEq)]
pub enum OwnedValue {
    /// No value.
    Empty,
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Int(i64),
    /// A floating-point number.
    Double(f64),
    /// Text.
    Str(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// A list.
    Array(Vec<OwnedValue>),
    /// Named members.
    Map(Vec<(String, OwnedValue)>),
}

impl OwnedValue {
    /// The same value, borrowed.
    pub fn as_value(&self) -> Value<'_> {
        match self {
            OwnedValue::Empty => Value::Empty,
            OwnedValue::Bool(value) => Value::Bool(*value),
            OwnedValue::Int(value) => Value::Int(*value),
            OwnedValue::Double(value) => Value::Double(*value),
            OwnedValue::Str(value) => Value::Str(value),
            OwnedValue::Bytes(value) => Value::Bytes(value),
            OwnedValue::Array(values) => {
                Value::Array(values.iter().map(OwnedValue::as_value).collect())
            }
            OwnedValue::Map(members) => Value::Map(
                members
                    .iter()
                    .map(|(key, value)| (key.as_str(), value.as_value()))
                    .collect(),
            ),
        }
    }
}

impl From<&Value<'_>> for OwnedValue {
    fn from(value: &Value<'_>) -> Self {
        match value {
            Value::Empty => OwnedValue::Empty,
            Value::Bool(value) => OwnedValue::Bool(*value),
            Value::Int(value) => OwnedValue::Int(*value),
            Value::Double(value) => OwnedValue::Double(*value),
            Value::Str(value) => OwnedValue::Str((*value).to_owned()),
            Value::Bytes(value) => OwnedValue::Bytes(value.to_vec()),
            Value::Array(values) => OwnedValue::Array(values.iter().map(Into::into).collect()),
            Value::Map(members) => OwnedValue::Map(
                members
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), value.into()))
                    .collect(),
            ),
        }
    }
}
