//! The layer: what `tracing_subscriber` tells of spans and events, done to polyspan's.

use super::fields::Fields;
use super::is_ignored;
use super::open::{Continued, Open};
use crate::shards::Shards;
use crate::{Tracer, Value};
use std::fmt;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Turns spans and events of `tracing` into spans of `tracer`.
///
/// Exported are the fields and the target, if the layer is not told otherwise.
pub fn layer(tracer: Tracer) -> Layer {
    Layer {
        tracer,
        open: Shards::new(),
        with_location: false,
        with_level: false,
        with_target: true,
    }
}

/// A [`tracing_subscriber::Layer`] that exports spans by polyspan; [`layer`] makes it.
///
/// It works in any subscriber that keeps spans, such as [`tracing_subscriber::registry()`], and takes filters of its own by
/// [`with_filter`](tracing_subscriber::Layer::with_filter).
pub struct Layer {
    tracer: Tracer,
    /// By the id that the subscriber gave them.
    open: Shards<Open>,
    with_location: bool,
    with_level: bool,
    with_target: bool,
}

impl Layer {
    /// Whether spans and events tell where in the source they stand: `code.file.path`, `code.line.number`,
    /// `code.module.name`. Off, if not said.
    pub fn with_location(mut self, with_location: bool) -> Self {
        self.with_location = with_location;
        self
    }

    /// Whether spans and events have an attribute `level`, such as `INFO`. Off, if not said.
    pub fn with_level(mut self, with_level: bool) -> Self {
        self.with_level = with_level;
        self
    }

    /// Whether spans and events have an attribute `target`. On, if not said.
    pub fn with_target(mut self, with_target: bool) -> Self {
        self.with_target = with_target;
        self
    }

    /// The tracer whose spans these are.
    pub fn tracer(&self) -> Tracer {
        self.tracer
    }

    /// Does something to an open span, if this layer knows it.
    pub(super) fn with_open<R>(&self, id: &Id, work: impl FnOnce(&mut Open) -> R) -> Option<R> {
        if is_ignored() {
            return None;
        }
        let id = id.into_u64();
        self.open.lock(id).get_mut(&id).map(work)
    }

    fn continued<S>(&self, attributes: &Attributes<'_>, context: &Context<'_, S>) -> Continued
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        let parent = match attributes.parent() {
            Some(parent) => Some(parent.clone()),
            None if attributes.is_contextual() => context.lookup_current().map(|span| span.id()),
            None => return Continued::default(),
        };
        parent
            .and_then(|parent| self.with_open(&parent, Open::continued))
            .unwrap_or_else(|| {
                if attributes.is_contextual() {
                    around()
                } else {
                    Continued::default()
                }
            })
    }

    /// What is exported of the place in the source.
    fn described(
        &self,
        metadata: &'static Metadata<'static>,
    ) -> impl Iterator<Item = (&'static str, Value<'static>)> {
        let location = self.with_location;
        let line = metadata.line().filter(|_| location);
        [
            (self.with_target, "target", Some(metadata.target())),
            (self.with_level, "level", Some(metadata.level().as_str())),
            (location, "code.file.path", metadata.file()),
            (location, "code.module.name", metadata.module_path()),
        ]
        .into_iter()
        .filter_map(|(wanted, key, text)| Some((key, Value::Str(text.filter(|_| wanted)?))))
        .chain(line.map(|line| ("code.line.number", Value::from(line))))
    }
}

/// What a span continues that stands in no other span.
#[cfg(feature = "opentelemetry")]
fn around() -> Continued {
    let parentage = opentelemetry::Context::map_current(crate::opentelemetry::parentage);
    parentage.map_or_else(Continued::default, |parentage| Continued {
        context: parentage.context,
        elder: parentage.elder,
        baggage: None,
    })
}

#[cfg(not(feature = "opentelemetry"))]
fn around() -> Continued {
    Continued::default()
}

impl<S> tracing_subscriber::Layer<S> for Layer
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if is_ignored() {
            return;
        }
        let metadata = attributes.metadata();
        let continued = self.continued(attributes, &context);
        let mut open = Open::begin(self.tracer, metadata.name(), continued);
        if open.is_recording() {
            for (key, value) in self.described(metadata) {
                open.set_attribute(key, &value);
            }
            if !attributes.is_empty() {
                Fields::with(
                    |fields| attributes.record(fields),
                    |fields| open.set(fields),
                );
            }
        }
        let id = id.into_u64();
        self.open.lock(id).insert(id, open);
    }

    fn on_enter(&self, id: &Id, _: Context<'_, S>) {
        self.with_open(id, |open| {
            open.settled();
        });
    }

    fn on_exit(&self, id: &Id, _: Context<'_, S>) {
        self.with_open(id, Open::leave);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        if self.with_open(id, |open| open.is_recording()) == Some(true) {
            Fields::with(
                |fields| values.record(fields),
                |fields| self.with_open(id, |open| open.set(fields)),
            );
        }
    }

    fn on_follows_from(&self, id: &Id, follows: &Id, _: Context<'_, S>) {
        let followed = self.with_open(follows, |open| open.settled().context.clone());
        if let Some(followed) = followed {
            self.with_open(id, |open| open.add_link(&followed, &[]));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(id) = context.event_span(event).map(|span| span.id()) else {
            return;
        };
        if self.with_open(&id, |open| open.is_recording()) != Some(true) {
            return;
        }
        let metadata = event.metadata();
        let add = |fields: &Fields| {
            let name = match fields.message() {
                Some(message) => message,
                None if fields.is_exception() => "exception",
                None => metadata.name(),
            };
            fields.of_event(self.described(metadata), |attributes| {
                self.with_open(&id, |open| {
                    open.add_event(name, attributes);
                    if *metadata.level() == Level::ERROR || fields.is_exception() {
                        open.fail(fields.error());
                    }
                });
            });
        };
        Fields::with(|fields| event.record(fields), add);
    }

    fn on_close(&self, id: Id, _: Context<'_, S>) {
        if is_ignored() {
            return;
        }
        let id = id.into_u64();
        let open = self.open.lock(id).remove(&id);
        if let Some(open) = open {
            open.close();
        }
    }

    fn on_id_change(&self, old: &Id, new: &Id, _: Context<'_, S>) {
        let (old, new) = (old.into_u64(), new.into_u64());
        let open = self.open.lock(old).remove(&old);
        if let Some(open) = open {
            self.open.lock(new).insert(new, open);
        }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layer")
            .field("tracer", &self.tracer)
            .field("with_location", &self.with_location)
            .field("with_level", &self.with_level)
            .field("with_target", &self.with_target)
            .finish_non_exhaustive()
    }
}
