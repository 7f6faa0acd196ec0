//! What the configuration alone says about whether spans arrive.

use polyspan::Config;
use polyspan::config::{ConfigOption, Destination, GROUPS, Signal, Source};

use super::finding::{Finding, Report};

/// Looks at the configuration. Returns where spans go; nothing if there is nothing to try.
pub(super) fn examine(config: &Config, report: &mut Report) -> Vec<Destination> {
    report.settings = set(config);
    for warning in config.warnings() {
        let advice = "correct or remove it; it is ignored";
        report
            .findings
            .push(Finding::warning("configuration", warning, advice));
    }
    for error in config.errors() {
        let advice = "correct it: a program that starts with it does not trace";
        report
            .findings
            .push(Finding::problem("configuration", error.to_string(), advice));
        report.unusable = true;
    }
    if report.unusable {
        return Vec::new();
    }
    if of(config, "disabled") == "true" {
        report.findings.push(Finding::problem(
            "configuration",
            format!("tracing is disabled{}", by(config, "disabled")),
            "unset OTEL_SDK_DISABLED, or remove the option",
        ));
        return Vec::new();
    }
    let destinations = config.destinations(Signal::Traces);
    if destinations.is_empty() {
        report.findings.push(Finding::problem(
            "configuration",
            format!(
                "spans go nowhere: the exporter is none{}",
                by(config, "exporter")
            ),
            "set OTEL_TRACES_EXPORTER=otlp, or unset it",
        ));
        return Vec::new();
    }
    report.findings.push(sampler(config));
    if report
        .findings
        .iter()
        .all(|finding| finding.about != "configuration")
    {
        report
            .findings
            .insert(0, Finding::good("configuration", "can be used"));
    }
    destinations
}

/// Options that were set, with their values and where these come from.
fn set(config: &Config) -> Vec<(String, String, String)> {
    GROUPS
        .iter()
        .filter(|group| !group.of_bindings)
        .flat_map(|group| group.options)
        .filter_map(|option: &ConfigOption| {
            let origin = config.source(option.name)?;
            Some((
                option.name.to_owned(),
                option.show(config),
                origin.to_string(),
            ))
        })
        .collect()
}

fn sampler(config: &Config) -> Finding {
    let name = of(config, "sampler");
    let by = by(config, "sampler");
    // Both the names of the options and the descriptions of samplers made otherwise say it.
    let follows_callers = name.to_ascii_lowercase().contains("parent");
    let set = match config.source("sampler") {
        Some(Source::File { .. }) => "in the file set sampler to",
        _ => "set OTEL_TRACES_SAMPLER to",
    };
    match config.sampled_share() {
        Some(share) if share <= 0.0 && follows_callers => Finding::warning(
            "sampler",
            format!(
                "{name}{by} starts no trace; only those are recorded that a caller has sampled"
            ),
            format!(
                "{set} one that is based on the parent and always_on, or see that callers send traceparent"
            ),
        ),
        Some(share) if share <= 0.0 => Finding::problem(
            "sampler",
            format!("{name}{by} records no trace at all"),
            format!("{set} always_on, or to a ratio"),
        ),
        Some(share) if share < 1.0 => Finding::warning(
            "sampler",
            format!(
                "{name}{by} records about {} % of the traces that start here",
                share * 100.0
            ),
            format!("for a test {set} always_on"),
        ),
        _ => Finding::good("sampler", name + &by),
    }
}

fn of(config: &Config, option: &str) -> String {
    config.get(option).unwrap_or_default()
}

/// Where an option's value comes from, as the rest of a sentence.
fn by(config: &Config, option: &str) -> String {
    config
        .source(option)
        .map_or_else(String::new, |source| format!(" ({source})"))
}
