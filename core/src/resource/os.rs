//! `os.type`, and what the distribution says of itself.
//!
//! Source: semantic conventions 1.44, "Operating System"; os-release(5).

use super::Resource;
use super::surroundings::{Surroundings, bounded};

const RELEASE: [&str; 2] = ["/etc/os-release", "/usr/lib/os-release"];

pub(super) fn detect(found: &mut Resource, around: &Surroundings<'_>) {
    found.put_some("os.type", kind(std::env::consts::OS));
    let release = RELEASE.iter().find_map(|path| around.text(path));
    let release = release.unwrap_or_default();
    for (key, field) in [
        ("os.name", "NAME"),
        ("os.version", "VERSION_ID"),
        ("os.description", "PRETTY_NAME"),
    ] {
        found.put_some(key, field_of(&release, field).as_deref());
    }
    let build =
        field_of(&release, "BUILD_ID").or_else(|| around.line("/proc/sys/kernel/osrelease"));
    found.put_some("os.build_id", build.as_deref());
}

/// `os.type` as the semantic conventions spell it.
fn kind(rust: &'static str) -> Option<&'static str> {
    match rust {
        "macos" | "ios" => Some("darwin"),
        "android" => Some("linux"),
        "dragonfly" => Some("dragonflybsd"),
        os @ ("linux" | "windows" | "freebsd" | "netbsd" | "openbsd" | "aix" | "solaris") => {
            Some(os)
        }
        _ => None,
    }
}

/// A field of an os-release file, which is written like shell assignments.
fn field_of(release: &str, field: &str) -> Option<String> {
    let value = release.lines().find_map(|line| {
        let (name, value) = line.trim().split_once('=')?;
        (name == field).then_some(value)
    })?;
    let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    let mut plain = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    (!plain.is_empty()).then(|| bounded(&plain))
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
    fn a_distribution_describes_itself() {
        let fake = Fake::new()
            .file(
                "/etc/os-release",
                "# a comment\nPRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
            )
            .file("/proc/sys/kernel/osrelease", "6.1.0-18-amd64\n");
        let os = found(&fake);
        assert_eq!(text(&os, "os.name"), "Debian GNU/Linux");
        assert_eq!(text(&os, "os.version"), "12");
        assert_eq!(
            text(&os, "os.description"),
            "Debian GNU/Linux 12 (bookworm)"
        );
        assert_eq!(text(&os, "os.build_id"), "6.1.0-18-amd64");
    }

    #[test]
    fn the_second_place_counts_if_there_is_no_first() {
        let release = "NAME='Alpine Linux'\nVERSION_ID=3.20.1\nBUILD_ID=7\n";
        let os = found(&Fake::new().file("/usr/lib/os-release", release));
        assert_eq!(text(&os, "os.name"), "Alpine Linux");
        assert_eq!(text(&os, "os.version"), "3.20.1");
        assert_eq!(text(&os, "os.build_id"), "7");
    }

    #[test]
    fn escapes_are_undone_and_empty_fields_left_out() {
        let release = "NAME=\"A \\\"B\\\" \\$C\"\nVERSION_ID=\nOTHER_NAME=x\n";
        assert_eq!(field_of(release, "NAME").as_deref(), Some("A \"B\" $C"));
        assert_eq!(field_of(release, "VERSION_ID"), None);
        assert_eq!(field_of("no equals\n=\nNAME", "NAME"), None);
        assert_eq!(field_of("NAME=\"", "NAME").as_deref(), Some("\""));
    }

    #[test]
    fn without_files_the_type_is_known() {
        let os = found(&Fake::new());
        assert_eq!(os.attributes().len(), 1);
        assert_eq!(Some(text(&os, "os.type")), kind(std::env::consts::OS));
        assert_eq!(kind("macos"), Some("darwin"));
        assert_eq!(kind("plan9"), None);
    }
}
