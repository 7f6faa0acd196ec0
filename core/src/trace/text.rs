//! The strings of a span batch.

use super::batch::{BatchError, Encoding};
use super::layout::unpair;

/// How much text one record may refer to, all references added up.
const MAX_RECORD_TEXT: usize = 16 << 20;

/// The text to which a record refers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    bytes: &'a [u8],
    encoding: Encoding,
    base: u32,
}

impl<'a> Text<'a> {
    pub(crate) fn new(bytes: &'a [u8], encoding: Encoding) -> Self {
        Self {
            bytes,
            encoding,
            base: 0,
        }
    }

    /// The same text, counted from `base` on.
    pub(crate) fn at(self, base: u32) -> Self {
        Self { base, ..self }
    }

    /// The string of a reference, in UTF-8; what is ill-formed is replaced by U+FFFD. `budget` is how much text the
    /// record may still refer to.
    #[inline]
    pub(crate) fn get<'s>(
        &self,
        reference: u64,
        scratch: &'s mut String,
        budget: &mut usize,
    ) -> Result<&'s str, BatchError>
    where
        'a: 's,
    {
        let bytes = self.bytes(reference, budget)?;
        match self.encoding {
            Encoding::Own | Encoding::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => return Ok(text),
                Err(_) => {
                    scratch.clear();
                    scratch.push_str(&String::from_utf8_lossy(bytes));
                }
            },
            Encoding::Latin1 => {
                scratch.clear();
                scratch.extend(bytes.iter().map(|&byte| char::from(byte)));
            }
            Encoding::Utf16 => decode_utf16(bytes, scratch),
        }
        Ok(scratch)
    }

    /// The bytes of a reference, if they are known to be well-formed UTF-8: no need to look at them.
    #[inline]
    pub(crate) fn own(
        &self,
        reference: u64,
        budget: &mut usize,
    ) -> Result<Option<&'a [u8]>, BatchError> {
        match self.encoding {
            Encoding::Own => self.bytes(reference, budget).map(Some),
            _ => Ok(None),
        }
    }

    #[inline]
    fn bytes(&self, reference: u64, budget: &mut usize) -> Result<&'a [u8], BatchError> {
        let (offset, length) = unpair(reference);
        if length == 0 {
            return Ok(&[]);
        }
        let unit = if self.encoding == Encoding::Utf16 {
            2
        } else {
            1
        };
        let start = (self.base as usize + offset as usize) * unit;
        let bytes = self
            .bytes
            .get(start..start + length as usize * unit)
            .ok_or(BatchError::TextRange)?;
        *budget = budget
            .checked_sub(bytes.len())
            .ok_or(BatchError::TooMuchText)?;
        Ok(bytes)
    }
}

/// Names, keys and most values are ASCII, which needs no decoding; the rest goes the standard way.
fn decode_utf16(bytes: &[u8], out: &mut String) {
    out.clear();
    let units = || {
        bytes
            .chunks_exact(2)
            .map(|unit| u16::from_le_bytes([unit[0], unit[1]]))
    };
    if units().all(|unit| unit < 0x80) {
        out.extend(units().map(|unit| char::from(unit as u8)));
    } else {
        out.extend(char::decode_utf16(units()).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
}

/// How much text a record may refer to, to start a reading with.
pub(crate) fn text_budget() -> usize {
    MAX_RECORD_TEXT
}
