//! How telemetry leaves the process.

mod connector;
pub mod endpoint;
pub mod http;
pub(crate) mod otlp;
pub(crate) mod response;
pub(crate) mod wire;
