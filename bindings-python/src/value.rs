//! Python values to attribute values.
//!
//! Python                              | attribute
//! ------------------------------------|---------------------------------------------------------------
//! None                                | none; inside a list or mapping an empty value
//! bool, float, str, bytes             | the same; a lone surrogate becomes U+FFFD
//! int                                 | an integer; outside int64 its decimal digits as text
//! bytearray, memoryview               | bytes
//! list, tuple, any `Sequence`         | a list
//! dict, any `Mapping`                 | a map; keys that are not text are shown by `str`
//! anything else                       | its `str`, with a warning; nothing if it has no `str` of its own
//!
//! Converting may run Python (`__str__`, `__iter__`, logging handlers) and so ends before a span is entered. An exception of
//! an attribute's own code costs that attribute and is logged; it does not reach the application.

use crate::api::{api, warn};
use polyspan::trace::{OwnedValue, Value};
use pyo3::exceptions::PyException;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple,
};
use std::borrow::Cow;

/// Values within one attribute, all levels together. A list that holds itself twice would not end otherwise.
const MOST_VALUES: usize = 1 << 14;

/// A converted value; holds on to the Python objects whose memory it uses.
pub(crate) enum Converted<'py> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Bound<'py, PyString>),
    Bytes(Bound<'py, PyBytes>),
    Owned(OwnedValue),
}

impl Converted<'_> {
    /// The value, without running Python: text was found to be UTF-8 when it was converted.
    #[inline]
    pub(crate) fn as_value(&self) -> Value<'_> {
        match self {
            Self::Bool(value) => Value::Bool(*value),
            Self::Int(value) => Value::Int(*value),
            Self::Double(value) => Value::Double(*value),
            Self::Text(text) => Value::Str(text.to_str().unwrap_or_default()),
            Self::Bytes(bytes) => Value::Bytes(bytes.as_bytes()),
            Self::Owned(value) => value.as_value(),
        }
    }
}

/// Converted attributes, in order.
#[derive(Default)]
pub(crate) struct Attributes<'py>(Vec<(Bound<'py, PyString>, Converted<'py>)>);

impl<'py> Attributes<'py> {
    /// Converts a mapping.
    ///
    /// # Errors
    ///
    /// Only what must not be held back, such as `KeyboardInterrupt`.
    pub(crate) fn convert(attributes: Option<&Bound<'py, PyAny>>) -> PyResult<Self> {
        let Some(attributes) = attributes.filter(|given| !given.is_none()) else {
            return Ok(Self::default());
        };
        let py = attributes.py();
        let mut converted = Vec::new();
        let mut add = |key: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>| -> PyResult<()> {
            if let Some(key) = attribute_key(key)
                && let Some(value) = attribute(value)?
            {
                converted.push((key, value));
            }
            Ok(())
        };
        match entries(attributes) {
            Ok(Some(entries)) => entries
                .iter()
                .try_for_each(|(key, value)| add(key, value))?,
            Ok(None) => warn(py, "attributes are not a mapping; they are left out"),
            Err(error) => survive(py, error, "attributes cannot be read")?,
        }
        Ok(Self(converted))
    }

    /// The attributes as the core takes them, without running Python.
    #[inline]
    pub(crate) fn as_values(&self) -> Vec<(&str, Value<'_>)> {
        self.0
            .iter()
            .map(|(key, value)| (key.to_str().unwrap_or_default(), value.as_value()))
            .collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The key of an attribute: text that is not empty, or the attribute is left out.
#[inline]
pub(crate) fn attribute_key<'py>(key: &Bound<'py, PyAny>) -> Option<Bound<'py, PyString>> {
    match key.cast::<PyString>() {
        Ok(text) if text.to_str().is_ok_and(|text| !text.is_empty()) => Some(text.clone()),
        Ok(text) if text.to_str().is_err() => Some(PyString::new(key.py(), &text_of(text))),
        _ => {
            warn(
                key.py(),
                &format!(
                    "an attribute's key must be a str that is not empty, not {}; the attribute is left out",
                    shown(key)
                ),
            );
            None
        }
    }
}

/// Converts the value of an attribute; `None` if there is none.
///
/// # Errors
///
/// See [`Attributes::convert`].
#[inline]
pub(crate) fn attribute<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Converted<'py>>> {
    if let Some(simple) = simple(value) {
        return Ok(Some(simple));
    }
    if value.is_none() {
        return Ok(None);
    }
    let py = value.py();
    let mut room = MOST_VALUES;
    match deep(value, 1, &mut room) {
        Ok(value) => {
            if room == 0 {
                let message = format!(
                    "an attribute holds more than {MOST_VALUES} values; the others are left out"
                );
                warn(py, &message);
            }
            Ok(value.map(Converted::Owned))
        }
        Err(error) => {
            survive(py, error, "an attribute's value cannot be read")?;
            Ok(None)
        }
    }
}

