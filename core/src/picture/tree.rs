//! Orders the spans of a trace as a tree and draws its branches.
//!
//! Whatever arrives ends as a tree: a span whose parent is not there becomes a top of its own, and so does the
//! earliest span of a circle. Siblings are ordered by start time. Nothing recurses, however deep the trace.

use std::collections::HashMap;

/// What a tree needs to know of a span.
pub trait Node {
    /// Its own id.
    fn span_id(&self) -> [u8; 8];
    /// The id of its parent; only zeroes for a root.
    fn parent_span_id(&self) -> [u8; 8];
    /// When it started and ended, both from the same origin in the same unit.
    fn times(&self) -> (u64, u64);
}

/// A span with its place in the picture.
#[derive(Debug)]
pub struct Row<'a, N> {
    /// The span.
    pub span: &'a N,
    /// Whether it has a parent, and whether that is there.
    pub place: Place,
    /// What stands before the name: `│ ├╴`.
    pub branch: String,
    /// What stands before further lines of the span: `│ │ `.
    pub trunk: String,
}

/// How a span stands to the others of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It has no parent.
    Root,
    /// Its parent stands above it.
    Child,
    /// It has a parent that is not among these spans.
    Orphan,
}

/// The first `most` rows of the picture; of branches deeper than `levels` the left part is cut.
pub fn rows<N: Node>(spans: &[N], most: usize, levels: usize) -> Vec<Row<'_, N>> {
    let by_id: HashMap<[u8; 8], usize> = spans
        .iter()
        .enumerate()
        .map(|(index, span)| (span.span_id(), index))
        .collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut order: Vec<usize> = (0..spans.len()).collect();
    order.sort_by_key(|index| by_start(&spans[*index]));

    let mut tops = Vec::new();
    for &index in &order {
        match place(&spans[index], &by_id) {
            (Place::Child, Some(parent)) => children[parent].push(index),
            (place, _) => tops.push((index, place)),
        }
    }

    let mut drawn = vec![false; spans.len()];
    let mut rows = Vec::new();
    let mut next_in_circle = order.iter();
    let mut tops = tops.into_iter();
    while rows.len() < most {
        // Spans that no top leads to stand in a circle: break it at the earliest one.
        let in_circle = |index: &&usize| !drawn[**index];
        let Some((top, place)) = tops.next().or_else(|| {
            next_in_circle
                .find(in_circle)
                .map(|index| (*index, Place::Orphan))
        }) else {
            break;
        };
        let mut open = vec![(top, place, Vec::new())];
        while let Some((index, place, lasts)) = open.pop() {
            if std::mem::replace(&mut drawn[index], true) || rows.len() == most {
                continue;
            }
            let below: Vec<usize> = children[index]
                .iter()
                .copied()
                .filter(|child| !drawn[*child])
                .collect();
            rows.push(Row {
                span: &spans[index],
                place,
                branch: branch(&lasts, levels),
                trunk: trunk(&lasts, levels, below.is_empty()),
            });
            for (position, child) in below.iter().enumerate().rev() {
                let mut lasts: Vec<bool> = lasts.clone();
                lasts.push(position + 1 == below.len());
                open.push((*child, Place::Child, lasts));
            }
        }
    }
    rows
}

fn by_start(span: &impl Node) -> (u64, std::cmp::Reverse<u64>, [u8; 8]) {
    // Of two that start together, the one that ends later goes first: it is more likely the outer one.
    let (start, end) = span.times();
    (start, std::cmp::Reverse(end), span.span_id())
}

fn place(span: &impl Node, by_id: &HashMap<[u8; 8], usize>) -> (Place, Option<usize>) {
    let parent = span.parent_span_id();
    if parent == [0; 8] {
        (Place::Root, None)
    } else if let Some(index) = by_id.get(&parent).filter(|_| parent != span.span_id()) {
        (Place::Child, Some(*index))
    } else {
        (Place::Orphan, None)
    }
}

/// `lasts` says for each level from the top whether the span, or its ancestor there, is the last sibling.
fn branch(lasts: &[bool], levels: usize) -> String {
    match lasts.split_last() {
        None => String::new(),
        Some((last, above)) => format!(
            "{}{}",
            stems(above, levels),
            if *last { "└╴" } else { "├╴" }
        ),
    }
}

fn trunk(lasts: &[bool], levels: usize, is_leaf: bool) -> String {
    format!(
        "{}{}",
        stems(lasts, levels),
        if is_leaf { "  " } else { "│ " }
    )
}

fn stems(lasts: &[bool], levels: usize) -> String {
    let cut = lasts.len().saturating_sub(levels);
    let shown = lasts[cut..]
        .iter()
        .map(|last| if *last { "  " } else { "│ " });
    (cut > 0).then_some("… ").into_iter().chain(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample {
        id: u64,
        parent: u64,
        name: &'static str,
        start: u64,
    }

    impl Node for Sample {
        fn span_id(&self) -> [u8; 8] {
            self.id.to_be_bytes()
        }

        fn parent_span_id(&self) -> [u8; 8] {
            self.parent.to_be_bytes()
        }

        fn times(&self) -> (u64, u64) {
            (self.start, self.start + 1)
        }
    }

    fn stored(id: u64, parent: u64, name: &'static str, start: u64) -> Sample {
        Sample {
            id,
            parent,
            name,
            start,
        }
    }

    fn picture(spans: &[Sample]) -> Vec<String> {
        rows(spans, usize::MAX, 9)
            .iter()
            .map(|row| format!("{}{}", row.branch, row.span.name))
            .collect()
    }

    #[test]
    fn siblings_stand_in_the_order_of_their_starts() {
        let spans = [
            stored(3, 1, "late", 20),
            stored(1, 0, "root", 0),
            stored(4, 2, "inner", 12),
            stored(2, 1, "early", 10),
        ];
        assert_eq!(picture(&spans), ["root", "├╴early", "│ └╴inner", "└╴late"]);
    }

    #[test]
    fn a_span_without_its_parent_is_a_top_of_its_own() {
        let spans = [stored(1, 0, "root", 0), stored(2, 9, "lost", 1)];
        assert_eq!(picture(&spans), ["root", "lost"]);
        assert_eq!(rows(&spans, 2, 9)[1].place, Place::Orphan);
    }

    #[test]
    fn a_circle_is_broken_at_its_earliest_span() {
        let spans = [
            stored(1, 2, "a", 5),
            stored(2, 1, "b", 3),
            stored(3, 3, "itself", 9),
        ];
        assert_eq!(picture(&spans), ["itself", "b", "└╴a"]);
    }

    #[test]
    fn a_very_deep_trace_is_drawn_without_recursion_and_with_bounded_indentation() {
        let spans: Vec<_> = (1..=100_000)
            .map(|id| stored(id, id - 1, "n", id))
            .collect();
        let rows = rows(&spans, 300, 9);
        assert_eq!(rows.len(), 300);
        assert_eq!(rows[299].branch.chars().count(), 2 * (9 + 2));
    }
}
