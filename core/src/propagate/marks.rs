//! What some formats say and the W3C flags cannot: kept in the member `polyspan` of the trace state.
//!
//! letter | mark         | meaning
//! -------|--------------|-----------------------------------------------------------------------------
//! `d`    | debug        | the trace is to be kept by all means (B3, Jaeger); such a context is sampled
//! `u`    | undecided    | the caller left the decision to us; said of a remote context only, for our spans are decided
//! `h`    | has a head   | the trace began elsewhere, so what Sentry wants to know of its head is not ours to say
//!
//! Trace state goes with a context through every language and down to local children, which nothing else does. The member
//! never leaves the process: it is taken out of what is sent, of what is exported, and of what arrives. It gives way where
//! there is no room, for the other members are somebody's.

use crate::trace::trace_state::{MAX_LENGTH, MAX_MEMBERS};
use crate::trace::{SpanContext, TraceState};
use std::borrow::Cow;

const KEY: &str = "polyspan";

/// The marks of one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) debug: bool,
    pub(crate) undecided: bool,
    pub(crate) has_head: bool,
}

impl Marks {
    /// The marks in this trace state. Whether a context is undecided, [`is_undecided`] tells.
    pub(crate) fn of(state: &TraceState) -> Self {
        if state.is_empty() {
            return Self::default();
        }
        let letters = state.get(KEY).unwrap_or_default();
        Self {
            debug: letters.contains('d'),
            undecided: letters.contains('u'),
            has_head: letters.contains('h'),
        }
    }

    /// `state` with exactly these marks.
    pub(crate) fn on(self, state: &TraceState) -> TraceState {
        let plain = without(state);
        let letters: String = [
            (self.debug, 'd'),
            (self.undecided, 'u'),
            (self.has_head, 'h'),
        ]
        .into_iter()
        .filter_map(|(set, letter)| set.then_some(letter))
        .collect();
        let room = KEY.len() + "=,".len() + letters.len() + plain.as_str().len() <= MAX_LENGTH;
        if letters.is_empty() || !room || plain.members().count() >= MAX_MEMBERS {
            return plain;
        }
        plain.with(KEY, &letters).unwrap_or(plain)
    }
}

/// Whether the decision on a trace is open: its caller has left it to us, and none of our spans has been started yet.
pub(crate) fn is_undecided(context: &SpanContext) -> bool {
    context.remote && !context.is_sampled() && Marks::of(&context.state).undecided
}

/// `state` without marks, as it may be sent.
pub(crate) fn without(state: &TraceState) -> TraceState {
    match state.get(KEY) {
        Some(_) => state.without(KEY),
        None => state.clone(),
    }
}

/// The text of a trace state without marks, as it may be exported.
pub(crate) fn exported(state: &str) -> Cow<'_, str> {
    if !state.contains(KEY) {
        return Cow::Borrowed(state);
    }
    let is_mark = |member: &&str| member.split('=').next() == Some(KEY);
    let members: Vec<_> = state.split(',').filter(|member| !is_mark(member)).collect();
    Cow::Owned(members.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Marks = Marks {
        debug: true,
        undecided: true,
        has_head: true,
    };

    #[test]
    fn marks_are_written_and_read_back_beside_the_other_members() {
        let state = ALL.on(&TraceState::parse("a=1"));
        assert_eq!(state.as_str(), "polyspan=duh,a=1");
        assert_eq!(Marks::of(&state), ALL);
        assert_eq!(without(&state).as_str(), "a=1");
        assert_eq!(Marks::default().on(&state).as_str(), "a=1");
    }

    #[test]
    fn marks_are_not_exported_wherever_they_stand() {
        for (state, expected) in [
            ("", ""),
            ("a=1,b=2", "a=1,b=2"),
            ("polyspan=duh", ""),
            ("polyspan=d,a=1", "a=1"),
            ("a=1,polyspan=d,b=2", "a=1,b=2"),
            ("a=polyspan,polyspans=1", "a=polyspan,polyspans=1"),
        ] {
            assert_eq!(exported(state), expected);
        }
    }

    #[test]
    fn a_mark_never_takes_the_room_of_another_member() {
        let long = format!("a={},b={}", "x".repeat(250), "y".repeat(250));
        for members in [
            long,
            (0..32)
                .map(|n| format!("k{n}=1"))
                .collect::<Vec<_>>()
                .join(","),
        ] {
            let state = TraceState::parse(&members);
            assert_eq!(ALL.on(&state), state);
        }
    }
}
