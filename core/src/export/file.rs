//! The file exporter: OTLP/JSON lines, one `Export…ServiceRequest` a line, as the Collector's file receiver reads them.
//!
//! Files are bounded: one that would grow over its size is put aside as `<path>.1`, what was put aside before becomes
//! `<path>.2` and so on, and the oldest are deleted. A line is appended by one write, and never cut: a process that is killed
//! loses at most the line that it was writing, and the next line begins on a line of its own, so all others stay readable.
//! (The power going is another matter: nothing waits for the disk.) Several processes may append to one path; each notices
//! when another has put the file aside. Files are readable by their owner only: what is in them is redacted, not public.
//!
//! Source: OpenTelemetry specification, "OpenTelemetry Protocol File Exporter".

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::console::write_stdout;
use super::json;
use crate::config::{OtlpFile, Signal};

/// Appends the requests of one signal.
#[derive(Debug)]
pub(crate) struct LineFile {
    signal: Signal,
    path: Option<PathBuf>,
    rotate_bytes: u64,
    keep: usize,
    open: Option<Open>,
}

/// The file that is appended to.
#[derive(Debug)]
struct Open {
    file: File,
    /// Its last line has no end: whoever wrote it was killed, or the disk was full.
    is_torn: bool,
}

impl LineFile {
    /// Opens nothing yet.
    pub(crate) fn new(file: &OtlpFile, signal: Signal) -> LineFile {
        LineFile {
            signal,
            path: file.path.clone(),
            rotate_bytes: file.rotate_bytes,
            keep: file.keep.max(1),
            open: None,
        }
    }

    /// Appends an encoded request of the signal as a line of its JSON form.
    pub(crate) fn append(&mut self, request: &[u8]) -> Result<(), String> {
        let line = json::to_json(self.signal, request);
        let mut line = line.map_err(|_| "the request could not be read".to_owned())?;
        line.push(b'\n');
        match self.path.clone() {
            None => write_stdout(&line),
            Some(path) => self.append_to(&path, line).map_err(|error| {
                // Opened again the next time: the disk may have been replaced, or the directory made.
                self.open = None;
                error.to_string()
            }),
        }
    }

    fn append_to(&mut self, path: &Path, mut line: Vec<u8>) -> io::Result<()> {
        let size = self.reach(path)?;
        if size > 0 && size + line.len() as u64 > self.rotate_bytes {
            self.open = None;
            put_aside(path, self.keep)?;
            self.reach(path)?;
        }
        let Some(open) = &mut self.open else {
            return Ok(());
        };
        if open.is_torn {
            line.insert(0, b'\n');
        }
        // Whatever happens from here on, the line may be there in part.
        open.is_torn = true;
        open.file.write_all(&line)?;
        open.is_torn = false;
        Ok(())
    }

    /// Sees to it that the file at `path` is open, and returns its size.
    fn reach(&mut self, path: &Path) -> io::Result<u64> {
        if let Some(open) = &self.open
            && let Ok(there) = fs::metadata(path)
            && is_same(&open.file.metadata()?, &there)
        {
            return Ok(there.len());
        }
        let mut file = options().open(path)?;
        let size = file.metadata()?.len();
        let is_torn = size > 0 && last_byte(&mut file)? != b'\n';
        self.open = Some(Open { file, is_torn });
        Ok(size)
    }
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).append(true).read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

fn last_byte(file: &mut File) -> io::Result<u8> {
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last[0])
}

