//! The strings of a span batch.

use super::batch::BatchError;
use super::layout::unpair;

/// How much text one record may refer to, all references added up.
const MAX_RECORD_TEXT: usize = 16 << 20;

/// The text of a batch.
#[derive(Debug)]
pub(crate) enum Content {
    /// Well-formed as a whole: strings are cut from it without another look at what they consist of.
    Utf8(String),
    /// Called UTF-8 by its host and not so throughout.
    Broken(Vec<u8>),
    Utf16(Vec<u8>),
    Latin1(Vec<u8>),
}

impl Default for Content {
    fn default() -> Self {
        Self::Utf8(String::new())
    }
}

impl Content {
    /// `bytes` that the host calls UTF-8.
    pub(crate) fn utf8(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|error| Self::Broken(error.into_bytes()), Self::Utf8)
    }

    pub(crate) fn capacity(&self) -> usize {
        match self {
            Self::Utf8(text) => text.capacity(),
            Self::Broken(bytes) | Self::Utf16(bytes) | Self::Latin1(bytes) => bytes.capacity(),
        }
    }
}

impl From<Content> for Vec<u8> {
    fn from(content: Content) -> Self {
        match content {
            Content::Utf8(text) => text.into_bytes(),
            Content::Broken(bytes) | Content::Utf16(bytes) | Content::Latin1(bytes) => bytes,
        }
    }
}

/// The text to which a record refers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    units: Units<'a>,
    base: u32,
}

#[derive(Clone, Copy, Debug)]
enum Units<'a> {
    Utf8(&'a str),
    Broken(&'a [u8]),
    Utf16(&'a [u8]),
    Latin1(&'a [u8]),
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Units::Utf8(text).into()
    }
}

impl<'a> From<&'a Content> for Text<'a> {
    #[inline]
    fn from(content: &'a Content) -> Self {
        let units = match content {
            Content::Utf8(text) => Units::Utf8(text),
            Content::Broken(bytes) => Units::Broken(bytes),
            Content::Utf16(bytes) => Units::Utf16(bytes),
            Content::Latin1(bytes) => Units::Latin1(bytes),
        };
        units.into()
    }
}

impl<'a> From<Units<'a>> for Text<'a> {
    #[inline]
    fn from(units: Units<'a>) -> Self {
        Self { units, base: 0 }
    }
}

impl<'a> Text<'a> {
    /// The same text, counted from `base` on.
    #[inline]
    pub(crate) fn at(self, base: u32) -> Self {
        Self { base, ..self }
    }

    /// The string of a reference, in UTF-8; what is ill-formed is replaced by U+FFFD. `budget` is how much text the
    /// record may still refer to.
    #[inline(always)]
    pub(crate) fn get<'s>(
        &self,
        reference: u64,
        scratch: &'s mut String,
        budget: &mut usize,
    ) -> Result<&'s str, BatchError>
    where
        'a: 's,
    {
        if let Units::Utf8(text) = self.units {
            let (offset, length) = unpair(reference);
            let start = self.base as usize + offset as usize;
            if let Some(found) = text.get(start..start + length as usize) {
                spend(budget, found.len())?;
                return Ok(found);
            }
        }
        self.decode(reference, scratch, budget)
    }

    /// The same for what must be decoded first, and for what is wrong.
    #[inline(never)]
    fn decode<'s>(
        &self,
        reference: u64,
        scratch: &'s mut String,
        budget: &mut usize,
    ) -> Result<&'s str, BatchError>
    where
        'a: 's,
    {
        let (offset, length) = unpair(reference);
        if length == 0 {
            return Ok("");
        }
        let (bytes, width) = match self.units {
            // A reference that cuts a character in two.
            Units::Utf8(text) => (text.as_bytes(), 1),
            Units::Broken(bytes) | Units::Latin1(bytes) => (bytes, 1),
            Units::Utf16(bytes) => (bytes, 2),
        };
        let start = (self.base as usize + offset as usize) * width;
        let bytes = bytes
            .get(start..start + length as usize * width)
            .ok_or(BatchError::TextRange)?;
        spend(budget, bytes.len())?;
        scratch.clear();
        match self.units {
            Units::Utf8(_) | Units::Broken(_) => {
                scratch.push_str(&String::from_utf8_lossy(bytes));
            }
            Units::Latin1(_) => scratch.extend(bytes.iter().map(|&byte| char::from(byte))),
            Units::Utf16(_) => decode_utf16(bytes, scratch),
        }
        Ok(scratch)
    }
}

#[inline(always)]
fn spend(budget: &mut usize, bytes: usize) -> Result<(), BatchError> {
    *budget = budget.checked_sub(bytes).ok_or(BatchError::TooMuchText)?;
    Ok(())
}

/// Names, keys and most values are ASCII, which needs no decoding; the rest goes the standard way.
fn decode_utf16(bytes: &[u8], out: &mut String) {
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

#[cfg(test)]
mod tests {
    use super::super::layout::pair;
    use super::*;

    fn read(content: &Content, offset: u32, length: u32) -> Result<String, BatchError> {
        let mut budget = text_budget();
        let text = Text::from(content);
        text.get(pair(offset, length), &mut String::new(), &mut budget)
            .map(str::to_owned)
    }

    #[test]
    fn a_reference_that_cuts_a_character_gives_replacement_characters() {
        let content = Content::utf8("aé".into());
        assert_eq!(read(&content, 0, 3).unwrap(), "aé");
        assert_eq!(read(&content, 0, 2).unwrap(), "a\u{fffd}");
    }

    #[test]
    fn one_broken_string_leaves_the_others_alone() {
        let content = Content::utf8(b"caf\xc3\xa9\xff!".to_vec());
        assert_eq!(read(&content, 0, 5).unwrap(), "café");
        assert_eq!(read(&content, 5, 2).unwrap(), "\u{fffd}!");
    }

    #[test]
    fn outside_of_the_text_only_the_empty_string_is() {
        let content = Content::utf8("ab".into());
        assert_eq!(read(&content, 7, 0).unwrap(), "");
        assert_eq!(read(&content, 1, 2), Err(BatchError::TextRange));
    }
}
