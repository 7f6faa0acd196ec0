//! Which interface this is.

/// The version of this interface, for `polyspan_abi_version`.
pub const POLYSPAN_ABI_VERSION: i32 = 1;

/// The version of the interface that the library has.
///
/// Call it first. If it is not `POLYSPAN_ABI_VERSION`, header and library do not belong together: call nothing else.
/// The one function that does not return a status.
#[unsafe(no_mangle)]
pub extern "C" fn polyspan_abi_version() -> i32 {
    POLYSPAN_ABI_VERSION
}
