//! What a user of the configuration sees, one subject per file.

mod options;
mod precedence;
mod problems;
mod shown;
mod variables;

use super::*;

fn environment(variables: &[(&str, &str)]) -> Config {
    Config::from_lookup(&|wanted| {
        variables
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| (*value).to_owned())
    })
}

fn warnings(variables: &[(&str, &str)]) -> Vec<String> {
    environment(variables).warnings().to_vec()
}

fn refused(name: &str, value: &str) -> String {
    let error = Config::default().set(name, value).unwrap_err();
    assert_eq!(error.field(), name);
    error.to_string()
}

/// The receiver of a signal.
fn otlp(config: &Config, signal: Signal) -> Otlp {
    let destinations = config.destinations(signal);
    match &destinations[0] {
        Destination::Otlp(otlp) => otlp.clone(),
        other => panic!("{other}"),
    }
}
