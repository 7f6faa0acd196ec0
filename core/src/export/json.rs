//! OTLP/JSON: the JSON form of an encoded request.
//!
//! | on the wire | in JSON |
//! |---|---|
//! | trace and span ids | hexadecimal |
//! | other bytes | Base64 |
//! | 64-bit integers, times too | strings of decimal digits |
//! | enums | their numbers |
//! | doubles | numbers; `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | a value that is empty | `{}` |
//! | fields with their default value | left out, as on the wire; only the list of an empty array or map is there |
//!
//! The bytes of a request are read once and nothing is built in between: the structs of `opentelemetry-proto` would
//! show NaN as null and do not take values as deep as the specification allows. Those structs are the oracle in tests.
//!
//! Source: OTLP specification 1.11, "JSON Protobuf Encoding"; Protocol Buffers, "ProtoJSON Format".

use std::fmt::Display;
use std::io::Write as _;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::endpoint::Signal;
pub(crate) use super::fields::Unreadable;
use super::fields::{Fields, Value};
use super::schema::{self, Field, Kind, Message};

/// Messages inside messages, at most. A value at the depth limit of attributes (64) takes three for each level.
const DEPTH_LIMIT: usize = 256;

/// The JSON form of an encoded `ExportTraceServiceRequest`, on one line without a line break at its end.
///
/// `Unreadable` if the bytes are not such a message as this crate encodes it: the parts of a repeated field together.
#[allow(
    dead_code,
    reason = "the exporters of the console and of files read it"
)]
pub(crate) fn request_to_json(request: &[u8]) -> Result<Vec<u8>, Unreadable> {
    to_json(Signal::Traces, request)
}

/// The JSON form of the encoded request of any signal.
pub(crate) fn to_json(signal: Signal, request: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let message = match signal {
        Signal::Traces => &schema::TRACES,
        Signal::Metrics => &schema::METRICS,
    };
    // Measured on batches of HTTP spans: the JSON form is 2.3 times as long.
    let mut json = Json(Vec::with_capacity(request.len() * 5 / 2));
    json.message(message, request, DEPTH_LIMIT)?;
    Ok(json.0)
}

struct Json(Vec<u8>);

impl Json {
    fn message(&mut self, message: &Message, bytes: &[u8], depth: usize) -> Result<(), Unreadable> {
        let depth = depth.checked_sub(1).ok_or(Unreadable)?;
        self.0.push(b'{');
        // A bit for each field that was written, and the repeated field whose list is still open.
        let (mut seen, mut open) = (0_u64, 0);
        for field in Fields(bytes) {
            let (number, value) = field?;
            // Unknown fields come from newer servers' messages only, but skipping them is the rule.
            let Some(field) = message.field(number) else {
                continue;
            };
            if open == number {
                self.0.push(b',');
            } else {
                if seen & (1 << number) != 0 {
                    return Err(Unreadable);
                }
                self.name(field, seen == 0, open != 0);
                seen |= 1 << number;
                open = if field.repeated { number } else { 0 };
            }
            match (field.kind, value, field.repeated) {
                (Kind::Message(inner), Value::Bytes(bytes), _) => {
                    self.message(inner, bytes, depth)?;
                }
                (kind, Value::Bytes(packed), true) if kind.is_number() => {
                    self.packed(kind, packed)?;
                }
                (kind, value, _) => self.scalar(kind, value)?,
            }
        }
        if let ([list], 0) = (message.0, seen) {
            // May be left out by the rule, but `opentelemetry-proto`, which receivers in Rust use, insists on it.
            self.name(list, true, false);
            open = u64::from(list.repeated);
        }
        if open != 0 {
            self.0.push(b']');
        }
        self.0.push(b'}');
        Ok(())
    }

    fn name(&mut self, field: &Field, first: bool, close_list: bool) {
        if close_list {
            self.0.push(b']');
        }
        if !first {
            self.0.push(b',');
        }
        self.0.push(b'"');
        self.0.extend_from_slice(field.name.as_bytes());
        self.0.extend_from_slice(b"\":");
        if field.repeated {
            self.0.push(b'[');
        }
    }

    /// The numbers of a packed field.
    fn packed(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), Unreadable> {
        let mut rest = Fields(bytes);
        let mut first = true;
        while !rest.0.is_empty() {
            let value = match kind {
                Kind::Fixed32 => rest.array().map(u32::from_le_bytes).map(Value::Fixed32),
                Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
                    rest.array().map(u64::from_le_bytes).map(Value::Fixed64)
                }
                _ => rest.varint().map(Value::Varint),
            };
            if !std::mem::take(&mut first) {
                self.0.push(b',');
            }
            self.scalar(kind, value.ok_or(Unreadable)?)?;
        }
        Ok(())
    }

    fn scalar(&mut self, kind: Kind, value: Value<'_>) -> Result<(), Unreadable> {
        match (kind, value) {
            (Kind::String, Value::Bytes(text)) => {
                self.text(std::str::from_utf8(text).map_err(|_| Unreadable)?)
            }
            (Kind::Id, Value::Bytes(id)) => {
                let digits = id.iter().flat_map(|byte| [byte >> 4, byte & 15]);
                let digits = digits.map(|digit| b"0123456789abcdef"[usize::from(digit)]);
                self.0.push(b'"');
                self.0.extend(digits);
                self.0.push(b'"');
                Ok(())
            }
            (Kind::Bytes, Value::Bytes(bytes)) => self.text(&STANDARD.encode(bytes)),
            (Kind::Bool, Value::Varint(value)) => self.bare(value != 0),
            // The upper half of a negative number's ten bytes repeats its sign.
            (Kind::Int32, Value::Varint(value)) => self.bare(value as i32),
            (Kind::Uint32, Value::Varint(value)) => self.bare(value as u32),
            (Kind::Sint32, Value::Varint(value)) => {
                let value = value as u32;
                self.bare((value >> 1) as i32 ^ -((value & 1) as i32))
            }
            (Kind::Fixed32, Value::Fixed32(value)) => self.bare(value),
            (Kind::Int64, Value::Varint(value)) => self.quoted(value as i64),
            (Kind::Sfixed64, Value::Fixed64(value)) => self.quoted(value as i64),
            (Kind::Uint64, Value::Varint(value)) | (Kind::Fixed64, Value::Fixed64(value)) => {
                self.quoted(value)
            }
            (Kind::Double, Value::Fixed64(bits)) => self.double(f64::from_bits(bits)),
            _ => Err(Unreadable),
        }
    }

    fn double(&mut self, value: f64) -> Result<(), Unreadable> {
        match value {
            f64::INFINITY => self.text("Infinity"),
            f64::NEG_INFINITY => self.text("-Infinity"),
            value if value.is_nan() => self.text("NaN"),
            value => serde_json::to_writer(&mut self.0, &value).map_err(|_| Unreadable),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), Unreadable> {
        serde_json::to_writer(&mut self.0, text).map_err(|_| Unreadable)
    }

    fn bare(&mut self, value: impl Display) -> Result<(), Unreadable> {
        write!(self.0, "{value}").map_err(|_| Unreadable)
    }

    fn quoted(&mut self, number: impl Display) -> Result<(), Unreadable> {
        write!(self.0, "\"{number}\"").map_err(|_| Unreadable)
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
