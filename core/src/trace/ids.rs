//! Trace and span ids: plain numbers, written as lower-case hexadecimal digits.
//!
//! W3C Trace Context admits lower-case digits only; an upper-case id is malformed, not another spelling. All zeroes is the
//! invalid id: it can be read and held, and [`is_valid`](TraceId::is_valid) tells it.

use std::fmt;
use std::str::FromStr;

/// The id of a trace: 128 bits, of which the lower 56 decide sampling.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct TraceId(u128);

/// The id of a span within its trace: 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SpanId(u64);

/// Text that is not an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidId {
    /// How many digits such an id has: 32 for a trace, 16 for a span.
    pub digits: usize,
}

impl TraceId {
    /// The id that no trace has: all zeroes.
    pub const INVALID: Self = Self(0);
    /// Digits of the written form.
    pub const DIGITS: usize = 32;

    /// The id with these two halves, as they stand in the written form.
    #[inline]
    pub const fn from_parts(high: u64, low: u64) -> Self {
        Self(((high as u128) << 64) | low as u128)
    }

    /// The id with these bytes, most significant first.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// The bytes, most significant first.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The upper 64 bits.
    #[inline]
    pub const fn high(self) -> u64 {
        (self.0 >> 64) as u64
    }

    /// The lower 64 bits.
    #[inline]
    pub const fn low(self) -> u64 {
        self.0 as u64
    }

    /// Whether a trace may have this id.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }

    /// The written form, without allocating.
    pub fn to_hex(self) -> [u8; 32] {
        let mut digits = [0; 32];
        let (high, low) = digits.split_at_mut(16);
        write_digits(self.high(), high);
        write_digits(self.low(), low);
        digits
    }
}

impl SpanId {
    /// The id that no span has: all zeroes.
    pub const INVALID: Self = Self(0);
    /// Digits of the written form.
    pub const DIGITS: usize = 16;

    /// The id with this number.
    #[inline]
    pub const fn from_u64(id: u64) -> Self {
        Self(id)
    }

    /// The id as a number.
    #[inline]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// The id with these bytes, most significant first.
    #[inline]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The bytes, most significant first.
    #[inline]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// Whether a span may have this id.
    #[inline]
    pub const fn is_valid(self) -> bool {
        self.0 != 0
    }

    /// The written form, without allocating.
    pub fn to_hex(self) -> [u8; 16] {
        let mut digits = [0; 16];
        write_digits(self.0, &mut digits);
        digits
    }
}

impl FromStr for TraceId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId {
            digits: Self::DIGITS,
        };
        let (high, low) = text
            .as_bytes()
            .split_at_checked(Self::DIGITS / 2)
            .ok_or(invalid)?;
        match (read_digits(high), read_digits(low)) {
            (Some(high), Some(low)) => Ok(Self::from_parts(high, low)),
            _ => Err(invalid),
        }
    }
}

impl FromStr for SpanId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        read_digits(text.as_bytes()).map(Self).ok_or(InvalidId {
            digits: Self::DIGITS,
        })
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TraceId({self})")
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpanId({self})")
    }
}

impl fmt::Display for InvalidId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owner = if self.digits == TraceId::DIGITS {
            "trace"
        } else {
            "span"
        };
        write!(
            f,
            "not a {owner} id: it must be {} hexadecimal digits, letters in lower case",
            self.digits
        )
    }
}

impl std::error::Error for InvalidId {}

/// Reads exactly sixteen lower-case digits.
fn read_digits(digits: &[u8]) -> Option<u64> {
    if digits.len() != 16 {
        return None;
    }
    digits.iter().try_fold(0, |number, &digit| {
        Some(number << 4 | u64::from(hex(digit)?))
    })
}

/// The number that one lower-case hexadecimal digit stands for.
pub(crate) const fn hex(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Writes as many of the last digits of `number` as there is room for.
fn write_digits(mut number: u64, digits: &mut [u8]) {
    for digit in digits.iter_mut().rev() {
        *digit = match (number & 0xf) as u8 {
            nibble @ 0..=9 => b'0' + nibble,
            nibble => b'a' + nibble - 10,
        };
        number >>= 4;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_is_written_with_all_its_leading_zeroes() {
        assert_eq!(
            TraceId::from_parts(0, 0xa).to_string(),
            "0000000000000000000000000000000a"
        );
        assert_eq!(SpanId::from_u64(0xb7ad).to_string(), "000000000000b7ad");
    }

    #[test]
    fn upper_case_digits_are_not_an_id() {
        assert!(
            "0AF7651916CD43DD8448EB211C80319C"
                .parse::<TraceId>()
                .is_err()
        );
        assert!("B7AD6B7169203331".parse::<SpanId>().is_err());
    }

    #[test]
    fn an_id_has_neither_more_nor_fewer_digits() {
        for text in [
            "",
            "0",
            "b7ad6b716920333",
            "b7ad6b71692033311",
            "+7ad6b7169203331",
        ] {
            assert!(text.parse::<SpanId>().is_err(), "{text:?}");
            assert!(
                format!("0af7651916cd43dd{text}")
                    .parse::<TraceId>()
                    .is_err(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_character_across_the_middle_is_refused_without_a_crash() {
        assert!(
            "0af7651916cd43déd448eb211c80319c"
                .parse::<TraceId>()
                .is_err()
        );
    }

    #[test]
    fn all_zeroes_can_be_read_and_is_not_valid() {
        assert!(!"0".repeat(32).parse::<TraceId>().unwrap().is_valid());
        assert!(!"0".repeat(16).parse::<SpanId>().unwrap().is_valid());
    }

    #[test]
    fn the_error_says_what_an_id_looks_like() {
        assert_eq!(
            "x".parse::<SpanId>().unwrap_err().to_string(),
            "not a span id: it must be 16 hexadecimal digits, letters in lower case"
        );
    }

    proptest! {
        #[test]
        fn every_id_reads_back_as_itself(high: u64, low: u64) {
            let (trace, span) = (TraceId::from_parts(high, low), SpanId::from_u64(low));
            prop_assert_eq!(trace.to_string().parse(), Ok(trace));
            prop_assert_eq!(span.to_string().parse(), Ok(span));
            prop_assert_eq!(TraceId::from_bytes(trace.to_bytes()), trace);
            prop_assert_eq!((trace.high(), trace.low()), (high, low));
            prop_assert_eq!(SpanId::from_bytes(span.to_bytes()), span);
            prop_assert!(trace.to_hex() == trace.to_string().as_bytes());
            prop_assert!(span.to_hex() == span.to_string().as_bytes());
        }

        #[test]
        fn no_text_makes_reading_an_id_crash(text: String) {
            let _ = text.parse::<TraceId>();
            let _ = text.parse::<SpanId>();
        }
    }
}