#[cfg(unix)]
fn is_same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Windows does not let a file be renamed while this process has it open in the way that Rust opens files.
#[cfg(not(unix))]
fn is_same(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

/// Makes place at `path`: the file there becomes the first of those put aside, of which `keep - 1` stay.
fn put_aside(path: &Path, keep: usize) -> io::Result<()> {
    if keep == 1 {
        return fs::remove_file(path);
    }
    for number in (1..keep - 1).rev() {
        let from = numbered(path, number);
        if from.exists() {
            fs::rename(from, numbered(path, number + 1))?;
        }
    }
    fs::rename(path, numbered(path, 1))
}

/// `spans.jsonl.1`
fn numbered(path: &Path, number: usize) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
    use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
    use prost::Message;

    /// A request whose only span has this name.
    fn request(name: &str) -> Vec<u8> {
        let span = Span {
            name: name.to_owned(),
            ..Span::default()
        };
        let scope = ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        };
        let resource = ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        };
        let resource_spans = vec![resource];
        ExportTraceServiceRequest { resource_spans }.encode_to_vec()
    }

    /// A directory of the test's own.
    fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }

    fn lines(path: &Path, rotate_bytes: u64, keep: usize) -> LineFile {
        let file = OtlpFile {
            rotate_bytes,
            keep,
            ..OtlpFile::new(path)
        };
        LineFile::new(&file, Signal::Traces)
    }

    /// The names of the spans in a file; `torn` for a line that is not JSON.
    fn names(path: &Path) -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let name = |line: &str| match serde_json::from_str::<serde_json::Value>(line) {
            Ok(line) => line["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["name"]
                .as_str()
                .unwrap()
                .to_owned(),
            Err(_) => "torn".to_owned(),
        };
        text.lines().map(name).collect()
    }

    #[test]
    fn each_request_is_a_line_and_a_file_that_is_there_is_appended_to() {
        let directory = directory();
        let path = directory.path().join("spans.jsonl");
        for round in ["a", "b"] {
            let mut file = lines(&path, 1 << 20, 3);
            file.append(&request(round)).unwrap();
            file.append(&request(round)).unwrap();
        }
        assert_eq!(names(&path), ["a", "a", "b", "b"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_that_is_full_is_put_aside_and_the_oldest_is_deleted() {
        let directory = directory();
        let path = directory.path().join("spans.jsonl");
        let length = {
            lines(&path, 1 << 20, 3).append(&request("0")).unwrap();
            fs::metadata(&path).unwrap().len()
        };
        let mut file = lines(&path, 2 * length, 3);
        for number in 1..9 {
            file.append(&request(&number.to_string())).unwrap();
        }
        assert_eq!(names(&path), ["8"]);
        assert_eq!(names(&numbered(&path, 1)), ["6", "7"]);
        assert_eq!(names(&numbered(&path, 2)), ["4", "5"]);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn of_one_file_that_is_kept_the_newest_lines_stay() {
        let directory = directory();
        let path = directory.path().join("spans.jsonl");
        let mut file = lines(&path, 1, 1);
        for name in ["a", "b", "c"] {
            file.append(&request(name)).unwrap();
        }
        assert_eq!(
            names(&path),
            ["c"],
            "a line over the limit is written all the same"
        );
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_torn_line_spoils_no_other() {
        let directory = directory();
        let path = directory.path().join("spans.jsonl");
        lines(&path, 1 << 20, 2).append(&request("before")).unwrap();
        let mut killed = OpenOptions::new().append(true).open(&path).unwrap();
        killed.write_all(b"{\"resourceSpans\":[{\"sco").unwrap();
        let mut file = lines(&path, 1 << 20, 2);
        file.append(&request("after")).unwrap();
        file.append(&request("later")).unwrap();
        assert_eq!(names(&path), ["before", "torn", "after", "later"]);
    }

    #[test]
    fn what_another_process_has_put_aside_is_not_appended_to() {
        let directory = directory();
        let path = directory.path().join("spans.jsonl");
        let mut file = lines(&path, 1 << 20, 2);
        file.append(&request("first")).unwrap();
        fs::rename(&path, numbered(&path, 1)).unwrap();
        file.append(&request("second")).unwrap();
        assert_eq!(names(&path), ["second"]);
        fs::remove_file(&path).unwrap();
        file.append(&request("third")).unwrap();
        assert_eq!(names(&path), ["third"]);
    }

    #[test]
    fn an_error_says_what_is_wrong_and_the_file_is_tried_again() {
        let directory = directory();
        let folder = directory.path().join("not yet");
        let mut file = lines(&folder.join("spans.jsonl"), 1 << 20, 2);
        let error = file.append(&request("lost")).unwrap_err();
        assert!(error.contains("No such file or directory"), "{error}");
        fs::create_dir(&folder).unwrap();
        file.append(&request("kept")).unwrap();
        assert_eq!(names(&folder.join("spans.jsonl")), ["kept"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_and_not_a_loop() {
        let error = lines(Path::new("/dev/full"), 1 << 20, 2).append(&request("lost"));
        assert!(error.unwrap_err().contains("No space left"));
    }
}
