//! A live span.

use super::clock::Anchor;
use super::record::{Identity, Recorder};
use super::{Inner, OwnedValue, SpanContext, SpanId, Tracer, Value};
use crate::propagate::Baggage;
use crate::sample::Verdict;
use std::cell::RefCell;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// What part a span plays (OpenTelemetry specification, "SpanKind").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum SpanKind {
    /// An operation inside the application.
    #[default]
    Internal = 1,
    /// The server's side of a request.
    Server = 2,
    /// The client's side of a request.
    Client = 3,
    /// A message is sent.
    Producer = 4,
    /// A message is worked on.
    Consumer = 5,
}

impl SpanKind {
    /// The kind that OTLP writes as `number`; what OTLP does not know is internal.
    pub fn from_number(number: u32) -> Self {
        match number {
            2 => Self::Server,
            3 => Self::Client,
            4 => Self::Producer,
            5 => Self::Consumer,
            _ => Self::Internal,
        }
    }
}

/// How the operation went (OpenTelemetry specification, "Set Status").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status<'a> {
    /// Nobody said.
    #[default]
    Unset,
    /// It went well; final.
    Ok,
    /// It failed, with a description.
    Error(&'a str),
}

/// What a new span continues.
#[derive(Clone, Copy, Debug, Default)]
pub enum Parent<'a> {
    /// Nothing: a new trace.
    #[default]
    Root,
    /// A live span of this process: clock, local root and (with an inheritable sampler) verdict are its own.
    Local(&'a Span),
    /// A context from elsewhere. An invalid one is no parent.
    Context(&'a SpanContext),
}

impl<'a> From<&'a Span> for Parent<'a> {
    fn from(span: &'a Span) -> Self {
        Self::Local(span)
    }
}

impl<'a> From<&'a SpanContext> for Parent<'a> {
    fn from(context: &'a SpanContext) -> Self {
        Self::Context(context)
    }
}

impl<'a> From<Option<&'a SpanContext>> for Parent<'a> {
    fn from(context: Option<&'a SpanContext>) -> Self {
        context.map_or(Self::Root, Self::Context)
    }
}

/// A span to which another one is linked, with what is to be known of that link.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The other span.
    pub context: &'a SpanContext,
    /// Attributes of the link.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

impl<'a> From<&'a SpanContext> for Link<'a> {
    fn from(context: &'a SpanContext) -> Self {
        Self {
            context,
            attributes: &[],
        }
    }
}

/// A span that is going on. Ends when [`end`](Self::end) is called or when it is dropped.
///
/// A span that is not recorded takes the same calls and does nothing; its [`context`](Self::context) still propagates.
///
/// ```
/// # use polyspan::{Provider, Status, Value};
/// # let tracer = Provider::noop().tracer("checkout");
/// fn charge(cents: i64) -> Result<(), std::io::Error> {
/// #   let _ = cents;
///     Err(std::io::Error::other("no funds"))
/// }
///
/// let mut span = tracer.start("charge");
/// span.set_attribute("amount", 1250);
/// span.set_attribute("items", vec!["book", "pen"]);
/// span.add_event("asked the bank", &[("attempt", Value::Int(1))]);
/// if let Err(error) = charge(1250) {
///     span.record_exception("std::io::Error", &error.to_string(), None, &[]);
///     span.set_status(Status::Error("charge failed"));
/// }
/// span.end(); // or when it is dropped
/// ```
pub struct Span {
    pub(crate) context: SpanContext,
    pub(crate) tracer: Tracer,
    /// What a local child of an inheritable sampler inherits.
    pub(crate) verdict: Verdict,
    pub(crate) local: LocalTrace,
    pub(crate) recording: Option<Box<Recording>>,
    /// The generation in which the span was started, until it has ended.
    pub(crate) open: Option<u64>,
}

/// What the spans of one local trace share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LocalTrace {
    pub(crate) root: SpanId,
    pub(crate) anchor: Anchor,
}

/// What a span leaves to children that have its context but cannot reach it.
#[derive(Clone, Copy)]
pub(crate) struct Elder {
    pub(crate) provider: &'static Inner,
    pub(crate) verdict: Verdict,
    pub(crate) local: LocalTrace,
}

impl fmt::Debug for Elder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Elder").field(&self.local).finish()
    }
}

/// What only a recorded span has.
#[derive(Debug, Default)]
pub(crate) struct Recording {
    pub(crate) recorder: Recorder,
    pub(crate) parent: SpanId,
    pub(crate) parent_is_remote: bool,
    pub(crate) start: u64,
    pub(crate) end: u64,
}

