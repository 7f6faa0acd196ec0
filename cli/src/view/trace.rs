//! One trace as it is kept, and the forms in which it is told.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use polyspan::picture::Node;
use prost::Message;

use super::origin::Origin;

pub(crate) type TraceId = [u8; 16];
pub(crate) type SpanId = [u8; 8];

/// How long to wait before a trace is told.
#[derive(Clone, Copy)]
pub(crate) struct Patience {
    /// After the last span of a trace whose root has arrived.
    pub(crate) quiet: Duration,
    /// After the last span of a trace whose root has not arrived.
    pub(crate) incomplete: Duration,
}

/// The spans of one trace and what is known of them.
pub(crate) struct Trace {
    pub(crate) arrival: u64,
    pub(crate) last_seen: Instant,
    pub(crate) spans: Vec<Kept>,
    pub(crate) ids: HashSet<SpanId>,
    /// Each origin of its spans once; a handful.
    pub(crate) origins: Vec<Arc<Origin>>,
    pub(crate) bytes: usize,
    /// How many spans, from the front, have been handed to the printer.
    pub(crate) told: usize,
    pub(crate) told_as: Option<Ending>,
    pub(crate) root: Option<String>,
    pub(crate) errors: usize,
    pub(crate) start_nanos: u64,
    pub(crate) end_nanos: u64,
}

pub(crate) struct Kept {
    pub(crate) origin: Arc<Origin>,
    pub(crate) encoded: Box<[u8]>,
}

/// Why a trace is told now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The root is there and nothing new came for a while.
    Complete,
    /// No root came, and nothing else did for a longer while.
    Incomplete,
    /// It was told before; these spans came after that.
    Late,
}

/// A trace for the printer.
pub(crate) struct Story {
    pub(crate) ending: Ending,
    pub(crate) spans: Vec<StoredSpan>,
    /// With [`Ending::Late`]: how many of `spans`, from the front, were told before.
    pub(crate) told_before: usize,
}

/// A decoded span and where it comes from.
#[derive(Clone, Debug)]
pub(crate) struct StoredSpan {
    pub(crate) origin: Arc<Origin>,
    pub(crate) span: Span,
}

/// Ids of kept spans have eight bytes, and that of a parent eight or none.
impl Node for StoredSpan {
    fn span_id(&self) -> [u8; 8] {
        id(&self.span.span_id)
    }

    fn parent_span_id(&self) -> [u8; 8] {
        id(&self.span.parent_span_id)
    }

    fn times(&self) -> (u64, u64) {
        (self.span.start_time_unix_nano, self.span.end_time_unix_nano)
    }
}

fn id(bytes: &[u8]) -> [u8; 8] {
    bytes.try_into().unwrap_or_default()
}

/// A trace in one line, for the list.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) id: TraceId,
    pub(crate) root: Option<String>,
    pub(crate) spans: usize,
    pub(crate) errors: usize,
    pub(crate) start_nanos: u64,
    pub(crate) end_nanos: u64,
    pub(crate) services: BTreeSet<String>,
    pub(crate) languages: BTreeSet<String>,
    pub(crate) told_as: Option<Ending>,
}

impl Trace {
    pub(crate) fn new(arrival: u64, now: Instant) -> Self {
        Trace {
            arrival,
            last_seen: now,
            spans: Vec::new(),
            ids: HashSet::new(),
            origins: Vec::new(),
            bytes: 0,
            told: 0,
            told_as: None,
            root: None,
            errors: 0,
            start_nanos: u64::MAX,
            end_nanos: 0,
        }
    }

    pub(crate) fn has(&self, origin: &Arc<Origin>) -> bool {
        self.origins
            .iter()
            .rev()
            .any(|known| Arc::ptr_eq(known, origin))
    }

    pub(crate) fn add(&mut self, origin: Arc<Origin>, span: &Span, id: SpanId, now: Instant) {
        self.last_seen = now;
        self.ids.insert(id);
        self.errors += usize::from(is_error(span));
        self.start_nanos = self.start_nanos.min(span.start_time_unix_nano);
        self.end_nanos = self.end_nanos.max(span.end_time_unix_nano);
        if span.parent_span_id.iter().all(|byte| *byte == 0) && self.root.is_none() {
            self.root = Some(span.name.clone());
        }
        if !self.has(&origin) {
            self.origins.push(origin.clone());
        }
        self.spans.push(Kept {
            origin,
            encoded: span.encode_to_vec().into(),
        });
    }

    pub(crate) fn due_at(&self, patience: Patience) -> Instant {
        self.last_seen
            + if self.root.is_some() {
                patience.quiet
            } else {
                patience.incomplete
            }
    }

    /// Late spans of a trace that was told without its root are told with the whole trace, once the root is there.
    pub(crate) fn story(&mut self) -> Story {
        let ending = match (self.told_as, &self.root) {
            (Some(Ending::Complete), _) | (Some(Ending::Incomplete), None) => Ending::Late,
            (_, Some(_)) => Ending::Complete,
            (_, None) => Ending::Incomplete,
        };
        let told_before = self.told;
        self.told = self.spans.len();
        if ending != Ending::Late {
            self.told_as = Some(ending);
        }
        Story {
            ending,
            told_before,
            spans: self.decode(),
        }
    }

    pub(crate) fn decode(&self) -> Vec<StoredSpan> {
        let spans = self.spans.iter().filter_map(|kept| {
            // It was encoded here, so it decodes.
            let span = Span::decode(&*kept.encoded).ok()?;
            Some(StoredSpan {
                origin: kept.origin.clone(),
                span,
            })
        });
        spans.collect()
    }

    pub(crate) fn summary(&self, id: TraceId) -> Summary {
        Summary {
            id,
            root: self.root.clone(),
            spans: self.spans.len(),
            errors: self.errors,
            start_nanos: self.start_nanos,
            end_nanos: self.end_nanos,
            services: self
                .origins
                .iter()
                .map(|origin| origin.service.clone())
                .collect(),
            languages: self
                .origins
                .iter()
                .map(|origin| origin.language.clone())
                .collect(),
            told_as: self.told_as,
        }
    }
}

pub(crate) fn is_error(span: &Span) -> bool {
    span.status
        .as_ref()
        .is_some_and(|status| status.code == StatusCode::Error as i32)
}

/// Puts spans back under their resources and scopes, as OTLP sends them.
pub(crate) fn regroup(spans: Vec<StoredSpan>) -> Vec<ResourceSpans> {
    let mut groups: Vec<ResourceSpans> = Vec::new();
    for StoredSpan { origin, span } in spans {
        let ResourceSpans {
            resource,
            scope_spans,
            schema_url,
        } = &origin.header;
        let same = |group: &&mut ResourceSpans| {
            group.resource == *resource && group.schema_url == *schema_url
        };
        if groups.iter_mut().find(same).is_none() {
            groups.push(ResourceSpans {
                scope_spans: Vec::new(),
                ..origin.header.clone()
            });
        }
        let Some(group) = groups.iter_mut().find(same) else {
            continue;
        };
        for scope in scope_spans {
            let same = |other: &&mut ScopeSpans| {
                other.scope == scope.scope && other.schema_url == scope.schema_url
            };
            match group.scope_spans.iter_mut().find(same) {
                Some(other) => other.spans.push(span.clone()),
                None => group.scope_spans.push(ScopeSpans {
                    spans: vec![span.clone()],
                    ..scope.clone()
                }),
            }
        }
    }
    groups
}
