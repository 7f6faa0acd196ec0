//! Reads the values of a span batch in place.

use super::batch::BatchError;
use super::layout::{kind, unpair};
use super::text::{Text, text_budget};
use super::{OwnedValue, Value};
use std::borrow::Cow;

/// Slots that are read from front to back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(&'a [u64]);

impl<'a> Cursor<'a> {
    pub(crate) fn new(slots: &'a [u64]) -> Self {
        Self(slots)
    }

    #[inline]
    pub(crate) fn peek(&self) -> Option<&'a u64> {
        self.0.first()
    }

    #[inline]
    fn take(&mut self) -> Result<u64, BatchError> {
        let (&first, rest) = self.0.split_first().ok_or(BatchError::Truncated)?;
        self.0 = rest;
        Ok(first)
    }

    #[inline]
    pub(crate) fn take_many(&mut self, count: usize) -> Result<&'a [u64], BatchError> {
        let (taken, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(BatchError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    /// The next value's outside: for an array or map, what is inside follows at this cursor.
    #[inline(always)]
    pub(crate) fn value(&mut self) -> Result<Scalar<'a>, BatchError> {
        let (tag, extra) = unpair(self.take()?);
        Ok(match tag {
            kind::STRING => Scalar::Text(self.take()?),
            kind::INT => Scalar::Int(self.take()? as i64),
            kind::BOOL => Scalar::Bool(self.take()? != 0),
            kind::DOUBLE => Scalar::Double(f64::from_bits(self.take()?)),
            kind::NUMBER => number(f64::from_bits(self.take()?)),
            kind::EMPTY => {
                self.take()?;
                Scalar::Empty
            }
            kind::BYTES => {
                let length = extra as usize;
                Scalar::Bytes(self.take_many(length.div_ceil(8))?, length)
            }
            kind::ARRAY => Scalar::Array(extra),
            kind::MAP => Scalar::Map(extra),
            _ => return Err(BatchError::Malformed),
        })
    }

    /// A key's reference.
    #[inline]
    pub(crate) fn key(&mut self) -> Result<u64, BatchError> {
        self.take()
    }
}

/// A value of a host that has one type for all numbers.
///
/// Source: OpenTelemetry specification, "Mapping Arbitrary Data to OTLP AnyValue": integral values are ints, those
/// outside int64 are strings.
#[inline(always)]
fn number(value: f64) -> Scalar<'static> {
    // Nearly all are small and whole, which two conversions show. The largest integer stands for all beyond it.
    let whole = value as i64;
    if whole as f64 == value && whole != 0 && whole != i64::MAX {
        Scalar::Int(whole)
    } else {
        rare_number(value)
    }
}

#[inline(never)]
fn rare_number(value: f64) -> Scalar<'static> {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if value.fract() != 0.0 || !value.is_finite() || (value == 0.0 && value.is_sign_negative()) {
        Scalar::Double(value)
    } else if (-BEYOND..BEYOND).contains(&value) {
        Scalar::Int(value as i64)
    } else {
        Scalar::Decimal(value)
    }
}

impl OwnedValue {
    /// A number of a host that has one type for all of them: whole numbers within int64 are ints, those beyond it their
    /// decimal digits, everything else is a double.
    pub fn number(value: f64) -> Self {
        match number(value) {
            Scalar::Int(value) => OwnedValue::Int(value),
            Scalar::Decimal(value) => OwnedValue::Str(decimal(value)),
            _ => OwnedValue::Double(value),
        }
    }
}

/// The digits of a whole number.
fn decimal(value: f64) -> String {
    format!("{value:.0}")
}

/// What a value slot says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar<'a> {
    Empty,
    Bool(bool),
    Int(i64),
    Double(f64),
    /// A reference.
    Text(u64),
    /// An integral number outside int64, to be written in decimal.
    Decimal(f64),
    /// Slots that hold bytes, and how many bytes count.
    Bytes(&'a [u64], usize),
    /// So many values follow.
    Array(u32),
    /// So many keys with values follow.
    Map(u32),
}