thread_local! {
    /// Recordings of ended spans, used again so that recording allocates nothing in steady state.
    #[expect(clippy::vec_box, reason = "the boxes are what is used again")]
    static POOL: RefCell<Vec<Box<Recording>>> = const { RefCell::new(Vec::new()) };
}
const POOLED: usize = 64;

impl Recording {
    #[inline]
    pub(crate) fn take() -> Box<Recording> {
        POOL.try_with(|pool| pool.borrow_mut().pop())
            .ok()
            .flatten()
            .unwrap_or_default()
    }

    #[inline]
    pub(crate) fn give_back(mut self: Box<Self>) {
        self.recorder.reset();
        let _ = POOL.try_with(|pool| {
            let mut pool = pool.borrow_mut();
            if pool.len() < POOLED {
                pool.push(self);
            }
        });
    }
}

impl Span {
    /// Trace id, span id, flags and trace state: what is propagated.
    #[inline]
    pub fn context(&self) -> &SpanContext {
        &self.context
    }

    /// What its children need besides its context, as long as it is open. None for one that only hands its parent's context on.
    #[cfg(any(feature = "opentelemetry", feature = "tracing"))]
    pub(crate) fn elder(&self) -> Option<Elder> {
        self.open.is_some().then_some(Elder {
            provider: self.tracer.provider,
            verdict: self.verdict,
            local: self.local,
        })
    }

    /// Whether what is set on this span is kept. False once it has ended.
    #[inline]
    pub fn is_recording(&self) -> bool {
        self.recording.is_some()
    }

    /// The tracer that started this span.
    pub fn tracer(&self) -> Tracer {
        self.tracer
    }

