//! Whose turn it is to find out whether a failing endpoint is back: the oldest batch of those that wait for it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State {
    next: u64,
    waiting: BTreeSet<u64>,
    taken: bool,
}

impl Turns {
    /// For one batch; what came first is older.
    pub(super) fn ticket(&self) -> Ticket<'_> {
        let mut state = self.state();
        state.next += 1;
        Ticket {
            turns: self,
            number: state.next,
            has_turn: false,
        }
    }

    /// Ends when somebody may have given up his turn since this call, if it is polled or enabled before.
    pub(super) fn changed(&self) -> Notified<'_> {
        self.changed.notified()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A batch's place among the others. Dropping it gives the turn to the next.
#[derive(Debug)]
pub(super) struct Ticket<'a> {
    turns: &'a Turns,
    number: u64,
    has_turn: bool,
}

impl Ticket<'_> {
    /// The batch waits for the endpoint from now on.
    pub(super) fn wait(&self) {
        self.turns.state().waiting.insert(self.number);
    }

    /// Takes the turn, if nobody has it and no older batch waits. `true`: this one has it.
    pub(super) fn take_turn(&mut self) -> bool {
        let mut state = self.turns.state();
        if !state.taken && state.waiting.first() == Some(&self.number) {
            state.taken = true;
            self.has_turn = true;
        }
        self.has_turn
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        let mut state = self.turns.state();
        state.waiting.remove(&self.number);
        state.taken &= !self.has_turn;
        drop(state);
        self.turns.changed.notify_waiters();
    }
}
