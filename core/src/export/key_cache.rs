//! Remembers what the redactor said of keys. A process uses few keys and uses them all the time.

use crate::redact::{Counts, KeyClass, Redactor};

const PLACES: usize = 512;
/// Longer keys are not remembered: the cache must stay small.
const LONGEST: usize = 96;

/// One place per hash; a newer key takes it over.
#[derive(Debug)]
pub(crate) struct KeyCache(Vec<Option<Known>>);

#[derive(Debug)]
struct Known {
    key: Box<str>,
    class: KeyClass,
}

impl KeyCache {
    pub(crate) fn new() -> Self {
        Self((0..PLACES).map(|_| None).collect())
    }

    /// The class of a key that is itself clean; `None` if the key must be redacted.
    #[inline]
    pub(crate) fn class_of_clean(&mut self, key: &str, redactor: &Redactor) -> Option<KeyClass> {
        let place = &mut self.0[hash(key) as usize % PLACES];
        match place {
            Some(known) if *known.key == *key => Some(known.class),
            _ => Self::learn(place, key, redactor),
        }
    }

    #[cold]
    fn learn(place: &mut Option<Known>, key: &str, redactor: &Redactor) -> Option<KeyClass> {
        if redactor.text(key, &Counts::new()) != key {
            return None;
        }
        let class = redactor.key_class(key);
        if key.len() <= LONGEST {
            *place = Some(Known {
                key: key.into(),
                class,
            });
        }
        Some(class)
    }
}

/// Eight bytes at a time from both ends, which tell apart what people call attributes.
#[inline]
fn hash(key: &str) -> u64 {
    const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
    let bytes = key.as_bytes();
    let word = |bytes: &[u8; 8]| u64::from_le_bytes(*bytes);
    let ends = match (bytes.first_chunk(), bytes.last_chunk()) {
        (Some(first), Some(last)) => word(first) ^ word(last).rotate_left(23),
        _ => bytes
            .iter()
            .fold(0, |hash, byte| (hash << 8) | u64::from(*byte)),
    };
    (ends ^ bytes.len() as u64).wrapping_mul(MULTIPLIER) >> 48
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
