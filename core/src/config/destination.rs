//! Where a signal goes: any number of destinations side by side, whoever configured them.
//!
//! They come from three places, and end as one list of [`Destination`]s:
//!
//! | source | destinations |
//! |---|---|
//! | the flat options (`OTEL_TRACES_EXPORTER`, `OTEL_EXPORTER_OTLP_…`) | one for each name of the list |
//! | the declarative configuration file | one for each exporter in it |
//! | code, [`Config::trace_destinations`] | as given; wins over both |
//!
//! Source: OpenTelemetry specification, "Exporter Selection" and "OpenTelemetry Protocol Exporter".

use std::fmt;
use std::path::PathBuf;

use super::{Compression, Config, ConfigError, Exporter, Headers, Protocol, Source, Timeout};
use crate::export::endpoint::{Address, Endpoint, EndpointError, Signal, shown};
use crate::export::memory::InMemory;
use crate::export::proxy::Proxies;

/// One place to which finished telemetry goes.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Destination {
    /// An OTLP receiver in the network or on this machine.
    Otlp(Otlp),
    /// Standard output, as a tree to read.
    Console,
    /// OTLP/JSON lines on standard output or in a file.
    File(OtlpFile),
    /// The memory of this process, for tests.
    Memory(InMemory),
}

/// An OTLP receiver, and how to talk to it.
///
/// ```
/// use polyspan::config::{Compression, Destination, Otlp};
///
/// let mut second = Otlp::new("https://backup.example.com/v1/traces");
/// second.compression = Compression::Gzip;
/// let destinations = [
///     Destination::from(Otlp::new("http://localhost:4318/v1/traces")),
///     Destination::from(second),
/// ];
/// # let _ = destinations;
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Otlp {
    /// The complete address for the signal, `v1/traces` included; used as it is. With gRPC a path is ignored, and
    /// `host:port` is enough. `unix:` and a path is a socket of this machine, of a node agent for example.
    pub endpoint: String,
    /// How OTLP travels.
    pub protocol: Protocol,
    /// Headers (gRPC: metadata) of each request.
    pub headers: Headers,
    /// Bounds the delivery of one batch, its retries included.
    pub timeout: Timeout,
    /// How request bodies are compressed.
    pub compression: Compression,
    /// Whom to trust, and who we are.
    pub tls: Tls,
    /// HTTP proxies on the way; those that the environment names, if nothing else is set.
    pub proxies: Proxies,
    /// The most requests in flight at the same time, at least 1.
    pub concurrency: usize,
}

/// Requests in flight to one destination, if nothing else is configured. Two hide the time in which the backend writes its
/// answer; what may arrive twice after a crash stays small.
pub const DEFAULT_CONCURRENCY: usize = 2;

impl Otlp {
    /// The receiver at `endpoint`, the complete address for the signal, with the specification's defaults for the rest.
    /// Reads the environment for `HTTPS_PROXY` and its like.
    pub fn new(endpoint: impl Into<String>) -> Otlp {
        Otlp::through(Proxies::from_env(), endpoint.into())
    }

    /// The same through these proxies.
    pub(super) fn through(proxies: Proxies, endpoint: String) -> Otlp {
        Otlp {
            endpoint,
            protocol: Protocol::HttpProtobuf,
            headers: Headers::default(),
            timeout: Timeout::from_millis(10_000),
            compression: Compression::None,
            tls: Tls::default(),
            proxies,
            concurrency: DEFAULT_CONCURRENCY,
        }
    }

    /// The address, if it is one that the protocol can use.
    fn address(&self) -> Result<Address, EndpointError> {
        let address: Address = self.endpoint.parse()?;
        if self.protocol != Protocol::Grpc {
            Endpoint::http(&address, Signal::Traces)?;
        }
        Ok(address)
    }

    /// Adds a header to each request; one of that name is replaced.
    ///
    /// # Errors
    ///
    /// A name or a value that HTTP does not allow, or a header that polyspan itself writes.
    pub fn header(mut self, name: &str, value: &str) -> Result<Otlp, ConfigError> {
        let set = self.headers.set(name, value.as_bytes());
        set.map_err(ConfigError::of_header)?;
        Ok(self)
    }
}

