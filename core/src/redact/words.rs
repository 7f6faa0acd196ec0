//! The words themselves, and how a word is compared with all of them in a few nanoseconds.
//!
//! Most words of most names fail a look at a few of their letters ([`may_matter`]). The others are folded into one number
//! each, so that a comparison is an instruction or two.

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

/// The number of secret words up to `word`, `secrets` of them before it.
#[inline]
pub(super) fn judge(word: &[u8], before: &[u8], secrets: u32) -> u32 {
    if may_matter(word) {
        judge_closely(word, before, secrets)
    } else {
        secrets
    }
}

/// What most words fail: the length and first letters of a known word, or the last letters of a known ending.
#[inline]
fn may_matter(word: &[u8]) -> bool {
    let [first, second, third, ..] = *word else {
        return false;
    };
    let begins = &BEGINNINGS[usize::from(first & 31)];
    if begins.lengths >> word.len().min(31) & 1 == 1
        && begins.second >> (second & 31) & 1 == 1
        && begins.third >> (third & 31) & 1 == 1
    {
        return true;
    }
    let [.., third_last, second_last, last] = *word else {
        return false;
    };
    word.len() > 5
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

/// Whether `word` only describes the secret that the words before it name.
pub(super) fn describes(word: &[u8]) -> bool {
    DESCRIPTIONS.contains(&fold(word))
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

/// What known words with one first letter look like: a bit for each length, second and third letter that occurs.
#[derive(Clone, Copy)]
struct Beginning {
    lengths: u32,
    second: u32,
    third: u32,
}

/// Per first letter.
const BEGINNINGS: [Beginning; 32] = {
    let none = Beginning {
        lengths: 0,
        second: 0,
        third: 0,
    };
    let mut beginnings = [none; 32];
    let mut at = 0;
    while at < WORDS.len() {
        beginnings = with_word(beginnings, WORDS[at]);
        at += 1;
    }
    at = 0;
    while at < PAIRS.len() {
        beginnings = with_word(beginnings, PAIRS[at].0);
        at += 1;
    }
    at = 0;
    while at < TEXT_TOKEN_FIGURES.len() {
        beginnings = with_word(beginnings, TEXT_TOKEN_FIGURES[at]);
        at += 1;
    }
    beginnings
};

const fn with_word(mut beginnings: [Beginning; 32], word: u128) -> [Beginning; 32] {
    let length = 16 - word.leading_zeros() / 8;
    let first = (word >> (8 * (length - 1))) as usize & 31;
    beginnings[first].lengths |= 1 << length;
    beginnings[first].second |= 1 << (word >> (8 * (length - 2)) & 31);
    beginnings[first].third |= 1 << (word >> (8 * (length - 3)) & 31);
    beginnings
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
