//! Components that the program makes.

use super::super::plugin::{self, AlreadyRegistered, Properties};
use super::*;
use crate::config::{Destination, OtlpFile, Signal};
use crate::sample::{Sampler, TraceIdRatio};

#[test]
fn a_registered_sampler_is_made_from_its_properties_wherever_a_sampler_may_stand() {
    plugin::register_sampler("by_tenth", |properties| {
        let tenths = properties.int("tenths").ok_or("it has no tenths")?;
        let ratio = TraceIdRatio::new(tenths as f64 / 10.0).map_err(|error| error.to_string())?;
        Ok(Sampler::TraceIdRatio(ratio))
    })
    .unwrap();
    let config = load(&provider(
        "sampler: {parent_based: {root: {by_tenth: {tenths: 3}}}}",
    ));
    assert_eq!(problems(&config), Vec::<String>::new());
    assert!(
        config
            .get("sampler")
            .unwrap()
            .starts_with("ParentBased{root:TraceIdRatioBased{0.3}")
    );
    assert_eq!(
        said(&provider("sampler: {by_tenth: {}}")),
        ["FILE, line 7: tracer_provider.sampler.by_tenth cannot be made: it has no tenths"]
    );
}

#[test]
fn a_registered_exporter_is_a_destination() {
    plugin::register_span_exporter("into", |properties| {
        let path = properties.text("path").ok_or("it has no path")?;
        Ok(Destination::from(OtlpFile::new(path)))
    })
    .unwrap();
    let text = provider("").replace("console:", "into: {path: /a.jsonl}");
    let destinations = load(&text).destinations(Signal::Traces);
    assert_eq!(destinations[0].to_string(), "/a.jsonl");
}

#[test]
fn a_name_is_registered_once_and_none_of_polyspans_own() {
    let sampler = |_: &Properties<'_>| Ok(Sampler::AlwaysOn);
    plugin::register_sampler("twice", sampler).unwrap();
    for name in ["twice", "always_on", "parent_based"] {
        let taken = AlreadyRegistered {
            kind: "Sampler",
            name: name.to_owned(),
        };
        assert_eq!(plugin::register_sampler(name, sampler), Err(taken));
    }
    let exporter = |_: &Properties<'_>| Ok(Destination::Console);
    plugin::register_span_exporter("twice", exporter).unwrap();
    assert!(plugin::register_span_exporter("otlp_http", exporter).is_err());
}

#[test]
fn properties_have_the_types_of_the_file() {
    plugin::register_sampler("reads_all", |properties| {
        assert_eq!(
            properties.names().collect::<Vec<_>>(),
            ["t", "f", "i", "d", "l", "m", "ms", "n"]
        );
        assert_eq!(properties.text("t"), Some("x"));
        assert_eq!(properties.flag("f"), Some(true));
        assert_eq!(properties.int("i"), Some(7));
        assert_eq!(
            (properties.double("i"), properties.double("d")),
            (Some(7.0), Some(0.5))
        );
        assert_eq!(properties.texts("l"), Some(vec!["a", "b"]));
        assert_eq!(properties.map("m").and_then(|map| map.int("k")), Some(1));
        assert_eq!(properties.maps("ms").map(|maps| maps.len()), Some(2));
        assert_eq!(
            (
                properties.text("n"),
                properties.text("i"),
                properties.text("absent")
            ),
            (None, None, None)
        );
        Ok(Sampler::AlwaysOff)
    })
    .unwrap();
    let config = load(&provider(
        "sampler: {reads_all: {t: x, f: true, i: 7, d: 0.5, l: [a, b, 1], m: {k: 1}, ms: [{}, {}, 1], n: }}",
    ));
    assert_eq!(config.get("sampler").unwrap(), "AlwaysOffSampler");
}