/// Without the query of the address, which may hold a key, and without the values of headers.
impl fmt::Debug for Otlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Otlp")
            .field("endpoint", &shown(&self.endpoint))
            .field("protocol", &self.protocol)
            .field("headers", &self.headers)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("tls", &self.tls)
            .field("proxies", &self.proxies)
            .field("concurrency", &self.concurrency)
            .finish()
    }
}

/// The TLS settings of an [`Otlp`] receiver. All files hold PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The certificate authorities to trust instead of the platform's.
    pub ca: Option<PathBuf>,
    /// Our own certificate, for receivers that ask for one; needs [`client_key`](Self::client_key).
    pub client_certificate: Option<PathBuf>,
    /// The private key of [`client_certificate`](Self::client_certificate).
    pub client_key: Option<PathBuf>,
    /// Speak without TLS to a gRPC endpoint that has no scheme; a scheme wins over it.
    pub insecure: bool,
}

/// OTLP/JSON lines, one request a line, on standard output or in files that are bounded together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtlpFile {
    /// The file that is appended to; `None` is standard output, which is never rotated.
    pub path: Option<PathBuf>,
    /// A file that would grow over so many bytes is put aside first (`spans.jsonl` becomes `spans.jsonl.1`).
    pub rotate_bytes: u64,
    /// How many files are kept, the one that is appended to included; older ones are deleted.
    pub keep: usize,
}

impl OtlpFile {
    /// Appends to `path`, in at most eight files of 16 MiB.
    pub fn new(path: impl Into<PathBuf>) -> OtlpFile {
        OtlpFile {
            path: Some(path.into()),
            ..OtlpFile::stdout()
        }
    }

    /// Writes to standard output.
    pub fn stdout() -> OtlpFile {
        OtlpFile {
            path: None,
            rotate_bytes: 16 << 20,
            keep: 8,
        }
    }
}

impl From<Otlp> for Destination {
    fn from(otlp: Otlp) -> Destination {
        Destination::Otlp(otlp)
    }
}

impl From<OtlpFile> for Destination {
    fn from(file: OtlpFile) -> Destination {
        Destination::File(file)
    }
}

impl From<&InMemory> for Destination {
    fn from(memory: &InMemory) -> Destination {
        Destination::Memory(memory.clone())
    }
}

/// What it is called in statistics and diagnostics; never with a secret in it.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Destination::Otlp(otlp) => f.write_str(&shown(&otlp.endpoint)),
            Destination::Console => f.write_str("console"),
            Destination::File(OtlpFile { path: None, .. }) => f.write_str("otlp/stdout"),
            Destination::File(OtlpFile {
                path: Some(path), ..
            }) => write!(f, "{}", path.display()),
            Destination::Memory(_) => f.write_str("memory"),
        }
    }
}

impl Destination {
    /// Whether it can be used as far as that shows without opening anything.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let invalid = |field: &str, value: Option<String>, reason: String, allowed: &str| {
            Err(ConfigError::Invalid {
                field: field.to_owned(),
                value,
                reason: Some(reason),
                allowed: allowed.to_owned(),
            })
        };
        match self {
            Destination::Otlp(otlp) if otlp.concurrency == 0 => invalid(
                "concurrency",
                Some("0".to_owned()),
                "which would send nothing".to_owned(),
                "at least 1",
            ),
            Destination::Otlp(otlp) => match otlp.address() {
                Ok(_) => Ok(()),
                Err(error) => invalid(
                    "endpoint",
                    Some(shown(&otlp.endpoint)),
                    format!("which cannot be used ({error})"),
                    "a complete address such as http://localhost:4318/v1/traces",
                ),
            },
            Destination::File(file) if file.path.is_some() && file.keep == 0 => invalid(
                "keep",
                Some("0".to_owned()),
                "which would keep not even the file that is written".to_owned(),
                "at least 1",
            ),
            Destination::Console | Destination::File(_) | Destination::Memory(_) => Ok(()),
        }
    }
}

