//! Pieces of a line: widths, the bar.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(crate) use polyspan::picture::{clean, count, duration};

/// Columns that the text takes on a terminal.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in exactly `columns` columns, cut with `…` or filled up with spaces.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    let mut fitted = cut(text, columns);
    let missing = columns.saturating_sub(width(&fitted));
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The text in at most `columns` columns, cut with `…`.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let kept = text.chars().take_while(|c| {
        let wide = c.width().unwrap_or(0);
        let fits = wide <= room;
        room = room.saturating_sub(wide);
        fits
    });
    kept.chain((columns > 0).then_some('…')).collect()
}

/// When a span ran within its trace, `columns` wide, drawn in half columns: `  ╺━━━╸    `.
pub(crate) fn bar(
    start: u64,
    end: u64,
    trace_start: u64,
    trace_end: u64,
    columns: usize,
) -> String {
    let halves = columns * 2;
    let total = trace_end.saturating_sub(trace_start).max(1);
    let half = |time: u64| {
        let share = time.saturating_sub(trace_start) as f64 / total as f64;
        ((share * halves as f64).round() as usize).min(halves)
    };
    let from = half(start).min(halves.saturating_sub(1));
    let to = half(end).max(from + 1);
    let covered = from..to;
    (0..columns)
        .map(|column| {
            match (
                covered.contains(&(2 * column)),
                covered.contains(&(2 * column + 1)),
            ) {
                (true, true) => '━',
                (true, false) => '╸',
                (false, true) => '╺',
                (false, false) => ' ',
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_shows_where_in_the_trace_a_span_ran() {
        assert_eq!(bar(0, 100, 0, 100, 8), "━━━━━━━━");
        assert_eq!(bar(50, 100, 0, 100, 8), "    ━━━━");
        assert_eq!(bar(19, 56, 0, 100, 8), " ╺━━╸   ");
        assert_eq!(
            bar(0, 0, 0, 100, 8),
            "╸       ",
            "a span without duration is still visible"
        );
        assert_eq!(bar(100, 100, 0, 100, 8), "       ╺");
        assert_eq!(
            bar(9, 3, 0, 0, 4),
            "   ╺",
            "times that make no sense draw something"
        );
    }

    #[test]
    fn wide_characters_count_twice() {
        assert_eq!(cut("注文する", 5), "注文…");
        assert_eq!(fit("注文する", 6), "注文… ");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(cut("ab", 0), "");
    }
}
