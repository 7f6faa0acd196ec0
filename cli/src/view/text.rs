//! Pieces of a line: widths, durations, the bar.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Text from outside made safe for a terminal: control and direction characters are written as escapes, so
/// that a span name cannot move the cursor, change colours or reorder the line.
pub(crate) fn clean(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", c as u32);
            }
            c => safe.push(c),
        }
    }
    safe
}

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

/// A duration with about three digits: `850 ns`, `12.3 µs`, `182.1 ms`, `1.82 s`, `2 m 05 s`.
pub(crate) fn duration(nanos: u64) -> String {
    let value = nanos as f64;
    match nanos {
        0..1_000 => format!("{nanos} ns"),
        1_000..999_950 => format!("{:.1} µs", value / 1e3),
        999_950..999_950_000 => format!("{:.1} ms", value / 1e6),
        999_950_000..59_995_000_000 => format!("{:.2} s", value / 1e9),
        _ => {
            let seconds = (nanos + 500_000_000) / 1_000_000_000;
            format!("{} m {:02} s", seconds / 60, seconds % 60)
        }
    }
}

/// `1 span`, `2 spans`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
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
    fn a_duration_has_few_digits() {
        let cases = [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1.0 µs"),
            (999_949, "999.9 µs"),
            (999_950, "1.0 ms"),
            (182_100_000, "182.1 ms"),
            (999_950_000, "1.00 s"),
            (59_994_999_999, "59.99 s"),
            (59_995_000_000, "1 m 00 s"),
            (125_000_000_000, "2 m 05 s"),
        ];
        for (nanos, expected) in cases {
            assert_eq!(duration(nanos), expected);
        }
    }

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

    #[test]
    fn text_from_outside_cannot_drive_the_terminal() {
        assert_eq!(
            clean("a\u{1b}[31mb\nc\u{202e}d\u{9b}"),
            "a\\u{1b}[31mb\\nc\\u{202e}d\\u{9b}"
        );
    }
}
