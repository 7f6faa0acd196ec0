//! A trace with everything that OTLP carries, and a counter.

use std::error::Error;
use std::time::Duration;

use polyspan::{Config, Provider, SpanKind, Status, Value};
use serde_json::json;

/// Long enough for a server on a busy machine, short enough for the cases in which none answers.
const DEADLINE: Duration = Duration::from_secs(20);

/// Sends, and prints `{"traceId", "delivered", "dropped", "said"}`.
pub fn run() -> Result<(), Box<dyn Error>> {
    let provider = Provider::new(Config::from_env())?;
    let tracer = provider.tracer("interop");

    let mut parent = tracer.span("order").kind(SpanKind::Server).start();
    parent.set_attribute("text", "Größe ✓");
    parent.set_attribute("whole", i64::MIN);
    parent.set_attribute("real", 0.5);
    parent.set_attribute("truth", true);
    parent.set_attribute("bytes", Value::Bytes(&[0, 255, 7]));
    let list = vec![Value::Int(1), Value::Str("two")];
    parent.set_attribute("list", Value::Array(list));

    let context = parent.context().clone();
    let mut child = tracer.span("charge").parent(&context).start();
    child.add_event("retry", &[("attempt", Value::Int(2))]);
    child.add_link(&context, &[("why", Value::Str("test"))]);
    child.set_status(Status::Error("declined"));
    let trace_id = context.trace_id.to_string();
    child.end();
    parent.end();

    let counter = provider.counter("interop", "orders", "{order}", "");
    counter.add_u64(3, &[("kind", Value::Str("test"))]);

    let flushed = provider.flush(DEADLINE);
    let shut_down = provider.shutdown(DEADLINE);
    let mut said = provider.take_diagnostics();
    said.extend(flushed.err().map(|error| error.to_string()));
    said.extend(shut_down.err().map(|error| error.to_string()));
    let stats = provider.stats();
    let dropped: u64 = stats.dropped.iter().sum();
    println!(
        "{}",
        json!({
            "traceId": trace_id,
            "delivered": stats.delivered,
            "dropped": dropped,
            "said": said,
        })
    );
    Ok(())
}
