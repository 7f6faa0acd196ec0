//! Protobuf, as far as the OTLP encoder needs it: fields with nested lengths, written front to back.

/// Bytes of a message that is being written.
#[derive(Debug, Default)]
pub(crate) struct Wire(pub(crate) Vec<u8>);

/// Where a nested message started, until its length is known.
#[must_use]
#[derive(Debug)]
pub(crate) struct Open {
    body: usize,
    /// Bytes kept for the length.
    kept: usize,
}

const LENGTH_DELIMITED: u32 = 2;
const FIXED_64: u32 = 1;
const FIXED_32: u32 = 5;

/// A tag of one byte: fields of OTLP traces have numbers up to 16, and that of 16 alone takes two.
const fn tag(field: u32, wire_type: u32) -> u8 {
    debug_assert!(field < 16);
    (field << 3 | wire_type) as u8
}

impl Wire {
    /// Bytes whose number the compiler knows: one look at whether there is room, and a few moves.
    #[inline(always)]
    fn put<const N: usize>(&mut self, bytes: [u8; N]) {
        self.0.extend_from_slice(&bytes);
    }

    #[inline(always)]
    fn varint(&mut self, value: u64) {
        match value {
            0..0x80 => self.put([value as u8]),
            0x80..0x4000 => self.put([value as u8 | 0x80, (value >> 7) as u8]),
            _ => self.long_varint(value),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Starts a nested message. One byte is kept for its length, which is enough for most.
    #[inline(always)]
    pub(crate) fn open(&mut self, field: u32) -> Open {
        self.put([tag(field, LENGTH_DELIMITED), 0]);
        Open {
            body: self.0.len(),
            kept: 1,
        }
    }

    /// Starts a nested message of which so many bytes of length are expected: 2 for up to 16 KiB, 3 for up to 2 MiB.
    #[inline(always)]
    pub(crate) fn open_wide<const KEPT: usize>(&mut self, field: u32) -> Open {
        self.put([tag(field, LENGTH_DELIMITED)]);
        self.put([0; KEPT]);
        Open {
            body: self.0.len(),
            kept: KEPT,
        }
    }

    /// Ends a nested message: writes its length, and moves the message if that takes more or fewer bytes than were kept.
    #[inline(always)]
    pub(crate) fn close(&mut self, open: Open) {
        let length = self.0.len() - open.body;
        match open.kept {
            1 if length < 1 << 7 => self.0[open.body - 1] = length as u8,
            2 if (1 << 7..1 << 14).contains(&length) => {
                self.0[open.body - 2] = length as u8 | 0x80;
                self.0[open.body - 1] = (length >> 7) as u8;
            }
            _ => self.close_moving(&open, length),
        }
    }

    #[inline(never)]
    fn close_moving(&mut self, open: &Open, length: usize) {
        let mut prefix = [0u8; 10];
        let mut rest = length as u64;
        let mut last = 0;
        while rest >= 0x80 {
            prefix[last] = rest as u8 | 0x80;
            rest >>= 7;
            last += 1;
        }
        prefix[last] = rest as u8;
        let prefix = &prefix[..=last];
        let start = open.body - open.kept;
        let body = start + prefix.len();
        let end = self.0.len();
        if body > open.body {
            self.0.resize(body + length, 0);
        }
        if body != open.body {
            self.0.copy_within(open.body..end, body);
            self.0.truncate(body + length);
        }
        self.0[start..body].copy_from_slice(prefix);
    }

    #[inline(always)]
    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        let tag = tag(field, LENGTH_DELIMITED);
        if bytes.len() < 0x80 {
            self.put([tag, bytes.len() as u8]);
        } else {
            self.put([tag]);
            self.varint(bytes.len() as u64);
        }
        self.0.extend_from_slice(bytes);
    }

    /// A string that is left out when it is empty.
    #[inline(always)]
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    /// A number that is left out when it is zero.
    #[inline(always)]
    pub(crate) fn number(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.number_always(field, value);
        }
    }

    /// A number of a `oneof`, where zero says something.
    #[inline(always)]
    pub(crate) fn number_always(&mut self, field: u32, value: u64) {
        self.put([tag(field, 0)]);
        self.varint(value);
    }

    #[inline(always)]
    pub(crate) fn fixed64(&mut self, field: u32, value: u64) {
        self.put([tag(field, FIXED_64)]);
        self.put(value.to_le_bytes());
    }

    #[inline(always)]
    pub(crate) fn fixed32(&mut self, field: u32, value: u32) {
        self.varint(u64::from(field << 3 | FIXED_32));
        self.put(value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_size_are_written_canonically() {
        for length in [0usize, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut flat = Wire::default();
            flat.bytes(2, &vec![7u8; length]);
            let opens: [fn(&mut Wire) -> Open; 3] = [
                |wire| wire.open(2),
                |wire| wire.open_wide::<2>(2),
                |wire| wire.open_wide::<3>(2),
            ];
            for open in opens {
                let mut nested = Wire::default();
                let open = open(&mut nested);
                nested.0.extend(std::iter::repeat_n(7u8, length));
                nested.close(open);
                assert!(nested.0 == flat.0, "length {length}");
            }
        }
    }
}
