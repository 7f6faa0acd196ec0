//! What produces the telemetry: the attributes that all spans of a process share.
//!
//! Later sources win over earlier ones:
//!
//! 1. what polyspan finds out by itself (process, host, SDK), by the detectors that are switched on;
//! 2. attributes of the environment, then of code;
//! 3. the service name option;
//! 4. `polyspan.binding` and `polyspan.policy`, which state facts.

mod container;

use std::path::Path;

use crate::config::{Config, Detector};
use crate::trace::OwnedValue;

const SERVICE_NAME: &str = "service.name";

/// The attributes of a process, in a stable order, each key once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    attributes: Vec<(String, OwnedValue)>,
}

impl Resource {
    /// The resource of this process.
    ///
    /// `instance` is random and new for each process generation, so that a forked child is another instance than its
    /// parent. `policy` is the fingerprint of the policy, for resources of spans.
    pub fn new(config: &Config, instance: u128, policy: Option<&str>) -> Self {
        let mut resource = Self::default();
        if !config.fixed_resource {
            resource.detect(config, instance);
        }
        for (key, value) in &config.resource_attributes {
            resource.put(key, value.clone());
        }
        if let Some(name) = &config.service_name {
            resource.put(SERVICE_NAME, OwnedValue::Str(name.clone()));
        }
        if !config.fixed_resource {
            resource.put_text("polyspan.binding", config.binding.name());
            if let Some(policy) = policy {
                resource.put_text("polyspan.policy", policy);
            }
        }
        resource
    }

    /// The attributes, in order.
    pub fn attributes(&self) -> &[(String, OwnedValue)] {
        &self.attributes
    }

    /// One attribute.
    pub fn get(&self, key: &str) -> Option<&OwnedValue> {
        let found = self.attributes.iter().find(|(known, _)| known == key);
        found.map(|(_, value)| value)
    }

    fn detect(&mut self, config: &Config, instance: u128) {
        let executable = executable_name();
        let process = executable.as_deref();
        let host = host_name();
        self.put_text(
            SERVICE_NAME,
            &process.map_or("unknown_service".to_owned(), |process| {
                format!("unknown_service:{process}")
            }),
        );
        let wanted = |detector, key: &str| config.detects(detector) && config.keeps_detected(key);
        if wanted(Detector::Service, "service.instance.id") {
            self.put_text("service.instance.id", &uuid(instance));
        }
        self.put_text("telemetry.sdk.name", "polyspan");
        self.put_text("telemetry.sdk.language", config.sdk_language());
        self.put_text("telemetry.sdk.version", env!("CARGO_PKG_VERSION"));
        if wanted(Detector::Process, "process.pid") {
            self.put("process.pid", OwnedValue::Int(std::process::id().into()));
        }
        let container = wanted(Detector::Container, "container.id").then(container::id);
        let container = container.flatten();
        for (detector, key, value) in [
            (Detector::Process, "process.executable.name", process),
            (
                Detector::Process,
                "process.runtime.name",
                config.runtime_name.as_deref(),
            ),
            (
                Detector::Process,
                "process.runtime.version",
                config.runtime_version.as_deref(),
            ),
            (
                Detector::Process,
                "process.runtime.description",
                config.runtime_description.as_deref(),
            ),
            (Detector::Host, "host.name", host.as_deref()),
            (Detector::Host, "os.type", os_type()),
            (Detector::Container, "container.id", container.as_deref()),
        ] {
            if let Some(value) = value
                && wanted(detector, key)
            {
                self.put_text(key, value);
            }
        }
    }

    fn put_text(&mut self, key: &str, value: &str) {
        self.put(key, OwnedValue::Str(value.to_owned()));
    }

    fn put(&mut self, key: &str, value: OwnedValue) {
        match self.attributes.iter_mut().find(|(known, _)| known == key) {
            Some((_, old)) => *old = value,
            None => self.attributes.push((key.to_owned(), value)),
        }
    }
}

/// Random bits as a version 4 UUID (RFC 9562, section 5.4).
fn uuid(random: u128) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let id = (random & !VERSION & !VARIANT) | (4 << 76) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        id >> 96,
        (id >> 80) & 0xffff,
        (id >> 64) & 0xffff,
        (id >> 48) & 0xffff,
        id & 0xffff_ffff_ffff
    )
}

