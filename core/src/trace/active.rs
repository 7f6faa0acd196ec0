//! Spans with several owners, and the span that is current.
//!
//! A [`Span`] has one owner, which costs nothing. Where several parts of a program, on one thread or many, work on the same span, it
//! becomes a [`SharedSpan`]: a handle to clone, whose methods take `&self`. One of them can be made the current span of a
//! thread; code that nobody hands a span finds it there.
//!
//! ```
//! use polyspan::trace::{SharedSpan, current_span};
//!
//! fn charge() {
//!     if let Some(span) = current_span() {
//!         span.set_attribute("amount", 12);
//!     }
//! }
//!
//! let tracer = polyspan::Provider::noop().tracer("shop");
//! let span = SharedSpan::from(tracer.start("pay"));
//! {
//!     let _current = span.activate();
//!     charge();
//!     tracer.span("store").start_in_current().end();
//! }
//! span.end();
//! ```
//!
//! What is current is a matter of one thread. A future that moves between threads must not hold [`Activated`] over an `await`,
//! and the compiler refuses it where it could.

use super::{Link, Span, SpanBuilder, SpanContext, Status, Value};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// A span with several owners. It ends when one of them ends it, or with the last one.
#[derive(Clone)]
pub struct SharedSpan(Arc<Shared>);

struct Shared {
    context: SpanContext,
    span: Mutex<Span>,
}

impl From<Span> for SharedSpan {
    fn from(span: Span) -> Self {
        Self(Arc::new(Shared {
            context: span.context().clone(),
            span: Mutex::new(span),
        }))
    }
}

impl SharedSpan {
    /// Trace id, span id, flags and trace state: what is propagated.
    pub fn context(&self) -> &SpanContext {
        &self.0.context
    }

    /// Whether what is set on this span is kept. False once it has ended.
    pub fn is_recording(&self) -> bool {
        self.with(|span| span.is_recording())
    }

    /// As [`Span::set_attribute`].
    pub fn set_attribute<'v>(&self, key: &str, value: impl Into<Value<'v>>) {
        let value = value.into();
        self.with(|span| span.set_attribute(key, value));
    }

    /// As [`Span::add_event`].
    pub fn add_event(&self, name: &str, attributes: &[(&str, Value<'_>)]) {
        self.with(|span| span.add_event(name, attributes));
    }

    /// As [`Span::add_link`].
    pub fn add_link<'l>(&self, link: impl Into<Link<'l>>) {
        let link = link.into();
        self.with(|span| span.add_link(link.context, link.attributes));
    }

    /// As [`Span::set_status`].
    pub fn set_status(&self, status: Status<'_>) {
        self.with(|span| span.set_status(status));
    }

    /// As [`Span::record_exception`].
    pub fn record_exception(
        &self,
        type_name: &str,
        message: &str,
        stacktrace: Option<&str>,
        attributes: &[(&str, Value<'_>)],
    ) {
        self.with(|span| span.record_exception(type_name, message, stacktrace, attributes));
    }

    /// As [`Span::update_name`].
    pub fn update_name(&self, name: &str) {
        self.with(|span| span.update_name(name));
    }

    /// Ends the span for all its owners. `false`: it had ended before.
    pub fn end(&self) -> bool {
        self.with(Span::finish)
    }

    /// As [`end`](Self::end), at a time of the past or the future.
    pub fn end_at(&self, time: SystemTime) -> bool {
        let since = time.duration_since(SystemTime::UNIX_EPOCH);
        let nanos = since.map_or(0, |since| since.as_nanos() as u64);
        self.with(|span| span.finish_at(nanos))
    }

    /// Everything else that a span can do. Other owners wait meanwhile; `body` must not use this span's other handles.
    pub fn with<R>(&self, body: impl FnOnce(&mut Span) -> R) -> R {
        body(&mut self.0.span.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes this span the current one of this thread, until what is returned is dropped.
    #[must_use = "the span is current only as long as this lives"]
    pub fn activate(&self) -> Activated {
        let number = NEXT.replace(NEXT.get() + 1);
        CURRENT.with_borrow_mut(|current| current.push((number, self.clone())));
        Activated {
            number,
            of_this_thread: PhantomData,
        }
    }
}

thread_local! {
    static CURRENT: RefCell<Vec<(u64, SharedSpan)>> = const { RefCell::new(Vec::new()) };
    static NEXT: Cell<u64> = const { Cell::new(0) };
}

/// As long as this lives, a span is current. Several may be dropped in any order: the youngest that lives counts.
#[derive(Debug)]
pub struct Activated {
    number: u64,
    of_this_thread: PhantomData<*const ()>,
}

impl Drop for Activated {
    fn drop(&mut self) {
        // Taken out first and dropped afterwards: the last handle of a span ends it. At the end of a thread there may be no list.
        let gone = CURRENT.try_with(|current| {
            let mut current = current.borrow_mut();
            let at = current
                .iter()
                .rposition(|(number, _)| *number == self.number);
            at.map(|at| current.remove(at))
        });
        drop(gone);
    }
}

/// The current span of this thread.
pub fn current_span() -> Option<SharedSpan> {
    CURRENT
        .try_with(|current| current.borrow().last().map(|(_, span)| span.clone()))
        .ok()
        .flatten()
}

impl SpanBuilder<'_> {
    /// Starts the span as a child of the current one of this thread; without one as said, by default as a root.
    pub fn start_in_current(self) -> Span {
        match current_span() {
            Some(parent) => parent.with(|parent| self.parent(&*parent).start()),
            None => self.start(),
        }
    }
}

impl fmt::Debug for SharedSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedSpan").field(&self.0.context).finish()
    }
}
