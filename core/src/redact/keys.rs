//! Which names are names of secrets.
//!
//! A name is cut into words at `.`, `_`, `-`, other punctuation and camelCase humps, and its words are compared, not its
//! letters: `authorization` is a secret, `author` is not; `session_token` is, `gen_ai.usage.output_tokens` is not. Words
//! that are written together (`accesstoken`, `dbpassword`) are known by their ending. A name whose last word only
//! describes the secret (`token.type`, `auth.method`, `card.brand`) is not secret itself; its value is still scanned.
//!
//! There is no cache: a name is judged in tens of nanoseconds, so the redactor stays immutable and shared.

use super::words;

/// What a name says about its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeyClass {
    /// The value is polyspan's own and holds no data of the host; it is not looked at.
    Safe,
    /// The value may hold anything; the detectors look at it.
    Scan,
    /// The whole value is masked, whatever its type.
    Secret,
}

/// Names that polyspan itself writes.
const OWN: [&str; 6] = [
    "telemetry.sdk.name",
    "telemetry.sdk.language",
    "telemetry.sdk.version",
    "polyspan.policy",
    "polyspan.binding",
    "polyspan.sampling.reason",
];

/// Judges `name`.
pub(super) fn classify(name: &str) -> KeyClass {
    if is_secret(name.as_bytes()) {
        KeyClass::Secret
    } else if matches!(name.as_bytes().first(), Some(b't' | b'p')) && OWN.contains(&name) {
        KeyClass::Safe
    } else {
        KeyClass::Scan
    }
}

/// Whether `name` is the name of a secret.
pub(super) fn is_secret(name: &[u8]) -> bool {
    let mut secrets = 0;
    let mut before: &[u8] = &[];
    let mut start = 0;
    let mut previous = OTHER;
    for (at, &byte) in name.iter().enumerate() {
        let kind = KIND[usize::from(byte)];
        if kind == OTHER {
            if previous != OTHER {
                let word = &name[start..at];
                secrets = words::judge(word, before, secrets);
                before = word;
            }
        } else if previous == OTHER {
            start = at;
        } else if kind == UPPER && (previous == LOWER || is_lower(name.get(at + 1))) {
            let word = &name[start..at];
            secrets = words::judge(word, before, secrets);
            before = word;
            start = at;
        }
        previous = kind;
    }
    if previous != OTHER {
        let word = &name[start..];
        secrets = words::judge(word, before, secrets);
        before = word;
    }
    secrets > 0 && !words::describes(before)
}

fn is_lower(byte: Option<&u8>) -> bool {
    byte.is_some_and(|&byte| KIND[usize::from(byte)] == LOWER)
}

/// Digits end a word as well: `password2`, `oauth2Token`, `cvv2`.
const OTHER: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;

const KIND: [u8; 256] = {
    let mut kind = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        kind[byte] = match byte as u8 {
            b'a'..=b'z' | 0x80..=0xff => LOWER,
            b'A'..=b'Z' => UPPER,
            _ => OTHER,
        };
        byte += 1;
    }
    kind
};
