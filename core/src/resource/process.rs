//! `process.*`: who this process is and how it was started.
//!
//! Arguments pass the redactor, each by itself, and an argument that follows the name of a secret (`--password`) is that
//! secret. With redaction off nothing could clean them, so then only their number is told, as the conventions ask.
//!
//! Source: semantic conventions 1.44, "Process"; proc_pid_stat(5), proc_pid_status(5).

use super::Resource;
use super::surroundings::{Surroundings, bounded};
use crate::config::Config;
use crate::redact::{Counts, KeyClass, Redactor};
use crate::trace::OwnedValue;

/// What stands in the place of a secret argument.
const MASK: &str = "[REDACTED]";

/// The most arguments that are told.
const MOST_ARGUMENTS: usize = 64;

/// The times of `/proc` count hundredths of a second, whatever the kernel's own clock is.
const TICKS_PER_SECOND: u64 = 100;

pub(super) fn detect(found: &mut Resource, around: &Surroundings<'_>, redactor: &Redactor) {
    let stat = around.text("/proc/self/stat").unwrap_or_default();
    found.put("process.pid", OwnedValue::Int(std::process::id().into()));
    if let Some(parent) = parent(around, &stat) {
        found.put("process.parent_pid", OwnedValue::Int(parent));
    }
    let path = executable(around);
    let name = path.as_deref().and_then(file_name);
    found.put_some("process.executable.name", name);
    found.put_some("process.executable.path", path.as_deref());
    command(found, around, redactor);
    found.put_some("process.owner", owner(around).as_deref());
    let created = created(around, &stat).map(iso_8601);
    found.put_some("process.creation.time", created.as_deref());
}

/// `process.runtime.*`, which only the binding knows.
pub(super) fn detect_runtime(found: &mut Resource, config: &Config) {
    for (key, value) in [
        ("process.runtime.name", &config.runtime_name),
        ("process.runtime.version", &config.runtime_version),
        ("process.runtime.description", &config.runtime_description),
    ] {
        found.put_some(key, value.as_deref());
    }
}

/// The name of the program, for the default service name.
pub(super) fn executable_name(around: &Surroundings<'_>) -> Option<String> {
    file_name(&executable(around)?).map(str::to_owned)
}

fn executable(around: &Surroundings<'_>) -> Option<String> {
    let linked = around.link("/proc/self/exe");
    let path = linked.or_else(|| around.is_own().then(|| std::env::current_exe().ok())?)?;
    let path = path.to_string_lossy();
    // Linux marks a program that was replaced while it runs; that is no part of its name.
    Some(bounded(path.strip_suffix(" (deleted)").unwrap_or(&path)))
}

fn file_name(path: &str) -> Option<&str> {
    let separators: &[char] = if cfg!(windows) { &['/', '\\'] } else { &['/'] };
    path.rsplit(separators)
        .next()
        .filter(|name| !name.is_empty())
}

fn command(found: &mut Resource, around: &Surroundings<'_>, redactor: &Redactor) {
    let arguments = arguments(around);
    let Some(command) = arguments.first() else {
        return;
    };
    if redactor.is_off() {
        found.put_text("process.command", command);
        found.put(
            "process.args_count",
            OwnedValue::Int(arguments.len() as i64),
        );
        return;
    }
    let arguments = redacted(&arguments, redactor);
    found.put_some("process.command", arguments.first().map(String::as_str));
    let values = arguments.into_iter().map(OwnedValue::Str).collect();
    found.put("process.command_args", OwnedValue::Array(values));
}

fn arguments(around: &Surroundings<'_>) -> Vec<String> {
    if let Some(line) = around.bytes("/proc/self/cmdline") {
        let line = line.strip_suffix(b"\0").unwrap_or(&line);
        if line.is_empty() {
            return Vec::new();
        }
        return line
            .split(|byte| *byte == 0)
            .map(|argument| String::from_utf8_lossy(argument).into_owned())
            .collect();
    }
    if !around.is_own() {
        return Vec::new();
    }
    std::env::args_os()
        .map(|argument| argument.to_string_lossy().into_owned())
        .collect()
}

