//! An open span of `tracing`.
//!
//! What it continues is settled when that is first needed: when it is entered, gets a child, is asked for its context or is
//! closed. Until then [`SpanExt`](super::SpanExt) may give it another parent, and what it is given is recorded without a
//! verdict.

use super::fields::{Fields, special};
use crate::propagate::Baggage;
use crate::sample::Verdict;
use crate::trace::{Anchor, Elder, Recording, SpanBuilder};
use crate::{Parent, Span, SpanContext, SpanKind, Status, Tracer, Value};
use std::sync::Arc;

/// What a span continues.
#[derive(Debug, Default)]
pub(super) struct Continued {
    pub(super) context: SpanContext,
    /// Of a parent in this process.
    pub(super) elder: Option<Elder>,
    pub(super) baggage: Option<Arc<Baggage>>,
}

#[derive(Debug)]
pub(super) struct Open {
    tracer: Tracer,
    begun: Begun,
    /// Present as soon as it is settled.
    span: Option<Span>,
    pub(super) baggage: Option<Arc<Baggage>>,
    /// When it was last left, in nanoseconds since the Unix epoch; 0: not yet.
    left: u64,
}

/// What is known of a span before it is settled.
#[derive(Debug)]
struct Begun {
    name: &'static str,
    parent: SpanContext,
    /// Of a parent in this process.
    elder: Option<Elder>,
    anchor: Anchor,
    /// In nanoseconds since the Unix epoch; 0: nobody asked yet.
    start: u64,
    /// Missing where nothing is recorded anyway, and once it is settled.
    recording: Option<Box<Recording>>,
}

impl Open {
    /// Begins a span, now.
    pub(super) fn begin(tracer: Tracer, name: &'static str, continued: Continued) -> Self {
        let is_recording = tracer.provider.is_recording();
        // Where children inherit, what continues a span that is not recorded will hardly be recorded either.
        let inherits = tracer.provider.policy.mask.inheritable;
        let is_worth_it = |elder: Elder| {
            let is_same = std::ptr::eq(elder.provider, tracer.provider);
            elder.verdict != Verdict::Drop || !inherits || !is_same
        };
        let records = is_recording && continued.elder.is_none_or(is_worth_it);
        let (anchor, start) = match continued.elder.map(|elder| elder.local.anchor) {
            Some(anchor) if records => (anchor, anchor.elapsed()),
            Some(anchor) => (anchor, 0),
            None if is_recording => {
                let anchor = Anchor::now();
                (anchor, anchor.wall())
            }
            None => (Anchor::never(), 0),
        };
        let recording = records.then(|| {
            let mut recording = Recording::take();
            recording.recorder.set_name(name);
            recording.recorder.set_kind(SpanKind::Internal);
            recording
        });
        Self {
            tracer,
            begun: Begun {
                name,
                parent: continued.context,
                elder: continued.elder,
                anchor,
                start,
                recording,
            },
            span: None,
            baggage: continued.baggage,
            left: 0,
        }
    }

    /// Gives it another parent, from another process. False: it is too late.
    pub(super) fn continue_from(&mut self, context: SpanContext) -> bool {
        if self.span.is_some() {
            return false;
        }
        let begun = &mut self.begun;
        begun.parent = context;
        if begun.start == 0 {
            begun.start = begun.anchor.elapsed();
        }
        begun.elder = None;
        true
    }

    /// The span, of which it is settled now what it continues.
    pub(super) fn settled(&mut self) -> &mut Span {
        self.span.get_or_insert_with(|| {
            super::ignoring(|| self.begun.start(self.tracer, self.baggage.as_deref()))
        })
    }

    /// What a child continues.
    pub(super) fn continued(&mut self) -> Continued {
        let baggage = self.baggage.clone();
        let span = self.settled();
        Continued {
            context: span.context.clone(),
            elder: span.elder(),
            baggage,
        }
    }

    /// Whether it is worth reading fields for it.
    pub(super) fn is_recording(&self) -> bool {
        match &self.span {
            Some(span) => span.is_recording(),
            None => self.begun.recording.is_some(),
        }
    }

    pub(super) fn leave(&mut self) {
        if let Some(span) = &self.span
            && span.is_recording()
        {
            self.left = span.now_unix_nanos();
        }
    }

    pub(super) fn close(mut self) {
        let left = self.left;
        let span = self.settled();
        if left == 0 {
            span.finish();
        } else {
            span.finish_at(left);
        }
    }

