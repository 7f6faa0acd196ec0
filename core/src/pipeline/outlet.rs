//! The far end of a destination: where an encoded batch is handed over.
//!
//! | destination | handed over |
//! |---|---|
//! | OTLP | by [`Delivery`], with its retries |
//! | console, file | written on a thread of their own: a terminal that nobody reads or a disk that hangs delays nobody else |
//! | memory | at once |
//!
//! All end in the same [`Outcome`], so what happens next is decided the same way for each.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::watch;

use super::delivery::{Delivery, Outcome, Retry};
use crate::config::{Config, Destination, Otlp, Signal};
use crate::export::console::Console;
use crate::export::file::LineFile;
use crate::export::memory::InMemory;
use crate::export::transport::Transport;

/// One destination of one signal. Used inside the worker's runtime only.
#[derive(Debug)]
pub(crate) struct Outlet {
    name: String,
    /// The most batches on their way at the same time.
    concurrency: usize,
    end: End,
}

#[derive(Debug)]
enum End {
    Otlp(Box<Delivery>),
    Console(Arc<Mutex<Console>>),
    File(Arc<Mutex<LineFile>>),
    Memory(InMemory, Signal),
    /// It could not be set up, and why.
    Unusable(String),
}

impl Outlet {
    /// Opens neither connection nor file yet.
    pub(crate) fn new(destination: &Destination, signal: Signal, config: &Config) -> Outlet {
        let (concurrency, end) = match destination {
            Destination::Otlp(otlp) => {
                let end = match delivery(otlp, signal, config) {
                    Ok(delivery) => End::Otlp(Box::new(delivery)),
                    Err(reason) => End::Unusable(reason),
                };
                (otlp.concurrency, end)
            }
            Destination::Console => (1, End::Console(Arc::new(Mutex::new(Console::new(signal))))),
            Destination::File(file) => {
                let lines = LineFile::new(file, signal);
                (1, End::File(Arc::new(Mutex::new(lines))))
            }
            Destination::Memory(memory) => (1, End::Memory(memory.clone(), signal)),
        };
        Outlet {
            name: destination.to_string(),
            concurrency: concurrency.max(1),
            end,
        }
    }

    /// All destinations of a signal.
    pub(crate) fn all(config: &Config, signal: Signal) -> Vec<Arc<Outlet>> {
        let destinations = config.destinations(signal);
        let outlets = destinations.iter();
        outlets
            .map(|destination| Arc::new(Outlet::new(destination, signal, config)))
            .collect()
    }

    /// Hands over `body`, an encoded `Export…ServiceRequest` of the signal. `attempt` is told of each request that is sent
    /// over a network, the repeated ones with `true`.
    ///
    /// Returns soon after `cancel` ends.
    pub(crate) async fn deliver(
        &self,
        body: Bytes,
        cancel: impl Future<Output = ()> + Send,
        attempt: impl Fn(bool) + Send,
    ) -> Outcome {
        match &self.end {
            End::Otlp(delivery) => delivery.deliver_counted(body, cancel, attempt).await,
            End::Console(console) => {
                let console = console.clone();
                let print = move || lock(&console).print(&body);
                self.write(print, cancel).await
            }
            End::File(file) => {
                let file = file.clone();
                let append = move || lock(&file).append(&body);
                self.write(append, cancel).await
            }
            End::Memory(memory, signal) => {
                memory.keep(*signal, &body);
                DELIVERED
            }
            End::Unusable(reason) => Outcome::Rejected {
                status: None,
                message: format!("{}: {reason}", self.name),
            },
        }
    }

    /// Hands on what it has kept back of what was delivered to it, because somebody waits for it.
    pub(crate) async fn finish(&self, cancel: impl Future<Output = ()> + Send) -> Outcome {
        match &self.end {
            End::Console(console) => {
                let console = console.clone();
                self.write(move || lock(&console).print_rest(), cancel)
                    .await
            }
            End::Otlp(_) | End::File(_) | End::Memory(..) | End::Unusable(_) => DELIVERED,
        }
    }

    /// Whether [`finish`](Self::finish) has something to do.
    pub(crate) fn keeps_back(&self) -> bool {
        matches!(self.end, End::Console(_))
    }

    /// Runs `work` where it may block.
    async fn write(
        &self,
        work: impl FnOnce() -> Result<(), String> + Send + 'static,
        cancel: impl Future<Output = ()> + Send,
    ) -> Outcome {
        let name = &self.name;
        let written = tokio::select! {
            biased;
            written = tokio::task::spawn_blocking(work) => written,
            () = cancel => {
                let reason = format!("{name}: it was not written before shutdown's deadline");
                return Outcome::Unconfirmed { reason };
            }
        };
        match written {
            Ok(Ok(())) => DELIVERED,
            Ok(Err(reason)) => Outcome::Rejected {
                status: None,
                message: format!("{name}: {reason}"),
            },
            Err(bug) => Outcome::Unconfirmed {
                reason: format!("{name}: {bug}"),
            },
        }
    }

    /// How many batches may be on their way to it now: while it fails, one finds out whether it is back.
    pub(crate) fn room(&self) -> usize {
        match &self.end {
            End::Otlp(delivery) if delivery.is_failing() => 1,
            _ => self.concurrency,
        }
    }

    /// Whether it has to be left alone for a while.
    pub(crate) fn is_resting(&self) -> bool {
        match &self.end {
            End::Otlp(delivery) => delivery.resting_until().is_some(),
            _ => false,
        }
    }

    fn is_down(&self) -> bool {
        match &self.end {
            End::Otlp(delivery) => delivery.is_down(),
            _ => false,
        }
    }
}

const DELIVERED: Outcome = Outcome::Delivered {
    rejected: 0,
    message: None,
};

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn delivery(otlp: &Otlp, signal: Signal, config: &Config) -> Result<Delivery, String> {
    // One batch may take as long as both the exporter and what drives it allow.
    let driver = match signal {
        Signal::Traces => config.export_timeout,
        Signal::Metrics => config.metric_export_timeout,
    };
    let bounds = [otlp.timeout, driver];
    let timeout = bounds.iter().filter_map(|bound| bound.limit()).min();
    let retry = Retry {
        timeout: timeout.unwrap_or_default(),
        ..Retry::default()
    };
    let transport = Transport::new(otlp, signal).map_err(|error| error.to_string())?;
    Ok(Delivery::new(transport, retry))
}

/// When delivery has to stop; `None` as long as nobody shuts the pipeline down.
pub(crate) type CloseBy = watch::Receiver<Option<Instant>>;

/// Until delivery must stop: the deadline of a shutdown, or at once if then the destination is known to be down.
pub(crate) async fn cancelled(mut close_by: CloseBy, outlet: &Outlet) {
    let close_by = close_by.wait_for(Option::is_some).await;
    let deadline = close_by.ok().and_then(|close_by| *close_by);
    // Without a worker nobody waits for the answer any more.
    let Some(deadline) = deadline else { return };
    // Attempts go on until then, and one of them may find the destination down.
    while deadline > Instant::now() && !outlet.is_down() {
        let look_again = Instant::now() + Duration::from_millis(20);
        tokio::time::sleep_until(deadline.min(look_again).into()).await;
    }
}
