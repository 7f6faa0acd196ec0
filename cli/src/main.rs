//! polyspan command.
fn main() {}