/// Attributes, to be read in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a> {
    pub(crate) count: u32,
    pub(crate) cursor: Cursor<'a>,
}

impl<'a> Attributes<'a> {
    pub(crate) fn new(slots: &'a [u64], count: u32) -> Self {
        Self {
            count,
            cursor: Cursor(slots),
        }
    }

    /// Owned copies, for reading a live span back.
    pub(crate) fn to_values(
        mut self,
        text: Text<'a>,
    ) -> Result<Vec<(String, OwnedValue)>, BatchError> {
        let mut budget = text_budget();
        (0..self.count)
            .map(|_| {
                let key = text
                    .get(self.cursor.key()?, &mut String::new(), &mut budget)?
                    .to_owned();
                Ok((key, owned(&mut self.cursor, text, &mut budget, 1)?))
            })
            .collect()
    }
}

impl Cursor<'_> {
    /// The next value with all that is in it; `depth` is the level at which it stands, from 1.
    pub(crate) fn owned(
        &mut self,
        text: Text<'_>,
        budget: &mut usize,
        depth: usize,
    ) -> Result<OwnedValue, BatchError> {
        owned(self, text, budget, depth)
    }
}

fn owned(
    cursor: &mut Cursor<'_>,
    text: Text<'_>,
    budget: &mut usize,
    depth: usize,
) -> Result<OwnedValue, BatchError> {
    use OwnedValue as Owned;
    let mut string = |reference| -> Result<String, BatchError> {
        Ok(text.get(reference, &mut String::new(), budget)?.to_owned())
    };
    Ok(match cursor.value()? {
        Scalar::Empty => Owned::Empty,
        Scalar::Bool(value) => Owned::Bool(value),
        Scalar::Int(value) => Owned::Int(value),
        Scalar::Double(value) => Owned::Double(value),
        Scalar::Text(reference) => Owned::Str(string(reference)?),
        Scalar::Decimal(value) => Owned::Str(decimal(value)),
        Scalar::Bytes(slots, length) => Owned::Bytes(unpack(slots, length).into_owned()),
        Scalar::Array(_) | Scalar::Map(_) if depth > Value::MAX_DEPTH => {
            return Err(BatchError::TooDeep);
        }
        Scalar::Array(count) => Owned::Array(
            (0..count)
                .map(|_| owned(cursor, text, budget, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        Scalar::Map(count) => Owned::Map(
            (0..count)
                .map(|_| {
                    let key = text
                        .get(cursor.key()?, &mut String::new(), budget)?
                        .to_owned();
                    Ok((key, owned(cursor, text, budget, depth + 1)?))
                })
                .collect::<Result<_, _>>()?,
        ),
    })
}

/// The bytes that slots hold.
pub(crate) fn unpack(slots: &[u64], length: usize) -> Cow<'_, [u8]> {
    let mut bytes: Vec<u8> = slots.iter().flat_map(|slot| slot.to_le_bytes()).collect();
    bytes.truncate(length);
    Cow::Owned(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_type_of_number_becomes_three() {
        let text = |text: &str| OwnedValue::Str(text.to_owned());
        for (given, expected) in [
            (0.0, OwnedValue::Int(0)),
            (7.0, OwnedValue::Int(7)),
            (-7.0, OwnedValue::Int(-7)),
            (0.5, OwnedValue::Double(0.5)),
            (-0.0, OwnedValue::Double(-0.0)),
            (f64::INFINITY, OwnedValue::Double(f64::INFINITY)),
            (-9_223_372_036_854_775_808.0, OwnedValue::Int(i64::MIN)),
            (9_223_372_036_854_775_808.0, text("9223372036854775808")),
        ] {
            assert_eq!(OwnedValue::number(given), expected);
        }
    }
}
