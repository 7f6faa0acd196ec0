//! Where telemetry goes: the address that a signal is sent to, and the headers sent with it.
//!
//! | address | OTLP/HTTP posts to | gRPC calls |
//! |---|---|---|
//! | `http://host:4318/otlp`, `https://…` | as it is; below a base address [`Address::of`] a signal, `/otlp/v1/traces` | that host and port, without or with TLS |
//! | `http://host` | `/` | port 80, and 443 with `https` |
//! | `host:4317` | not possible | with TLS, or without if `insecure` |
//! | `unix:/run/otlp.sock` | `/v1/traces` over that socket | over that socket |
//!
//! Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter", "Endpoint URLs for OTLP/HTTP"; gRPC, "Name
//! Resolution", for `unix:`.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, Uri};

use crate::config::Headers;

/// A kind of telemetry; it decides the path under a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metric points.
    Metrics,
}

impl Signal {
    fn path(self) -> &'static str {
        match self {
            Signal::Traces => "v1/traces",
            Signal::Metrics => "v1/metrics",
        }
    }

    /// The method of gRPC that takes it.
    fn method(self) -> &'static str {
        match self {
            Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        }
    }
}

/// Headers that describe the body or the connection: whoever writes those writes these.
pub(crate) const RESERVED: [HeaderName; 9] = [
    http::header::CONNECTION,
    http::header::CONTENT_ENCODING,
    http::header::CONTENT_LENGTH,
    http::header::CONTENT_TYPE,
    http::header::EXPECT,
    http::header::TE,
    http::header::TRAILER,
    http::header::TRANSFER_ENCODING,
    http::header::UPGRADE,
];

/// Where a receiver is. `Display` writes it as it was given, a query that may hold a key included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A URL of `http` or `https`.
    Url(Uri),
    /// A host and a port, as only gRPC takes it.
    HostPort(Authority),
    /// A socket of this machine, given as `unix:` and its path.
    Socket(PathBuf),
}

impl Address {
    /// The address of a signal below this base address: `v1/traces` or `v1/metrics` is appended to the path of a URL.
    #[must_use]
    pub fn of(&self, signal: Signal) -> Address {
        let Address::Url(base) = self else {
            return self.clone();
        };
        let path = format!("{}/{}", base.path().trim_end_matches('/'), signal.path());
        let path = match base.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        // What was an address stays one; only one of 64 KiB grows too long by its completion.
        Address::Url(with_path(base, &path).unwrap_or_else(|| base.clone()))
    }

    fn shown(&self) -> String {
        shown(&self.to_string())
    }
}

fn with_path(url: &Uri, path: &str) -> Option<Uri> {
    let mut parts = url.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path).ok()?);
    Uri::from_parts(parts).ok()
}

