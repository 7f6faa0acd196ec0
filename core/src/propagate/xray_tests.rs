//! One test per rule of `xray.rs`.

use super::super::tests::{context, read, written};
use super::super::{Propagator, marks::Marks};

const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";
const PARENT: &str = "Parent=53995c3f42cd8ad8";
const IDS: &str = "5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8";

fn header(header: &str) -> Option<(String, u8, &'static str)> {
    read(Propagator::Xray, &[("X-Amzn-Trace-Id", header)])
}

#[test]
fn the_header_gives_ids_and_the_decision() {
    for (sampled, flags, mark) in [
        (";Sampled=1", 1, ""),
        (";Sampled=0", 0, ""),
        (";Sampled=?", 0, "u"),
        ("", 0, "u"),
        (";Sampled=yes", 0, "u"),
    ] {
        let value = format!("{ROOT};{PARENT}{sampled}");
        assert_eq!(
            header(&value),
            Some((IDS.to_owned(), flags, mark)),
            "{value}"
        );
    }
}

#[test]
fn fields_stand_in_any_order_among_others() {
    for value in [
        format!("Sampled=1;{PARENT};{ROOT}"),
        format!(" {ROOT} ; {PARENT} ;Sampled = 1; "),
        format!(
            "Self=1-67891234-12456789abcdef012345678;{ROOT};{PARENT};Sampled=1;Lineage=a87bd80c:1|68fd508a:5"
        ),
        format!(";;x;=;{ROOT};{PARENT};Sampled=1"),
    ] {
        assert_eq!(header(&value), Some((IDS.to_owned(), 1, "")), "{value}");
    }
}

#[test]
fn malformed_headers_are_no_caller() {
    for value in [
        "",
        ";",
        "=",
        ROOT,
        PARENT,
        &format!("{ROOT};Sampled=1"),
        &format!("{PARENT};Sampled=1"),
        &format!("{ROOT},{PARENT}"),
        &format!("{ROOT};Parent=53995c3f42cd8ad"),
        &format!("{ROOT};Parent=0000000000000000"),
        &format!("{ROOT};Parent=53995C3F42CD8AD8"),
        &format!("Root=2-5759e988-bd862e3fe1be46a994272793;{PARENT}"),
        &format!("Root=1-5759e98-8bd862e3fe1be46a994272793;{PARENT}"),
        &format!("Root=1-5759e988-bd862e3fe1be46a9942727931;{PARENT}"),
        &format!("Root=1-5759e988bd862e3fe1be46a994272793;{PARENT}"),
        &format!("Root=1-00000000-000000000000000000000000;{PARENT}"),
        &format!("Root=1-5759e988-bd862e3fe1be46a99427279é;{PARENT}"),
        &format!("Root=;{PARENT}"),
    ] {
        assert_eq!(header(value), None, "{value}");
    }
}

#[test]
fn one_header_is_sent() {
    let undecided = Marks {
        undecided: true,
        ..Marks::default()
    };
    for (sampled, marks, decision) in [
        (true, Marks::default(), '1'),
        (false, Marks::default(), '0'),
        (false, undecided, '?'),
    ] {
        let value = format!(
            "Root=1-0af76519-16cd43dd8448eb211c80319c;Parent=b7ad6b7169203331;Sampled={decision}"
        );
        assert_eq!(
            written(Propagator::Xray, &context(sampled, marks)),
            [("x-amzn-trace-id".to_owned(), value)]
        );
    }
}
