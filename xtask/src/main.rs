//! `cargo run -p xtask -- gen` writes the generated files of this repository.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments != ["gen"] {
        eprintln!("usage: {}", xtask::COMMAND);
        return ExitCode::FAILURE;
    }
    match xtask::write() {
        Ok(paths) => {
            for path in paths {
                println!("wrote {path}");
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}
