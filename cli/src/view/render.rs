//! Prints a trace as a tree, one span a line:
//!
//! ```text
//! branch and name   language  service  kind  duration  when in the trace  key attributes
//! ```
//!
//! Columns are as wide as this trace needs; the bar and the attributes take what is left, or go. Below a span
//! stand its exceptions, or else the description of its error.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use polyspan::picture::{Place, rows};

use super::attributes::{key_attributes, pair_text};
use super::json::{hex, value_text};
use super::text::{bar, clean, count, cut, duration, fit, width};
use super::trace::{Ending, StoredSpan, Story, is_error};

type Row<'a> = polyspan::picture::Row<'a, StoredSpan>;

/// What the output can show.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) columns: usize,
    pub(crate) colours: bool,
    /// Longer traces are cut after so many spans.
    pub(crate) most_spans: usize,
    /// Every attribute and event on a line of its own.
    pub(crate) all_attributes: bool,
}

const BAR: usize = 12;
const KIND: usize = 8;
/// Narrower pages go without the kind.
const LEAST_FOR_KIND: usize = 80;
const DURATION: usize = 8;
/// Fewer columns than this are not worth an attribute.
const LEAST_ATTRIBUTES: usize = 14;

/// The whole picture of one trace, with a closing line break.
pub(crate) fn render(story: &Story, page: Page) -> String {
    let shown = if story.ending == Ending::Late {
        &story.spans[story.told_before..]
    } else {
        &story.spans[..]
    };
    let rows = rows(shown, page.most_spans, page.columns / 8);
    let columns = Columns::of(&rows, page, &story.spans);
    let mut lines = vec![heading(story, shown, page)];
    for row in &rows {
        lines.push(columns.line(row, story));
        columns.lines_below(row, &mut lines);
    }
    if shown.len() > rows.len() {
        let id = shown
            .first()
            .map(|stored| hex(&stored.span.trace_id))
            .unwrap_or_default();
        lines.push(page.dim(&format!(
            "… {} more; all of them: GET /api/traces/{id}",
            shown.len() - rows.len()
        )));
    }
    lines
        .iter()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect()
}

fn heading(story: &Story, shown: &[StoredSpan], page: Page) -> String {
    let id = shown
        .first()
        .map(|stored| hex(&stored.span.trace_id))
        .unwrap_or_default();
    let mut services: Vec<_> = shown.iter().map(|stored| &stored.origin.service).collect();
    services.sort_unstable();
    services.dedup();
    let errors = shown.iter().filter(|stored| is_error(&stored.span)).count();
    let (start, end) = extent(&story.spans);

    let mut parts = vec![page.paint(BOLD, &format!("trace {id}"))];
    match story.ending {
        Ending::Complete => {}
        Ending::Incomplete => parts.push(page.paint(YELLOW, "incomplete: no root span arrived")),
        Ending::Late => parts.push(page.paint(
            YELLOW,
            &format!("also, late: {}", count(shown.len() as u64, "span")),
        )),
    }
    if story.ending != Ending::Late {
        parts.push(count(services.len() as u64, "service"));
        parts.push(count(shown.len() as u64, "span"));
        parts.push(duration(end.saturating_sub(start)));
    }
    if errors > 0 {
        parts.push(page.paint(RED, &count(errors as u64, "error")));
    }
    parts.join("  ")
}

fn extent(spans: &[StoredSpan]) -> (u64, u64) {
    let start = spans
        .iter()
        .map(|stored| stored.span.start_time_unix_nano)
        .min();
    let end = spans
        .iter()
        .map(|stored| stored.span.end_time_unix_nano)
        .max();
    (start.unwrap_or(0), end.unwrap_or(0))
}

/// Where each column of this trace stands; 0 means that it has no room.
struct Columns {
    page: Page,
    name: usize,
    language: usize,
    service: usize,
    kind: usize,
    bar: usize,
    attributes: usize,
    extent: (u64, u64),
    services: Vec<String>,
}

impl Columns {
    fn of(rows: &[Row], page: Page, all: &[StoredSpan]) -> Self {
        let widest = |of: &dyn Fn(&Row) -> usize| rows.iter().map(of).max().unwrap_or(0);
        let mut services: Vec<String> = Vec::new();
        for Row { span, .. } in rows {
            if !services.contains(&span.origin.service) {
                services.push(span.origin.service.clone());
            }
        }
        let language = widest(&|row| width(&clean(&row.span.origin.language))).min(10);
        let service = widest(&|row| width(&clean(&row.span.origin.service))).min(20);
        let kind = if page.columns < LEAST_FOR_KIND {
            0
        } else {
            KIND
        };
        let others: usize = [language, service, kind, DURATION]
            .iter()
            .filter(|column| **column > 0)
            .map(|column| column + 2)
            .sum();
        let name_room = if kind == 0 {
            page.columns.saturating_sub(others).max(8)
        } else {
            page.columns * 2 / 5
        };
        let name = widest(&|row| width(&label(row))).min(name_room);
        let taken = name + others;
        let left = page.columns.saturating_sub(taken);
        let bar = if left >= 2 + BAR { BAR } else { 0 };
        let left = left.saturating_sub(if bar > 0 { 2 + bar } else { 0 });
        let attributes = if left >= 2 + LEAST_ATTRIBUTES {
            left - 2
        } else {
            0
        };
        Columns {
            page,
            name,
            language,
            service,
            kind,
            bar,
            attributes,
            extent: extent(all),
            services,
        }
    }

