//! Where telemetry goes: the URL that a signal is posted to, and the headers sent with it.
//!
//! | given as | path of the request |
//! |---|---|
//! | [`Endpoint::base`], `http://host:4318/otlp` | `/otlp/v1/traces`, `/otlp/v1/metrics` |
//! | [`Endpoint::exact`], `http://host/custom` | `/custom` |
//! | [`Endpoint::exact`], `http://host` | `/` |
//!
//! Source: OpenTelemetry specification, "OpenTelemetry Protocol Exporter", "Endpoint URLs for OTLP/HTTP".

use std::fmt;

use http::uri::{PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};

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

/// The URL that one signal is posted to, with the user's headers.
///
/// `Display` shows the URL without its query, which may hold a key.
#[derive(Clone, Debug)]
pub struct Endpoint {
    url: Uri,
    headers: HeaderMap,
}

impl Endpoint {
    /// The endpoint of `signal` under a base URL: `v1/traces` or `v1/metrics` is appended to its path.
    pub fn base(url: &str, signal: Signal) -> Result<Endpoint, EndpointError> {
        let parsed = parse(url)?;
        let path = format!("{}/{}", parsed.path().trim_end_matches('/'), signal.path());
        let path = match parsed.query() {
            Some(query) => format!("{path}?{query}"),
            None => path,
        };
        let path = PathAndQuery::try_from(path).map_err(|error| EndpointError::NotAUrl {
            given: shown(url),
            cause: error.to_string(),
        })?;
        let mut parts = parsed.into_parts();
        parts.path_and_query = Some(path);
        let url = Uri::from_parts(parts).map_err(|error| EndpointError::NotAUrl {
            given: shown(url),
            cause: error.to_string(),
        })?;
        Ok(Endpoint {
            url,
            headers: HeaderMap::new(),
        })
    }

    /// The endpoint at exactly this URL; only an empty path becomes `/`.
    pub fn exact(url: &str) -> Result<Endpoint, EndpointError> {
        Ok(Endpoint {
            url: parse(url)?,
            headers: HeaderMap::new(),
        })
    }

    /// Adds a header to every request; a second value for the same name replaces the first.
    pub fn with_header(mut self, name: &str, value: &str) -> Result<Endpoint, EndpointError> {
        let parsed = HeaderName::try_from(name).map_err(|_| EndpointError::HeaderName {
            name: name.to_owned(),
        })?;
        if RESERVED.contains(&parsed) {
            return Err(EndpointError::ReservedHeader {
                name: name.to_owned(),
            });
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| EndpointError::HeaderValue {
            name: name.to_owned(),
        })?;
        // Most of these are keys; sensitive values do not appear in `Debug`.
        value.set_sensitive(true);
        self.headers.insert(parsed, value);
        Ok(self)
    }

    /// The URL of the requests.
    pub fn url(&self) -> &Uri {
        &self.url
    }

    /// The user's headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.scheme_str().unwrap_or_default();
        let authority = self
            .url
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "{scheme}://{authority}{}", self.url.path())
    }
}

/// Why a URL or a header cannot be used. The text never repeats a password or a header's value.
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
    /// A header's name holds characters that HTTP does not allow.
    HeaderName {
        /// The name as given.
        name: String,
    },
    /// A header's value holds characters that HTTP does not allow.
    HeaderValue {
        /// The header's name.
        name: String,
    },
    /// The header is set by polyspan itself.
    ReservedHeader {
        /// The header's name.
        name: String,
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
                    "\"{given}\" must start with http:// or https://, {EXAMPLE}"
                )
            }
            EndpointError::Credentials { given } => write!(
                f,
                "\"{given}\" must not contain a user name or password; send them as a header: authorization=Basic%20<base64 of user:password>"
            ),
            EndpointError::HeaderName { name } => {
                write!(
                    f,
                    "\"{name}\" is not a header name; it must be letters, digits and hyphens"
                )
            }
            EndpointError::HeaderValue { name } => write!(
                f,
                "the value of header \"{name}\" contains characters that HTTP does not allow (control characters or line breaks)"
            ),
            EndpointError::ReservedHeader { name } => {
                write!(
                    f,
                    "header \"{name}\" cannot be set: it describes the request that polyspan itself writes; remove it"
                )
            }
        }
    }
}

impl std::error::Error for EndpointError {}

