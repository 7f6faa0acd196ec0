//! The rules by name, and how often each one fired.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a redaction was made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The attribute, baggage entry or map member has the name of a secret; its whole value was masked.
    SecretKey,
    /// A JSON member inside a text has the name of a secret.
    JsonMember,
    /// A `name=value` pair (query parameter, connection string, cookie) has the name of a secret.
    SecretParameter,
    /// An e-mail address.
    Email,
    /// A payment card number.
    Card,
    /// The credentials after an HTTP authentication scheme, `Bearer` or `Basic`.
    Bearer,
    /// A JSON Web Token.
    Jwt,
    /// User name and password in a URL.
    UrlCredentials,
    /// A signature parameter that the semantic conventions for URLs name.
    UrlSignature,
    /// The value was longer than is scanned, or could not be brought to rest: what was not known to be clean was removed.
    Limit,
}

impl Rule {
    /// Every rule, in the order in which counts are listed.
    pub const ALL: [Rule; 10] = [
        Rule::SecretKey,
        Rule::JsonMember,
        Rule::SecretParameter,
        Rule::Email,
        Rule::Card,
        Rule::Bearer,
        Rule::Jwt,
        Rule::UrlCredentials,
        Rule::UrlSignature,
        Rule::Limit,
    ];

    /// The name under which the rule is counted and described; it never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Rule::SecretKey => "secret_key",
            Rule::JsonMember => "json_member",
            Rule::SecretParameter => "secret_parameter",
            Rule::Email => "email",
            Rule::Card => "card",
            Rule::Bearer => "bearer",
            Rule::Jwt => "jwt",
            Rule::UrlCredentials => "url_credential",
            Rule::UrlSignature => "url_signature",
            Rule::Limit => "limit",
        }
    }

    /// What the rule finds and what stands there afterwards, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Rule::SecretKey => {
                "values of attributes and baggage entries named like a secret become [REDACTED]"
            }
            Rule::JsonMember => {
                "JSON members named like a secret, inside any text, become [REDACTED]"
            }
            Rule::SecretParameter => "name=value pairs named like a secret become name=REDACTED",
            Rule::Email => "e-mail addresses become [REDACTED]",
            Rule::Card => "card numbers (network prefix, length, Luhn checksum) become [REDACTED]",
            Rule::Bearer => "credentials after Bearer and Basic become [REDACTED]",
            Rule::Jwt => "JSON Web Tokens become [REDACTED]",
            Rule::UrlCredentials => "user and password in a URL become REDACTED:REDACTED",
            Rule::UrlSignature => "signature parameters of signed URLs become REDACTED",
            Rule::Limit => "what is too long or too deeply nested to be scanned is removed",
        }
    }
}

/// How often each rule fired. Counts only, never values or key names: a list of what was hidden is itself a hint.
#[derive(Debug, Default)]
pub struct Counts {
    fired: [AtomicU64; Rule::ALL.len()],
}

impl Counts {
    /// All zero.
    pub fn new() -> Counts {
        Counts::default()
    }

    /// How often `rule` has fired.
    pub fn get(&self, rule: Rule) -> u64 {
        self.fired[rule as usize].load(Ordering::Relaxed)
    }

    /// Every rule with its count.
    pub fn iter(&self) -> impl Iterator<Item = (Rule, u64)> + '_ {
        Rule::ALL.iter().map(|&rule| (rule, self.get(rule)))
    }

    /// The sum over all rules.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    pub(super) fn add(&self, rule: Rule) {
        self.fired[rule as usize].fetch_add(1, Ordering::Relaxed);
    }
}
