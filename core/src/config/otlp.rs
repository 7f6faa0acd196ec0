//! Where OTLP is sent: addresses and headers, and how they are shown without their secrets.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Compression, Config, Protocol};
use crate::export::endpoint::{Address, EndpointError, RESERVED, Signal};

/// The settings of OTLP, for all signals or for one. `None`: not set here.
#[derive(Clone, Debug, Default)]
pub(crate) struct OtlpSettings {
    /// A base address for all signals, the exact one for one.
    pub(crate) endpoint: Option<Address>,
    pub(crate) protocol: Option<Protocol>,
    pub(crate) headers: Option<Headers>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) compression: Option<Compression>,
    /// Paths of PEM files.
    pub(crate) certificate: Option<String>,
    pub(crate) client_certificate: Option<String>,
    pub(crate) client_key: Option<String>,
    /// Whether a gRPC endpoint without a scheme is reached without TLS.
    pub(crate) insecure: Option<bool>,
}

impl OtlpSettings {
    /// These, and those of `general` where these say nothing. The endpoint is these one's alone: a general one is a base
    /// that the signal's path is still to be appended to.
    pub(crate) fn over(&self, general: &Self) -> Self {
        fn first<T: Clone>(own: &Option<T>, general: &Option<T>) -> Option<T> {
            own.as_ref().or(general.as_ref()).cloned()
        }
        Self {
            endpoint: self.endpoint.clone(),
            protocol: self.protocol.or(general.protocol),
            headers: first(&self.headers, &general.headers),
            timeout: self.timeout.or(general.timeout),
            compression: self.compression.or(general.compression),
            certificate: first(&self.certificate, &general.certificate),
            client_certificate: first(&self.client_certificate, &general.client_certificate),
            client_key: first(&self.client_key, &general.client_key),
            insecure: self.insecure.or(general.insecure),
        }
    }
}

/// How long something may take. In OpenTelemetry's settings 0 is "no limit".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timeout {
    /// At most so long.
    After(Duration),
    /// As long as it takes.
    Unlimited,
}

impl Timeout {
    /// The timeout that a setting of so many milliseconds means.
    pub const fn from_millis(millis: u64) -> Self {
        match millis {
            0 => Timeout::Unlimited,
            _ => Timeout::After(Duration::from_millis(millis)),
        }
    }

    /// The bound, if there is one.
    pub const fn limit(self) -> Option<Duration> {
        match self {
            Timeout::After(limit) => Some(limit),
            Timeout::Unlimited => None,
        }
    }

    pub(crate) fn millis(self) -> u128 {
        self.limit().map_or(0, |limit| limit.as_millis())
    }
}

/// Headers sent with each request. They often carry an access token, so `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(HeaderMap);

impl Headers {
    /// The headers with their values.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets one header; a header of that name is replaced. Says what is wrong with it otherwise.
    pub(crate) fn set(&mut self, name: &str, value: &[u8]) -> Result<(), &'static str> {
        let name = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| "has a name that no HTTP header can have")?;
        if RESERVED.contains(&name) {
            return Err("describes the request that polyspan itself writes");
        }
        let mut value = std::str::from_utf8(value)
            .ok()
            .and_then(|text| HeaderValue::from_str(text).ok())
            .ok_or("has a value with characters that HTTP does not allow")?;
        value.set_sensitive(true);
        self.0.insert(name, value);
        Ok(())
    }
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, name) in self.0.keys().enumerate() {
            let comma = if count == 0 { "" } else { "," };
            write!(f, "{comma}{name}=***")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Headers({self})")
    }
}

/// Reads an endpoint. Returns what is wrong with it as a clause, or nothing if `allowed` says it all.
pub(crate) fn parse_endpoint(text: &str) -> Result<Address, Option<String>> {
    match text.parse() {
        Ok(address) => Ok(address),
        Err(EndpointError::Credentials { .. }) => Err(Some(
            "which has a user name or password in it; send credentials as headers instead"
                .to_owned(),
        )),
        Err(EndpointError::NotAUrl { cause, .. }) => {
            Err(Some(format!("which is not an address ({cause})")))
        }
        Err(_) => Err(None),
    }
}

