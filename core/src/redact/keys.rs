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
    let mut secrets = 0u32;
    let mut before = Word::default();
    let mut word = Word::default();
    let mut previous = OTHER;
    for (at, &byte) in name.iter().enumerate() {
        let kind = KIND[usize::from(byte)];
        let hump = kind == UPPER
            && match previous {
                LOWER => true,
                UPPER | DIGIT => name
                    .get(at + 1)
                    .is_some_and(|&next| KIND[usize::from(next)] == LOWER),
                _ => false,
            };
        if (kind == OTHER || hump) && word.len > 0 {
            secrets = word.judge(&before, secrets);
            before = word;
            word = Word::default();
        }
        if kind == LOWER || kind == UPPER {
            word.push(byte | 0x20);
        }
        previous = kind;
    }
    if word.len > 0 {
        secrets = word.judge(&before, secrets);
    } else {
        word = before;
    }
    secrets > 0 && !DESCRIPTIONS.contains(&word.packed)
}

const OTHER: u8 = 0;
const LOWER: u8 = 1;
const UPPER: u8 = 2;
/// Digits neither end a word nor belong to it: `password2`, `oauth2_token`, `cvv2`.
const DIGIT: u8 = 3;

const KIND: [u8; 256] = {
    let mut kind = [OTHER; 256];
    let mut byte = 0;
    while byte < 256 {
        kind[byte] = match byte as u8 {
            b'a'..=b'z' | 0x80..=0xff => LOWER,
            b'A'..=b'Z' => UPPER,
            b'0'..=b'9' => DIGIT,
            _ => OTHER,
        };
        byte += 1;
    }
    kind
};

/// The last sixteen letters of a word as one number, so that comparing words is one instruction or two.
const fn pack(word: &str) -> u128 {
    let word = word.as_bytes();
    let mut packed = 0;
    let mut at = 0;
    while at < word.len() {
        packed = packed << 8 | word[at] as u128;
        at += 1;
    }
    packed
}

/// A bit per first letter of [`WORDS`]: most words of most names are passed over by it.
const FIRST_LETTERS: u32 = {
    let mut letters = 0;
    let mut at = 0;
    while at < WORDS.len() {
        let mut word = WORDS[at];
        while word > 0xff {
            word >>= 8;
        }
        letters |= 1 << (word as u32 & 31);
        at += 1;
    }
    letters
};

/// A bit per last letter of [`ENDINGS`].
const LAST_LETTERS: u32 = {
    let mut letters = 0;
    let mut at = 0;
    while at < ENDINGS.len() {
        letters |= 1 << (ENDINGS[at].letters as u32 & 31);
        at += 1;
    }
    letters
};

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

    const fn ends(&self, word: &Word) -> bool {
        word.packed & self.mask == self.letters
    }
}

const PASSWORD: Ending = Ending::of("password");

/// One word of a name, in lower case.
#[derive(Clone, Copy, Default)]
struct Word {
    packed: u128,
    len: usize,
    first: u8,
    holds_password: bool,
}

impl Word {
    fn push(&mut self, letter: u8) {
        if self.len == 0 {
            self.first = letter;
        }
        self.len += 1;
        self.packed = self.packed << 8 | u128::from(letter);
        if letter == b'd' && PASSWORD.ends(self) {
            self.holds_password = true;
        }
    }

    /// The number of secret words, this one now included.
    fn judge(&self, before: &Word, secrets: u32) -> u32 {
        if before.packed == pack("token") && TEXT_TOKEN_FIGURES.contains(&self.packed) {
            return secrets.saturating_sub(1);
        }
        secrets + u32::from(self.is_secret_after(before))
    }

    fn is_secret_after(&self, before: &Word) -> bool {
        if self.packed == pack("token") {
            return !TEXT_TOKENS.contains(&before.packed);
        }
        if FIRST_LETTERS >> (self.first & 31) & 1 == 1
            && self.len <= 16
            && WORDS.contains(&self.packed)
        {
            return true;
        }
        if self.len > 5 && self.ends_secret() {
            return true;
        }
        before.len > 0
            && PAIRS
                .iter()
                .any(|(second, firsts)| *second == self.packed && firsts.contains(&before.packed))
    }

    fn ends_secret(&self) -> bool {
        self.holds_password
            || LAST_LETTERS >> (self.packed as u32 & 31) & 1 == 1
                && ENDINGS.iter().any(|ending| ending.ends(self))
    }
}
