//! A text with one layer of percent-encoding and JSON escapes taken off.

/// The text inside, and where each of its bytes stands in the original.
pub(super) struct Layer {
    text: Vec<u8>,
    /// One entry a byte and one for the end. All bytes of one escaped character stand at its start.
    original: Vec<u32>,
}

impl Layer {
    /// Takes one layer off `text`; `None` if it has none.
    pub(super) fn peel(text: &[u8]) -> Option<Layer> {
        peel(text, |at| at as u32)
    }

    /// Takes one more layer off.
    pub(super) fn peel_again(&self) -> Option<Layer> {
        peel(&self.text, |at| self.original(at) as u32)
    }

    pub(super) fn text(&self) -> &[u8] {
        &self.text
    }

    /// The place in the original of the byte at `at`; of the end for the end.
    pub(super) fn original(&self, at: usize) -> usize {
        self.original
            .get(at)
            .or(self.original.last())
            .map_or(0, |&original| original as usize)
    }
}

fn peel(text: &[u8], original: impl Fn(usize) -> u32) -> Option<Layer> {
    let first = (0..text.len()).find(|&at| escaped(&text[at..]).is_some())?;
    let mut layer = Layer {
        text: Vec::with_capacity(text.len()),
        original: Vec::with_capacity(text.len() + 1),
    };
    layer.text.extend_from_slice(&text[..first]);
    layer.original.extend((0..first).map(&original));
    let mut at = first;
    while at < text.len() {
        let start = original(at);
        let (bytes, written, read) = match escaped(&text[at..]) {
            Some(escape) => escape,
            None => ([text[at], 0, 0, 0], 1, 1),
        };
        layer.text.extend_from_slice(&bytes[..written]);
        layer.original.extend((0..written).map(|_| start));
        at += read;
    }
    layer.original.push(original(text.len()));
    Some(layer)
}

/// What the escape at the beginning of `text` stands for: bytes, how many of them, and the length of the escape.
fn escaped(text: &[u8]) -> Option<([u8; 4], usize, usize)> {
    let one = |byte, read| Some(([byte, 0, 0, 0], 1, read));
    match text {
        [b'%', high, low, ..] => one(hex(*high)? << 4 | hex(*low)?, 3),
        [b'\\', b'x', high, low, ..] => one(hex(*high)? << 4 | hex(*low)?, 4),
        [b'\\', b'u', rest @ ..] => {
            let unit = hex4(rest)?;
            if let (0xd800..=0xdbff, [b'\\', b'u', second @ ..]) = (unit, rest.get(4..)?) {
                let low = hex4(second)?;
                let point = 0x10000 + ((unit - 0xd800) << 10) + low.checked_sub(0xdc00)?;
                return utf8(point, 12);
            }
            utf8(unit, 6)
        }
        [b'\\', escape, ..] => one(
            match escape {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'b' => 8,
                b'f' => 12,
                b'"' | b'\'' | b'\\' | b'/' => *escape,
                _ => return None,
            },
            2,
        ),
        _ => None,
    }
}

fn utf8(point: u32, read: usize) -> Option<([u8; 4], usize, usize)> {
    let mut bytes = [0; 4];
    let written = char::from_u32(point)?.encode_utf8(&mut bytes).len();
    Some((bytes, written, read))
}

fn hex4(text: &[u8]) -> Option<u32> {
    text.get(..4)?.iter().try_fold(0, |number, &digit| {
        Some(number << 4 | u32::from(hex(digit)?))
    })
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|value| value as u8)
}