    /// Sets what fields say.
    pub(super) fn set(&mut self, fields: &Fields) {
        let limits = self.tracer.limits();
        let Some(recording) = self.recording() else {
            return;
        };
        for (name, value) in fields.of_span() {
            if special::ALL.contains(&name) {
                set_special(recording, name, &value);
            } else {
                recording.recorder.set_attribute(name, &value, limits);
            }
        }
    }

    pub(super) fn set_attribute(&mut self, key: &str, value: &Value<'_>) {
        let limits = self.tracer.limits();
        if let Some(recording) = self.recording() {
            recording.recorder.set_attribute(key, value, limits);
        }
    }

    pub(super) fn set_status(&mut self, status: Status<'_>) {
        if let Some(recording) = self.recording() {
            set_status(recording, status);
        }
    }

    /// Sets the status to error; one that says already why it failed keeps its description if there is no new one.
    pub(super) fn fail(&mut self, why: Option<&str>) {
        if let Some(recording) = self.recording()
            && (why.is_some() || recording.recorder.status() != 2)
        {
            set_status(recording, Status::Error(why.unwrap_or_default()));
        }
    }

    pub(super) fn add_link(&mut self, context: &SpanContext, attributes: &[(&str, Value<'_>)]) {
        let limits = self.tracer.limits();
        if let Some(recording) = self.recording() {
            recording.recorder.add_link(context, attributes, limits);
        }
    }

    /// Adds an event that happens now.
    pub(super) fn add_event(&mut self, name: &str, attributes: &[(&str, Value<'_>)]) {
        let limits = self.tracer.limits();
        let anchor = self.begun.anchor;
        if let Some(recording) = self.recording() {
            let now = anchor.elapsed();
            recording.recorder.add_event(name, now, attributes, limits);
        }
    }

    fn recording(&mut self) -> Option<&mut Recording> {
        match &mut self.span {
            Some(span) => span.recording.as_deref_mut(),
            None => self.begun.recording.as_deref_mut(),
        }
    }
}

impl Begun {
    fn start(&mut self, tracer: Tracer, baggage: Option<&Baggage>) -> Span {
        let Some(recording) = self.recording.take() else {
            return self.builder(tracer, self.name, baggage).start();
        };
        // Name and attributes are in the recording that is about to be moved; few samplers ask for them.
        let mask = tracer.provider.policy.mask;
        let recorder = &recording.recorder;
        let name = if mask.needs_name_kind {
            recorder.name().to_owned()
        } else {
            String::new()
        };
        let attributes = if mask.needs_attributes {
            recorder.attributes()
        } else {
            Vec::new()
        };
        let attributes: Vec<_> = attributes
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_value()))
            .collect();
        self.builder(tracer, &name, baggage)
            .kind(recorder.kind())
            .attributes(&attributes)
            .start_recorded(recording)
    }

    fn builder<'a>(
        &'a self,
        tracer: Tracer,
        name: &'a str,
        baggage: Option<&'a Baggage>,
    ) -> SpanBuilder<'a> {
        let parent = Parent::Context(&self.parent);
        let mut builder = tracer.span(name).parent(parent).anchor(self.anchor);
        if let Some(elder) = self.elder {
            builder = builder.under(elder);
        }
        if self.start != 0 {
            builder = builder.start_unix_nanos(self.start);
        }
        match baggage {
            Some(baggage) => builder.baggage(baggage),
            None => builder,
        }
    }
}

fn set_special(recording: &mut Recording, name: &str, value: &Value<'_>) {
    let Value::Str(text) = *value else { return };
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    match name {
        special::NAME => recording.recorder.set_name(text),
        special::KIND => {
            let kinds = [
                ("server", SpanKind::Server),
                ("client", SpanKind::Client),
                ("producer", SpanKind::Producer),
                ("consumer", SpanKind::Consumer),
                ("internal", SpanKind::Internal),
            ];
            if let Some((_, kind)) = kinds.iter().find(|(word, _)| is(word)) {
                recording.recorder.set_kind(*kind);
            }
        }
        special::STATUS if is(&"ok") => set_status(recording, Status::Ok),
        special::STATUS if is(&"error") => {
            // The description may have come before.
            let description = recording.recorder.status_description().to_owned();
            set_status(recording, Status::Error(&description));
        }
        special::DESCRIPTION | special::MESSAGE => set_status(recording, Status::Error(text)),
        _ => {}
    }
}

fn set_status(recording: &mut Recording, status: Status<'_>) {
    match status {
        Status::Unset => {}
        Status::Ok => recording.recorder.set_status(1, ""),
        Status::Error(description) => recording.recorder.set_status(2, description),
    }
}