/// The names of `OTEL_TRACES_EXPORTER` and its like: a list without repeats, empty for `none`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exporters(Vec<Exporter>);

impl Exporters {
    /// A list in this order; a name that comes again and `none` are left out.
    pub fn new(exporters: impl IntoIterator<Item = Exporter>) -> Exporters {
        let mut list = Vec::new();
        for exporter in exporters {
            if exporter != Exporter::None && !list.contains(&exporter) {
                list.push(exporter);
            }
        }
        Exporters(list)
    }

    /// Reads a list such as `otlp,console` or `none`, and returns what can be used and the names that cannot. `none` beside
    /// other names is one of those.
    pub(crate) fn parse(text: &str) -> (Exporters, Vec<String>) {
        let names: Vec<_> = text.split(',').map(str::trim).collect();
        let known = |name: &str| match Exporter::from_name(name) {
            Some(Exporter::None) if names.len() > 1 => None,
            known => known,
        };
        let unknown = names.iter().filter(|name| known(name).is_none());
        let unknown = unknown.map(|name| (*name).to_owned()).collect();
        let known = names.iter().filter_map(|name| known(name));
        (Exporters::new(known), unknown)
    }

    /// In the order in which they were named.
    pub fn list(&self) -> &[Exporter] {
        &self.0
    }
}

impl fmt::Display for Exporters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str(Exporter::None.name());
        }
        let names: Vec<_> = self.0.iter().map(|exporter| exporter.name()).collect();
        f.write_str(&names.join(","))
    }
}

impl Config {
    /// Where spans go, instead of what [`exporter`](Self::exporter), the endpoint options and the environment say. None at
    /// all is `none`.
    #[must_use]
    pub fn trace_destinations(mut self, destinations: impl Into<Vec<Destination>>) -> Self {
        self.trace_destinations = Some(destinations.into());
        self.note_source("trace_destinations", Source::Code);
        self
    }

    /// Where metrics go, instead of what [`metrics_exporter`](Self::metrics_exporter), the endpoint options and the
    /// environment say.
    #[must_use]
    pub fn metric_destinations(mut self, destinations: impl Into<Vec<Destination>>) -> Self {
        self.metric_destinations = Some(destinations.into());
        self.note_source("metric_destinations", Source::Code);
        self
    }

    /// Where a signal goes, in the order in which it was configured.
    pub fn destinations(&self, signal: Signal) -> Vec<Destination> {
        match self.configured(signal) {
            (Some(given), _) => given.to_vec(),
            (None, exporters) => exporters
                .list()
                .iter()
                .filter_map(|exporter| self.destination(*exporter, signal))
                .collect(),
        }
    }

    /// Whether a signal goes anywhere.
    pub(crate) fn exports(&self, signal: Signal) -> bool {
        match self.configured(signal) {
            (Some(given), _) => !given.is_empty(),
            (None, exporters) => !exporters.list().is_empty(),
        }
    }

    /// The destinations as given whole, and the exporters that count if they were not.
    fn configured(&self, signal: Signal) -> (Option<&[Destination]>, &Exporters) {
        match signal {
            Signal::Traces => (self.trace_destinations.as_deref(), &self.exporter),
            Signal::Metrics => (self.metric_destinations.as_deref(), &self.metrics_exporter),
        }
    }

    fn destination(&self, exporter: Exporter, signal: Signal) -> Option<Destination> {
        match exporter {
            Exporter::Otlp => Some(Destination::Otlp(self.otlp_of_options(signal))),
            Exporter::Console => Some(Destination::Console),
            Exporter::OtlpStdout => Some(Destination::File(OtlpFile::stdout())),
            Exporter::None => None,
        }
    }

