//! `polyspan-interop send`: a trace and a counter, to where the environment says; prints what became of them as JSON.
//! `polyspan-interop certify FOLDER`: an authority, a certificate for 127.0.0.1 and one for a client.

mod certify;
mod send;

use std::error::Error;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done: Result<(), Box<dyn Error>> = match arguments.as_slice() {
        ["send"] => send::run(),
        ["certify", folder] => certify::run(folder.as_ref()),
        _ => Err("usage: polyspan-interop send | certify FOLDER".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
