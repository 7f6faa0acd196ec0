//! The fields of a span or an event, read once: `tracing` shows them one by one, and showing some runs code of the host,
//! which must not happen while a span is locked.

use crate::Value;
use crate::trace::gathered;
use std::cell::Cell;
use std::error::Error;
use std::fmt::{self, Write};
use tracing::field::{Field, Visit};

/// Fields that say something about the span itself.
pub(super) mod special {
    pub(in crate::tracing) const NAME: &str = "otel.name";
    pub(in crate::tracing) const KIND: &str = "otel.kind";
    pub(in crate::tracing) const STATUS: &str = "otel.status_code";
    pub(in crate::tracing) const DESCRIPTION: &str = "otel.status_description";
    /// What it was called before.
    pub(in crate::tracing) const MESSAGE: &str = "otel.status_message";
    pub(in crate::tracing) const ALL: [&str; 5] = [NAME, KIND, STATUS, DESCRIPTION, MESSAGE];
}

/// A piece of text in [`Fields::text`].
type Range = std::ops::Range<usize>;

#[derive(Clone, Debug)]
enum Piece {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Range),
    Bytes(Range),
}

/// What was read. Its memory is used again.
#[derive(Debug, Default)]
pub(super) struct Fields {
    read: Vec<(&'static str, Piece)>,
    text: String,
    bytes: Vec<u8>,
    message: Option<Range>,
    error: Option<Range>,
    /// What the error comes from; present, if empty, for error values only.
    causes: Option<Range>,
}

thread_local! {
    /// None while it is in use: what shows a field may itself trace, and then gets fields of its own.
    static SPARE: Cell<Option<Box<Fields>>> = const { Cell::new(None) };
}

/// Memory that one large event may leave behind.
const KEEP: usize = 16 << 10;

impl Fields {
    /// Lets `read` show the fields and `with` look at them.
    pub(super) fn with<R>(read: impl FnOnce(&mut Self), with: impl FnOnce(&Self) -> R) -> R {
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let mut fields = spare.unwrap_or_default();
        read(&mut fields);
        let result = with(&fields);
        if fields.text.capacity() + fields.bytes.capacity() <= KEEP {
            fields.read.clear();
            fields.text.clear();
            fields.bytes.clear();
            (fields.message, fields.error, fields.causes) = (None, None, None);
            let _ = SPARE.try_with(|spare| spare.set(Some(fields)));
        }
        result
    }

    /// Names and values in their order.
    fn iter(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        self.read.iter().map(|(name, piece)| {
            let value = match piece {
                Piece::Bool(value) => Value::Bool(*value),
                Piece::Int(value) => Value::Int(*value),
                Piece::Double(value) => Value::Double(*value),
                Piece::Text(range) => Value::Str(self.slice(range)),
                Piece::Bytes(range) => Value::Bytes(self.bytes.get(range.clone()).unwrap_or(&[])),
            };
            (*name, value)
        })
    }

    /// An event's message, if it has one.
    pub(super) fn message(&self) -> Option<&str> {
        self.message.as_ref().map(|range| self.slice(range))
    }

    /// The text of the field `error`, or of an error value.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_ref().map(|range| self.slice(range))
    }

    /// What is to be set on a span that these fields belong to.
    pub(super) fn of_span(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let is_value = self.causes.is_some();
        let message = self.message().map(|text| ("message", Value::Str(text)));
        message
            .into_iter()
            .chain(self.exception().filter(move |_| is_value))
            .chain(self.iter())
    }

    /// Lets `with` have the attributes of the event that these fields describe, after `own`.
    pub(super) fn of_event<'f, R>(
        &'f self,
        own: impl Iterator<Item = (&'static str, Value<'static>)>,
        with: impl FnOnce(&[(&'static str, Value<'f>)]) -> R,
    ) -> R {
        #[expect(clippy::map_identity, reason = "it shortens the lifetime")]
        let own = own.map(|attribute| -> (&'static str, Value<'f>) { attribute });
        // Where the exception says it all, the field would say it again.
        let is_said = |name: &str| name == "error" && self.is_exception();
        let fields = self.iter().filter(|(name, _)| !is_said(name));
        gathered(own.chain(self.exception()).chain(fields), with)
    }

    /// Whether the event is nothing but an error.
    pub(super) fn is_exception(&self) -> bool {
        self.error.is_some() && self.message.is_none()
    }

    fn exception(&self) -> impl Iterator<Item = (&'static str, Value<'_>)> {
        let texts = [
            ("exception.message", self.error()),
            (
                "exception.stacktrace",
                self.causes.as_ref().map(|range| self.slice(range)),
            ),
        ];
        texts.into_iter().filter_map(|(key, text)| {
            let text = text.filter(|text| !text.is_empty())?;
            Some((key, Value::Str(text)))
        })
    }

    fn slice(&self, range: &Range) -> &str {
        self.text.get(range.clone()).unwrap_or_default()
    }

    fn push(&mut self, field: &Field, piece: Piece) {
        self.read.push((field.name(), piece));
    }

    fn write(&mut self, text: fmt::Arguments<'_>) -> Range {
        let start = self.text.len();
        // A type of the host that fails to show itself is shown as far as it came.
        let _ = self.text.write_fmt(text);
        start..self.text.len()
    }

    /// A text, which may be the message, and is the error if the field is called so.
    fn push_text(&mut self, field: &Field, text: Range) {
        match field.name() {
            "message" => self.message = Some(text),
            // What `log` says of the place is in the metadata.
            "log.target" | "log.module_path" | "log.file" | "log.line" => {}
            name => {
                if name == "error" && self.error.is_none() {
                    self.error = Some(text.clone());
                }
                self.push(field, Piece::Text(text));
            }
        }
    }

    fn integer(&mut self, field: &Field, value: impl TryInto<i64> + fmt::Display + Copy) {
        match value.try_into() {
            Ok(value) if !field.name().starts_with("log.") => self.push(field, Piece::Int(value)),
            Ok(_) => {}
            // Beyond int64 an integer is exported as its digits (`docs/behaviour.md`).
            Err(_) => {
                let digits = self.write(format_args!("{value}"));
                self.push(field, Piece::Text(digits));
            }
        }
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, Piece::Bool(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.integer(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.integer(field, value);
    }

    fn record_i128(&mut self, field: &Field, value: i128) {
        self.integer(field, value);
    }

    fn record_u128(&mut self, field: &Field, value: u128) {
        self.integer(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, Piece::Double(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let start = self.text.len();
        self.text.push_str(value);
        self.push_text(field, start..self.text.len());
    }

    fn record_bytes(&mut self, field: &Field, value: &[u8]) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(value);
        self.push(field, Piece::Bytes(start..self.bytes.len()));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let message = self.write(format_args!("{value}"));
        if self.error.is_none() {
            self.error = Some(message.clone());
            let start = self.text.len();
            let mut cause = value.source();
            while let Some(error) = cause {
                self.write(format_args!("Caused by: {error}\n"));
                cause = error.source();
            }
            self.causes = Some(start..self.text.trim_end().len().max(start));
        }
        self.push(field, Piece::Text(message));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = self.write(format_args!("{value:?}"));
        self.push_text(field, text);
    }
}