/// The arguments without secrets, each cut only after it was looked at whole.
fn redacted(arguments: &[String], redactor: &Redactor) -> Vec<String> {
    // Counted where the resource is exported.
    let counts = Counts::default();
    let mut names_secret = false;
    arguments
        .iter()
        .take(MOST_ARGUMENTS)
        .map(|argument| {
            let is_option =
                argument.starts_with('-') || (cfg!(windows) && argument.starts_with('/'));
            // Another option is no value: `--no-password --verbose`.
            let is_secret = std::mem::take(&mut names_secret) && !is_option && !argument.is_empty();
            names_secret = is_option && is_secret_name(argument, redactor);
            if is_secret {
                return MASK.to_owned();
            }
            bounded(&redactor.text(argument, &counts))
        })
        .collect()
}

/// Whether an option without a value in the same argument names a secret.
fn is_secret_name(option: &str, redactor: &Redactor) -> bool {
    let name = option.trim_start_matches(['-', '/']);
    !name.contains(['=', ':']) && redactor.key_class(name) == KeyClass::Secret
}

fn parent(around: &Surroundings<'_>, stat: &str) -> Option<i64> {
    if let Some(parent) = stat_field(stat, 4) {
        return parent.parse().ok();
    }
    #[cfg(unix)]
    if around.is_own() {
        return Some(std::os::unix::process::parent_id().into());
    }
    let _ = around;
    None
}

/// A field of `/proc/self/stat` by its number in the manual. The second one is the program's name in brackets, which may
/// hold blanks and brackets.
fn stat_field(stat: &str, number: usize) -> Option<&str> {
    let (_, after_name) = stat.rsplit_once(')')?;
    after_name.split_ascii_whitespace().nth(number - 3)
}

/// The name of the effective user.
fn owner(around: &Surroundings<'_>) -> Option<String> {
    if cfg!(windows) {
        return around.variable("USERNAME");
    }
    let status = around.text("/proc/self/status")?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    let uid = ids.split_ascii_whitespace().nth(1)?;
    let users = around.text("/etc/passwd")?;
    let name = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1) == Some(uid)).then_some(name)
    });
    name.map(bounded)
}

/// When the process was started, in milliseconds since the Unix epoch.
fn created(around: &Surroundings<'_>, stat: &str) -> Option<u64> {
    let ticks: u64 = stat_field(stat, 22)?.parse().ok()?;
    let system = around.text("/proc/stat")?;
    let booted = system
        .lines()
        .find_map(|line| line.strip_prefix("btime "))?;
    let booted: u64 = booted.trim().parse().ok()?;
    booted
        .checked_mul(1000)?
        .checked_add(ticks.checked_mul(1000 / TICKS_PER_SECOND)?)
}

/// ISO 8601 in UTC with milliseconds.
fn iso_8601(unix_millis: u64) -> String {
    let seconds = unix_millis / 1000;
    let (year, month, day) = date(seconds / 86_400);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        seconds / 3600 % 24,
        seconds / 60 % 60,
        seconds % 60,
        unix_millis % 1000,
    )
}

