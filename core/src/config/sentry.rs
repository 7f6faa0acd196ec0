//! A Sentry DSN, and what it makes of the settings of OTLP.
//!
//! ```text
//! https://PUBLIC@o42.ingest.sentry.io/prefix/7 ─▶ https://o42.ingest.sentry.io/prefix/api/7/integration/otlp/v1/traces/
//!                                                x-sentry-auth: sentry sentry_key=PUBLIC, …
//! ```
//!
//! It stands in for an endpoint: one that is configured for spans wins, and then no key is sent there. Sentry takes spans and
//! logs over HTTP and no metrics, so without an endpoint of their own metrics go nowhere.
//!
//! Of a DSN nothing else is needed than these parts of an address. The crate `sentry-types` would bring 45 others along,
//! the tables of Unicode domain names among them.
//!
//! Source: Sentry documentation, "OTLP", and SDK specification, "Telemetry", "OTLP".

use std::fmt;

use http::Uri;

use super::{Config, Exporters, Headers, Source};
use crate::export::endpoint::Signal;

/// Where a Sentry project takes telemetry.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Dsn {
    scheme: String,
    public_key: String,
    /// With the port, if there is one.
    host: String,
    /// Of a Sentry that stands below a path; empty or `/…`.
    prefix: String,
    project: String,
}

impl Dsn {
    /// Reads a DSN; `None` if it is none.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let scheme = uri
            .scheme_str()
            .filter(|scheme| matches!(*scheme, "http" | "https"))?;
        let (user, host) = uri.authority()?.as_str().rsplit_once('@')?;
        let public_key = user.split(':').next()?;
        let (prefix, project) = uri.path().trim_end_matches('/').rsplit_once('/')?;
        let name = |text: &str| {
            !text.is_empty()
                && text
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        (name(public_key) && name(project) && !host.is_empty() && uri.query().is_none()).then(
            || Self {
                scheme: scheme.to_owned(),
                public_key: public_key.to_owned(),
                host: host.to_owned(),
                prefix: prefix.to_owned(),
                project: project.to_owned(),
            },
        )
    }

    pub(crate) fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The number of the organization, where the host begins with it: `o42.ingest.sentry.io`.
    pub(crate) fn org_id(&self) -> Option<&str> {
        let id = self.host.split('.').next()?.strip_prefix('o')?;
        let is_number = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(id)
    }

    /// The address for a signal; `None` for what Sentry does not take.
    fn endpoint(&self, signal: Signal) -> Option<String> {
        let path = match signal {
            Signal::Traces => "v1/traces/",
            Signal::Metrics => return None,
        };
        let Self {
            scheme,
            host,
            prefix,
            project,
            ..
        } = self;
        Some(format!(
            "{scheme}://{host}{prefix}/api/{project}/integration/otlp/{path}"
        ))
    }

    /// Adds the key, unless there is a header of that name.
    fn authorize(&self, headers: &mut Headers) {
        const NAME: &str = "x-sentry-auth";
        if headers.iter().any(|(name, _)| name == NAME) {
            return;
        }
        let value = format!(
            "sentry sentry_key={}, sentry_version=7, sentry_client=polyspan/{}",
            self.public_key,
            env!("CARGO_PKG_VERSION")
        );
        // A key that was read is letters and digits, which any header can hold.
        let _ = headers.set(NAME, value.as_bytes());
    }
}

/// Without the key.
impl fmt::Display for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            scheme,
            host,
            prefix,
            project,
            ..
        } = self;
        write!(f, "{scheme}://***@{host}{prefix}/{project}")
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dsn({self})")
    }
}

/// The endpoint that a DSN stands in for, with the headers that belong to it.
pub(super) struct SentryEndpoint {
    pub(super) url: String,
    pub(super) headers: Headers,
}

impl Config {
    /// What the DSN makes of a signal, if nothing stronger says where that goes.
    pub(super) fn sentry_endpoint(&self, signal: Signal) -> Option<SentryEndpoint> {
        let dsn = self.sentry_dsn.as_ref()?;
        let url = dsn.endpoint(signal)?;
        if self.is_stronger_than_dsn("endpoint") || self.is_stronger_than_dsn("traces_endpoint") {
            return None;
        }
        // Headers for everything are meant for another receiver.
        let mut headers = self.otlp_traces.headers.clone().unwrap_or_default();
        dsn.authorize(&mut headers);
        Some(SentryEndpoint { url, headers })
    }

    fn is_stronger_than_dsn(&self, option: &str) -> bool {
        let in_code = |source: &Source| *source == Source::Code;
        let dsn_in_code = self.source("sentry_dsn").is_some_and(in_code);
        self.source(option)
            .is_some_and(|source| !dsn_in_code || in_code(source))
    }

