//! How telemetry leaves the process.

mod connector;
pub mod endpoint;
pub mod http;
mod key_cache;
pub(crate) mod otlp;
pub(crate) mod response;
pub(crate) mod wire;