    /// Sets an attribute. A key that is set again keeps its place and takes the new value. Beyond the limit of
    /// attributes the new one is dropped and counted.
    #[inline(always)]
    pub fn set_attribute<'v>(&mut self, key: &str, value: impl Into<Value<'v>>) {
        if let Some(recording) = &mut self.recording {
            let value = value.into();
            recording
                .recorder
                .set_attribute(key, &value, self.tracer.limits());
            if !matches!(value, Value::Array(_) | Value::Map(_)) {
                // Nothing to drop, which the compiler does not see; the call costs as much as a small attribute.
                std::mem::forget(value);
            }
        }
    }

    /// Sets an attribute `baggage.<key>` for each entry that the option `baggage_attributes` names. An attribute that the
    /// span has already stays. Values are redacted like those of all attributes.
    pub fn copy_baggage(&mut self, baggage: &Baggage) {
        let wanted = &self.tracer.provider.policy.baggage_attributes;
        if wanted.is_empty() || self.recording.is_none() {
            return;
        }
        for (key, value) in wanted.of(baggage) {
            if let Some(recording) = &self.recording
                && !recording.recorder.has_attribute(&key)
            {
                self.set_attribute(&key, value);
            }
        }
    }

    /// Adds an event that happens now.
    #[inline]
    pub fn add_event(&mut self, name: &str, attributes: &[(&str, Value<'_>)]) {
        if self.recording.is_some() {
            let now = self.local.anchor.elapsed();
            self.add_event_at(name, attributes, now);
        }
    }

    /// Adds an event with its time, in nanoseconds since the Unix epoch.
    #[inline]
    pub fn add_event_at(&mut self, name: &str, attributes: &[(&str, Value<'_>)], unix_nanos: u64) {
        if let Some(recording) = &mut self.recording {
            recording
                .recorder
                .add_event(name, unix_nanos, attributes, self.tracer.limits());
        }
    }

    /// Links this span to another. Links keep their order.
    pub fn add_link(&mut self, context: &SpanContext, attributes: &[(&str, Value<'_>)]) {
        if let Some(recording) = &mut self.recording {
            recording
                .recorder
                .add_link(context, attributes, self.tracer.limits());
        }
    }

    /// Sets the status. Ok is final; unset never overwrites.
    pub fn set_status(&mut self, status: Status<'_>) {
        if let Some(recording) = &mut self.recording {
            match status {
                Status::Unset => {}
                Status::Ok => recording.recorder.set_status(1, ""),
                Status::Error(description) => recording.recorder.set_status(2, description),
            }
        }
    }

    /// Adds an `exception` event (semantic conventions, "Exceptions on spans"). Does not set the status.
    pub fn record_exception(
        &mut self,
        type_name: &str,
        message: &str,
        stacktrace: Option<&str>,
        attributes: &[(&str, Value<'_>)],
    ) {
        if self.recording.is_some() {
            let now = self.now_unix_nanos();
            self.record_exception_at(type_name, message, stacktrace, attributes, now);
        }
    }

    /// As [`record_exception`](Self::record_exception), with its time in nanoseconds since the Unix epoch.
    pub fn record_exception_at(
        &mut self,
        type_name: &str,
        message: &str,
        stacktrace: Option<&str>,
        attributes: &[(&str, Value<'_>)],
        unix_nanos: u64,
    ) {
        let mut all = Vec::with_capacity(3 + attributes.len());
        let own = [
            ("exception.type", Some(type_name)),
            ("exception.message", Some(message)),
            ("exception.stacktrace", stacktrace),
        ];
        let given = |key: &str| attributes.iter().any(|(name, _)| *name == key);
        all.extend(own.iter().filter_map(|&(key, text)| {
            let text = text.filter(|text| !text.is_empty() && !given(key))?;
            Some((key, Value::Str(text)))
        }));
        all.extend_from_slice(attributes);
        self.add_event_at("exception", &all, unix_nanos);
    }

    /// Gives the span another name.
    pub fn update_name(&mut self, name: &str) {
        if let Some(recording) = &mut self.recording {
            recording.recorder.set_name(name);
        }
    }

    /// Ends the span now.
    #[inline]
    pub fn end(mut self) {
        self.finish();
    }

    /// Ends the span at a time of the past or the future.
    pub fn end_at(mut self, time: SystemTime) {
        let nanos = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_nanos() as u64);
        self.finish_at(nanos);
    }

    /// Ends the span in place; what is called on it afterwards does nothing. For bindings, whose users keep the object.
    /// `false`: it had ended before.
    #[inline]
    pub fn finish(&mut self) -> bool {
        let end = if self.recording.is_some() && self.verdict == Verdict::Sample {
            self.local.anchor.elapsed()
        } else {
            0
        };
        self.finish_at(end)
    }

    /// As [`finish`](Self::finish), at a time in nanoseconds since the Unix epoch. An end before the start is the start.
    #[inline]
    pub fn finish_at(&mut self, unix_nanos: u64) -> bool {
        let Some(generation) = self.open.take() else {
            return false;
        };
        let Some(mut recording) = self.recording.take() else {
            self.tracer.provider.ended_unrecorded(generation);
            return true;
        };
        if self.verdict != Verdict::Sample {
            recording.give_back();
            self.tracer.provider.ended_unrecorded(generation);
            return true;
        }
        recording.end = unix_nanos.max(recording.start);
        let identity = Identity {
            context: &self.context,
            parent: recording.parent,
            parent_is_remote: recording.parent_is_remote,
            local_root: self.local.root,
            tracer: self.tracer.index,
            start: recording.start,
            end: recording.end,
        };
        self.tracer
            .provider
            .ended(generation, &recording.recorder, &identity);
        recording.give_back();
        true
    }

    /// Gives the span up: it is counted as abandoned and never exported. For bindings, whose users can lose an object that
    /// they never ended.
    pub fn abandon(&mut self) {
        if let Some(generation) = self.open.take() {
            if let Some(recording) = self.recording.take() {
                recording.give_back();
            }
            self.tracer.provider.abandoned(generation);
        }
    }

    /// This moment by the clock of this span's local trace, in nanoseconds since the Unix epoch.
    #[inline]
    pub fn now_unix_nanos(&self) -> u64 {
        self.local.anchor.elapsed()
    }

    /// When the span started, in nanoseconds since the Unix epoch; 0 if it is not recording.
    pub fn start_unix_nanos(&self) -> u64 {
        self.recording
            .as_ref()
            .map_or(0, |recording| recording.start)
    }

    /// The parent's span id; invalid for a root.
    pub fn parent_id(&self) -> SpanId {
        self.recording
            .as_ref()
            .map_or(SpanId::INVALID, |recording| recording.parent)
    }

    /// The name, as long as the span is recording.
    pub fn name(&self) -> &str {
        self.recorder().map_or("", Recorder::name)
    }

    /// The kind.
    pub fn kind(&self) -> SpanKind {
        self.recorder().map_or(SpanKind::Internal, Recorder::kind)
    }

    /// The status, as long as the span is recording.
    pub fn status(&self) -> Status<'_> {
        match self.recorder() {
            Some(recorder) if recorder.status() == 1 => Status::Ok,
            Some(recorder) if recorder.status() == 2 => {
                Status::Error(recorder.status_description())
            }
            _ => Status::Unset,
        }
    }

    /// The attributes as they stand, unredacted: for code of the same process that reads them back.
    pub fn attributes(&self) -> Vec<(String, OwnedValue)> {
        self.recorder().map_or_else(Vec::new, Recorder::attributes)
    }

    fn recorder(&self) -> Option<&Recorder> {
        self.recording.as_ref().map(|recording| &recording.recorder)
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.open.is_some() {
            self.finish();
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span")
            .field("name", &self.name())
            .field("context", &self.context)
            .field("is_recording", &self.is_recording())
            .finish()
    }
}
