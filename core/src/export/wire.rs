//! Protobuf, as far as the OTLP encoder needs it: fields with nested lengths, written front to back.

/// Bytes of a message that is being written.
#[derive(Debug, Default)]
pub(crate) struct Wire(pub(crate) Vec<u8>);

/// Where a nested message started, until its length is known.
#[must_use]
#[derive(Debug)]
pub(crate) struct Open {
    body: usize,
}

const LENGTH_DELIMITED: u32 = 2;
const FIXED_64: u32 = 1;
const FIXED_32: u32 = 5;

impl Wire {
    #[inline]
    fn tag(&mut self, field: u32, wire_type: u32) {
        // All fields of OTLP traces have numbers under 17, so a tag takes one or two bytes.
        self.varint(u64::from((field << 3) | wire_type));
    }

    #[inline]
    pub(crate) fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// Starts a nested message. One byte is kept for its length, which is enough for most.
    #[inline]
    pub(crate) fn open(&mut self, field: u32) -> Open {
        self.tag(field, LENGTH_DELIMITED);
        self.0.push(0);
        Open { body: self.0.len() }
    }

    /// Ends a nested message: writes its length, and moves the message if that takes more than one byte.
    #[inline]
    pub(crate) fn close(&mut self, open: Open) {
        let length = self.0.len() - open.body;
        if length < 0x80 {
            self.0[open.body - 1] = length as u8;
        } else {
            self.close_long(open.body, length);
        }
    }

    fn close_long(&mut self, body: usize, length: usize) {
        let mut prefix = [0u8; 10];
        let mut rest = length as u64;
        let mut count = 0;
        while rest >= 0x80 {
            prefix[count] = rest as u8 | 0x80;
            rest >>= 7;
            count += 1;
        }
        prefix[count] = rest as u8;
        let more = count;
        let end = self.0.len();
        self.0.resize(end + more, 0);
        self.0.copy_within(body..end, body + more);
        self.0[body - 1..=body - 1 + more].copy_from_slice(&prefix[..=count]);
    }

    #[inline]
    pub(crate) fn bytes(&mut self, field: u32, bytes: &[u8]) {
        self.tag(field, LENGTH_DELIMITED);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// A string that is left out when it is empty.
    #[inline]
    pub(crate) fn text(&mut self, field: u32, text: &str) {
        if !text.is_empty() {
            self.bytes(field, text.as_bytes());
        }
    }

    /// A number that is left out when it is zero.
    #[inline]
    pub(crate) fn number(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.number_always(field, value);
        }
    }

    /// A number of a `oneof`, where zero says something.
    #[inline]
    pub(crate) fn number_always(&mut self, field: u32, value: u64) {
        self.tag(field, 0);
        self.varint(value);
    }

    #[inline]
    pub(crate) fn fixed64(&mut self, field: u32, value: u64) {
        self.tag(field, FIXED_64);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    #[inline]
    pub(crate) fn fixed32(&mut self, field: u32, value: u32) {
        self.tag(field, FIXED_32);
        self.0.extend_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_size_are_written_canonically() {
        for length in [0usize, 1, 127, 128, 16_383, 16_384, 3_000_000] {
            let mut nested = Wire::default();
            let open = nested.open(2);
            nested.0.extend(std::iter::repeat_n(7u8, length));
            nested.close(open);
            let mut flat = Wire::default();
            flat.bytes(2, &vec![7u8; length]);
            assert!(nested.0 == flat.0, "length {length}");
        }
    }
}
