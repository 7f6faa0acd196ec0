//! Which names are names of secrets.
//!
//! A name is cut into words at `.`, `_`, `-`, other punctuation and camelCase humps, and its words are compared, not its
//! letters: `authorization` is a secret, `author` is not; `session_token` is, `gen_ai.usage.output_tokens` is not. Words
//! that are written together (`accesstoken`, `dbpassword`) are known by their ending. A name whose last word only
//! describes the secret (`token.type`, `auth.method`, `card.brand`) is not secret itself; its value is still scanned.
//!
//! There is no cache: a name is judged in tens of nanoseconds, so the redactor stays immutable and shared.

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

/// Words that make a name secret wherever they stand in it.
const WORDS: [u128; 40] = [
    pack("password"),
    pack("passwords"),
    pack("passwd"),
    pack("passphrase"),
    pack("passcode"),
    pack("passkey"),
    pack("pwd"),
    pack("secret"),
    pack("secrets"),
    pack("token"),
    pack("apikey"),
    pack("apikeys"),
    pack("accesskey"),
    pack("privatekey"),
    pack("credential"),
    pack("credentials"),
    pack("creds"),
    pack("auth"),
    pack("authn"),
    pack("authz"),
    pack("authorization"),
    pack("authorisation"),
    pack("bearer"),
    pack("cookie"),
    pack("cookies"),
    pack("session"),
    pack("sessions"),
    pack("csrf"),
    pack("xsrf"),
    pack("jwt"),
    pack("otp"),
    pack("totp"),
    pack("twofactor"),
    pack("ssn"),
    pack("card"),
    pack("cards"),
    pack("cvv"),
    pack("cvc"),
    pack("iban"),
    pack("sessid"),
];

/// Endings of words written together: `dbpassword`, `accesstoken`, `phpsessid`.
const ENDINGS: [Ending; 12] = [
    Ending::of("password"),
    Ending::of("passwd"),
    Ending::of("passphrase"),
    Ending::of("secret"),
    Ending::of("token"),
    Ending::of("apikey"),
    Ending::of("secretkey"),
    Ending::of("cookie"),
    Ending::of("sessionid"),
    Ending::of("sessid"),
    Ending::of("creditcard"),
    Ending::of("cardnumber"),
];

/// Two words that are secret together: the second, and what may stand before it.
const PAIRS: [(u128, &[u128]); 7] = [
    (pack("key"), KEY_KINDS),
    (pack("keys"), KEY_KINDS),
    (
        pack("pass"),
        &[
            pack("db"),
            pack("database"),
            pack("user"),
            pack("admin"),
            pack("root"),
            pack("login"),
            pack("smtp"),
            pack("mail"),
            pack("ftp"),
            pack("ssh"),
            pack("proxy"),
            pack("redis"),
            pack("mysql"),
            pack("postgres"),
            pack("mongo"),
        ],
    ),
    (
        pack("tokens"),
        &[
            pack("access"),
            pack("refresh"),
            pack("auth"),
            pack("api"),
            pack("bearer"),
            pack("id"),
        ],
    ),
    (pack("factor"), &[pack("two")]),
    (
        pack("code"),
        &[pack("security"), pack("backup"), pack("recovery")],
    ),
    (pack("sid"), &[pack("connect")]),
];

const KEY_KINDS: &[u128] = &[
    pack("api"),
    pack("access"),
    pack("private"),
    pack("secret"),
    pack("signing"),
    pack("encryption"),
    pack("account"),
    pack("subscription"),
    pack("shared"),
    pack("master"),
    pack("ssh"),
    pack("storage"),
    pack("hmac"),
];

/// Words before `token` that make it a unit of text, not a secret.
const TEXT_TOKENS: [u128; 8] = [
    pack("max"),
    pack("min"),
    pack("num"),
    pack("total"),
    pack("prompt"),
    pack("completion"),
    pack("input"),
    pack("output"),
];

/// Words after `token` that do the same: `llm.token_count.prompt`.
const TEXT_TOKEN_FIGURES: [u128; 3] = [pack("count"), pack("counts"), pack("usage")];

/// Last words that describe a secret instead of holding it.
const DESCRIPTIONS: [u128; 27] = [
    pack("type"),
    pack("types"),
    pack("kind"),
    pack("method"),
    pack("scheme"),
    pack("provider"),
    pack("count"),
    pack("counts"),
    pack("usage"),
    pack("length"),
    pack("size"),
    pack("limit"),
    pack("budget"),
    pack("ttl"),
    pack("status"),
    pack("state"),
    pack("result"),
    pack("outcome"),
    pack("enabled"),
    pack("required"),
    pack("present"),
    pack("valid"),
    pack("version"),
    pack("brand"),
    pack("network"),
    pack("duration"),
    pack("expired"),
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
                secrets = judge(word, before, secrets);
                before = word;
            }
        } else if previous == OTHER {
            start = at;
        } else if kind == UPPER && (previous == LOWER || is_lower(name.get(at + 1))) {
            let word = &name[start..at];
            secrets = judge(word, before, secrets);
            before = word;
            start = at;
        }
        previous = kind;
    }
    if previous != OTHER {
        let word = &name[start..];
        secrets = judge(word, before, secrets);
        before = word;
    }
    secrets > 0 && !DESCRIPTIONS.contains(&fold(before))
}