impl FromStr for Address {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Address, EndpointError> {
        let text = text.trim();
        if let Some(path) = text.strip_prefix("unix:") {
            // `unix:///run/x` is the same as `unix:/run/x`.
            let path = path.strip_prefix("//").unwrap_or(path);
            return match path {
                "" => Err(not_a_url(text, "it names no socket")),
                path => Ok(Address::Socket(path.into())),
            };
        }
        let host_port = !text.contains(['/', '@']) && has_port(text);
        match text.parse::<Authority>() {
            Ok(authority) if host_port && is_port(&authority) && !authority.host().is_empty() => {
                Ok(Address::HostPort(authority))
            }
            _ => parse(text).map(Address::Url),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Url(url) => url.fmt(f),
            Address::HostPort(authority) => authority.fmt(f),
            Address::Socket(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// What the requests of one signal are addressed to, with the user's headers.
///
/// `Display` shows the address without its query, which may hold a key.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    address: Address,
    url: Uri,
    headers: HeaderMap,
}

impl Endpoint {
    /// For OTLP/HTTP at exactly `address`; only a socket gets the path of the signal.
    pub(crate) fn http(address: &Address, signal: Signal) -> Result<Endpoint, EndpointError> {
        let url = match address {
            Address::Url(url) => url.clone(),
            Address::Socket(_) => local(&format!("/{}", signal.path())),
            Address::HostPort(_) => {
                return Err(EndpointError::Scheme {
                    given: address.shown(),
                });
            }
        };
        Ok(Endpoint::new(address, url))
    }

    /// For gRPC: a path of the address is ignored. `insecure` means no TLS where no scheme says it.
    pub(crate) fn grpc(
        address: &Address,
        signal: Signal,
        insecure: bool,
    ) -> Result<Endpoint, EndpointError> {
        let method = signal.method();
        let url = match address {
            Address::Url(url) => with_path(url, method),
            Address::Socket(_) => Some(local(method)),
            Address::HostPort(authority) => {
                let scheme = if insecure {
                    Scheme::HTTP
                } else {
                    Scheme::HTTPS
                };
                let url = Uri::builder().scheme(scheme).authority(authority.clone());
                url.path_and_query(method).build().ok()
            }
        };
        let url = url.ok_or_else(|| not_a_url(&address.to_string(), "it is too long"))?;
        Ok(Endpoint::new(address, url))
    }

    fn new(address: &Address, url: Uri) -> Endpoint {
        Endpoint {
            address: address.clone(),
            url,
            headers: HeaderMap::new(),
        }
    }

    /// With these headers in every request.
    pub(crate) fn with_headers(mut self, headers: &Headers) -> Endpoint {
        let headers = headers.iter();
        self.headers
            .extend(headers.map(|(name, value)| (name.clone(), value.clone())));
        self
    }

    /// The URL of the requests.
    pub(crate) fn url(&self) -> &Uri {
        &self.url
    }

    /// The socket to connect to, instead of the host of the URL.
    pub(crate) fn socket(&self) -> Option<&Path> {
        match &self.address {
            Address::Socket(path) => Some(path),
            Address::Url(_) | Address::HostPort(_) => None,
        }
    }

    /// The user's headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// The URL of requests over a socket, where the host means nothing.
fn local(path: &str) -> Uri {
    let base = Uri::from_static("http://localhost/");
    with_path(&base, path).unwrap_or(base)
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address.shown())
    }
}

/// Why an address cannot be used. The text never repeats a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// The text is not a URL at all.
    NotAUrl {
        /// The URL as given, without credentials and query.
        given: String,
        /// What is wrong with it.
        cause: String,
    },
    /// The URL has no scheme, or one other than `http` and `https`.
    Scheme {
        /// The URL as given, without credentials and query.
        given: String,
    },
    /// The URL holds `user:password@`.
    Credentials {
        /// The URL as given, without credentials and query.
        given: String,
    },
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXAMPLE: &str = "for example http://localhost:4318";
        match self {
            EndpointError::NotAUrl { given, cause } => {
                write!(
                    f,
                    "\"{given}\" is not a URL ({cause}); it must look like http://host:port/path, {EXAMPLE}"
                )
            }
            EndpointError::Scheme { given } => {
                write!(
                    f,
                    "\"{given}\" must start with http://, https:// or unix:, {EXAMPLE}; only grpc takes host:port"
                )
            }
            EndpointError::Credentials { given } => write!(
                f,
                "\"{given}\" must not contain a user name or password; send them as a header: authorization=Basic%20<base64 of user:password>"
            ),
        }
    }
}

impl std::error::Error for EndpointError {}

fn parse(url: &str) -> Result<Uri, EndpointError> {
    let uri: Uri = url
        .parse()
        .map_err(|error: http::uri::InvalidUri| not_a_url(url, &error.to_string()))?;
    if uri.scheme() != Some(&Scheme::HTTP) && uri.scheme() != Some(&Scheme::HTTPS) {
        return Err(EndpointError::Scheme { given: shown(url) });
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err(EndpointError::Credentials { given: shown(url) })
        }
        Some(authority) if has_port(authority.as_str()) && !is_port(authority) => {
            Err(not_a_url(url, "its port is not a number up to 65535"))
        }
        Some(authority) if !authority.host().is_empty() => Ok(uri),
        _ => Err(not_a_url(url, "it names no host")),
    }
}

fn not_a_url(given: &str, cause: &str) -> EndpointError {
    EndpointError::NotAUrl {
        given: shown(given),
        cause: cause.to_owned(),
    }
}

/// `Uri` accepts any digits as a port; a number beyond 16 bits would only fail when connecting.
fn is_port(authority: &Authority) -> bool {
    authority.port_u16().is_some()
}

/// Whether a port follows the host. Colons inside the brackets of an IPv6 address begin none.
fn has_port(authority: &str) -> bool {
    authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'))
}

