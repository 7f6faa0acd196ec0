//! The resource as a whole; each detector has tests of its own.

use super::*;
use crate::config::Binding;
use crate::redact::Mode;
use std::fs;
use std::path::Path;

/// A made-up system: files below a directory of its own, and variables.
pub(super) struct Fake {
    root: tempfile::TempDir,
    variables: Vec<(String, String)>,
}

impl Fake {
    pub(super) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
        }
    }

    pub(super) fn file(self, path: &str, content: &str) -> Self {
        let place = self.place(path);
        fs::write(place, content).unwrap();
        self
    }

    pub(super) fn link(self, path: &str, to: &str) -> Self {
        let place = self.place(path);
        #[cfg(unix)]
        std::os::unix::fs::symlink(Path::new(to), place).unwrap();
        self
    }

    pub(super) fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(super) fn around(&self) -> Surroundings<'_> {
        Surroundings::fake(self.root.path(), |name| {
            let set = self.variables.iter().find(|(known, _)| known == name);
            set.map(|(_, value)| value.clone())
        })
    }

    fn place(&self, path: &str) -> std::path::PathBuf {
        let place = self.root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        place
    }
}

pub(super) fn text<'r>(resource: &'r Resource, key: &str) -> &'r str {
    match resource.get(key) {
        Some(OwnedValue::Str(text)) => text,
        other => panic!("{key} is {other:?}"),
    }
}

/// All attributes with their values as text.
pub(super) fn pairs(resource: &Resource) -> Vec<(String, String)> {
    let attributes = resource.attributes().iter();
    attributes
        .map(|(key, value)| (key.clone(), shown(value)))
        .collect()
}

fn shown(value: &OwnedValue) -> String {
    match value {
        OwnedValue::Str(text) => text.clone(),
        OwnedValue::Int(number) => number.to_string(),
        OwnedValue::Array(items) => {
            let items: Vec<_> = items.iter().map(shown).collect();
            format!("[{}]", items.join(" "))
        }
        other => format!("{other:?}"),
    }
}

fn detected(config: &Config, fake: &Fake) -> Resource {
    Resource::of(config, 1, &Redactor::new(Mode::Default), fake.around()).resource
}

fn own(config: &Config) -> Resource {
    Resource::of_process(config, 1, &Redactor::new(Mode::Default)).resource
}

fn environment(attributes: &'static str, service: &'static str) -> Config {
    Config::from_lookup(&|variable| match variable {
        "OTEL_RESOURCE_ATTRIBUTES" => Some(attributes.to_owned()),
        "OTEL_SERVICE_NAME" => Some(service.to_owned()),
        _ => None,
    })
}

/// A process in a container of a Kubernetes node in a cloud, seen by all detectors.
#[test]
fn a_pod_in_a_cloud_has_this_resource() {
    let id = "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605";
    let fake = Fake::new()
        .link("/proc/self/exe", "/usr/bin/python3.11")
        .file(
            "/proc/self/stat",
            "7 (python3) S 1 7 7 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100 0 0",
        )
        .file("/proc/stat", "btime 1700558734\n")
        .file("/proc/self/status", "Uid:\t33\t33\t33\t33\n")
        .file("/etc/passwd", "www-data:x:33:33::/:/bin/sh\n")
        .file(
            "/proc/self/cmdline",
            "python3\0-m\0shop\0--db-password\0hunter2\0",
        )
        .file(
            "/proc/self/cgroup",
            &format!("1:cpu:/kubepods/pod2c48913c-b29f-11e7-9350-020968147796/{id}\n"),
        )
        .file("/proc/sys/kernel/hostname", "shop-7d4b9\n")
        .file("/etc/machine-id", "8e6e2ef8a2c34a3f9d1f6f5a2b0c4d7e\n")
        .file(
            "/etc/os-release",
            "NAME=Debian\nVERSION_ID=12\nPRETTY_NAME='Debian 12'\nBUILD_ID=x\n",
        )
        .file("/sys/class/dmi/id/sys_vendor", "Amazon EC2\n")
        .file(
            "/var/run/secrets/kubernetes.io/serviceaccount/namespace",
            "shop",
        )
        .variable("KUBERNETES_SERVICE_HOST", "10.0.0.1")
        .variable("K8S_POD_NAME", "shop-7d4b9");
    let config = environment("service.version=1.2%2C3,host.name=given", "shop")
        .binding(Binding::Python)
        .runtime_name("cpython")
        .runtime_version("3.11.2")
        .runtime_description("3.11.2 (main)");
    let resource = detected(&config, &fake).with_policy(&config, "r:1 s:2 p:3");
    let pid = std::process::id().to_string();
    let mut golden = vec![
        ("service.name", "shop"),
        ("telemetry.sdk.name", "polyspan"),
        ("telemetry.sdk.language", "python"),
        ("telemetry.sdk.version", env!("CARGO_PKG_VERSION")),
        (
            "service.instance.id",
            "00000000-0000-4000-8000-000000000001",
        ),
        ("host.name", "given"),
    ];
    let arch = pairs(&resource);
    let arch = &arch.iter().find(|(key, _)| key == "host.arch").unwrap().1;
    golden.extend([
        ("host.arch", arch.as_str()),
        ("os.type", std::env::consts::OS),
        ("os.name", "Debian"),
        ("os.version", "12"),
        ("os.description", "Debian 12"),
        ("os.build_id", "x"),
        ("process.pid", &pid),
        ("process.parent_pid", "1"),
        ("process.executable.name", "python3.11"),
        ("process.executable.path", "/usr/bin/python3.11"),
        ("process.command", "python3"),
        (
            "process.command_args",
            "[python3 -m shop --db-password [REDACTED]]",
        ),
        ("process.owner", "www-data"),
        ("process.creation.time", "2023-11-21T09:25:35.000Z"),
        ("process.runtime.name", "cpython"),
        ("process.runtime.version", "3.11.2"),
        ("process.runtime.description", "3.11.2 (main)"),
        ("container.id", id),
        ("k8s.pod.name", "shop-7d4b9"),
        ("k8s.namespace.name", "shop"),
        ("k8s.pod.uid", "2c48913c-b29f-11e7-9350-020968147796"),
        ("cloud.provider", "aws"),
        ("cloud.platform", "aws_ec2"),
        ("service.version", "1.2,3"),
        ("polyspan.binding", "python"),
        ("polyspan.policy", "r:1 s:2 p:3"),
    ]);
    let golden: Vec<_> = golden
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .collect();
    assert_eq!(pairs(&resource), golden);
    assert_eq!(resource.schema_url(), SCHEMA_URL);
}