    /// Sends metrics nowhere, if a DSN is all that says where anything goes.
    pub(super) fn keep_metrics_from_sentry(&mut self) {
        let set = |option: &str| self.source(option).is_some();
        let elsewhere = set("metrics_exporter") || set("metrics_endpoint") || set("endpoint");
        if let Some(source) = self.source("sentry_dsn").cloned()
            && !elsewhere
        {
            self.metrics_exporter = Exporters::new([]);
            self.note_source("metrics_exporter", source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Destination, Otlp, Protocol};

    const DSN: &str = "https://abc@o42.ingest.sentry.io/7";

    fn otlp(config: &Config) -> Otlp {
        match config.destinations(Signal::Traces).remove(0) {
            Destination::Otlp(otlp) => otlp,
            other => panic!("{other}"),
        }
    }

    fn with(options: &[(&str, &str)]) -> Config {
        let mut config = Config::default();
        for (name, value) in options {
            config.set(name, value).unwrap();
        }
        config
    }

    #[test]
    fn a_dsn_is_an_endpoint_with_a_key() {
        for (dsn, url) in [
            (
                DSN,
                "https://o42.ingest.sentry.io/api/7/integration/otlp/v1/traces/",
            ),
            (
                "http://abc:secret@s:9000/7",
                "http://s:9000/api/7/integration/otlp/v1/traces/",
            ),
            (
                "https://abc@s/a/b/7/",
                "https://s/a/b/api/7/integration/otlp/v1/traces/",
            ),
        ] {
            let otlp = otlp(&with(&[("sentry_dsn", dsn)]));
            assert_eq!(otlp.endpoint, url);
            let (name, value) = otlp.headers.iter().next().unwrap();
            assert_eq!(name, "x-sentry-auth");
            let value = value.to_str().unwrap();
            assert!(
                value.starts_with(
                    "sentry sentry_key=abc, sentry_version=7, sentry_client=polyspan/"
                )
            );
        }
    }

    #[test]
    fn a_dsn_tells_key_and_organization() {
        for (dsn, org_id) in [
            ("https://key@o42.ingest.us.sentry.io/7", Some("42")),
            ("https://key:secret@sentry.example.com:9000/path/7", None),
            ("http://key@localhost/1", None),
            ("https://key@o.example.com/1", None),
            ("https://key@organic.example.com/1", None),
        ] {
            let dsn = Dsn::parse(dsn).unwrap();
            assert_eq!((dsn.public_key(), dsn.org_id()), ("key", org_id));
        }
    }

    #[test]
    fn what_is_no_dsn_is_refused_without_showing_it() {
        for wrong in [
            "",
            "x",
            "key@host/1",
            "https://o42.ingest.sentry.io/7",
            "https://abc@/7",
            "https://abc@s",
            "https://abc@s/",
            "ftp://abc@s/7",
            "https://@s/7",
            "https://a b@s/7",
            "https://abc@s/7?x",
        ] {
            let error = Config::default()
                .set("sentry_dsn", wrong)
                .unwrap_err()
                .to_string();
            assert!(error.contains("it must be a Sentry DSN"), "{error}");
            assert!(!error.contains("abc"), "{error}");
        }
        let config = with(&[("sentry_dsn", DSN)]);
        assert_eq!(
            config.get("sentry_dsn").unwrap(),
            "https://***@o42.ingest.sentry.io/7"
        );
        assert!(!format!("{config:?} {}", config.describe()).contains("abc"));
    }

    #[test]
    fn sentry_is_spoken_to_over_http_and_gets_no_metrics() {
        let config = with(&[("protocol", "grpc"), ("sentry_dsn", DSN)]);
        assert_eq!(otlp(&config).protocol, Protocol::HttpProtobuf);
        assert!(!config.exports(Signal::Metrics));
        let json = with(&[("protocol", "http/json"), ("sentry_dsn", DSN)]);
        assert_eq!(otlp(&json).protocol, Protocol::HttpJson);
        let elsewhere = with(&[("metrics_endpoint", "http://m/"), ("sentry_dsn", DSN)]);
        assert!(elsewhere.exports(Signal::Metrics));
    }

    #[test]
    fn an_endpoint_wins_and_gets_no_key() {
        let config = with(&[("sentry_dsn", DSN), ("endpoint", "http://c:4318")]);
        let otlp = otlp(&config);
        assert_eq!(otlp.endpoint, "http://c:4318/v1/traces");
        assert!(otlp.headers.is_empty());
    }

    #[test]
    fn headers_for_another_receiver_are_not_sent_to_sentry() {
        let config = with(&[("sentry_dsn", DSN), ("headers", "authorization=secret")]);
        assert_eq!(otlp(&config).headers.to_string(), "x-sentry-auth=***");
        let own = with(&[
            ("sentry_dsn", DSN),
            ("traces_headers", "x-sentry-auth=mine,a=b"),
        ]);
        let headers = otlp(&own).headers;
        assert_eq!(
            headers.iter().filter(|(_, value)| *value == "mine").count(),
            1
        );
    }

    #[test]
    fn a_dsn_in_code_wins_over_an_endpoint_of_the_environment() {
        let endpoint =
            |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| "http://c".to_owned());
        let mut config = Config::from_lookup(&endpoint);
        config.set("sentry_dsn", DSN).unwrap();
        assert!(otlp(&config).endpoint.contains("sentry.io"));
        assert!(
            config.exports(Signal::Metrics),
            "metrics have the endpoint of the environment"
        );
    }
}
