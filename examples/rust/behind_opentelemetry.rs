//! Code that knows the `opentelemetry` crate only, with polyspan behind it. `tests/arrives.rs` runs it.

use opentelemetry::trace::{TraceContextExt, Tracer};
use opentelemetry::{KeyValue, global};
use polyspan::{Config, Provider};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = Provider::new(Config::from_env().service_name("checkout"))?;
    polyspan::opentelemetry::install(provider);

    // From here on it is the OpenTelemetry API, in this program as in the libraries that it uses.
    global::tracer("checkout").in_span("charge", |context| {
        let number = KeyValue::new("card.number", "4111 1111 1111 1111");
        context.span().set_attribute(number); // leaves the process as [REDACTED]
    });

    provider.shutdown(Duration::from_secs(5))?;
    Ok(())
}
