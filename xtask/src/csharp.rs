//! `NativeMethods.g.cs`: one file for .NET and Unity, C# 9, plain `DllImport`.

use csbindgen::Builder;
use std::error::Error;
use std::fs;

/// Platforms on which Unity links native libraries into the program.
const STATICALLY_LINKED: &str =
    "(UNITY_IOS || UNITY_TVOS || UNITY_VISIONOS || UNITY_WEBGL) && !UNITY_EDITOR";

/// Makes the C# bindings.
///
/// # Errors
///
/// csbindgen cannot read a source.
pub fn generate() -> Result<String, Box<dyn Error>> {
    // csbindgen only writes files.
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("NativeMethods.g.cs");
    let builder = crate::sources()
        .fold(Builder::default(), Builder::input_extern_file)
        .csharp_namespace("Polyspan.Native")
        .csharp_class_name("NativeMethods")
        .csharp_class_accessibility("internal")
        .csharp_dll_name("polyspan_native")
        .csharp_dll_name_if(STATICALLY_LINKED, "__Internal")
        .csharp_use_function_pointer(false)
        .csharp_use_nint_types(true)
        .csharp_generate_const_filter(|name| name.starts_with("POLYSPAN_"));
    builder.generate_csharp_file(&path)?;
    let bindings = fs::read_to_string(&path)?.replace("\r\n", "\n");
    let lines: Vec<_> = bindings.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_end().to_owned() + "\n")
}