/// The common types, without a copy.
#[inline]
fn simple<'py>(value: &Bound<'py, PyAny>) -> Option<Converted<'py>> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        return text.to_str().is_ok().then(|| Converted::Text(text.clone()));
    }
    if let Ok(number) = value.cast_exact::<PyInt>() {
        return number.extract().ok().map(Converted::Int);
    }
    if let Ok(truth) = value.cast_exact::<PyBool>() {
        return Some(Converted::Bool(truth.is_true()));
    }
    if let Ok(number) = value.cast_exact::<PyFloat>() {
        return Some(Converted::Double(number.value()));
    }
    value
        .cast_exact::<PyBytes>()
        .ok()
        .map(|bytes| Converted::Bytes(bytes.clone()))
}

/// Any value. `Ok(None)`: it has nothing to show.
fn deep(value: &Bound<'_, PyAny>, depth: usize, room: &mut usize) -> PyResult<Option<OwnedValue>> {
    let Some(left) = room.checked_sub(1).filter(|_| depth <= Value::MAX_DEPTH) else {
        return Ok(Some(OwnedValue::Empty));
    };
    *room = left;
    if value.is_none() {
        return Ok(Some(OwnedValue::Empty));
    }
    if let Ok(truth) = value.cast::<PyBool>() {
        return Ok(Some(OwnedValue::Bool(truth.is_true())));
    }
    if let Ok(number) = value.cast::<PyInt>() {
        return Ok(Some(integer(number)));
    }
    if let Ok(number) = value.cast::<PyFloat>() {
        return Ok(Some(OwnedValue::Double(number.value())));
    }
    if let Ok(text) = value.cast::<PyString>() {
        return Ok(Some(OwnedValue::Str(text_of(text).into_owned())));
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Some(OwnedValue::Bytes(bytes.as_bytes().to_vec())));
    }
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Ok(Some(OwnedValue::Bytes(bytes.to_vec())));
    }
    if value.is_instance_of::<PyMemoryView>() {
        let bytes = value.call_method0("tobytes")?.cast_into::<PyBytes>()?;
        return Ok(Some(OwnedValue::Bytes(bytes.as_bytes().to_vec())));
    }
    compound(value, depth, room)
}

fn compound(
    value: &Bound<'_, PyAny>,
    depth: usize,
    room: &mut usize,
) -> PyResult<Option<OwnedValue>> {
    let py = value.py();
    let api = api(py)?;
    // Snapshots: what is converted next may run Python that changes the original.
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        let items: Vec<Bound<'_, PyAny>> =
            value.try_iter()?.take(*room).collect::<PyResult<_>>()?;
        return list(items, depth, room);
    }
    if let Some(entries) = entries(value)? {
        let mut members = Vec::with_capacity(entries.len().min(*room));
        for (key, value) in entries.into_iter().take(*room) {
            let key = match key.cast::<PyString>() {
                Ok(key) => text_of(key).into_owned(),
                Err(_) => text_of(&key.str()?).into_owned(),
            };
            if let Some(value) = deep(&value, depth + 1, room)? {
                members.push((key, value));
            }
        }
        return Ok(Some(OwnedValue::Map(members)));
    }
    if value.is_instance(api.sequence.bind(py))? {
        let items: Vec<Bound<'_, PyAny>> =
            value.try_iter()?.take(*room).collect::<PyResult<_>>()?;
        return list(items, depth, room);
    }
    by_str(value)
}

fn list(
    items: Vec<Bound<'_, PyAny>>,
    depth: usize,
    room: &mut usize,
) -> PyResult<Option<OwnedValue>> {
    let values = items
        .iter()
        .map(|item| Ok(deep(item, depth + 1, room)?.unwrap_or(OwnedValue::Empty)));
    Ok(Some(OwnedValue::Array(values.collect::<PyResult<_>>()?)))
}

/// What is no attribute type is shown by its own `str` or `repr`, if it has one: `<object at 0x…>` tells nobody anything.
fn by_str(value: &Bound<'_, PyAny>) -> PyResult<Option<OwnedValue>> {
    let py = value.py();
    let class = value.get_type();
    let object = py.get_type::<PyAny>();
    let has_own = |method: &str| -> PyResult<bool> {
        Ok(!class.getattr(method)?.is(&object.getattr(method)?))
    };
    let shown = has_own("__str__")? || has_own("__repr__")?;
    warn(
        py,
        &format!(
            "an attribute's value is of type {}, which is none of bool, int, float, str, bytes, sequence or mapping; {}",
            class
                .name()
                .map_or_else(|_| "?".to_owned(), |name| name.to_string()),
            if shown {
                "its str is taken"
            } else {
                "it is left out"
            },
        ),
    );
    if !shown {
        return Ok(None);
    }
    Ok(Some(OwnedValue::Str(text_of(&value.str()?).into_owned())))
}