#[test]
fn without_any_setting_the_process_describes_itself() {
    let resource = own(&Config::default());
    assert!(text(&resource, "service.name").starts_with("unknown_service:polyspan"));
    assert_eq!(text(&resource, "telemetry.sdk.name"), "polyspan");
    assert_eq!(text(&resource, "telemetry.sdk.language"), "rust");
    assert_eq!(text(&resource, "polyspan.binding"), "rust");
    assert_eq!(
        resource.get("process.pid"),
        Some(&OwnedValue::Int(std::process::id().into()))
    );
    assert!(resource.get("process.runtime.name").is_none());
    assert!(resource.get("polyspan.policy").is_none());
}

#[test]
fn each_detector_can_be_turned_off() {
    let fake = Fake::new()
        .link("/proc/self/exe", "/bin/app")
        .file("/proc/sys/kernel/hostname", "h")
        .file(
            "/proc/self/cgroup",
            &format!("1:cpu:/docker/{}\n", "a".repeat(64)),
        )
        .variable("KUBERNETES_SERVICE_HOST", "h")
        .variable("K8S_POD_NAME", "p")
        .variable("K_SERVICE", "s")
        .variable("K_REVISION", "r");
    for (detector, prefix) in [
        ("service", "service.instance.id"),
        ("host", "host."),
        ("os", "os."),
        ("process", "process."),
        ("process_runtime", "process.runtime."),
        ("container", "container."),
        ("k8s", "k8s."),
        ("cloud", "cloud."),
    ] {
        let found = |detectors: &str| {
            let mut config = Config::default().runtime_name("x");
            config.set("resource_detectors", detectors).unwrap();
            let resource = detected(&config, &fake);
            pairs(&resource)
                .iter()
                .any(|(key, _)| key.starts_with(prefix))
        };
        assert!(found("all"), "{detector}");
        assert!(found(detector), "{detector}");
        assert!(!found(&format!("-{detector}")), "{detector}");
    }
}

#[test]
fn without_detectors_only_what_every_sdk_must_say_is_there() {
    let mut config = Config::default();
    config.set("resource_detectors", "none").unwrap();
    let fake = Fake::new().link("/proc/self/exe", "/bin/app");
    let keys: Vec<_> = pairs(&detected(&config, &fake));
    let keys: Vec<_> = keys.iter().map(|(key, _)| key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "service.name",
            "telemetry.sdk.name",
            "telemetry.sdk.language",
            "telemetry.sdk.version",
            "polyspan.binding"
        ]
    );
    assert_eq!(
        text(&detected(&config, &fake), "service.name"),
        "unknown_service:app"
    );
    assert_eq!(
        text(&detected(&config, &Fake::new()), "service.name"),
        "unknown_service"
    );
}

#[test]
fn a_binding_tells_its_language_and_runtime() {
    let config = Config::default()
        .binding(Binding::Node)
        .runtime_name("nodejs")
        .runtime_version("v20.1.0");
    let resource = own(&config);
    assert_eq!(text(&resource, "telemetry.sdk.language"), "nodejs");
    assert_eq!(text(&resource, "polyspan.binding"), "node");
    assert_eq!(text(&resource, "process.runtime.version"), "v20.1.0");
}

