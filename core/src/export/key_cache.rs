//! Remembers what the redactor said of keys. A process uses few keys and uses them all the time.

use crate::redact::{Counts, KeyClass, Redactor};

const PLACES: usize = 512;
/// Longer keys are not remembered: the cache must stay small.
const LONGEST: usize = 96;

/// One place per hash; a newer key takes it over.
#[derive(Debug)]
pub(crate) struct KeyCache(Box<[Known; PLACES]>);

#[derive(Debug)]
struct Known {
    ends: Ends,
    class: KeyClass,
    /// Empty while the place is.
    key: Box<str>,
}

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self(Box::new(std::array::from_fn(|_| Known {
            ends: Ends::default(),
            class: KeyClass::Scan,
            key: Box::default(),
        })))
    }

    /// The class of a key that is itself clean; `None` if the key must be redacted.
    #[inline]
    pub(crate) fn class_of_clean(&mut self, key: &str, redactor: &Redactor) -> Option<KeyClass> {
        let ends = Ends::of(key.as_bytes());
        let place = &mut self.0[ends.hash() as usize % PLACES];
        if place.ends == ends && (ends.are_all() || *place.key == *key) && !key.is_empty() {
            return Some(place.class);
        }
        Self::learn(place, ends, key, redactor)
    }

    #[cold]
    fn learn(place: &mut Known, ends: Ends, key: &str, redactor: &Redactor) -> Option<KeyClass> {
        if redactor.text(key, &Counts::new()) != key {
            return None;
        }
        let class = redactor.key_class(key);
        if key.len() <= LONGEST {
            *place = Known {
                ends,
                class,
                key: key.into(),
            };
        }
        Some(class)
    }
}

/// The length of a key with up to sixteen bytes from both its ends, which are all of most keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Ends {
    length: usize,
    first: u128,
    last: u128,
}

impl Ends {
    #[inline]
    fn of(key: &[u8]) -> Ends {
        let wide = |bytes: &[u8; 16]| u128::from_le_bytes(*bytes);
        let word = |bytes: &[u8; 8]| u128::from(u64::from_le_bytes(*bytes));
        let (first, last) = if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk())
        {
            (wide(first), wide(last))
        } else if let (Some(first), Some(last)) = (key.first_chunk(), key.last_chunk()) {
            (word(first), word(last))
        } else {
            let fold = |all: u128, byte: &u8| all << 8 | u128::from(*byte);
            (key.iter().fold(0, fold), 0)
        };
        Ends {
            length: key.len(),
            first,
            last,
        }
    }

    /// Whether the ends are the whole key.
    #[inline]
    fn are_all(self) -> bool {
        self.length <= 32
    }

    #[inline]
    fn hash(self) -> u64 {
        const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
        let ends = self.first ^ self.last.rotate_left(23);
        let half = ends as u64 ^ (ends >> 64) as u64;
        (half ^ self.length as u64).wrapping_mul(MULTIPLIER) >> 48
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Mode;

    #[test]
    fn a_remembered_class_is_the_redactors_own() {
        let redactor = Redactor::new(Mode::Default);
        let mut cache = KeyCache::new();
        for key in [
            "http.method",
            "db.password",
            "",
            "a",
            "user.email",
            "http.method",
        ] {
            let class = cache.class_of_clean(key, &redactor);
            assert_eq!(class, Some(redactor.key_class(key)), "{key}");
        }
    }

    #[test]
    fn keys_that_differ_in_one_byte_only_are_told_apart() {
        let redactor = Redactor::new(Mode::Default);
        let mut cache = KeyCache::new();
        for length in 1..100 {
            let key = "k".repeat(length);
            for at in 0..length {
                let mut other = key.clone().into_bytes();
                other[at] = b'.';
                let other = String::from_utf8(other).unwrap();
                let known = [&key, &other].map(|key| Ends::of(key.as_bytes()));
                assert!(known[0] != known[1] || !known[0].are_all(), "{other}");
                for key in [&key, &other] {
                    let class = cache.class_of_clean(key, &redactor);
                    assert_eq!(class, Some(redactor.key_class(key)), "{key}");
                }
            }
        }
    }

    #[test]
    fn a_key_that_holds_a_secret_is_never_remembered() {
        let redactor = Redactor::new(Mode::Default);
        let mut cache = KeyCache::new();
        for _ in 0..2 {
            assert_eq!(cache.class_of_clean("ada@example.com", &redactor), None);
        }
    }

    #[test]
    fn keys_that_share_a_place_do_not_share_a_class() {
        let redactor = Redactor::new(Mode::Default);
        let mut cache = KeyCache::new();
        for number in 0..5_000 {
            let plain = format!("attribute.{number}");
            let secret = format!("password.{number}");
            for key in [plain, secret] {
                let class = cache.class_of_clean(&key, &redactor);
                assert_eq!(class, Some(redactor.key_class(&key)), "{key}");
            }
        }
    }
}
