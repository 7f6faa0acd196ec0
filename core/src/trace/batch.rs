//! Reads span batches (`docs/span-batch.md`): what a binding submitted, or what the core's own recorders wrote.
//!
//! Nothing here trusts a number that it reads: every length, count, offset and depth is checked against what is there.

use super::layout::{self, head, unpair};
use super::reader::Record;
use super::text::{Content, Text};
use std::fmt;

/// Why a batch or a record was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchError {
    /// The first slot is not the magic number and version of this core.
    Version {
        /// What stands there.
        found: u32,
    },
    /// The text encoding is none of 0, 1, 2.
    Encoding {
        /// What stands there.
        found: u32,
    },
    /// Slots end before the record they belong to.
    Truncated,
    /// A reference points outside the text.
    TextRange,
    /// A type, tag, flag or length that the format does not have.
    Malformed,
    /// Values nest deeper than 64.
    TooDeep,
    /// One record refers to more than 16 MiB of text.
    TooMuchText,
    /// The batch is larger than the memory budget.
    TooLarge,
}

impl fmt::Display for BatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => write!(
                f,
                "span batch starts with {found:#010x}; it must start with {:#010x} (format version 1)",
                layout::MAGIC
            ),
            Self::Encoding { found } => write!(
                f,
                "span batch names text encoding {found}; it must be 0 (UTF-8), 1 (UTF-16LE) or 2 (Latin-1)"
            ),
            Self::Truncated => f.write_str("span batch ends inside a record"),
            Self::TextRange => f.write_str("span batch refers to text outside its text buffer"),
            Self::Malformed => {
                f.write_str("span batch holds a type, tag or length that the format does not have")
            }
            Self::TooDeep => f.write_str("span batch nests values deeper than 64"),
            Self::TooMuchText => {
                f.write_str("a record of the span batch refers to more than 16 MiB of text")
            }
            Self::TooLarge => f.write_str("span batch is larger than the memory budget"),
        }
    }
}

impl std::error::Error for BatchError {}

/// A batch: two buffers and what its header says.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) slots: Vec<u64>,
    pub(crate) text: Content,
    pub(crate) records: u32,
}

impl Batch {
    /// Reads the header. The records are checked when they are read.
    pub(crate) fn open(slots: Vec<u64>, text: Vec<u8>) -> Result<Batch, BatchError> {
        let [first, second, ..] = *slots.as_slice() else {
            return Err(BatchError::Truncated);
        };
        let (magic, encoding) = unpair(first);
        if magic != layout::MAGIC {
            return Err(BatchError::Version { found: magic });
        }
        let (records, _policy_epoch) = unpair(second);
        // A record takes at least its head, so a larger claim is false.
        let most = (slots.len() - layout::HEADER) / head::SLOTS;
        if records as usize > most {
            return Err(BatchError::Truncated);
        }
        let text = match encoding {
            0 => Content::utf8(text),
            1 => Content::Utf16(text),
            2 => Content::Latin1(text),
            found => return Err(BatchError::Encoding { found }),
        };
        Ok(Batch {
            slots,
            text,
            records,
        })
    }

    /// Memory held by the two buffers.
    pub(crate) fn bytes(&self) -> usize {
        self.slots.capacity() * 8 + self.text.capacity()
    }

    /// The record that starts at `slot`.
    #[inline]
    pub(crate) fn record(&self, slot: usize) -> Result<Record<'_>, BatchError> {
        let rest = self.slots.get(slot..).ok_or(BatchError::Truncated)?;
        Record::open(rest, Text::from(&self.text))
    }
}
