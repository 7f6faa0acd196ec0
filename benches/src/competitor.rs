//! Somebody who makes spans, and what that costs.

use crate::{allocations, clocks, report};

/// Pairs of one burst: with two spans each it fits into the default queue of every competitor.
pub const PAIRS: usize = 1000;

/// What one competitor does in a round, and the figures so far, per span.
pub struct Competitor {
    /// As in the table.
    pub name: &'static str,
    burst: Box<dyn FnMut(usize)>,
    flush: Box<dyn FnMut()>,
    caller: Vec<f64>,
    process: Vec<f64>,
    caller_allocations: Vec<f64>,
    process_allocations: Vec<f64>,
}

/// The middle of a competitor's figures.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Nanoseconds of the calling thread.
    pub caller: f64,
    /// Nanoseconds of all threads.
    pub process: f64,
    /// Allocations of the calling thread.
    pub caller_allocations: f64,
    /// Allocations of all threads.
    pub process_allocations: f64,
}

impl std::fmt::Debug for Competitor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Competitor").field(&self.name).finish()
    }
}

impl Competitor {
    /// `burst` makes so many pairs; `flush` returns when the sink has all of them.
    pub fn new(
        name: &'static str,
        burst: impl FnMut(usize) + 'static,
        flush: impl FnMut() + 'static,
    ) -> Competitor {
        Competitor {
            name,
            burst: Box::new(burst),
            flush: Box::new(flush),
            caller: Vec::new(),
            process: Vec::new(),
            caller_allocations: Vec::new(),
            process_allocations: Vec::new(),
        }
    }

    /// One burst and its flush; the figures are kept if `counts`.
    pub fn measure(&mut self, counts: bool) {
        const SPANS: f64 = 2.0 * PAIRS as f64;
        let (process, all) = (clocks::process_nanos(), allocations::of_process());
        let (thread, mine) = (clocks::thread_nanos(), allocations::of_thread());
        (self.burst)(PAIRS);
        let thread = clocks::thread_nanos() - thread;
        let mine = allocations::of_thread() - mine;
        (self.flush)();
        let process = clocks::process_nanos() - process;
        let all = allocations::of_process() - all;
        if counts {
            self.caller.push(thread as f64 / SPANS);
            self.process.push(process as f64 / SPANS);
            self.caller_allocations.push(mine as f64 / SPANS);
            self.process_allocations.push(all as f64 / SPANS);
        }
    }

    /// The middle of what was measured.
    ///
    /// # Panics
    ///
    /// If nothing was.
    pub fn figures(&mut self) -> Figures {
        Figures {
            caller: report::median(&mut self.caller),
            process: report::median(&mut self.process),
            caller_allocations: report::median(&mut self.caller_allocations),
            process_allocations: report::median(&mut self.process_allocations),
        }
    }
}
