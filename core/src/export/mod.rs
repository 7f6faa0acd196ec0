//! How telemetry leaves the process.

mod connector;
pub(crate) mod console;
pub mod endpoint;
mod finished;
pub mod http;
mod key_cache;
pub mod memory;
pub(crate) mod otlp;
pub(crate) mod response;
mod spans;
pub mod transport;
mod values;
pub(crate) mod wire;