    fn line(&self, row: &Row, story: &Story) -> String {
        let StoredSpan { origin, span } = row.span;
        let page = self.page;
        let hue = self
            .services
            .iter()
            .position(|service| *service == origin.service)
            .unwrap_or(0);
        let hue = SERVICES[hue % SERVICES.len()];

        let label = fit(&label(row), self.name);
        let name_at = label.char_indices().nth(row.branch.chars().count());
        let (branch, name) = label.split_at(name_at.map_or(label.len(), |(at, _)| at));
        let name = if is_error(span) {
            page.paint(RED, name)
        } else {
            name.to_owned()
        };
        let took = span
            .end_time_unix_nano
            .saturating_sub(span.start_time_unix_nano);
        let mut cells = vec![
            page.dim(branch) + &name,
            page.dim(&fit(&clean(&origin.language), self.language)),
            page.paint(hue, &fit(&clean(&origin.service), self.service)),
        ];
        if self.kind > 0 {
            cells.push(page.dim(&fit(kind(span), self.kind)));
        }
        cells.push(format!("{:>DURATION$}", duration(took)));
        if self.bar > 0 {
            let (start, end) = self.extent;
            let bar = bar(
                span.start_time_unix_nano,
                span.end_time_unix_nano,
                start,
                end,
                self.bar,
            );
            cells.push(page.paint(if is_error(span) { RED } else { hue }, &bar));
        }
        if self.attributes > 0 {
            let beside = beside(row, story, page.all_attributes);
            cells.push(page.dim(&cut(&beside, self.attributes)));
        }
        cells.join("  ")
    }

    fn lines_below(&self, row: &Row, lines: &mut Vec<String>) {
        let span = &row.span.span;
        let mut below = |colour, text: String| {
            let room = self.page.columns.saturating_sub(width(&row.trunk)).max(20);
            let text = if self.page.all_attributes {
                text
            } else {
                cut(&text, room)
            };
            lines.push(format!("{}{}", row.trunk, self.page.paint(colour, &text)));
        };
        let exceptions: Vec<_> = span
            .events
            .iter()
            .filter(|event| event.name == "exception")
            .collect();
        for event in &exceptions {
            below(RED, format!("! {}", exception(event)));
        }
        let description = span
            .status
            .as_ref()
            .map(|status| &*status.message)
            .unwrap_or_default();
        if is_error(span) && exceptions.is_empty() && !description.is_empty() {
            below(RED, format!("! {}", clean(description)));
        }
        if self.page.all_attributes {
            for pair in &span.attributes {
                below(DIM, pair_text(pair));
            }
            for event in &span.events {
                let after = event
                    .time_unix_nano
                    .saturating_sub(span.start_time_unix_nano);
                let pairs: Vec<_> = event.attributes.iter().map(pair_text).collect();
                below(
                    DIM,
                    format!(
                        "@{} {} {}",
                        duration(after),
                        clean(&event.name),
                        pairs.join(" ")
                    ),
                );
            }
        }
    }
}

/// Branch, mark and name. A root is `●`, a span whose parent is missing `○`, an error `✗`.
fn label(row: &Row) -> String {
    let mark = match row.place {
        _ if is_error(&row.span.span) => "✗ ",
        Place::Root => "● ",
        Place::Orphan => "○ ",
        Place::Child => "",
    };
    format!("{}{mark}{}", row.branch, clean(&row.span.span.name))
}

fn beside(row: &Row, story: &Story, all_below: bool) -> String {
    let span = &row.span.span;
    let is_parent = |stored: &&StoredSpan| stored.span.span_id == span.parent_span_id;
    let mut told = String::new();
    if row.place == Place::Orphan {
        told = match story.spans.iter().find(is_parent) {
            Some(parent) => format!("under \"{}\" ", clean(&parent.span.name)),
            None => "(parent missing) ".to_owned(),
        };
    }
    if !all_below {
        told.push_str(&key_attributes(span));
    }
    told
}

fn kind(span: &Span) -> &'static str {
    match span.kind() {
        SpanKind::Unspecified => "",
        SpanKind::Internal => "INTERNAL",
        SpanKind::Server => "SERVER",
        SpanKind::Client => "CLIENT",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
    }
}

fn exception(event: &Event) -> String {
    let find = |key| {
        event
            .attributes
            .iter()
            .find(|pair| pair.key == key)
            .map(|pair| value_text(pair.value.as_ref()))
    };
    let kind = find("exception.type").unwrap_or_else(|| "exception".to_owned());
    match find("exception.message") {
        Some(message) if !message.is_empty() => clean(&format!("{kind}: {message}")),
        _ => clean(&kind),
    }
}

const BOLD: &str = "1";
const DIM: &str = "2";
const RED: &str = "31";
const YELLOW: &str = "33";
/// Told apart on dark and on light ground; no red, which means error.
const SERVICES: [&str; 6] = ["36", "35", "32", "34", "33", "96"];

impl Page {
    fn paint(self, colour: &str, text: &str) -> String {
        if self.colours && !text.trim().is_empty() {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    fn dim(self, text: &str) -> String {
        self.paint(DIM, text)
    }
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
