//! `polyspan config print`: a table of options, then where telemetry goes, then what is wrong.

use std::io::{self, Write};

use polyspan::Config;
use polyspan::config::{ConfigOption, GROUPS, Signal};

use super::check::{told, usable};

/// The options of `polyspan config print`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only options that differ from their default or were set
    #[arg(long)]
    set: bool,
}

pub(super) fn run(options: &Options) -> Result<(), String> {
    let config = Config::from_env().settled();
    let printed = print(&config, options.set, &mut io::stdout().lock());
    // A reader that has seen enough, such as head, is no failure.
    match printed {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(format!("standard output cannot be written: {error}"));
        }
        _ => {}
    }
    told(&config);
    usable(&config)
}

fn print(config: &Config, only_set: bool, out: &mut impl Write) -> io::Result<()> {
    let rows: Vec<_> = GROUPS
        .iter()
        .filter(|group| !group.of_bindings)
        .flat_map(|group| group.options)
        .map(|option| (option, option.show(config), origin(config, option)))
        .filter(|(.., origin)| !only_set || origin.is_some())
        .collect();
    let width = |cells: &mut dyn Iterator<Item = usize>| cells.max().unwrap_or_default();
    let names = width(&mut rows.iter().map(|(option, ..)| option.name.len()));
    // One long list must not push all origins out of sight.
    let values = width(
        &mut rows
            .iter()
            .map(|(_, value, _)| value.chars().count().min(40)),
    );
    for (option, value, origin) in &rows {
        let origin = origin.as_deref().unwrap_or("default");
        writeln!(out, "{:names$}  {value:values$}  {origin}", option.name)?;
    }
    for (signal, what) in [(Signal::Traces, "spans"), (Signal::Metrics, "metrics")] {
        let destinations = config.destinations(signal);
        let places: Vec<_> = destinations.iter().map(ToString::to_string).collect();
        let places = match places.as_slice() {
            [] => "nowhere".to_owned(),
            places => places.join(", "),
        };
        writeln!(out, "{what} go to {places}")?;
    }
    Ok(())
}

fn origin(config: &Config, option: &ConfigOption) -> Option<String> {
    config.source(option.name).map(ToString::to_string)
}
