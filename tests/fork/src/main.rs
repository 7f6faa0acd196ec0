//! `polyspan-fork-test sink FLAG`: a backend in a process of its own. `polyspan-fork-test storm FORKS`: the test.

mod shared;
mod sink;
mod storm;

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["sink", flag] => sink::run(flag),
        ["storm", forks] => match forks.parse() {
            Ok(forks) => return storm::run(forks),
            Err(_) => eprintln!("{forks} is not a number of forks"),
        },
        _ => eprintln!("usage: polyspan-fork-test sink FLAG-FILE | storm FORKS"),
    }
    ExitCode::from(2)
}