impl Config {
    /// The complete address for a signal, as the flat options have it.
    pub(crate) fn endpoint_of(&self, signal: Signal) -> String {
        let settings = self.otlp_settings(signal);
        let is_grpc = settings.protocol == Some(Protocol::Grpc);
        match (settings.endpoint, &self.otlp.endpoint) {
            (Some(exact), _) => exact.to_string(),
            // What is called is in the request, not in the address.
            (None, Some(base)) if is_grpc => base.to_string(),
            (None, Some(base)) => base.of(signal).to_string(),
            (None, None) => default_endpoint(signal, is_grpc).to_owned(),
        }
    }
}

/// The complete address for a signal, where nothing says another.
pub(super) const fn default_endpoint(signal: Signal, is_grpc: bool) -> &'static str {
    match signal {
        _ if is_grpc => "http://localhost:4317",
        Signal::Traces => "http://localhost:4318/v1/traces",
        Signal::Metrics => "http://localhost:4318/v1/metrics",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn completed(base: &str) -> String {
        parse_endpoint(base).unwrap().of(Signal::Traces).to_string()
    }

    #[test]
    fn a_base_endpoint_is_completed_with_the_path_of_the_signal() {
        assert_eq!(completed("http://a:4318"), "http://a:4318/v1/traces");
        assert_eq!(completed("http://a:4318/"), "http://a:4318/v1/traces");
        assert_eq!(completed("https://a/otlp"), "https://a/otlp/v1/traces");
        assert_eq!(completed("https://a/otlp/"), "https://a/otlp/v1/traces");
        assert_eq!(
            completed("http://[::1]:4318"),
            "http://[::1]:4318/v1/traces"
        );
    }

    #[test]
    fn the_query_of_a_base_endpoint_stays_behind_the_path() {
        assert_eq!(
            completed("https://a/x?key=1"),
            "https://a/x/v1/traces?key=1"
        );
    }

    #[test]
    fn an_endpoint_without_scheme_or_host_or_with_another_scheme_is_refused() {
        for text in [
            "localhost",
            "/v1/traces",
            "ftp://a",
            "grpc://a:1",
            "http://",
            "http://a b",
            "http://:4318",
        ] {
            assert!(parse_endpoint(text).is_err(), "{text}");
        }
        assert!(parse_endpoint("http://a:99999").is_err());
        assert!(parse_endpoint("HTTP://a").is_ok(), "schemes know no case");
        assert!(parse_endpoint("http://[::1]").is_ok());
        assert!(parse_endpoint("localhost:4317").is_ok(), "gRPC takes it");
    }

    #[test]
    fn a_host_and_a_port_are_an_address_for_grpc_and_ignored_with_a_word_otherwise() {
        let read = |protocol: &str| {
            let config = Config::from_lookup(&|variable| match variable {
                "OTEL_EXPORTER_OTLP_ENDPOINT" => Some("collector:4317".to_owned()),
                "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL" => Some(protocol.to_owned()),
                "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL" => Some("grpc".to_owned()),
                _ => None,
            });
            config.validate().unwrap()
        };
        let config = read("grpc");
        assert_eq!(config.endpoint_of(Signal::Traces), "collector:4317");
        assert!(config.warnings().is_empty());
        let config = read("http/protobuf");
        assert_eq!(
            config.endpoint_of(Signal::Traces),
            "http://localhost:4318/v1/traces"
        );
        let [warning] = config.warnings() else {
            panic!("{:?}", config.warnings())
        };
        assert!(warning.contains("OTEL_EXPORTER_OTLP_ENDPOINT"), "{warning}");
        assert!(warning.contains("only grpc takes host:port"), "{warning}");
        let code = Config::default().endpoint("collector:4317").validate();
        let error = code.err().unwrap().to_string();
        assert!(error.contains("which has no scheme"), "{error}");
    }

    #[test]
    fn credentials_in_an_endpoint_are_refused_because_they_would_not_be_sent() {
        let reason = parse_endpoint("http://user:pw@a:4318").unwrap_err();
        assert!(reason.is_some_and(|reason| reason.contains("headers")));
    }

    #[test]
    fn headers_show_their_names_only() {
        let mut headers = Headers::default();
        headers.set("Authorization", b"Bearer secret").unwrap();
        headers.set("x-tenant", b"blue").unwrap();
        assert_eq!(
            format!("{headers:?}"),
            "Headers(authorization=***,x-tenant=***)"
        );
        assert!(headers.set("a b", b"").is_err());
        assert!(headers.set("a", b"\n").is_err());
        assert!(headers.set("a", b"\xff").is_err());
        assert!(headers.set("Content-Type", b"text/plain").is_err());
    }
}