fn executable_name() -> Option<String> {
    let path = std::env::current_exe().ok()?;
    // Linux marks a program that was replaced while it runs; that is no part of its name.
    let name = file_name(&path)?;
    Some(name.strip_suffix(" (deleted)").unwrap_or(&name).to_owned())
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// The host's name where it can be had without a system call of our own.
fn host_name() -> Option<String> {
    let name = if cfg!(windows) {
        std::env::var("COMPUTERNAME").ok()?
    } else {
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok()?
    };
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// `os.type` as the semantic conventions spell it.
fn os_type() -> Option<&'static str> {
    match std::env::consts::OS {
        "macos" | "ios" => Some("darwin"),
        "android" => Some("linux"),
        "dragonfly" => Some("dragonflybsd"),
        os @ ("linux" | "windows" | "freebsd" | "netbsd" | "openbsd" | "aix" | "solaris") => {
            Some(os)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Binding;

    fn text<'r>(resource: &'r Resource, key: &str) -> &'r str {
        match resource.get(key) {
            Some(OwnedValue::Str(text)) => text,
            other => panic!("{key} is {other:?}"),
        }
    }

    fn environment(attributes: &'static str, service: &'static str) -> Config {
        Config::from_lookup(&|variable| match variable {
            "OTEL_RESOURCE_ATTRIBUTES" => Some(attributes.to_owned()),
            "OTEL_SERVICE_NAME" => Some(service.to_owned()),
            _ => None,
        })
    }

    #[test]
    fn without_any_setting_the_process_describes_itself() {
        let resource = Resource::new(&Config::default(), 1, Some("r:1 s:2 p:3"));
        assert!(text(&resource, "service.name").starts_with("unknown_service:polyspan"));
        assert_eq!(text(&resource, "telemetry.sdk.name"), "polyspan");
        assert_eq!(text(&resource, "telemetry.sdk.language"), "rust");
        assert_eq!(
            text(&resource, "telemetry.sdk.version"),
            env!("CARGO_PKG_VERSION")
        );
        assert_eq!(text(&resource, "polyspan.binding"), "rust");
        assert_eq!(text(&resource, "polyspan.policy"), "r:1 s:2 p:3");
        assert_eq!(
            resource.get("process.pid"),
            Some(&OwnedValue::Int(std::process::id().into()))
        );
        assert!(resource.get("process.runtime.name").is_none());
    }

    #[test]
    fn a_binding_tells_its_language_and_runtime() {
        let config = Config::default()
            .binding(Binding::Node)
            .runtime_name("nodejs")
            .runtime_version("v20.1.0");
        let resource = Resource::new(&config, 1, None);
        assert_eq!(text(&resource, "telemetry.sdk.language"), "nodejs");
        assert_eq!(text(&resource, "polyspan.binding"), "node");
        assert_eq!(text(&resource, "process.runtime.version"), "v20.1.0");
        assert!(resource.get("polyspan.policy").is_none());
    }

    #[test]
    fn given_attributes_win_over_detected_ones_and_the_service_name_over_them() {
        let config = environment("service.name=a,telemetry.sdk.name=mine,x=y", "");
        let resource = Resource::new(&config, 1, None);
        assert_eq!(text(&resource, "service.name"), "a");
        assert_eq!(text(&resource, "telemetry.sdk.name"), "mine");
        assert_eq!(text(&resource, "x"), "y");
        let resource = Resource::new(&environment("service.name=a", "b"), 1, None);
        assert_eq!(text(&resource, "service.name"), "b");
    }

    #[test]
    fn a_service_name_among_the_attributes_in_code_wins_over_the_environment() {
        let config = environment("", "env").resource_attribute("service.name", "code");
        assert_eq!(
            text(&Resource::new(&config, 1, None), "service.name"),
            "code"
        );
    }

    #[test]
    fn the_binding_cannot_be_disguised() {
        let config = environment("polyspan.binding=cobol", "");
        assert_eq!(
            text(&Resource::new(&config, 1, None), "polyspan.binding"),
            "rust"
        );
    }

    #[test]
    fn a_fixed_resource_holds_only_what_was_given_in_its_order() {
        let config = Config::default()
            .fixed_resource(true)
            .resource_attribute("b", 1i64)
            .resource_attribute("a", "x")
            .service_name("s");
        let resource = Resource::new(&config, 1, Some("r:1"));
        assert_eq!(
            resource.attributes(),
            [
                ("b".to_owned(), OwnedValue::Int(1)),
                ("a".to_owned(), OwnedValue::Str("x".to_owned())),
                ("service.name".to_owned(), OwnedValue::Str("s".to_owned())),
            ]
        );
    }

    #[test]
    fn an_instance_id_is_a_version_4_uuid_of_the_random_bits() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        assert_eq!(
            uuid(0x01234567_89ab_cdef_0123_456789abcdef),
            "01234567-89ab-4def-8123-456789abcdef"
        );
        let id = |random| {
            text(
                &Resource::new(&Config::default(), random, None),
                "service.instance.id",
            )
            .to_owned()
        };
        assert_ne!(id(1), id(2));
    }

    #[test]
    fn each_detector_can_be_turned_off_and_attributes_be_left_out() {
        let keys = |detectors: &str| {
            let mut config = Config::default();
            config.set("resource_detectors", detectors).unwrap();
            Resource::new(&config, 7, None)
        };
        let none = keys("none");
        assert_eq!(none.get("process.pid"), None);
        assert_eq!(none.get("host.name"), None);
        assert_eq!(none.get("service.instance.id"), None);
        assert!(none.get("service.name").is_some() && none.get("telemetry.sdk.name").is_some());
        assert!(keys("process").get("process.pid").is_some());
        assert!(keys("host").get("os.type").is_some());
        assert!(keys("service").get("service.instance.id").is_some());
    }
}
