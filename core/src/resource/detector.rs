//! The detectors there are, and how a user says which of them run.

use std::fmt;

use crate::choices::choices;

choices! {
    /// Something that finds attributes of the resource by itself.
    pub enum Detector {
        /// `service.instance.id`.
        Service = "service" | "serviceinstance",
        /// `host.*`.
        Host = "host",
        /// `os.*`.
        Os = "os",
        /// `process.*` but the runtime.
        Process = "process",
        /// `process.runtime.*`, as the binding tells it.
        ProcessRuntime = "process_runtime" | "processruntime",
        /// `container.id`.
        Container = "container",
        /// `k8s.*`.
        K8s = "k8s" | "kubernetes",
        /// `cloud.*`, and of functions `faas.*`.
        Cloud = "cloud" | "aws" | "azure" | "gcp",
    }
    later: []
}

impl Detector {
    /// The detectors for which a name stands. The specification has `host` find `os.*` as well, and `process` everything of
    /// a process.
    fn named(name: &str) -> Option<&'static [Detector]> {
        const ALWAYS: [&str; 2] = ["otel", "env"];
        if matches!(name, "*")
            || ["all", "default"]
                .iter()
                .any(|all| all.eq_ignore_ascii_case(name))
        {
            return Some(Self::ALL);
        }
        // What other SDKs call a detector, and polyspan always does.
        if ALWAYS.iter().any(|one| one.eq_ignore_ascii_case(name)) {
            return Some(&[]);
        }
        Some(match Self::from_name(name)? {
            Detector::Service => &[Detector::Service],
            Detector::Host => &[Detector::Host, Detector::Os],
            Detector::Os => &[Detector::Os],
            Detector::Process => &[Detector::Process, Detector::ProcessRuntime],
            Detector::ProcessRuntime => &[Detector::ProcessRuntime],
            Detector::Container => &[Detector::Container],
            Detector::K8s => &[Detector::K8s],
            Detector::Cloud => &[Detector::Cloud],
        })
    }
}

/// The detectors that run: all, if nobody says otherwise. They read files and variables only, never a network.
///
/// As text a list of names, `all` or `none`. A name with a minus before it takes that detector away; a list that begins so
/// takes it away from all: `-process` is everything but the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detectors(Vec<Detector>);

impl Default for Detectors {
    fn default() -> Self {
        Self(Detector::ALL.to_vec())
    }
}

impl Detectors {
    /// Those, each once.
    pub fn new(detectors: impl IntoIterator<Item = Detector>) -> Self {
        let wanted: Vec<_> = detectors.into_iter().collect();
        let all = Detector::ALL.iter().copied();
        Self(all.filter(|one| wanted.contains(one)).collect())
    }

    /// Reads a list, and returns what can be used and the first name that cannot. `none` beside others is one of those.
    pub(crate) fn parse(text: &str) -> (Self, Option<String>) {
        let entries = text.split(',').map(str::trim);
        let entries: Vec<_> = entries.filter(|entry| !entry.is_empty()).collect();
        if let [none] = entries.as_slice()
            && none.eq_ignore_ascii_case("none")
        {
            return (Self::new([]), None);
        }
        let mut unknown = entries.is_empty().then(|| text.to_owned());
        let mut found = Vec::new();
        if entries.first().is_some_and(|entry| entry.starts_with('-')) {
            found.extend(Detector::ALL);
        }
        for entry in entries {
            let (name, taken) = match entry.strip_prefix('-') {
                Some(name) => (name.trim(), true),
                None => (entry, false),
            };
            match Detector::named(name) {
                Some(detectors) if taken => found.retain(|one| !detectors.contains(one)),
                Some(detectors) => found.extend(detectors),
                None => unknown = unknown.or(Some(name.to_owned())),
            }
        }
        (Self::new(found), unknown)
    }

    /// In the order in which they run.
    pub fn list(&self) -> &[Detector] {
        &self.0
    }

    /// Whether it runs.
    pub fn has(&self, detector: Detector) -> bool {
        self.0.contains(&detector)
    }
}

impl fmt::Display for Detectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("none");
        }
        if self.0 == Detector::ALL {
            return f.write_str("all");
        }
        let mut names = Vec::new();
        let mut told: Vec<Detector> = Vec::new();
        for detector in &self.0 {
            if told.contains(detector) {
                continue;
            }
            names.push(detector.name().to_owned());
            let also = Detector::named(detector.name()).unwrap_or_default();
            told.extend(also);
            let missing = also.iter().filter(|one| !self.has(**one));
            names.extend(missing.map(|one| format!("-{one}")));
        }
        f.write_str(&names.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let (detectors, unknown) = Detectors::parse(text);
        assert_eq!(unknown, None, "{text}");
        detectors.to_string()
    }

    #[test]
    fn all_run_unless_somebody_says_otherwise() {
        assert_eq!(Detectors::default().to_string(), "all");
        assert_eq!(Detectors::default().list(), Detector::ALL);
        for all in ["all", "*", "default", "none,all"] {
            let (detectors, _) = Detectors::parse(all);
            assert_eq!(detectors, Detectors::default(), "{all}");
        }
    }

    #[test]
    fn a_list_names_those_that_run_in_their_own_order() {
        assert_eq!(read("cloud, SERVICE,service"), "service,cloud");
        assert_eq!(read("none"), "none");
        assert_eq!(read("k8s,container"), "container,k8s");
    }

    #[test]
    fn host_and_process_stand_for_what_the_specification_says() {
        let (host, _) = Detectors::parse("host");
        assert_eq!(host.list(), [Detector::Host, Detector::Os]);
        let (process, _) = Detectors::parse("process");
        assert_eq!(
            process.list(),
            [Detector::Process, Detector::ProcessRuntime]
        );
    }

    #[test]
    fn each_can_be_taken_away() {
        for detector in Detector::ALL {
            let (without, unknown) = Detectors::parse(&format!("-{detector}"));
            assert!(unknown.is_none() && !without.has(*detector), "{detector}");
            assert!(without.list().len() >= Detector::ALL.len() - 2);
        }
        assert_eq!(read("host,-os"), "host,-os");
        assert_eq!(read("all,-process,-cloud"), "service,host,container,k8s");
    }

    #[test]
    fn what_is_shown_is_read_as_the_same() {
        for text in [
            "all",
            "none",
            "os",
            "host,-os",
            "process,-process_runtime,k8s",
        ] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn names_of_other_sdks_are_understood() {
        assert_eq!(
            read("env,host,os,process,serviceinstance"),
            "service,host,process"
        );
        assert_eq!(read("otel,aws,gcp"), "cloud");
    }

    #[test]
    fn an_unknown_name_is_told_and_the_others_stay() {
        let (known, unknown) = Detectors::parse("host,alibaba,-what");
        assert_eq!(
            (known.to_string().as_str(), unknown.as_deref()),
            ("host", Some("alibaba"))
        );
        assert_eq!(Detectors::parse("none,host").1.as_deref(), Some("none"));
    }
}