    /// The receiver that the flat options describe.
    pub(super) fn otlp_of_options(&self, signal: Signal) -> Otlp {
        let mut settings = self.otlp_settings(signal);
        let mut endpoint = self.endpoint_of(signal);
        if let Some(sentry) = self.sentry_endpoint(signal) {
            endpoint = sentry.url;
            settings.headers = Some(sentry.headers);
            // Sentry speaks nothing else.
            settings.protocol = settings.protocol.filter(|one| *one != Protocol::Grpc);
        }
        let path = |text: Option<String>| text.map(PathBuf::from);
        Otlp {
            protocol: settings.protocol.unwrap_or(Protocol::HttpProtobuf),
            headers: settings.headers.unwrap_or_default(),
            timeout: settings.timeout.unwrap_or(Timeout::from_millis(10_000)),
            compression: settings.compression.unwrap_or(Compression::None),
            tls: Tls {
                ca: path(settings.certificate),
                client_certificate: path(settings.client_certificate),
                client_key: path(settings.client_key),
                insecure: settings.insecure.unwrap_or_default(),
            },
            concurrency: self.max_concurrent_requests,
            ..Otlp::through(self.proxies.clone(), endpoint)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> (String, Vec<String>) {
        let (known, unknown) = Exporters::parse(text);
        (known.to_string(), unknown)
    }

    #[test]
    fn a_list_of_exporters_has_each_once_and_in_order() {
        assert_eq!(
            names("console, OTLP,console"),
            ("console,otlp".into(), vec![])
        );
        assert_eq!(names("none"), ("none".into(), vec![]));
        assert_eq!(names("otlp,none"), ("otlp".into(), vec!["none".to_owned()]));
        assert_eq!(
            names("otlp,zipkin"),
            ("otlp".into(), vec!["zipkin".to_owned()])
        );
    }

    #[test]
    fn the_flat_options_describe_one_destination_for_each_exporter() {
        let mut config = Config::default();
        config.set("exporter", "otlp,console,otlp/stdout").unwrap();
        config.set("endpoint", "http://a:1/x?key=secret").unwrap();
        config.set("headers", "k=v").unwrap();
        config.set("traces_timeout", "7").unwrap();
        config.set("max_concurrent_requests", "5").unwrap();
        let traces = config.destinations(Signal::Traces);
        let shown: Vec<_> = traces.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["http://a:1/x/v1/traces", "console", "otlp/stdout"]);
        let Destination::Otlp(otlp) = &traces[0] else {
            panic!("{:?}", traces[0])
        };
        assert_eq!(otlp.endpoint, "http://a:1/x/v1/traces?key=secret");
        assert_eq!(otlp.timeout, Timeout::from_millis(7));
        assert_eq!(otlp.concurrency, 5);
        assert_eq!(otlp.headers.to_string(), "k=***");
        let metrics = config.destinations(Signal::Metrics);
        assert_eq!(metrics[0].to_string(), "http://a:1/x/v1/metrics");
        assert_eq!(metrics.len(), 1);
    }

    #[test]
    fn destinations_in_code_win_and_none_is_none() {
        let config = Config::default().trace_destinations([Destination::Console]);
        assert_eq!(
            config.destinations(Signal::Traces)[0].to_string(),
            "console"
        );
        let config = config.trace_destinations([]);
        assert!(!config.exports(Signal::Traces) && config.exports(Signal::Metrics));
    }

    #[test]
    fn what_cannot_be_used_is_told_without_secrets() {
        let said = |destination: Destination| destination.check().unwrap_err().to_string();
        let wrong = said(Otlp::new("ftp://h/?key=secret").into());
        assert!(
            wrong.contains("ftp://h/") && !wrong.contains("secret"),
            "{wrong}"
        );
        let debug = format!("{:?}", Otlp::new("http://h/?key=secret"));
        assert!(!debug.contains("secret"), "{debug}");
        let mut otlp = Otlp::new("http://h");
        otlp.concurrency = 0;
        assert!(said(otlp.into()).contains("at least 1"));
        let mut file = OtlpFile::new("spans.jsonl");
        file.keep = 0;
        assert!(said(file.into()).contains("at least 1"));
    }
}
