//! Trace state: what tracing vendors pass along with a trace, one member each, the last writer leftmost.
//!
//! received                                  | held
//! ------------------------------------------|------------------------------------------------------
//! a list as W3C Trace Context level 2 has it | the same members, blanks around them and empty ones left out
//! a key twice                               | its first (most recent) member
//! one malformed member, or more than 32     | nothing: half a list would misinform the vendors
//! more than 512 characters                  | members longer than 128 characters go first, then the last ones
//!
//! Source: W3C Trace Context level 2, "Tracestate Header" and "Mutating the tracestate Field". The standard asks to pass
//! on at least 512 characters; no more are held because every span holds its trace state until it is exported.

use std::sync::Arc;

/// Most members that a list may have.
pub const MAX_MEMBERS: usize = 32;
/// Most characters that are passed on.
pub const MAX_LENGTH: usize = 512;
/// Members longer than this are the first to go when the list is too long.
const LARGE_MEMBER: usize = 128;
/// Most characters of a key, and of a value.
const MAX_KEY: usize = 256;
const MAX_VALUE: usize = 256;

/// The vendors' members, always well-formed; cheap to clone, and without allocation when empty.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct TraceState(Option<Arc<str>>);

impl TraceState {
    /// No members.
    pub const EMPTY: Self = Self(None);

    /// Reads one header value; empty if it is malformed.
    pub fn parse(header: &str) -> Self {
        Self::from_lines([header])
    }

    /// Reads all values of a header that may be sent in several lines, in their order; empty if one is malformed.
    pub fn from_lines<'a>(lines: impl IntoIterator<Item = &'a str>) -> Self {
        let mut members: Vec<&str> = Vec::new();
        let mut seen = 0;
        for member in lines.into_iter().flat_map(|line| line.split(',')) {
            let member = trim(member);
            if member.is_empty() {
                continue;
            }
            seen += 1;
            let Some((key, _)) = split(member).filter(|_| seen <= MAX_MEMBERS) else {
                return Self::EMPTY;
            };
            if !members.iter().any(|earlier| key_of(earlier) == key) {
                members.push(member);
            }
        }
        Self::join(members)
    }

    /// The header value; empty if there are no members.
    #[inline]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// Whether there are no members.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Keys and values, from left to right.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.as_str().split(',').filter_map(split)
    }

    /// The value that stands under `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.members()
            .find(|member| member.0 == key)
            .map(|member| member.1)
    }

    /// This list with `key` set, leftmost as the standard asks of what was just written.
    ///
    /// A list that becomes too long loses members as a received one does; `None` if key or value is not well-formed.
    pub fn with(&self, key: &str, value: &str) -> Option<Self> {
        if !is_key(key) || !is_value(value) {
            return None;
        }
        let written = format!("{key}={value}");
        let mut members = vec![written.as_str()];
        members.extend(self.without_key(key).take(MAX_MEMBERS - 1));
        Some(Self::join(members))
    }

    /// This list without `key`.
    pub fn without(&self, key: &str) -> Self {
        Self::join(self.without_key(key).collect())
    }

    fn without_key<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.as_str()
            .split(',')
            .filter(move |member| !member.is_empty() && key_of(member) != key)
    }

    fn join(mut members: Vec<&str>) -> Self {
        let mut length = members.iter().map(|member| member.len() + 1).sum::<usize>();
        // The last member has no comma.
        while length > MAX_LENGTH + 1 {
            let large = members
                .iter()
                .rposition(|member| member.len() > LARGE_MEMBER);
            let gone = members.remove(large.unwrap_or(members.len() - 1));
            length -= gone.len() + 1;
        }
        Self((!members.is_empty()).then(|| Arc::from(members.join(","))))
    }
}

/// Takes away the blanks that HTTP allows around list members.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

fn split(member: &str) -> Option<(&str, &str)> {
    member
        .split_once('=')
        .filter(|(key, value)| is_key(key) && is_value(value))
}

fn key_of(member: &str) -> &str {
    member.split_once('=').map_or(member, |(key, _)| key)
}

fn is_key(key: &str) -> bool {
    key.len() <= MAX_KEY
        && key.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && key.bytes().all(
            |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@'),
        )
}

