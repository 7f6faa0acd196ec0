//! Payment card numbers: a network's prefix, a length that this network issues, the Luhn checksum, and no digit beside.
//!
//! The digits stand together or in groups with one kind of separator (space, hyphen, the plus of form encoding), the
//! first group of four to six digits as on cards. The fraction of a decimal number (`0.4111111111111111`) is none.

use super::find::{Findings, MASK};
use super::rule::Rule;

/// The shortest number that any network issues.
pub(super) const MIN_DIGITS: usize = 12;
const MAX_DIGITS: usize = 19;

pub(super) fn find(text: &[u8], findings: &mut Findings<'_>) {
    let mut at = 0;
    while let Some(found) = text[at..].iter().position(u8::is_ascii_digit) {
        let start = at + found;
        let group = digits(text, start);
        at = start + group;
        let long_enough = group >= MIN_DIGITS || (4..=6).contains(&group) && is_grouped(text, at);
        if long_enough && let Some(end) = card_at(text, start) {
            findings.add(Rule::Card, start, end, MASK);
            at = end;
        }
    }
}

/// Whether another group follows the one that ends at `end`.
fn is_grouped(text: &[u8], end: usize) -> bool {
    matches!(text[end..], [b' ' | b'-' | b'+', b'0'..=b'9', ..])
}

/// Whether a whole number is a card number.
pub(super) fn is_card(number: u64) -> bool {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number;
    while rest > 0 {
        at -= 1;
        digits[at] = (rest % 10) as u8;
        rest /= 10;
    }
    is_valid(&digits[at..])
}

/// The end of the longest card number that starts with the group of digits at `start`.
fn card_at(text: &[u8], start: usize) -> Option<usize> {
    if let [.., b'0'..=b'9', b'.'] = text[..start] {
        return None;
    }
    let mut number = [0; MAX_DIGITS];
    let mut count = 0;
    let mut separator = None;
    let mut at = start;
    let mut card = None;
    loop {
        let group = digits(text, at);
        if count + group > MAX_DIGITS {
            return card;
        }
        for &digit in &text[at..at + group] {
            number[count] = digit - b'0';
            count += 1;
        }
        at += group;
        if is_valid(&number[..count]) && !matches!(text[at..], [b'.', b'0'..=b'9', ..]) {
            card = Some(at);
        }
        let grouped = if separator.is_none() {
            (4..=6).contains(&group)
        } else {
            group <= 7
        };
        match text[at..] {
            [between @ (b' ' | b'-' | b'+'), b'0'..=b'9', ..]
                if grouped && separator.is_none_or(|first| first == between) =>
            {
                separator = Some(between);
                at += 1;
            }
            _ => return card,
        }
    }
}

fn digits(text: &[u8], start: usize) -> usize {
    text[start..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count()
}

fn is_valid(digits: &[u8]) -> bool {
    digits.len() >= MIN_DIGITS && is_issued(digits) && luhn(digits)
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, &digit)| {
            let digit = u32::from(digit);
            if place % 2 == 0 {
                digit
            } else {
                digit * 2 / 10 + digit * 2 % 10
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// Whether a network issues numbers of this length under this prefix. Left out are UATP (any number of 15 digits that
/// starts with 1) and the 12 to 15 digits that Maestro no longer issues outside its own ranges: they are too often the
/// numbers of something else.
fn is_issued(digits: &[u8]) -> bool {
    let prefix = digits
        .iter()
        .take(6)
        .fold(0u32, |number, &digit| number * 10 + u32::from(digit));
    let (two, three, four) = (prefix / 10_000, prefix / 1000, prefix / 100);
    let length = digits.len();
    match prefix {
        // Visa
        400_000..=499_999 => matches!(length, 13 | 16 | 19),
        // Mastercard
        510_000..=559_999 | 222_100..=272_099 => length == 16,
        // American Express
        _ if matches!(two, 34 | 37) => length == 15,
        // Diners Club
        _ if matches!(two, 36 | 38 | 39) || matches!(three, 300..=305) || four == 3095 => {
            matches!(length, 14 | 16 | 19)
        }
        // JCB
        _ if matches!(four, 3528..=3589) => (16..=19).contains(&length),
        // Maestro
        _ if matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763) => {
            (12..=19).contains(&length)
        }
        // Dankort, Laser, RuPay
        _ if matches!(four, 5019 | 6706 | 6709 | 6771) || three == 508 => {
            (16..=19).contains(&length)
        }
        // Mir
        _ if matches!(four, 2200..=2204) => (16..=19).contains(&length),
        // UnionPay, Discover, RuPay
        _ if matches!(two, 60 | 62 | 64 | 65 | 81 | 82) => (16..=19).contains(&length),
        _ => false,
    }
}
