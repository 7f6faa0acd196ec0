//! Generates what C and C# know of the native library, and what all languages know of its options, from its own sources.
//!
//! | file | for | by |
//! |---|---|---|
//! | `include/polyspan.h` | C and C++ | [`header`], with cbindgen |
//! | `unity-plugin/Runtime/Core/NativeMethods.g.cs` | .NET and Unity | [`csharp`], with csbindgen |
//! | `tests/c/layout.txt`, `tests/c/layout.c` | tests that all three lay out the structs alike | [`layout`] |
//! | the typed options of each language, `docs/configuration.md` | programs and people | [`options`] |
//! | `docs/compliance.md` | people who ask what of the specification holds | [`compliance`] |
//!
//! The files are committed, so that nobody needs Rust to read them; `cargo test -p xtask` makes them again in memory and
//! compares. No build script writes into the source tree.

pub mod compliance;
pub mod csharp;
pub mod header;
pub mod layout;
pub mod options;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// What writes the generated files.
pub const COMMAND: &str = "cargo run -p xtask -- gen";

/// The files of `core/ffi/src` that declare what is exported, in the order in which the header shows it.
pub const SOURCES: [&str; 15] = [
    "version",
    "error",
    "bytes",
    "context",
    "config",
    "provider",
    "stats",
    "tracer",
    "value",
    "span",
    "propagation",
    "sampler",
    "id",
    "batch",
    "counter",
];

/// A generated file.
#[derive(Debug)]
pub struct Generated {
    /// Where it belongs, from the root of the repository.
    pub path: &'static str,
    /// What it must hold.
    pub content: String,
}

/// The root of the repository.
pub fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask)
}

/// The sources of the interface, in order.
pub fn sources() -> impl Iterator<Item = PathBuf> {
    SOURCES
        .iter()
        .map(|name| root().join("core/ffi/src").join(name).with_extension("rs"))
}

/// Makes all generated files in memory.
///
/// # Errors
///
/// A source cannot be read or a generator refuses it.
pub fn generate() -> Result<Vec<Generated>, Box<dyn Error>> {
    Ok(vec![
        Generated {
            path: "include/polyspan.h",
            content: header::generate()?,
        },
        Generated {
            path: "unity-plugin/Runtime/Core/NativeMethods.g.cs",
            content: csharp::generate()?,
        },
        Generated {
            path: "tests/c/layout.txt",
            content: layout::text(),
        },
        Generated {
            path: "tests/c/layout.c",
            content: layout::program(),
        },
        Generated {
            path: "docs/compliance.md",
            content: compliance::page()?,
        },
        Generated {
            path: "docs/configuration.md",
            content: options::page(),
        },
        Generated {
            path: "bindings-python/python/polyspan/options.py",
            content: options::python(),
        },
        Generated {
            path: "bindings-node/src/options.ts",
            content: options::typescript(),
        },
        Generated {
            path: "unity-plugin/Runtime/Core/Options.g.cs",
            content: options::csharp(),
        },
    ])
}

/// Writes all generated files and returns their paths.
///
/// # Errors
///
/// As [`generate`], or a file cannot be written.
pub fn write() -> Result<Vec<&'static str>, Box<dyn Error>> {
    let mut paths = Vec::new();
    for file in generate()? {
        let path = root().join(file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        // Unchanged files keep their time, so that nothing is built again for them.
        if fs::read_to_string(&path).ok().as_ref() != Some(&file.content) {
            fs::write(&path, file.content)?;
        }
        paths.push(file.path);
    }
    Ok(paths)
}