#[test]
fn given_attributes_win_over_detected_ones_and_the_service_name_over_them() {
    let resource = own(&environment(
        "service.name=a,telemetry.sdk.name=mine,x=y",
        "",
    ));
    assert_eq!(text(&resource, "service.name"), "a");
    assert_eq!(text(&resource, "telemetry.sdk.name"), "mine");
    assert_eq!(text(&resource, "x"), "y");
    let resource = own(&environment("service.name=a", "b"));
    assert_eq!(text(&resource, "service.name"), "b");
}

#[test]
fn a_service_name_among_the_attributes_in_code_wins_over_the_environment() {
    let config = environment("", "env").resource_attribute("service.name", "code");
    assert_eq!(text(&own(&config), "service.name"), "code");
}

#[test]
fn a_list_of_attributes_is_decoded_whole_or_ignored_whole() {
    let config = environment("a=b%20c,d%2Ce=%C3%A4%3D%2C", "");
    let resource = detected(&config, &Fake::new());
    assert_eq!(text(&resource, "a"), "b c");
    assert_eq!(text(&resource, "d,e"), "ä=,");
    for wrong in ["a=1,b=%zz", "a=1,b", "a=1,=2", "a=%FF"] {
        let config = environment(wrong, "");
        assert!(
            detected(&config, &Fake::new()).get("a").is_none(),
            "{wrong}"
        );
        let warnings = config.warnings();
        assert_eq!(warnings.len(), 1, "{wrong}: {warnings:?}");
        assert!(
            warnings[0].contains("OTEL_RESOURCE_ATTRIBUTES"),
            "{warnings:?}"
        );
    }
}

#[test]
fn the_binding_cannot_be_disguised() {
    let config = environment("polyspan.binding=cobol", "");
    assert_eq!(text(&own(&config), "polyspan.binding"), "rust");
}

#[test]
fn a_fixed_resource_holds_only_what_was_given_in_its_order() {
    let config = Config::default()
        .fixed_resource(true)
        .resource_attribute("b", 1i64)
        .resource_attribute("a", "x")
        .service_name("s");
    let resource = own(&config).with_policy(&config, "r:1");
    assert_eq!(
        resource.attributes(),
        [
            ("b".to_owned(), OwnedValue::Int(1)),
            ("a".to_owned(), OwnedValue::Str("x".to_owned())),
            ("service.name".to_owned(), OwnedValue::Str("s".to_owned())),
        ]
    );
    assert_eq!(resource.schema_url(), "");
}

#[test]
fn instances_differ() {
    let id = |random| {
        let redactor = Redactor::new(Mode::Default);
        let detected = Resource::of_process(&Config::default(), random, &redactor);
        text(&detected.resource, "service.instance.id").to_owned()
    };
    assert_ne!(id(1), id(2));
}

#[test]
fn a_resource_is_made_of_attributes_or_empty() {
    assert!(Resource::default().attributes().is_empty());
    assert_eq!(Resource::default().schema_url(), "");
    let value = |text: &str| OwnedValue::Str(text.to_owned());
    let resource = Resource::new(
        [("a", value("1")), ("b", value("2")), ("a", value("3"))],
        "u",
    );
    assert_eq!(
        pairs(&resource),
        [("a".into(), "3".into()), ("b".into(), "2".to_owned())]
    );
    assert_eq!(resource.schema_url(), "u");
}

#[test]
fn of_two_resources_the_updating_one_wins() {
    let value = |text: &str| OwnedValue::Str(text.to_owned());
    let old = Resource::new([("a", value("1")), ("b", value("2"))], "");
    let updating = Resource::new([("b", value("")), ("c", value("4"))], "one");
    let merged = old.merge(&updating);
    let expected = [("a", "1"), ("b", ""), ("c", "4")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(pairs(&merged), expected);
    // The URL is that of whichever has one; the same stays; of two the updating one's.
    assert_eq!(merged.schema_url(), "one");
    assert_eq!(updating.merge(&old).schema_url(), "one");
    assert_eq!(updating.merge(&updating).schema_url(), "one");
    let other = Resource::new([("c", value("5"))], "other");
    assert_eq!(updating.merge(&other).schema_url(), "other");
}

#[test]
fn what_cannot_be_read_is_told_and_does_no_harm() {
    let fake = Fake::new();
    fs::create_dir_all(fake.root.path().join("etc/os-release")).unwrap();
    let detected = Resource::of(
        &Config::default(),
        1,
        &Redactor::new(Mode::Default),
        fake.around(),
    );
    assert_eq!(detected.problems.len(), 1, "{:?}", detected.problems);
    assert!(detected.problems[0].contains("/etc/os-release"));
    assert!(detected.resource.get("os.type").is_some());
}
