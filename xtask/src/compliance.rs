//! The page that says what of the OpenTelemetry specification holds, and by which tests: made from `tests/compliance/rows.toml`.

use crate::root;
use std::error::Error;
use std::fmt::Write;
use std::fs;

/// The rows and their tests.
pub const ROWS: &str = "tests/compliance/rows.toml";

/// A part of the matrix.
#[derive(Debug)]
pub struct Section {
    /// As the specification calls it.
    pub name: String,
    /// Its rows, in order.
    pub rows: Vec<Row>,
}

/// A row of the matrix.
#[derive(Debug)]
pub struct Row {
    /// Its number within the section, from 1.
    pub number: i64,
    /// As the specification words it.
    pub feature: String,
    /// Where it stands.
    pub state: State,
}

/// Where a row stands.
#[derive(Debug)]
pub enum State {
    /// These tests hold it: `file::name`, or a file of vectors.
    Tested(Vec<String>),
    /// No test holds it, for this reason.
    Open(String),
    /// The specification gives it up.
    LeftOut,
}

/// Reads the rows.
///
/// # Errors
///
/// The file cannot be read, or a row of it is not one.
pub fn sections() -> Result<Vec<Section>, Box<dyn Error>> {
    let text = fs::read_to_string(root().join(ROWS))?;
    let document: toml::Table = text.parse()?;
    let sections = list(&document, "section")?;
    sections.iter().map(section).collect()
}

fn section(value: &toml::Value) -> Result<Section, Box<dyn Error>> {
    let table = value.as_table().ok_or("a section is no table")?;
    let name = text(table, "name").ok_or("a section has no name")?;
    let rows = list(table, "rows")?.iter();
    Ok(Section {
        rows: rows
            .map(|value| row(value).map_err(|why| format!("{ROWS}, {name}: {why}").into()))
            .collect::<Result<_, Box<dyn Error>>>()?,
        name,
    })
}

fn row(value: &toml::Value) -> Result<Row, String> {
    let table = value.as_table().ok_or("a row is no table")?;
    let number = table.get("number").and_then(toml::Value::as_integer);
    let number = number.ok_or("a row has no number")?;
    let tests = table.get("tests").and_then(toml::Value::as_array);
    let left_out = table.get("left_out").and_then(toml::Value::as_bool);
    let state = match (tests, text(table, "open"), left_out) {
        (Some(tests), None, None) if !tests.is_empty() => {
            let tests = tests.iter().filter_map(toml::Value::as_str);
            State::Tested(tests.map(str::to_owned).collect())
        }
        (None, Some(why), None) if !why.is_empty() => State::Open(why),
        (None, None, Some(true)) => State::LeftOut,
        _ => {
            return Err(format!(
                "row {number} needs one of tests, open and left_out"
            ));
        }
    };
    Ok(Row {
        number,
        feature: text(table, "feature").ok_or(format!("row {number} has no feature"))?,
        state,
    })
}

fn list<'t>(table: &'t toml::Table, key: &str) -> Result<&'t [toml::Value], String> {
    let found = table.get(key).and_then(toml::Value::as_array);
    Ok(found.ok_or(format!("{ROWS} has a part without {key}"))?)
}

fn text(table: &toml::Table, key: &str) -> Option<String> {
    table
        .get(key)
        .and_then(toml::Value::as_str)
        .map(str::to_owned)
}

/// The page.
///
/// # Errors
///
/// As [`sections`].
pub fn page() -> Result<String, Box<dyn Error>> {
    let sections = sections()?;
    let mut page = String::from(
        "# Compliance\n\n\
         Every row of the compliance matrix of the OpenTelemetry specification 1.60, with the tests that hold it, or why none \
         does yet. Made\nfrom `tests/compliance/rows.toml` by `cargo run -p xtask -- gen`; a test checks that every test \
         named here exists.\n\n\
         | section | rows | tested | open | left out |\n|---|---|---|---|---|\n",
    );
    for section in &sections {
        let count = |wanted: fn(&State) -> bool| {
            section.rows.iter().filter(|row| wanted(&row.state)).count()
        };
        writeln!(
            page,
            "| [{}](#{}) | {} | {} | {} | {} |",
            section.name,
            section.name.to_lowercase().replace(' ', "-"),
            section.rows.len(),
            count(|state| matches!(state, State::Tested(_))),
            count(|state| matches!(state, State::Open(_))),
            count(|state| matches!(state, State::LeftOut)),
        )?;
    }
    page.push_str("\nLeft out is what the specification has deprecated.\n");
    for section in &sections {
        write!(
            page,
            "\n## {}\n\n| | feature | held by |\n|---|---|---|\n",
            section.name
        )?;
        for row in &section.rows {
            let held = match &row.state {
                State::Tested(tests) => tests
                    .iter()
                    .map(|test| shown(test))
                    .collect::<Vec<_>>()
                    .join("; "),
                State::Open(why) => format!("**open**: {why}"),
                State::LeftOut => "left out".to_owned(),
            };
            writeln!(page, "| {} | {} | {held} |", row.number, row.feature)?;
        }
    }
    Ok(page)
}

/// A test as a link to its file.
fn shown(test: &str) -> String {
    let (path, name) = test.split_once("::").unwrap_or((test, ""));
    let file = path.rsplit('/').next().unwrap_or(path);
    let label = if name.is_empty() { file } else { name };
    format!("[`{label}`](../{path})")
}

/// What a line of the file of a test that is called `name` must hold.
pub fn declaration(path: &str, name: &str) -> String {
    match path.rsplit('.').next() {
        Some("rs") => format!("fn {name}("),
        Some("py") => format!("def {name}("),
        Some("json") => format!("\"name\": \"{name}\""),
        Some("ts" | "js") => format!("'{name}'"),
        _ => format!("{name}("),
    }
}