/// The Gregorian date of a day since 1970-01-01, by counting years from a March: so a leap day ends its year.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, later) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (year + era * 400 + later, month, day)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Fake, text};
    use super::*;
    use crate::redact::Mode;

    fn found(fake: &Fake, mode: Mode) -> Resource {
        let mut found = Resource::default();
        detect(&mut found, &fake.around(), &Redactor::new(mode));
        found
    }

    fn arguments_of(line: &str) -> Vec<String> {
        let fake = Fake::new().file("/proc/self/cmdline", line);
        match found(&fake, Mode::Default).get("process.command_args") {
            Some(OwnedValue::Array(arguments)) => arguments
                .iter()
                .map(|argument| match argument {
                    OwnedValue::Str(argument) => argument.clone(),
                    other => panic!("{other:?}"),
                })
                .collect(),
            other => panic!("{other:?}"),
        }
    }

    const STAT: &str =
        "4711 (a ) b) S 42 4711 4711 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 123456 1000 10";

    #[test]
    fn a_process_tells_who_it_is() {
        let fake = Fake::new()
            .link("/proc/self/exe", "/opt/shop/bin/api (deleted)")
            .file("/proc/self/stat", STAT)
            .file("/proc/stat", "cpu 1 2 3\nbtime 1700558734\n")
            .file("/proc/self/status", "Name:\tapi\nUid:\t0\t1000\t0\t0\n")
            .file(
                "/etc/passwd",
                "root:x:0:0::/root:/bin/sh\nshop:x:1000:1000::/:/bin/sh\n",
            )
            .file("/proc/self/cmdline", "bin/api\0--port\08080\0");
        let process = found(&fake, Mode::Default);
        assert_eq!(
            process.get("process.pid"),
            Some(&OwnedValue::Int(std::process::id().into()))
        );
        assert_eq!(
            process.get("process.parent_pid"),
            Some(&OwnedValue::Int(42))
        );
        assert_eq!(
            text(&process, "process.executable.path"),
            "/opt/shop/bin/api"
        );
        assert_eq!(text(&process, "process.executable.name"), "api");
        assert_eq!(text(&process, "process.command"), "bin/api");
        assert_eq!(text(&process, "process.owner"), "shop");
        // 1700558734 s + 1234.56 s
        assert_eq!(
            text(&process, "process.creation.time"),
            "2023-11-21T09:46:08.560Z"
        );
        assert!(process.get("process.args_count").is_none());
    }

    #[test]
    fn arguments_lose_their_secrets() {
        assert_eq!(
            arguments_of(
                "app\0--password\0hunter2\0--user\0ada\0--api-key=abc123\0--no-token\0--verbose\0x\0"
            ),
            [
                "app",
                "--password",
                MASK,
                "--user",
                "ada",
                "--api-key=REDACTED",
                "--no-token",
                "--verbose",
                "x"
            ]
        );
        let url = arguments_of("app\0postgres://ada:hunter2@db/shop\0");
        assert!(!url[1].contains("hunter2"), "{url:?}");
    }

    #[test]
    fn a_value_that_begins_like_an_option_is_still_looked_at() {
        let said = arguments_of("app\0--token\0-\0--secret\0");
        assert_eq!(said, ["app", "--token", "-", "--secret"]);
    }

    #[test]
    fn without_redaction_only_the_number_of_arguments_is_told() {
        let fake = Fake::new().file("/proc/self/cmdline", "app\0--password\0hunter2\0");
        let process = found(&fake, Mode::Off);
        assert_eq!(text(&process, "process.command"), "app");
        assert_eq!(process.get("process.args_count"), Some(&OwnedValue::Int(3)));
        assert!(process.get("process.command_args").is_none());
    }

    #[test]
    fn arguments_are_bounded_in_number_and_length() {
        let many = arguments_of(&"x\0".repeat(1000));
        assert_eq!(many.len(), MOST_ARGUMENTS);
        let long = arguments_of(&format!("app\0{}\0", "y".repeat(5000)));
        assert_eq!(long[1].len(), 1024);
    }

    #[test]
    fn an_empty_argument_and_an_empty_command_line_do_no_harm() {
        assert_eq!(arguments_of("app\0\0--x\0"), ["app", "", "--x"]);
        let fake = Fake::new().file("/proc/self/cmdline", "");
        assert!(found(&fake, Mode::Default).get("process.command").is_none());
    }

    #[test]
    fn damaged_files_are_no_failure() {
        for stat in [
            "",
            ")",
            "1 (x) S",
            "1 (x) S y 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99999999999999999999 1",
        ] {
            let fake = Fake::new()
                .file("/proc/self/stat", stat)
                .file("/proc/stat", "btime soon\n")
                .file("/proc/self/status", "Uid:\n")
                .file("/etc/passwd", "nonsense\n::\n");
            let process = found(&fake, Mode::Default);
            assert_eq!(process.attributes().len(), 1, "{stat}: {process:?}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (millis, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_735_689_600_001, "2025-01-01T00:00:00.001Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ] {
            assert_eq!(iso_8601(millis), expected);
        }
    }
}
