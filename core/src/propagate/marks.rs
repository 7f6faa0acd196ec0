//! What some formats say and the W3C flags cannot: kept in the member `polyspan` of the trace state.
//!
//! letter | mark         | meaning
//! -------|--------------|-----------------------------------------------------------------------------
//! `d`    | debug        | the trace is to be kept by all means (B3, Jaeger); such a context is sampled
//! `u`    | undecided    | the caller left the sampling decision to us; our sampler's answer removes the mark
//! `h`    | has a head   | the trace began elsewhere, so what Sentry wants to know of its head is not ours to say
//!
//! Trace state goes with a context through every language and down to local children, which nothing else does. The member
//! never crosses a process boundary: it is taken out of what is sent and of what arrives. It gives way where there is no
//! room, for the other members are somebody's.

use crate::trace::TraceState;
use crate::trace::trace_state::{MAX_LENGTH, MAX_MEMBERS};

const KEY: &str = "polyspan";

/// The marks of one context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Marks {
    pub(crate) debug: bool,
    pub(crate) undecided: bool,
    pub(crate) has_head: bool,
}

impl Marks {
    /// The marks in this trace state.
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

/// `state` without marks, as it may be sent.
pub(crate) fn without(state: &TraceState) -> TraceState {
    match state.get(KEY) {
        Some(_) => state.without(KEY),
        None => state.clone(),
    }
}

/// The trace state of a span whose parent was undecided, now that it is decided; `None` if nothing changes.
pub(crate) fn decided(state: &TraceState) -> Option<TraceState> {
    let marks = Marks::of(state);
    marks.undecided.then(|| {
        let decided = Marks {
            undecided: false,
            ..marks
        };
        decided.on(state)
    })
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
    fn a_decision_takes_only_its_own_mark_away() {
        let state = decided(&ALL.on(&TraceState::EMPTY)).unwrap();
        assert_eq!(state.as_str(), "polyspan=dh");
        assert_eq!(decided(&state), None);
        assert_eq!(decided(&TraceState::EMPTY), None);
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