/// A URL, or what was meant to be one, for a message: without what stands before an `@`, and without the query.
///
/// The `@` first: a password may hold the characters that begin a query.
pub(crate) fn shown(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = url.split_at(url.find("://").map_or(0, |at| at + 3));
    let (mark, rest) = match rest.rsplit_once('@') {
        None => ("", rest),
        Some((_, host)) => ("…@", host),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}{mark}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().unwrap()
    }

    fn base(url: &str) -> String {
        address(url).of(Signal::Traces).to_string()
    }

    fn http(text: &str) -> Uri {
        let endpoint = Endpoint::http(&address(text), Signal::Traces);
        endpoint.unwrap().url().clone()
    }

    fn grpc(text: &str, insecure: bool) -> String {
        let endpoint = Endpoint::grpc(&address(text), Signal::Traces, insecure).unwrap();
        let url = endpoint.url().to_string();
        let method = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
        url.strip_suffix(method).unwrap().to_owned()
    }

    #[test]
    fn a_base_url_gets_the_path_of_the_signal() {
        for (given, completed) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://localhost:4318/", "http://localhost:4318/v1/traces"),
            ("https://h/otlp//", "https://h/otlp/v1/traces"),
            ("https://h/otlp?key=1", "https://h/otlp/v1/traces?key=1"),
            ("unix:/run/otlp.sock", "unix:/run/otlp.sock"),
            ("localhost:4317", "localhost:4317"),
        ] {
            assert_eq!(base(given), completed);
        }
        let metrics = address("http://[::1]:4318").of(Signal::Metrics);
        assert_eq!(metrics.to_string(), "http://[::1]:4318/v1/metrics");
    }

    #[test]
    fn an_exact_url_stays_as_it_is_but_an_empty_path_becomes_a_slash() {
        assert_eq!(http("http://host/custom/").path(), "/custom/");
        assert_eq!(http("http://host").path(), "/");
    }

    #[test]
    fn grpc_takes_scheme_and_host_or_a_host_with_its_port() {
        assert_eq!(
            grpc("http://host:4317/ignored?k=1", false),
            "http://host:4317"
        );
        assert_eq!(grpc("https://host", true), "https://host");
        assert_eq!(grpc("host:4317", true), "http://host:4317");
        assert_eq!(grpc("host:4317", false), "https://host:4317");
        assert_eq!(grpc("[::1]:4317", true), "http://[::1]:4317");
        let error = Endpoint::http(&address("host:4317"), Signal::Traces).unwrap_err();
        assert!(
            error.to_string().contains("only grpc takes host:port"),
            "{error}"
        );
    }

    #[test]
    fn a_socket_is_named_by_its_path() {
        for text in ["unix:/run/otlp.sock", "unix:///run/otlp.sock"] {
            let endpoint = Endpoint::http(&address(text), Signal::Metrics).unwrap();
            assert_eq!(endpoint.socket(), Some(Path::new("/run/otlp.sock")));
            assert_eq!(endpoint.url(), "http://localhost/v1/metrics");
            assert_eq!(endpoint.to_string(), "unix:/run/otlp.sock");
            assert_eq!(grpc(text, false), "http://localhost");
        }
        assert_eq!(
            address("unix:otlp.sock"),
            Address::Socket("otlp.sock".into())
        );
        assert!("unix:".parse::<Address>().is_err());
    }

    #[test]
    fn the_errors_say_what_is_allowed() {
        let error = |text: &str| text.parse::<Address>().unwrap_err().to_string();
        assert!(error("localhost").contains("must start with http://"));
        assert!(error("ftp://host").contains("must start with http://"));
        assert!(error("http://").contains("is not a URL"));
        assert!(error("").contains("is not a URL"));
        assert!(error("http://ho st").contains("is not a URL"));
        assert!(error("http://host:65536").contains("up to 65535"));
        for text in ["host:65536", ":4317", "me@host:4317", "host:"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_error_and_no_display_repeats_a_secret() {
        for url in [
            "http://me:hunter2@host",
            "http:// me:hunter2@host",
            "http://me:?hunter2@host",
            "me:hunter2@host/#",
            "me:hunter2@host:4317",
            "ftp://host/?k=hunter2",
        ] {
            let error = url.parse::<Address>().unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let endpoint = Endpoint::http(&address("http://host/v1?k=hunter2"), Signal::Traces);
        assert_eq!(endpoint.unwrap().to_string(), "http://host/v1");
    }
}