/// Whether `name` is one word for a password.
pub(super) fn is_password(name: &[u8]) -> bool {
    const PASSWORDS: [u128; 4] = [
        pack("password"),
        pack("passwd"),
        pack("passphrase"),
        pack("pwd"),
    ];
    name.len() <= 16 && PASSWORDS.contains(&fold(name))
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

/// The number of secret words up to `word`, `secrets` of them before it.
#[inline]
fn judge(word: &[u8], before: &[u8], secrets: u32) -> u32 {
    if may_matter(word) {
        judge_closely(word, before, secrets)
    } else {
        secrets
    }
}

/// What most words fail: the first letter and the length of a known word, or the last letters of a known ending.
#[inline]
fn may_matter(word: &[u8]) -> bool {
    let [first, .., third_last, second_last, last] = *word else {
        return word.len() == 3 && LENGTHS[usize::from(word[0] & 31)] >> 3 & 1 == 1;
    };
    LENGTHS[usize::from(first & 31)] >> word.len().min(31) & 1 == 1
        || word.len() > 5
            && SECOND_LAST[usize::from(last & 31)] >> (second_last & 31) & 1 == 1
            && THIRD_LAST[usize::from(last & 31)] >> (third_last & 31) & 1 == 1
        || first | 0x20 == b'p' && word.len() > 8
}

fn judge_closely(word: &[u8], before: &[u8], secrets: u32) -> u32 {
    let (packed, before) = (fold(word), fold(before));
    if before == pack("token") && TEXT_TOKEN_FIGURES.contains(&packed) {
        return secrets.saturating_sub(1);
    }
    let secret = if packed == pack("token") {
        !TEXT_TOKENS.contains(&before)
    } else {
        WORDS.contains(&packed)
            || word.len() > 5 && ENDINGS.iter().any(|ending| ending.ends(packed))
            || word.len() > 8 && word[..8].eq_ignore_ascii_case(b"password")
            || PAIRS
                .iter()
                .any(|(second, firsts)| *second == packed && firsts.contains(&before))
    };
    secrets + u32::from(secret)
}

/// The last sixteen letters of a word as one number, so that comparing words is an instruction or two. Longer words
/// than these are not known as a whole.
const fn pack(word: &str) -> u128 {
    fold(word.as_bytes())
}

const fn fold(word: &[u8]) -> u128 {
    let mut packed = 0;
    let mut at = word.len().saturating_sub(16);
    while at < word.len() {
        packed = packed << 8 | (word[at] | 0x20) as u128;
        at += 1;
    }
    packed
}

/// Per first letter a bit for each length that a known word with it has.
const LENGTHS: [u32; 32] = {
    let mut lengths = [0; 32];
    let mut at = 0;
    while at < WORDS.len() {
        lengths = with_length(lengths, WORDS[at]);
        at += 1;
    }
    at = 0;
    while at < PAIRS.len() {
        lengths = with_length(lengths, PAIRS[at].0);
        at += 1;
    }
    at = 0;
    while at < TEXT_TOKEN_FIGURES.len() {
        lengths = with_length(lengths, TEXT_TOKEN_FIGURES[at]);
        at += 1;
    }
    lengths
};

const fn with_length(mut lengths: [u32; 32], word: u128) -> [u32; 32] {
    let length = 16 - word.leading_zeros() / 8;
    let first = word >> (8 * (length - 1));
    lengths[first as usize & 31] |= 1 << length;
    lengths
}

/// Per last letter a bit for each letter that stands before it in a known ending, and for each that stands before that.
const SECOND_LAST: [u32; 32] = before_last(1);
const THIRD_LAST: [u32; 32] = before_last(2);

const fn before_last(distance: u32) -> [u32; 32] {
    let mut letters = [0; 32];
    let mut at = 0;
    while at < ENDINGS.len() {
        let word = ENDINGS[at].letters;
        letters[word as usize & 31] |= 1 << (word >> (8 * distance) & 31);
        at += 1;
    }
    letters
}

struct Ending {
    letters: u128,
    mask: u128,
}

impl Ending {
    const fn of(word: &str) -> Ending {
        Ending {
            letters: pack(word),
            mask: u128::MAX >> (128 - 8 * word.len()),
        }
    }

    const fn ends(&self, word: u128) -> bool {
        word & self.mask == self.letters
    }
}
