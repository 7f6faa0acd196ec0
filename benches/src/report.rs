//! The table on the screen and the figures in `target/bench`.

use serde_json::json;
use std::path::Path;

/// One comparison. A ratio over 1 means that polyspan is better.
#[derive(Clone, Debug)]
pub struct Row {
    /// Language of both competitors.
    pub language: &'static str,
    /// `pair`, or `pair_default`: what a user gets by default.
    pub workload: &'static str,
    /// What was measured.
    pub metric: &'static str,
    /// Whom polyspan is compared with.
    pub peer: &'static str,
    /// polyspan's figure.
    pub polyspan: f64,
    /// The peer's figure.
    pub peer_value: f64,
    /// Unit of both: more is better of percents, less of everything else.
    pub unit: &'static str,
}

/// Shares of what was to be done.
pub const PERCENT: &str = "%";

impl Row {
    fn ratio(&self) -> f64 {
        if self.unit == PERCENT {
            self.polyspan / self.peer_value
        } else {
            self.peer_value / self.polyspan
        }
    }
}

/// The middle of some figures.
///
/// # Panics
///
/// If there are none.
pub fn median(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// Prints the table and writes `target/bench/<name>.json`.
///
/// # Panics
///
/// If a figure is missing or the file cannot be written: the run is then worth nothing.
pub fn publish(name: &str, rows: &[Row]) {
    println!(
        "{:<9} {:<13} {:<15} {:<22} {:>10} {:>10} {:>8}",
        "language", "workload", "metric", "peer", "polyspan", "peer", "ratio"
    );
    for row in rows {
        assert!(
            row.polyspan.is_finite() && row.peer_value.is_finite(),
            "{row:?} has no figure"
        );
        println!(
            "{:<9} {:<13} {:<15} {:<22} {:>10.1} {:>10.1} {:>7.1}x  {}",
            row.language,
            row.workload,
            row.metric,
            row.peer,
            row.polyspan,
            row.peer_value,
            row.ratio(),
            row.unit
        );
    }
    let figures: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "language": row.language, "workload": row.workload, "metric": row.metric, "peer": row.peer,
                "polyspan": row.polyspan, "peer_value": row.peer_value, "ratio": row.ratio(), "unit": row.unit,
            })
        })
        .collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
    std::fs::create_dir_all(&folder).expect("target/bench can be made");
    let text = serde_json::to_string_pretty(&figures).expect("figures are JSON");
    std::fs::write(folder.join(format!("{name}.json")), text).expect("figures can be written");
}
