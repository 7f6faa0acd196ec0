//! What delivery makes of servers that answer, refuse, stall, break off and lie.
//!
//! Upper bounds on time are generous (the machine may be busy), the configured waits are short.

mod accepted;
mod connections;
mod grpc;
mod refused;
mod request;
mod time;
mod tls;
mod wait;
mod ways;

#[path = "../scripted_server/mod.rs"]
mod scripted_server;

use std::future::{Future, pending, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use polyspan::config::{Otlp, Signal};
use polyspan::export::transport::Transport;
use polyspan::pipeline::backoff::Backoff;
use polyspan::pipeline::delivery::{Delivery, Outcome, Retry};
use scripted_server::{Nobody, ScriptedServer, Step, Then, answer, raw, self_signed, status};

const BODY: &[u8] = b"an encoded batch";

/// Long enough that only a bug reaches it.
const LONG: Duration = Duration::from_secs(60);

/// The bound of "at once" and "in time" on a busy machine.
const SOON: Duration = Duration::from_secs(10);

fn retry(timeout: Duration) -> Retry {
    let backoff = Backoff {
        initial: Duration::from_millis(10),
        longest: Duration::from_millis(50),
    };
    Retry { timeout, backoff }
}

fn delivery(url: &str, retry: Retry) -> Delivery {
    let otlp = Otlp::new(format!("{url}/v1/traces"));
    Delivery::new(Transport::new(&otlp, Signal::Traces).unwrap(), retry)
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let result = runtime.block_on(future);
    runtime.shutdown_background();
    result
}

/// Waits for what another thread or task does.
async fn soon(condition: impl Fn() -> bool) {
    let until = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < until, "it does not happen");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn send(delivery: &Delivery) -> Outcome {
    delivery.deliver(Bytes::from_static(BODY), pending()).await
}

/// Delivers one batch to a server with this script; also returns how many requests it got.
fn deliver(script: impl Into<Vec<Step>>, timeout: Duration) -> (Outcome, usize) {
    let server = ScriptedServer::start(script);
    let outcome = run(send(&delivery(&server.url(), retry(timeout))));
    let requests = server.requests();
    assert!(
        requests.iter().all(|request| request.body == BODY),
        "a retry changed the body"
    );
    (outcome, requests.len())
}

fn delivered() -> Outcome {
    Outcome::Delivered {
        rejected: 0,
        message: None,
    }
}

#[track_caller]
fn message(outcome: Outcome) -> String {
    match outcome {
        Outcome::Delivered {
            message: Some(message),
            ..
        } => message,
        Outcome::Rejected { message, .. } | Outcome::TooLarge { message } => message,
        Outcome::NotAccepted { reason, .. } | Outcome::Unconfirmed { reason } => reason,
        other => panic!("no message in {other:?}"),
    }
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "{part:?} is not in {text:?}");
}

/// A backoff that no test waits for.
const SLOW: Retry = Retry {
    timeout: Duration::from_secs(600),
    backoff: Backoff {
        initial: LONG,
        longest: LONG,
    },
};

/// The outcome is of that kind, whatever the rest of it says.
macro_rules! assert_is {
    ($outcome:expr, $kind:ident) => {
        assert_is!($outcome, $kind { .. })
    };
    ($outcome:expr, $kind:ident $fields:tt) => {
        match &$outcome {
            Outcome::$kind $fields => {}
            other => panic!("{other:?}"),
        }
    };
}
use assert_is;
