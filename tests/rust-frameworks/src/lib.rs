//! What the tests of this crate share: a provider whose spans they read back.

#[path = "../../../core/tests/sink/mod.rs"]
mod sink;

use opentelemetry_proto::tonic::trace::v1::Span;
use polyspan::{Config, Provider};
use sink::Sink;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// A provider that exports to a backend on loopback.
pub struct Backend {
    sink: Sink,
    /// The provider under test.
    pub provider: Provider,
}

impl Backend {
    /// A new backend.
    ///
    /// # Panics
    ///
    /// If the provider cannot be made.
    pub fn start() -> Self {
        let sink = Sink::start();
        let mut config = Config::default().service_name("frameworks");
        let set = config.set("endpoint", &sink.url());
        let provider = set.and_then(|()| Provider::new(config));
        Self {
            provider: provider.unwrap_or_else(|error| panic!("{error}")),
            sink,
        }
    }

    /// The spans that have ended.
    ///
    /// # Panics
    ///
    /// If they do not arrive, or if the provider's counters disagree.
    pub fn spans(&self) -> Vec<Span> {
        let flushed = self.provider.flush(SOON);
        assert!(flushed.is_ok(), "{flushed:?}");
        let stats = self.provider.stats();
        assert!(stats.is_balanced(), "{stats:?}");
        let traces = self.sink.traces();
        let resources = traces.iter().flat_map(|request| &request.resource_spans);
        let scopes = resources.flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// Waits until so many spans have ended: servers end theirs a moment after the client has its answer.
    ///
    /// # Panics
    ///
    /// If they do not end in time.
    pub fn wait_for(&self, spans: u64) -> Vec<Span> {
        let started = std::time::Instant::now();
        while self.provider.stats().ended < spans {
            assert!(started.elapsed() < SOON, "{:?}", self.provider.stats());
            std::thread::sleep(Duration::from_millis(2));
        }
        self.spans()
    }
}

/// The one span of this kind and name (1 internal, 2 server, 3 client); a name that ends with `*` stands for all that start
/// like it.
///
/// # Panics
///
/// If there is none, or more than one.
pub fn the<'a>(spans: &'a [Span], kind: i32, name: &str) -> &'a Span {
    let matches = |span: &&Span| match name.strip_suffix('*') {
        Some(start) => span.name.starts_with(start),
        None => span.name == name,
    };
    let found: Vec<_> = spans
        .iter()
        .filter(|span| span.kind == kind)
        .filter(matches)
        .collect();
    match found.as_slice() {
        [span] => span,
        others => panic!(
            "{} spans of kind {kind} named {name} in {spans:#?}",
            others.len()
        ),
    }
}

/// Asserts that each of these spans is the parent of the next, all in one trace.
///
/// # Panics
///
/// If they are not.
pub fn assert_chain(chain: &[&Span]) {
    for pair in chain.windows(2) {
        let (parent, child) = (pair[0], pair[1]);
        assert_eq!(
            child.trace_id, parent.trace_id,
            "{} and {}",
            parent.name, child.name
        );
        assert_eq!(
            child.parent_span_id, parent.span_id,
            "{} under {}",
            child.name, parent.name
        );
    }
}
