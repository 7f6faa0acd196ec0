//! Options, until a provider is made of them.

use crate::bytes::{place, polyspan_bytes};
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::handle::kind;
use polyspan::Config;
use polyspan::config::Binding;
use polyspan::slab::{Entered, Slab};

/// Configurations are made, filled and used within a few lines; more at a time are a leak.
const MOST: usize = 4096;

// Boxed, as a slot is kept for ever and a configuration is not.
type Place = Box<Config>;
static CONFIGS: Slab<Place> = Slab::new(kind::CONFIG, MOST);

fn enter(config: u64) -> Result<Entered<'static, Place>, Failure> {
    CONFIGS
        .enter(config)
        .map_err(|refusal| Failure::refused(refusal, "config"))
}

/// Takes a configuration out of its handle.
pub(crate) fn take(config: u64) -> Result<Config, Failure> {
    let config = enter(config)?.remove();
    config
        .map(|config| *config)
        .ok_or(Failure::Handle { kind: "config" })
}

/// Makes a configuration from the environment (`OTEL_*` and `POLYSPAN_*` variables).
///
/// What is wrong there is reported when the provider is made: variables of the OpenTelemetry standard as diagnostics,
/// polyspan's own as an error. `*out` is a handle; pass it to `polyspan_provider_new` or `polyspan_config_free`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_config_new(out: *mut u64, err: *mut polyspan_error) -> i32 {
    guard(err, || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        let vacancy = CONFIGS.vacancy().ok_or(Failure::Exhausted {
            kind: "config",
            most: MOST,
        })?;
        *out = vacancy.fill(Box::new(Config::from_env().binding(Binding::C)));
        Ok(())
    })
}

/// Sets an option, by the name that it has in all languages (`service_name`, `endpoint`, `sampler` …), from text.
///
/// Code wins over the environment. `POLYSPAN_E_CONFIG`: there is no such option, or it cannot have this value; `err` says
/// what it may be, and nothing is changed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_config_set(
    config: u64,
    name: polyspan_bytes,
    value: polyspan_bytes,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        // SAFETY: borrowed for the call.
        let (name, value) = unsafe { (name.text("name")?, value.text("value")?) };
        enter(config)?
            .with(|config| config.set(name, value))
            .ok_or(Failure::Handle { kind: "config" })??;
        Ok(())
    })
}

/// Frees a configuration of which no provider was made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_config_free(config: u64) -> i32 {
    guard(std::ptr::null_mut(), || take(config).map(drop))
}
