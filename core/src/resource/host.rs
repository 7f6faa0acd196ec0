//! `host.name`, `host.id`, `host.arch`.
//!
//! A container has its own host name, and a machine id, if it has one, that came with its image and is the same in all of
//! them: so none is told there.
//!
//! Source: semantic conventions 1.44, "Host", "Collecting host.id from non-containerized systems".

use super::surroundings::Surroundings;
use super::{Resource, container};
use crate::process;

const MACHINE_ID: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

pub(super) fn detect(found: &mut Resource, around: &Surroundings<'_>) {
    found.put_some("host.name", name(around).as_deref());
    if !container::is_inside(around) {
        let id = MACHINE_ID.iter().find_map(|path| around.line(path));
        // systemd writes this word before the first boot has found an id.
        let id = id.filter(|id| id != "uninitialized");
        found.put_some("host.id", id.as_deref());
    }
    found.put_some("host.arch", architecture(std::env::consts::ARCH));
}

fn name(around: &Surroundings<'_>) -> Option<String> {
    if cfg!(windows) {
        return around.variable("COMPUTERNAME");
    }
    around
        .line("/proc/sys/kernel/hostname")
        .or_else(|| around.is_own().then(process::host_name)?)
}

/// The architecture for which this was compiled, as the conventions spell it; unknown ones as Rust does.
fn architecture(rust: &'static str) -> Option<&'static str> {
    match rust {
        "" => None,
        "x86_64" => Some("amd64"),
        "aarch64" => Some("arm64"),
        "arm" => Some("arm32"),
        "powerpc" => Some("ppc32"),
        "powerpc64" => Some("ppc64"),
        // x86, s390x are alike; riscv64, loongarch64 and others have no other name.
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Fake, text};
    use super::*;

    fn found(fake: &Fake) -> Resource {
        let mut found = Resource::default();
        detect(&mut found, &fake.around());
        found
    }

    #[test]
    fn a_host_has_a_name_an_id_and_an_architecture() {
        let fake = Fake::new()
            .file("/proc/sys/kernel/hostname", "web-1\n")
            .file("/etc/machine-id", "8e6e2ef8a2c34a3f9d1f6f5a2b0c4d7e\n");
        let host = found(&fake);
        assert_eq!(text(&host, "host.name"), "web-1");
        assert_eq!(text(&host, "host.id"), "8e6e2ef8a2c34a3f9d1f6f5a2b0c4d7e");
        assert!(!text(&host, "host.arch").is_empty());
    }

    #[test]
    fn the_id_is_looked_for_in_the_second_place_too() {
        let fake = Fake::new().file("/etc/machine-id", "\n").file(
            "/var/lib/dbus/machine-id",
            "0123456789abcdef0123456789abcdef",
        );
        assert_eq!(
            text(&found(&fake), "host.id"),
            "0123456789abcdef0123456789abcdef"
        );
        let fake = Fake::new().file("/etc/machine-id", "uninitialized\n");
        assert!(found(&fake).get("host.id").is_none());
    }

    #[test]
    fn the_machine_id_of_an_image_is_not_the_hosts() {
        let fake = Fake::new()
            .file("/etc/machine-id", "8e6e2ef8a2c34a3f9d1f6f5a2b0c4d7e\n")
            .file("/.dockerenv", "");
        assert!(found(&fake).get("host.id").is_none());
    }

    #[test]
    fn nothing_readable_is_no_failure() {
        let keys = found(&Fake::new());
        assert_eq!(keys.attributes().len(), 1, "{keys:?}");
        assert!(keys.get("host.arch").is_some());
    }

    #[test]
    fn architectures_have_the_names_of_the_conventions() {
        for (rust, expected) in [
            ("x86_64", "amd64"),
            ("aarch64", "arm64"),
            ("arm", "arm32"),
            ("x86", "x86"),
            ("s390x", "s390x"),
            ("riscv64", "riscv64"),
        ] {
            assert_eq!(architecture(rust), Some(expected));
        }
    }
}
