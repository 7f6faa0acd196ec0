//! The worker prints receipts. The printing itself is done by a program of another team, written in C; the worker
//! starts it and hands the trace over in environment variables.

mod report;
mod requests;

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Extension, Json, Router, middleware};
use polyspan::propagate::environment;
use polyspan::{Config, Provider, Span, Status, Tracer};
use requests::Caller;
use std::env;
use std::error::Error;
use std::process::Stdio;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};

/// How long the receipt program may take.
const PRINTING: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Endpoint and service name come from OTEL_EXPORTER_OTLP_ENDPOINT and OTEL_SERVICE_NAME.
    let provider = Provider::new(Config::from_env())?;
    let tracer = provider.tracer("demo.worker");

    let service = Router::new()
        .route("/receipts", post(receipts))
        .route("/health", get(health))
        .layer(middleware::from_fn_with_state(tracer, requests::trace))
        .with_state(tracer);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("worker: listening on http://{}", listener.local_addr()?);
    let mut terminate = signal(SignalKind::terminate())?;
    let terminated = async move {
        terminate.recv().await;
    };
    axum::serve(listener, service)
        .with_graceful_shutdown(terminated)
        .await?;

    let delivered = provider.shutdown(Duration::from_secs(5));
    report::print(&provider);
    Ok(delivered?)
}

#[derive(serde::Deserialize)]
struct Order {
    item: String,
    amount: f64,
}

/// `POST /receipts`: the text of the receipt.
async fn receipts(
    State(tracer): State<Tracer>,
    Extension(caller): Extension<Caller>,
    Json(order): Json<Order>,
) -> Result<String, (StatusCode, String)> {
    let mut span = tracer.span("start printer").parent(&caller.context).start();
    span.set_attribute("order.item", &*order.item);
    span.set_attribute("order.amount", order.amount);
    if let Some(customer) = caller.baggage.get("customer.email") {
        span.set_attribute("customer.email", customer);
    }
    print(&order, &span, &caller).await.map_err(|problem| {
        span.set_attribute("error.type", "printer_failed");
        span.set_status(Status::Error(&problem));
        (StatusCode::BAD_GATEWAY, problem)
    })
}

/// Runs the receipt program as a child of `span`.
async fn print(order: &Order, span: &Span, caller: &Caller) -> Result<String, String> {
    let Ok(program) = env::var("RECEIPT_PROGRAM") else {
        return Ok("no printer\n".to_owned());
    };
    let mut command = Command::new(&program);
    command
        .args([&order.item, &order.amount.to_string()])
        .env("OTEL_SERVICE_NAME", "receipt")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true);

    // What this process itself was started with must not reach the child beside the new context.
    let provider = span.tracer().provider();
    for variable in environment::names(provider.fields()) {
        command.env_remove(variable);
    }
    provider.inject(span.context(), &caller.baggage, &mut |field, value| {
        command.env(environment::name(field), value);
    });

    let printer = command
        .spawn()
        .map_err(|error| format!("cannot start {program}: {error}"))?;
    let printed = tokio::time::timeout(PRINTING, printer.wait_with_output())
        .await
        .map_err(|_| format!("{program} did not end within {PRINTING:?}"))?
        .map_err(|error| format!("lost {program}: {error}"))?;
    if printed.status.success() {
        Ok(String::from_utf8_lossy(&printed.stdout).into_owned())
    } else {
        Err(format!("{program} failed: {}", printed.status))
    }
}

/// `GET /health`: which instance answers.
async fn health() -> Json<serde_json::Value> {
    Json(serde_json::json!({ "instance": env::var("INSTANCE_ID").unwrap_or_default() }))
}