fn integer(number: &Bound<'_, PyInt>) -> OwnedValue {
    match number.extract::<i64>() {
        Ok(number) => OwnedValue::Int(number),
        // Python refuses to write out integers of more than a few thousand digits.
        Err(_) => OwnedValue::Str(
            decimal(number).unwrap_or_else(|_| "integer too long to be shown".into()),
        ),
    }
}

/// The digits, also of a subclass (an enum) whose `str` says something else.
fn decimal(number: &Bound<'_, PyInt>) -> PyResult<String> {
    let py = number.py();
    let repr = py.get_type::<PyInt>().getattr("__repr__")?;
    repr.call1((number,))?.extract()
}

/// The entries of a mapping; `None` if it is none.
type Entries<'py> = Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;

fn entries<'py>(value: &Bound<'py, PyAny>) -> PyResult<Option<Entries<'py>>> {
    let py = value.py();
    if let Ok(entries) = value.cast_exact::<PyDict>() {
        return Ok(Some(entries.iter().collect()));
    }
    if !value.is_instance(api(py)?.mapping.bind(py))? {
        return Ok(None);
    }
    let items = value.call_method0("items")?;
    let entries = items
        .try_iter()?
        .take(MOST_VALUES)
        .map(|item| item?.extract());
    Ok(Some(entries.collect::<PyResult<_>>()?))
}

/// Text as UTF-8; lone surrogates, which UTF-8 cannot hold, become U+FFFD.
#[inline]
pub(crate) fn text_of<'a>(text: &'a Bound<'_, PyString>) -> Cow<'a, str> {
    match text.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(without_surrogates(text)),
    }
}

#[cold]
fn without_surrogates(text: &Bound<'_, PyString>) -> String {
    let encoded = text
        .call_method1("encode", ("utf-8", "surrogatepass"))
        .and_then(|encoded| Ok(encoded.cast_into::<PyBytes>()?));
    let Ok(encoded) = encoded else {
        return String::new();
    };
    let mut bytes = encoded.as_bytes().to_vec();
    // A surrogate is written in three bytes, ED A0..BF 80..BF, as many as U+FFFD has.
    for at in 0..bytes.len().saturating_sub(2) {
        if bytes[at] == 0xED && bytes[at + 1] >= 0xA0 {
            bytes[at..at + 3].copy_from_slice("\u{fffd}".as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Any object as text, for names: what is not text is shown by `str`.
pub(crate) fn text<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    match value.cast::<PyString>() {
        Ok(text) => Ok(text.clone()),
        Err(_) => value.str(),
    }
}

/// A time in nanoseconds since the Unix epoch; what is none is left out with a warning.
pub(crate) fn time(time: Option<&Bound<'_, PyAny>>) -> Option<u64> {
    let time = time.filter(|time| !time.is_none())?;
    let nanos = time.extract::<u64>();
    if nanos.is_err() {
        warn(
            time.py(),
            &format!(
                "a time must be an int of nanoseconds since 1970, not {}; now is taken",
                shown(time)
            ),
        );
    }
    nanos.ok()
}

/// A value in a message.
pub(crate) fn shown(value: &Bound<'_, PyAny>) -> String {
    value.repr().map_or_else(
        |_| "?".to_owned(),
        |repr| text_of(&repr).chars().take(100).collect(),
    )
}

/// An exception that telemetry caused is logged and goes no further; one that is meant to end the program goes on.
pub(crate) fn survive(py: Python<'_>, error: PyErr, what: &str) -> PyResult<()> {
    if !error.is_instance_of::<PyException>(py) {
        return Err(error);
    }
    warn(py, &format!("{what}: {error}"));
    Ok(())
}

/// A value for Python: tuples for lists, dicts for maps.
pub(crate) fn to_python<'py>(py: Python<'py>, value: &OwnedValue) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        OwnedValue::Empty => py.None().into_bound(py),
        OwnedValue::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        OwnedValue::Int(value) => value.into_pyobject(py)?.into_any(),
        OwnedValue::Double(value) => PyFloat::new(py, *value).into_any(),
        OwnedValue::Str(value) => PyString::new(py, value).into_any(),
        OwnedValue::Bytes(value) => PyBytes::new(py, value).into_any(),
        OwnedValue::Array(values) => {
            let values = values.iter().map(|value| to_python(py, value));
            PyTuple::new(py, values.collect::<PyResult<Vec<_>>>()?)?.into_any()
        }
        OwnedValue::Map(members) => to_dict(py, members)?.into_any(),
    })
}

/// Attributes for Python.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    members: &[(String, OwnedValue)],
) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for (key, value) in members {
        dict.set_item(key, to_python(py, value)?)?;
    }
    Ok(dict)
}