fn parse(url: &str) -> Result<Uri, EndpointError> {
    let uri: Uri =
        url.trim()
            .parse()
            .map_err(|error: http::uri::InvalidUri| EndpointError::NotAUrl {
                given: shown(url),
                cause: error.to_string(),
            })?;
    if uri.scheme() != Some(&Scheme::HTTP) && uri.scheme() != Some(&Scheme::HTTPS) {
        return Err(EndpointError::Scheme { given: shown(url) });
    }
    match uri.authority() {
        Some(authority) if authority.as_str().contains('@') => {
            Err(EndpointError::Credentials { given: shown(url) })
        }
        // `Uri` accepts any digits as a port; a number beyond 16 bits would only fail when connecting.
        Some(authority) if has_port(authority.as_str()) && uri.port_u16().is_none() => {
            Err(EndpointError::NotAUrl {
                given: shown(url),
                cause: "its port is not a number up to 65535".to_owned(),
            })
        }
        Some(authority) if !authority.host().is_empty() => Ok(uri),
        _ => Err(EndpointError::NotAUrl {
            given: shown(url),
            cause: "it names no host".to_owned(),
        }),
    }
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

    fn base(url: &str) -> String {
        Endpoint::base(url, Signal::Traces)
            .unwrap()
            .url()
            .to_string()
    }

    #[test]
    fn a_base_url_gets_the_path_of_the_signal() {
        assert_eq!(
            base("http://localhost:4318"),
            "http://localhost:4318/v1/traces"
        );
        assert_eq!(
            base("http://localhost:4318/"),
            "http://localhost:4318/v1/traces"
        );
        assert_eq!(
            base("https://example.com/otlp//"),
            "https://example.com/otlp/v1/traces"
        );
        assert_eq!(
            base("https://example.com/otlp?key=1"),
            "https://example.com/otlp/v1/traces?key=1"
        );
        let metrics = Endpoint::base("http://[::1]:4318", Signal::Metrics).unwrap();
        assert_eq!(metrics.url().to_string(), "http://[::1]:4318/v1/metrics");
    }

    #[test]
    fn an_exact_url_stays_as_it_is_but_an_empty_path_becomes_a_slash() {
        let exact = |url: &str| Endpoint::exact(url).unwrap().url().clone();
        assert_eq!(exact("http://host/custom/").path(), "/custom/");
        assert_eq!(exact("http://host").path(), "/");
    }

    #[test]
    fn the_errors_say_what_is_allowed() {
        let error = |url: &str| Endpoint::exact(url).unwrap_err().to_string();
        assert!(error("localhost:4318").contains("must start with http://"));
        assert!(error("ftp://host").contains("must start with http://"));
        assert!(error("http://").contains("is not a URL"));
        assert!(error("").contains("is not a URL"));
        assert!(error("http://ho st").contains("is not a URL"));
    }

    #[test]
    fn no_error_and_no_display_repeats_a_secret() {
        for url in [
            "http://me:hunter2@host",
            "http:// me:hunter2@host",
            "http://me:?hunter2@host",
            "me:hunter2@host/#",
            "ftp://host/?k=hunter2",
        ] {
            let error = Endpoint::exact(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
        let endpoint = Endpoint::exact("http://host/v1?k=hunter2")
            .and_then(|endpoint| endpoint.with_header("x-key", "hunter3"))
            .unwrap();
        assert_eq!(endpoint.to_string(), "http://host/v1");
        assert!(!format!("{endpoint:?}").contains("hunter3"));
        let error = Endpoint::exact("http://host")
            .unwrap()
            .with_header("x-key", "a\nhunter2");
        assert!(!error.unwrap_err().to_string().contains("hunter2"));
    }

    #[test]
    fn headers_that_describe_the_body_are_refused() {
        for name in ["content-type", "Content-Length", "TRANSFER-ENCODING"] {
            let error = Endpoint::exact("http://host")
                .unwrap()
                .with_header(name, "x")
                .unwrap_err();
            assert_eq!(
                error,
                EndpointError::ReservedHeader {
                    name: name.to_owned()
                }
            );
        }
        let endpoint = Endpoint::exact("http://host")
            .unwrap()
            .with_header("Api-Key", "a");
        assert_eq!(endpoint.unwrap().headers()["api-key"], "a");
    }
}