fn is_value(value: &str) -> bool {
    (1..=MAX_VALUE).contains(&value.len())
        && !value.ends_with(' ')
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(header: &str) -> String {
        TraceState::parse(header).as_str().to_owned()
    }

    #[test]
    fn members_keep_their_order() {
        assert_eq!(
            parsed("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
            "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"
        );
    }

    #[test]
    fn all_lines_are_one_list() {
        let state = TraceState::from_lines(["foo=1,bar=2", "", "rojo=1", "baz=3"]);
        assert_eq!(state.as_str(), "foo=1,bar=2,rojo=1,baz=3");
    }

    #[test]
    fn blanks_around_members_and_empty_members_are_left_out() {
        assert_eq!(parsed("\t foo=1 \t , ,, \t bar=2,"), "foo=1,bar=2");
        assert_eq!(parsed(" \t,"), "");
    }

    #[test]
    fn blanks_at_the_start_of_a_value_belong_to_it() {
        assert_eq!(parsed("foo=  1 2 ,bar=3"), "foo=  1 2,bar=3");
    }

    #[test]
    fn a_key_may_start_with_a_digit_and_hold_at_signs_anywhere_else() {
        for member in ["1a=1", "foo@=1", "foo@@bar=1", "foo@bar@baz=1", "a-z_0*/=1"] {
            assert_eq!(parsed(member), member);
        }
    }

    #[test]
    fn a_malformed_key_discards_the_whole_list() {
        for member in [
            "@foo=1",
            "FOO=1",
            "foo.bar=1",
            "foo =1",
            "=1",
            "_a=1",
            "é=1",
            "foo",
        ] {
            assert_eq!(parsed(&format!("{member},bar=2")), "", "{member}");
            assert_eq!(parsed(&format!("bar=2,{member}")), "", "{member}");
        }
    }

    #[test]
    fn a_malformed_value_discards_the_whole_list() {
        for member in [
            "foo=",
            "foo=bar=baz",
            "foo=a\tb",
            "foo=é",
            "foo=\u{7f}",
            "foo=a\nb",
        ] {
            assert_eq!(parsed(&format!("{member},bar=2")), "", "{member:?}");
        }
    }

    #[test]
    fn keys_and_values_have_at_most_256_characters() {
        let (key, value) = ("k".repeat(256), "v".repeat(256));
        assert_eq!(parsed(&format!("{key}=1")), format!("{key}=1"));
        assert_eq!(parsed(&format!("k={value}")), format!("k={value}"));
        assert_eq!(parsed(&format!("a=1,k{key}=1")), "");
        assert_eq!(parsed(&format!("a=1,k=v{value}")), "");
    }

    #[test]
    fn thirty_two_members_are_kept_and_thirty_three_are_none() {
        let list = |count| {
            (0..count)
                .map(|n| format!("k{n}={n}"))
                .collect::<Vec<_>>()
                .join(",")
        };
        assert_eq!(parsed(&list(32)), list(32));
        assert_eq!(parsed(&list(33)), "");
        assert_eq!(parsed(&format!("{},,, ,", list(32))), list(32));
    }

    #[test]
    fn of_a_key_that_stands_twice_the_first_counts() {
        assert_eq!(parsed("foo=1,bar=2,foo=3"), "foo=1,bar=2");
        assert_eq!(TraceState::from_lines(["foo=1", "foo=2"]).as_str(), "foo=1");
    }

    #[test]
    fn a_list_of_512_characters_is_kept_whole() {
        let list = format!("a={},b={}", "x".repeat(253), "y".repeat(254));
        assert_eq!(list.len(), 512);
        assert_eq!(parsed(&list), list);
    }

    #[test]
    fn a_list_that_is_too_long_loses_large_members_first_then_the_last_ones() {
        let large = format!("big={}", "x".repeat(130));
        let small = |n: usize| format!("k{n}={}", "y".repeat(96));
        let list = [small(0), large, small(1), small(2), small(3), small(4)].join(",");
        assert_eq!(
            parsed(&list),
            [small(0), small(1), small(2), small(3), small(4)].join(",")
        );
        let list = (0..6).map(small).collect::<Vec<_>>().join(",");
        assert_eq!(
            parsed(&list),
            (0..5).map(small).collect::<Vec<_>>().join(",")
        );
    }

    #[test]
    fn what_is_written_stands_leftmost_and_once() {
        let state = TraceState::parse("foo=1,ot=th:8,bar=2");
        let written = state.with("ot", "th:c").unwrap();
        assert_eq!(written.as_str(), "ot=th:c,foo=1,bar=2");
        assert_eq!(written.get("ot"), Some("th:c"));
        assert_eq!(written.without("ot").as_str(), "foo=1,bar=2");
        assert!(TraceState::parse("ot=1").without("ot").is_empty());
    }

    #[test]
    fn writing_a_thirty_third_member_drops_the_rightmost() {
        let list = (0..32)
            .map(|n| format!("k{n}={n}"))
            .collect::<Vec<_>>()
            .join(",");
        let written = TraceState::parse(&list).with("new", "1").unwrap();
        assert_eq!(written.members().count(), 32);
        assert_eq!((written.get("k30"), written.get("k31")), (Some("30"), None));
    }

    #[test]
    fn a_malformed_member_cannot_be_written() {
        assert_eq!(TraceState::EMPTY.with("Foo", "1"), None);
        assert_eq!(TraceState::EMPTY.with("foo", "a,b"), None);
    }

    #[test]
    fn an_empty_state_allocates_nothing_and_is_the_default() {
        assert_eq!(TraceState::default(), TraceState::EMPTY);
        assert_eq!(TraceState::EMPTY.members().count(), 0);
        assert_eq!(size_of::<TraceState>(), 16);
    }
}
