//! Tracers: who starts spans.

use crate::bytes::{place, polyspan_bytes};
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::handle;
use crate::provider::{self, InUse};
use polyspan::{Scope, Tracer};

/// The tracer behind a handle, its provider, and where that stands.
#[inline]
pub(crate) fn find(tracer: u64) -> Result<(InUse, u32, Tracer), Failure> {
    const FAILURE: Failure = Failure::Handle { kind: "tracer" };
    let (place, index) = handle::tracer_parts(tracer).ok_or(FAILURE)?;
    let provider = provider::at(place).ok_or(FAILURE)??;
    let tracer = provider.tracer_at(index).ok_or(FAILURE)?;
    Ok((provider, place, tracer))
}

/// The tracer of an instrumentation scope. The same scope gives the same tracer; it lives as long as the provider.
///
/// `version` and `schema_url` may be empty. `index`, which may be null, receives the number by which records of a span
/// batch name the tracer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_tracer_new(
    provider: u64,
    name: polyspan_bytes,
    version: polyspan_bytes,
    schema_url: polyspan_bytes,
    out: *mut u64,
    index: *mut u32,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        // SAFETY: borrowed for the call.
        let scope = unsafe {
            Scope {
                name: name.text("name")?,
                version: version.text("version")?,
                schema_url: schema_url.text("schema_url")?,
                attributes: &[],
            }
        };
        let place_of_provider =
            handle::provider_index(provider).ok_or(Failure::Handle { kind: "provider" })?;
        let tracer = provider::find(provider)?.tracer(scope);
        if !index.is_null() {
            // SAFETY: by the header's contract the caller's.
            unsafe { place(index, "index")? }.write(tracer.index());
        }
        *out = handle::tracer(place_of_provider, tracer.index());
        Ok(())
    })
}
