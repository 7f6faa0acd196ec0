//! How telemetry leaves the process.

mod client;
mod compress;
mod connector;
pub(crate) mod console;
mod depth;
pub mod endpoint;
mod fields;
pub(crate) mod file;
mod finished;
mod grpc;
mod http;
pub(crate) mod json;
mod key_cache;
pub mod memory;
pub(crate) mod otlp;
pub mod proxy;
pub(crate) mod response;
mod schema;
mod spans;
pub mod tls;
pub mod transport;
mod values;
pub(crate) mod wire;
