//! One line of JSON at the end, for the demo's checks: what became of this process's spans, under which policy, and
//! which library really did it.

use polyspan::Provider;
use std::{env, fs};

/// Prints the line.
pub fn print(provider: &Provider) {
    let stats: serde_json::Value =
        serde_json::from_str(&provider.stats().to_json()).unwrap_or_default();
    let report = serde_json::json!({
        "service": env::var("OTEL_SERVICE_NAME").unwrap_or_default(),
        "binding": "rust",
        "library": own_program_if_mapped(),
        "stats": stats,
        "describe": provider.describe(),
    });
    println!("{report}");
}

/// Rust links polyspan into the program itself.
fn own_program_if_mapped() -> Option<String> {
    let program = env::current_exe().ok()?;
    let program = program.to_str()?;
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    maps.lines()
        .any(|line| line.ends_with(program))
        .then(|| program.to_owned())
}
