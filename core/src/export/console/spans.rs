//! A trace as an indented tree, every attribute on a line of its own.

use std::time::SystemTime;

use super::{BOLD, CYAN, DIM, Paint, RED};
use crate::export::finished::{
    FinishedAttributes, FinishedEvent, FinishedLink, FinishedSpan, FinishedStatus,
};
use crate::picture::{Node, Place, Row, clean, count, duration, rows};
use crate::trace::{OwnedValue, SpanKind};

/// Branches deeper than this lose their left part.
const LEVELS: usize = 20;

/// Characters of a value that are shown.
const SHOWN: usize = 500;

impl Node for FinishedSpan {
    fn span_id(&self) -> [u8; 8] {
        self.span_id.to_bytes()
    }

    fn parent_span_id(&self) -> [u8; 8] {
        self.parent_span_id.unwrap_or_default().to_bytes()
    }

    fn times(&self) -> (u64, u64) {
        (unix_nanos(self.start), unix_nanos(self.end))
    }
}

/// The picture of the spans of one trace.
pub(super) fn text(spans: &[FinishedSpan], paint: Paint) -> String {
    let mut lines = vec![heading(spans, paint)];
    for row in rows(spans, usize::MAX, LEVELS) {
        lines.push(line(&row, paint));
        let indent = paint.paint(DIM, &row.trunk);
        let below = below(row.span, paint);
        lines.extend(below.map(|text| format!("{indent}  {text}")));
    }
    lines.join("\n") + "\n"
}

fn heading(spans: &[FinishedSpan], paint: Paint) -> String {
    let Some(first) = spans.first() else {
        return String::new();
    };
    let times = || spans.iter().map(Node::times);
    let start = times().map(|(start, _)| start).min().unwrap_or_default();
    let end = times().map(|(_, end)| end).max().unwrap_or_default();
    [
        paint.paint(BOLD, &format!("trace {}", first.trace_id)),
        paint.paint(CYAN, &clean(first.service())),
        count(spans.len() as u64, "span"),
        duration(end.saturating_sub(start)),
    ]
    .join("  ")
}

/// A local root is `●`, a span whose parent has not been printed with it `○`.
fn line(row: &Row<'_, FinishedSpan>, paint: Paint) -> String {
    let span = row.span;
    let mark = match row.place {
        Place::Child => "",
        _ if span.is_local_root() => "● ",
        Place::Root | Place::Orphan => "○ ",
    };
    let name = clean(&span.name);
    let (name, status) = match &span.status {
        FinishedStatus::Unset => (name, String::new()),
        FinishedStatus::Ok => (name, "OK".to_owned()),
        FinishedStatus::Error(description) => (
            paint.paint(RED, &name),
            paint.paint(RED, format!("ERROR {}", clean(description)).trim_end()),
        ),
    };
    let (start, end) = span.times();
    let mut cells = vec![
        format!("{}{mark}{name}", paint.paint(DIM, &row.branch)),
        paint.paint(DIM, kind(span.kind)),
        duration(end.saturating_sub(start)),
        status,
    ];
    cells.retain(|cell| !cell.is_empty());
    cells.join("  ")
}

/// Attributes, events and links; what a limit has dropped.
fn below(span: &FinishedSpan, paint: Paint) -> impl Iterator<Item = String> {
    let dim = move |text: String| paint.paint(DIM, &text);
    let dropped = [
        (span.dropped_attributes, "attribute"),
        (span.dropped_events, "event"),
        (span.dropped_links, "link"),
    ];
    let dropped = dropped.into_iter().filter(|(number, _)| *number > 0);
    let attributes = span.attributes.iter();
    attributes
        .map(move |(key, value)| dim(pair(key, value)))
        .chain(
            span.events
                .iter()
                .map(move |event| dim(of_event(span, event))),
        )
        .chain(span.links.iter().map(move |link| dim(of_link(link))))
        .chain(dropped.map(move |(number, what)| {
            dim(format!(
                "… {} over the limit",
                count(u64::from(number), what)
            ))
        }))
}

fn of_event(span: &FinishedSpan, event: &FinishedEvent) -> String {
    let after = event.time.duration_since(span.start).unwrap_or_default();
    let after = duration(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX));
    format!(
        "@{after} {}{}",
        clean(&event.name),
        beside(&event.attributes)
    )
}

fn of_link(link: &FinishedLink) -> String {
    let attributes = beside(&link.attributes);
    format!("→ {} {}{attributes}", link.trace_id, link.span_id)
}

fn beside(attributes: &FinishedAttributes) -> String {
    let pairs = attributes.iter();
    pairs
        .map(|(key, value)| format!("  {}", pair(key, value)))
        .collect()
}

/// A key and its value, on one line.
pub(super) fn pair(key: &str, value: &OwnedValue) -> String {
    let mut text = clean(&shown(value));
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    format!("{} = {text}", clean(key))
}

fn shown(value: &OwnedValue) -> String {
    match value {
        OwnedValue::Empty => "(empty)".to_owned(),
        OwnedValue::Bool(truth) => truth.to_string(),
        OwnedValue::Int(number) => number.to_string(),
        OwnedValue::Double(number) => number.to_string(),
        OwnedValue::Str(text) => text.clone(),
        OwnedValue::Bytes(bytes) => format!("({})", count(bytes.len() as u64, "byte")),
        OwnedValue::Array(values) => {
            let values: Vec<_> = values.iter().map(shown).collect();
            format!("[{}]", values.join(", "))
        }
        OwnedValue::Map(members) => {
            let members = members.iter();
            let members: Vec<_> = members
                .map(|(key, value)| format!("{key}: {}", shown(value)))
                .collect();
            format!("{{{}}}", members.join(", "))
        }
    }
}

/// Internal is what most spans are, and says nothing.
fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "",
        SpanKind::Server => "SERVER",
        SpanKind::Client => "CLIENT",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
    }
}

fn unix_nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}
