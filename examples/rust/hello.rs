//! The smallest traced Rust program; `polyspan view` shows its span. The README quotes it, `tests/arrives.rs` runs it.

use polyspan::{Config, Provider};
use std::time::Duration;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let provider = Provider::new(Config::from_env().service_name("checkout"))?;
    let tracer = provider.tracer("checkout");

    let mut span = tracer.start("charge");
    span.set_attribute("card.number", "4111 1111 1111 1111"); // leaves the process as [REDACTED]
    span.end();

    provider.shutdown(Duration::from_secs(5))?;
    Ok(())
}
