//! Golden pictures, in `golden/`. After a wanted change: `UPDATE_GOLDEN=1 cargo test -p polyspan-cli`, then read
//! the difference.

use super::super::samples::{exception, failed, int, span, stored_in, text};
use super::*;

const PAGE: Page = Page {
    columns: 120,
    colours: false,
    most_spans: 200,
    all_attributes: false,
};

fn of_kind(kind: SpanKind, mut span: Span) -> Span {
    span.kind = kind as i32;
    span
}

/// The order of `examples/demo`, as it would arrive: out of order, from six processes.
fn order() -> Vec<StoredSpan> {
    use SpanKind::{Client, Internal, Server};
    let mut charge = failed(of_kind(Server, span(7, 6, "POST /charge", 42, 171)), "");
    charge.attributes = vec![int("http.response.status_code", 500)];
    charge.events = vec![exception("PaymentException", "card ****1111 was declined")];
    let mut gateway = failed(of_kind(Server, span(2, 1, "POST /orders", 3, 181)), "");
    gateway.attributes = vec![
        text("http.request.method", "POST"),
        text("http.route", "/orders"),
        text("url.query", "email=***"),
        int("http.response.status_code", 502),
    ];
    let mut reserve = of_kind(Internal, span(9, 8, "reserve", 82, 120));
    reserve.attributes = vec![int("order.items", 3)];
    vec![
        stored_in("worker", "rust", reserve),
        stored_in(
            "label",
            "c",
            of_kind(Internal, span(10, 9, "print label", 90, 97)),
        ),
        stored_in(
            "worker",
            "rust",
            of_kind(Server, span(8, 11, "POST /jobs", 80, 125)),
        ),
        stored_in("payments", "dotnet", charge),
        stored_in(
            "payments",
            "dotnet",
            of_kind(Client, span(11, 7, "POST", 60, 130)),
        ),
        stored_in(
            "orders",
            "python",
            of_kind(Client, span(6, 5, "POST", 38, 172)),
        ),
        stored_in(
            "orders",
            "python",
            of_kind(Server, span(5, 4, "POST /orders", 22, 175)),
        ),
        stored_in(
            "gateway",
            "node",
            of_kind(Client, span(4, 2, "POST", 18, 177)),
        ),
        stored_in(
            "gateway",
            "node",
            of_kind(Internal, span(3, 2, "parse body", 5, 8)),
        ),
        stored_in("gateway", "node", gateway),
        stored_in(
            "client",
            "unity",
            of_kind(Client, span(1, 0, "place order", 0, 182)),
        ),
    ]
}

fn picture(ending: Ending, spans: Vec<StoredSpan>, page: Page) -> String {
    render(
        &Story {
            ending,
            spans,
            told_before: 0,
        },
        page,
    )
}

#[track_caller]
fn assert_picture(picture: &str, golden: &str) {
    assert!(
        picture == golden,
        "the picture is\n{picture}\nand should be\n{golden}"
    );
}

#[track_caller]
fn assert_golden(picture: &str, name: &str) {
    let path = format!("{}/src/view/golden/{name}.txt", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, picture).unwrap();
    }
    assert_picture(picture, &std::fs::read_to_string(&path).unwrap());
}

#[test]
fn a_trace_through_six_languages() {
    assert_golden(&picture(Ending::Complete, order(), PAGE), "order");
}

#[test]
fn a_narrow_terminal_keeps_names_and_durations() {
    let page = Page {
        columns: 64,
        ..PAGE
    };
    let picture = picture(Ending::Complete, order(), page);
    assert_golden(&picture, "narrow");
}

#[test]
fn no_line_is_wider_than_the_page() {
    for columns in [64, 80, 100, 120, 200] {
        let page = Page { columns, ..PAGE };
        for line in picture(Ending::Complete, order(), page).lines().skip(1) {
            assert!(width(line) <= columns, "{columns}: {line}");
        }
    }
}

#[test]
fn an_incomplete_trace_says_what_is_missing() {
    let spans = order()
        .into_iter()
        .filter(|stored| !["client", "orders"].contains(&&*stored.origin.service))
        .collect();
    let story = Story {
        ending: Ending::Incomplete,
        spans,
        told_before: 0,
    };
    assert_golden(&render(&story, PAGE), "incomplete");
}

#[test]
fn late_spans_stand_under_the_name_of_their_parent() {
    let mut spans = order();
    spans.rotate_left(3);
    let story = Story {
        ending: Ending::Late,
        told_before: spans.len() - 3,
        spans,
    };
    assert_golden(&render(&story, PAGE), "late");
}

#[test]
fn all_attributes_and_events_can_be_shown() {
    let spans = order()
        .into_iter()
        .filter(|stored| stored.origin.service == "payments")
        .collect();
    let page = Page {
        all_attributes: true,
        ..PAGE
    };
    assert_golden(&picture(Ending::Complete, spans, page), "all-attributes");
}

#[test]
fn a_long_trace_is_cut_and_says_so() {
    let page = Page {
        most_spans: 2,
        ..PAGE
    };
    let picture = picture(Ending::Complete, order(), page);
    let last = picture.lines().last().unwrap();
    assert_eq!(
        last,
        "… 9 more; all of them: GET /api/traces/4bf92f3577b34da6a3ce929d0e0e4736"
    );
    assert_eq!(picture.lines().count(), 4);
}

#[test]
fn colours_change_nothing_but_colours() {
    let coloured = picture(
        Ending::Complete,
        order(),
        Page {
            colours: true,
            ..PAGE
        },
    );
    assert!(coloured.contains("\x1b[31m"), "errors are red");
    let mut plain = String::new();
    for (index, part) in coloured.split('\x1b').enumerate() {
        plain.push_str(if index == 0 {
            part
        } else {
            part.split_once('m').unwrap().1
        });
    }
    let trimmed: String = plain
        .lines()
        .flat_map(|line| [line.trim_end(), "\n"])
        .collect();
    assert_picture(&trimmed, &picture(Ending::Complete, order(), PAGE));
}

#[test]
fn nothing_from_outside_reaches_the_terminal_raw() {
    let mut evil = failed(span(1, 0, "a\x1b[2Jb", 0, 1), "c\x1b]0;d");
    evil.attributes = vec![text("e\x1bf", "g\nh")];
    let spans = vec![stored_in("i\x1bj", "k\rl", evil)];
    for all_attributes in [false, true] {
        let page = Page {
            all_attributes,
            ..PAGE
        };
        let picture = picture(Ending::Complete, spans.clone(), page);
        assert!(
            picture.chars().all(|c| c == '\n' || !c.is_control()),
            "{picture:?}"
        );
    }
}
