//! How deep a request may nest, and what becomes of values that lie deeper.
//!
//! Readers of protobuf refuse a message that nests more than 100 messages (C++, Java, Python, upb, prost), and with it the
//! whole request. A list costs two of them, a map three, so values may be far deeper (64 levels) than a request can be. What
//! would come out too deep is exported as JSON text: nothing is lost, and no request is refused for it.

use crate::trace::OwnedValue;

/// The most messages inside each other, the request itself included.
const MOST_MESSAGES: u8 = 100;

/// The messages around a value of an event's attribute: request, resource spans, scope spans, span, event, key-value, value.
/// All attributes are taken to be that deep, so that a value looks the same wherever it stands.
const AROUND_A_VALUE: u8 = 7;

/// Where a value stands.
#[derive(Clone, Copy)]
pub(super) struct Depth {
    /// Lists and maps around it, and itself.
    level: u8,
    /// Messages around it, and its own.
    messages: u8,
}

impl Depth {
    /// The value of an attribute.
    pub(super) const ATTRIBUTE: Depth = Depth {
        level: 1,
        messages: AROUND_A_VALUE,
    };

    /// The place of what is inside a list that stands here; `None` if readers would not follow.
    #[inline]
    pub(super) fn in_list(self) -> Option<Depth> {
        self.inside(2)
    }

    /// The place of what is inside a map that stands here; `None` if readers would not follow.
    #[inline]
    pub(super) fn in_map(self) -> Option<Depth> {
        self.inside(3)
    }

    #[inline]
    fn inside(self, messages: u8) -> Option<Depth> {
        (self.messages + messages <= MOST_MESSAGES).then_some(Depth {
            level: self.level + 1,
            messages: self.messages + messages,
        })
    }

    /// The level by which the data model bounds values: see [`MAX_DEPTH`](crate::trace::Value::MAX_DEPTH).
    pub(super) fn level(self) -> usize {
        usize::from(self.level)
    }
}

/// A value as JSON text, its members in their order.
pub(super) fn json(value: &OwnedValue) -> String {
    let mut out = String::new();
    write(&mut out, value);
    out
}

fn write(out: &mut String, value: &OwnedValue) {
    match value {
        OwnedValue::Empty => out.push_str("null"),
        OwnedValue::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        OwnedValue::Int(number) => out.push_str(&number.to_string()),
        OwnedValue::Double(number) => match serde_json::Number::from_f64(*number) {
            Some(number) => out.push_str(&number.to_string()),
            None => text(out, &number.to_string()),
        },
        OwnedValue::Str(value) => text(out, value),
        OwnedValue::Bytes(bytes) => text(out, &String::from_utf8_lossy(bytes)),
        OwnedValue::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(out, value);
            }
            out.push(']');
        }
        OwnedValue::Map(members) => {
            out.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                text(out, key);
                out.push(':');
                write(out, value);
            }
            out.push('}');
        }
    }
}

fn text(out: &mut String, value: &str) {
    out.push_str(&serde_json::Value::from(value).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::Value;

    #[test]
    fn a_list_is_two_messages_deep_and_a_map_three() {
        let levels = |step: fn(Depth) -> Option<Depth>| {
            std::iter::successors(Some(Depth::ATTRIBUTE), |depth| step(*depth)).count() - 1
        };
        assert_eq!((levels(Depth::in_list), levels(Depth::in_map)), (46, 31));
    }

    #[test]
    fn json_keeps_order_and_escapes_text() {
        let value = Value::Map(vec![
            (
                "b\"",
                Value::Array(vec![1.into(), 0.5.into(), f64::NAN.into()]),
            ),
            ("a", Value::Bytes(b"\xffx")),
            ("c", Value::Empty),
            ("d", true.into()),
        ]);
        assert_eq!(
            json(&OwnedValue::from(&value)),
            "{\"b\\\"\":[1,0.5,\"NaN\"],\"a\":\"\u{fffd}x\",\"c\":null,\"d\":true}"
        );
    }
}
