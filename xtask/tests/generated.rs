//! What is committed is what the sources say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn committed_files_are_fresh() {
    for file in xtask::generate().unwrap() {
        let committed = fs::read_to_string(xtask::root().join(file.path)).unwrap_or_default();
        let line = committed
            .lines()
            .zip(file.content.lines())
            .position(|(a, b)| a != b);
        assert!(
            committed == file.content,
            "{} is not what the sources say (first at line {}); run: {}",
            file.path,
            line.unwrap_or(0) + 1,
            xtask::COMMAND
        );
    }
}

#[test]
fn every_source_with_exports_is_read() {
    let read: BTreeSet<_> = xtask::sources().collect();
    for entry in fs::read_dir(xtask::root().join("core/ffi/src")).unwrap() {
        let path = entry.unwrap().path();
        let source = fs::read_to_string(&path).unwrap();
        if source.contains("#[unsafe(no_mangle)]") || source.contains("#[repr(C)]") {
            let is_test = source.contains("struct Second");
            assert!(
                read.contains(&path) || is_test,
                "{} exports something and is not among xtask::SOURCES",
                path.display()
            );
        }
    }
}

#[test]
fn library_header_and_csharp_have_the_same_functions() {
    let files = xtask::generate().unwrap();
    let content = |path: &str| {
        let file = files.iter().find(|file| file.path.ends_with(path));
        file.unwrap().content.as_str()
    };
    let header: Vec<_> = content("polyspan.h")
        .lines()
        .filter_map(|line| line.strip_prefix("int32_t "))
        .filter_map(|line| line.split_once('(').map(|(name, _)| name.to_owned()))
        .collect();
    let csharp: Vec<_> = content("NativeMethods.g.cs")
        .split("EntryPoint = \"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"').map(|(name, _)| name.to_owned()))
        .collect();
    let (header, csharp) = (without_repetition(header), without_repetition(csharp));
    assert!(header.len() > 30, "{header:?}");
    assert_eq!(header, csharp, "header and C# entry points differ");
    assert_eq!(
        header,
        exported(),
        "header and the library's dynamic symbols differ"
    );
}

#[test]
fn every_struct_of_the_header_has_its_layout_compared() {
    let header = fs::read_to_string(xtask::root().join("include/polyspan.h")).unwrap();
    let structs: BTreeSet<_> = header
        .lines()
        .filter_map(|line| line.strip_prefix("typedef struct ")?.strip_suffix(" {"))
        .collect();
    assert_eq!(structs, xtask::layout::names().into_iter().collect());
}

fn without_repetition(names: Vec<String>) -> BTreeSet<String> {
    let count = names.len();
    let set: BTreeSet<_> = names.into_iter().collect();
    assert_eq!(set.len(), count, "a function is declared twice");
    set
}

/// What the library exports, all of it. Cargo has built it beside this test, as xtask depends on it.
fn exported() -> BTreeSet<String> {
    let test = std::env::current_exe().unwrap();
    let library = test.parent().unwrap().join("libpolyspan_native.so");
    assert!(
        Path::new(&library).exists(),
        "{} is missing",
        library.display()
    );
    let nm = Command::new("nm")
        .args(["-D", "--defined-only", "--format=posix"])
        .arg(&library)
        .output()
        .expect("nm, of the package binutils");
    assert!(
        nm.status.success(),
        "{}",
        String::from_utf8_lossy(&nm.stderr)
    );
    let symbols = String::from_utf8(nm.stdout).unwrap();
    symbols
        .lines()
        .filter_map(|line| line.split(' ').next().map(str::to_owned))
        .collect()
}
