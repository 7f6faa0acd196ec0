//! Code that knows the `tracing` crate only, with polyspan behind it. `tests/arrives.rs` runs it.

use polyspan::{Config, Provider};
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt;

fn charge(number: &str) {
    let span = tracing::info_span!("charge", otel.kind = "client", card.number = number);
    span.in_scope(|| tracing::info!(amount = 9.5, "authorized")); // an event of that span
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = Provider::new(Config::from_env().service_name("checkout"))?;
    let layer = polyspan::tracing::layer(provider.tracer("checkout"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer))?;

    charge("4111 1111 1111 1111"); // leaves the process as [REDACTED]

    provider.shutdown(Duration::from_secs(5))?;
    Ok(())
}
