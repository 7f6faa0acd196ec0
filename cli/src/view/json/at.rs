//! A place in a JSON document: reads what stands there, or says where and why it cannot.

use std::fmt;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// What is wrong with a JSON body and where, as a sentence.
#[derive(Debug)]
pub(crate) struct Malformed(String);

impl Malformed {
    pub(super) fn new(problem: String) -> Self {
        Malformed(problem)
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(super) type Read<T> = Result<T, Malformed>;

/// A value and the way to it; the way is only spelled out when there is something to complain about.
pub(super) struct At<'a> {
    value: &'a Value,
    step: Step<'a>,
}

enum Step<'a> {
    Top,
    Field(&'a Object<'a>, &'static str),
    Item(&'a At<'a>, usize),
}

/// An [`At`] that is known to be a JSON object.
pub(super) struct Object<'a> {
    members: &'a Map<String, Value>,
    at: &'a At<'a>,
}

impl<'a> At<'a> {
    pub(super) fn top(value: &'a Value) -> Self {
        At {
            value,
            step: Step::Top,
        }
    }

    pub(super) fn object(&'a self) -> Read<Object<'a>> {
        match self.value {
            Value::Object(members) => Ok(Object { members, at: self }),
            _ => Err(self.not_a("object")),
        }
    }

    pub(super) fn text(&self) -> Read<String> {
        self.value
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| self.not_a("string"))
    }

    pub(super) fn bool(&self) -> Read<bool> {
        self.value.as_bool().ok_or_else(|| self.not_a("boolean"))
    }

    pub(super) fn f64(&self) -> Read<f64> {
        match self.value {
            Value::String(text) => match text.as_str() {
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                text => text.parse().ok(),
            },
            value => value.as_f64(),
        }
        .ok_or_else(|| self.wrong("is not a number"))
    }

    pub(super) fn i64(&self) -> Read<i64> {
        i64::try_from(self.integer(i64::MIN.into(), i64::MAX.into())?)
            .map_err(|_| self.not_a("number"))
    }

    /// Protobuf JSON writes 64-bit integers as strings and reads both forms for all widths, `1.0` too.
    fn integer(&self, least: i128, most: i128) -> Read<i128> {
        let number = match self.value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.as_i128().or_else(|| {
                let double = number.as_f64()?;
                (double.fract() == 0.0).then_some(double as i128)
            }),
            _ => return Err(self.not_a("number")),
        };
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| self.wrong(&format!("is not a whole number from {least} to {most}")))
    }

    pub(super) fn hex(&self) -> Read<Vec<u8>> {
        let text = self.value.as_str().ok_or_else(|| self.not_a("string"))?;
        let digits: Option<Vec<u8>> = text
            .chars()
            .map(|c| c.to_digit(16).map(|digit| digit as u8))
            .collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => Ok(digits
                .chunks_exact(2)
                .map(|pair| pair[0] << 4 | pair[1])
                .collect()),
            _ => Err(self.wrong("is not hexadecimal")),
        }
    }

    pub(super) fn bytes(&self) -> Read<Vec<u8>> {
        const BASE64: GeneralPurpose = GeneralPurpose::new(
            &STANDARD,
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
        );
        let text = self.value.as_str().ok_or_else(|| self.not_a("string"))?;
        let standard = text.replace('-', "+").replace('_', "/");
        BASE64
            .decode(standard)
            .map_err(|error| self.wrong(&format!("is not base64: {error}")))
    }

    fn not_a(&self, expected: &str) -> Malformed {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        let article = if expected.starts_with(['a', 'o']) {
            "an"
        } else {
            "a"
        };
        Malformed(format!(
            "{self}: {found} stands where {article} {expected} must be"
        ))
    }

    fn wrong(&self, problem: &str) -> Malformed {
        let mut value = self.value.to_string();
        if value.len() > 80 {
            value = value.chars().take(80).chain(['…']).collect();
        }
        Malformed(format!("{self}: {value} {problem}"))
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.step {
            Step::Top => f.write_str("the body"),
            Step::Field(
                Object {
                    at: At {
                        step: Step::Top, ..
                    },
                    ..
                },
                name,
            ) => f.write_str(name),
            Step::Field(object, name) => write!(f, "{}.{name}", object.at),
            Step::Item(list, index) => write!(f, "{list}[{index}]"),
        }
    }
}

impl<'a> Object<'a> {
    /// The member of that name; `null` counts as absent.
    pub(super) fn field(&'a self, name: &'static str) -> Option<At<'a>> {
        let value = self.members.get(name).filter(|value| !value.is_null())?;
        Some(At {
            value,
            step: Step::Field(self, name),
        })
    }

    pub(super) fn message<T>(
        &self,
        name: &'static str,
        read: impl Fn(&Object) -> Read<T>,
    ) -> Read<Option<T>> {
        self.field(name).map(|at| read(&at.object()?)).transpose()
    }

    pub(super) fn list<T>(
        &self,
        name: &'static str,
        read: impl Fn(&Object) -> Read<T>,
    ) -> Read<Vec<T>> {
        let Some(at) = self.field(name) else {
            return Ok(Vec::new());
        };
        let items = at.value.as_array().ok_or_else(|| at.not_a("array"))?;
        items
            .iter()
            .enumerate()
            .map(|(index, value)| {
                read(
                    &At {
                        value,
                        step: Step::Item(&at, index),
                    }
                    .object()?,
                )
            })
            .collect()
    }

    pub(super) fn text(&self, name: &'static str) -> Read<String> {
        self.field(name)
            .map_or_else(|| Ok(String::new()), |at| at.text())
    }

    pub(super) fn bool(&self, name: &'static str) -> Read<bool> {
        self.field(name).map_or(Ok(false), |at| at.bool())
    }

    pub(super) fn hex(&self, name: &'static str) -> Read<Vec<u8>> {
        self.field(name)
            .map_or_else(|| Ok(Vec::new()), |at| at.hex())
    }

    pub(super) fn u64(&self, name: &'static str) -> Read<u64> {
        self.field(name)
            .map_or(Ok(0), |at| Ok(at.integer(0, u64::MAX.into())? as u64))
    }

    pub(super) fn u32(&self, name: &'static str) -> Read<u32> {
        self.field(name)
            .map_or(Ok(0), |at| Ok(at.integer(0, u32::MAX.into())? as u32))
    }

    pub(super) fn enumeration(&self, name: &'static str) -> Read<i32> {
        let Some(at) = self.field(name) else {
            return Ok(0);
        };
        if at.value.is_string() {
            return Err(at.wrong("is a name; OTLP/JSON wants the enum's integer"));
        }
        Ok(at.integer(i32::MIN.into(), i32::MAX.into())? as i32)
    }
}
