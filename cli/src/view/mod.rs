//! `polyspan view`: the backend for development, in one process and in memory.
//!
//! ```text
//! programs ─ POST /v1/traces ─▶ receive ─▶ store ─ quiet for a while ─▶ print ─▶ tree of each trace
//!            POST /v1/metrics ─▶         ─▶ metrics          GET /api/… ─▶ api
//! ```
//!
//! file                         | what
//! -----------------------------|---------------------------------------------------------------
//! listen                       | loopback only, unless allowed
//! receive, json                | OTLP over HTTP: protobuf and OTLP/JSON
//! store, trace, origin, metrics      | what is kept, bounded and accounted
//! shared, print                | the store between HTTP and the printer thread
//! render, tree, attributes, text | a trace as lines
//! api                          | questions about what is kept

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use axum::routing::{get, post};
use axum::{Router, middleware};
use tokio::net::TcpListener;
use tokio::sync::Notify;

mod api;
mod attributes;
mod json;
mod listen;
mod metrics;
mod origin;
mod print;
mod receive;
mod render;
#[cfg(test)]
mod samples;
mod shared;
mod store;
mod text;
mod trace;

use print::Form;
use render::Page;
use shared::Shared;
use store::Store;
use trace::Patience;

/// The options of `polyspan view`.
#[derive(clap::Args)]
// The last one wins, so that a script's options can be amended.
#[command(args_override_self = true)]
pub(crate) struct Options {
    /// Address and port to listen on; port 0 finds a free one
    #[arg(long, default_value = "127.0.0.1:4318", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Accept an address that other machines can reach; there is no authentication
    #[arg(long)]
    allow_remote: bool,
    /// How much memory traces may take; the oldest are evicted
    #[arg(long, default_value_t = 64, value_name = "MEBIBYTES", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    memory_mb: u32,
    /// Print a trace when its root has arrived and nothing new came for so long
    #[arg(long, default_value_t = 500, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    quiet_ms: u32,
    /// Print a trace without its root when nothing new came for so long
    #[arg(long, default_value_t = 10_000, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    incomplete_ms: u32,
    /// Print traces as lines of OTLP/JSON (TracesData), and nothing else on stdout
    #[arg(long)]
    json: bool,
    /// Exit after so many complete traces
    #[arg(long, value_name = "TRACES", value_parser = clap::value_parser!(u64).range(1..))]
    once: Option<u64>,
    /// Print every attribute and event below its span
    #[arg(long)]
    all_attributes: bool,
    /// Cut the tree of a trace after so many spans
    #[arg(long, default_value_t = 200, value_name = "SPANS", value_parser = clap::value_parser!(u32).range(1..))]
    max_spans: u32,
}

/// How long open connections may take to finish when the viewer ends.
const GRACE: Duration = Duration::from_secs(2);

/// Receives and prints until a signal, or `--once`, ends it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| format!("cannot start the receiver: {error}"))?;
    let listener = runtime.block_on(listen::bind(&options.listen, options.allow_remote))?;
    announce(&listener, options.json)
        .map_err(|error| format!("cannot write to stdout: {error}"))?;

    let patience = options.patience();
    let shared = Shared::new(Store::new(
        options.memory_mb as usize * 1024 * 1024,
        patience,
    ));
    let stop = Arc::new(Notify::new());
    let ended = Arc::new(AtomicBool::new(false));

    let printer = {
        let (shared, stop, ended) = (shared.clone(), stop.clone(), ended.clone());
        let (form, once) = (options.form(), options.once);
        thread::spawn(move || {
            let printed = print::print(&shared, form, patience.quiet, once, &ended, || {
                stop.notify_one()
            });
            // A closed stdout (`| head`) ends the program too.
            stop.notify_one();
            printed
        })
    };
    let served = runtime.block_on(serve(
        listener,
        routes(shared.clone(), options.allow_remote),
        stop,
    ));

    {
        let _store = shared.lock();
        ended.store(true, Ordering::Release);
    }
    shared.wake();
    match printer.join() {
        Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => {
            return Err(format!("cannot write to stdout: {error}"));
        }
        Ok(_) => {}
        Err(_) => return Err("the printer failed; please report it".to_owned()),
    }
    served.map_err(|error| format!("the receiver failed: {error}"))
}

fn announce(listener: &TcpListener, json: bool) -> io::Result<()> {
    let line = format!(
        "polyspan view: listening on http://{}",
        listener.local_addr()?
    );
    if json {
        eprintln!("{line}");
        return Ok(());
    }
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}

fn routes(shared: Shared, allow_remote: bool) -> Router {
    let routes = Router::new()
        .route("/v1/traces", post(receive::traces))
        .route("/v1/metrics", post(receive::metrics))
        .route("/api/traces", get(api::traces))
        .route("/api/traces/{id}", get(api::trace))
        .route("/api/metrics", get(api::metrics))
        .route("/api/stats", get(api::stats))
        .route("/healthz", get(api::healthz))
        .fallback(api::unknown)
        .with_state(shared);
    if allow_remote {
        routes
    } else {
        routes.layer(middleware::from_fn(listen::only_local_hosts))
    }
}

async fn serve(listener: TcpListener, routes: Router, stop: Arc<Notify>) -> io::Result<()> {
    let stopped = Arc::new(Notify::new());
    let told = stopped.clone();
    let asked = async move {
        tokio::select! {
            () = stop.notified() => {}
            () = signalled() => {}
        }
        told.notify_one();
    };
    let serving = axum::serve(listener, routes).with_graceful_shutdown(asked);
    tokio::select! {
        served = serving => served,
        // A client that never ends its request does not keep the viewer alive.
        () = async { stopped.notified().await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

#[cfg(unix)]
async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminate) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        },
        Err(_) => drop(tokio::signal::ctrl_c().await),
    }
}

#[cfg(not(unix))]
async fn signalled() {
    drop(tokio::signal::ctrl_c().await);
}

impl Options {
    fn patience(&self) -> Patience {
        Patience {
            quiet: Duration::from_millis(self.quiet_ms.into()),
            incomplete: Duration::from_millis(self.incomplete_ms.into()),
        }
    }

    fn form(&self) -> Form {
        if self.json {
            return Form::Json;
        }
        let is_terminal = io::stdout().is_terminal();
        // https://no-color.org: present and not empty.
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Form::Tree(Page {
            columns: columns(is_terminal),
            colours: is_terminal && !no_colour,
            most_spans: self.max_spans as usize,
            all_attributes: self.all_attributes,
        })
    }
}

/// The terminal's width; `COLUMNS` or what fits a document where there is no terminal.
fn columns(is_terminal: bool) -> usize {
    let terminal =
        || terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| columns.into());
    let variable = || std::env::var("COLUMNS").ok()?.parse().ok();
    let columns = is_terminal.then(terminal).flatten().or_else(variable);
    columns.unwrap_or(120).clamp(40, 1000)
}
