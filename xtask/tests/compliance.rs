//! The rows of the compliance matrix are complete, and the tests that they name exist.

use std::fs;
use xtask::compliance::{ROWS, State, declaration, sections};

/// How many rows the sections of the specification's matrix have (version 1.60).
const SECTIONS: [(&str, i64); 12] = [
    ("Traces", 64),
    ("Baggage", 2),
    ("Metrics", 88),
    ("Logs", 18),
    ("Resource", 7),
    ("Context Propagation", 19),
    ("Environment Variables", 30),
    ("Declarative configuration", 13),
    ("Exporters", 59),
    ("SDK Self-Observability", 17),
    ("OpenCensus Compatibility", 2),
    ("OpenTracing Compatibility", 7),
];

#[test]
fn no_row_of_the_matrix_is_missing() {
    let found: Vec<_> = sections().unwrap();
    let names: Vec<_> = found.iter().map(|section| section.name.as_str()).collect();
    assert_eq!(names, SECTIONS.map(|(name, _)| name));
    for (section, (name, count)) in found.iter().zip(SECTIONS) {
        let numbers: Vec<_> = section.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, (1..=count).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn every_test_that_a_row_names_exists() {
    for section in sections().unwrap() {
        for row in section.rows {
            let State::Tested(tests) = row.state else {
                continue;
            };
            for test in tests {
                let (path, name) = test.split_once("::").unwrap_or((&test, ""));
                let place = format!("{ROWS}, {} {}: {test}", section.name, row.number);
                let content = fs::read_to_string(xtask::root().join(path))
                    .unwrap_or_else(|error| panic!("{place}: {error}"));
                let wanted = declaration(path, name);
                assert!(
                    name.is_empty() || content.contains(&wanted),
                    "{place}: the file has no {wanted}"
                );
            }
        }
    }
}
