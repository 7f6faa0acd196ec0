//! HTTP proxies between us and the endpoint, as the environment names them.
//!
//! | variable | meaning |
//! |---|---|
//! | `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` | the proxy for endpoints of that scheme, else the one for all: `http://user:password@host:port` |
//! | `NO_PROXY` | whom to call without one: `*`, or a list of host names (their subdomains too), addresses, networks such as `10.0.0.0/8` |
//!
//! Names in lower case count too; those in upper case win. Loopback is never reached through a proxy: a proxy elsewhere
//! cannot reach our own loopback, and the default endpoint is there. In a CGI program `HTTP_PROXY` is what the client
//! sent as its `Proxy` header, so none of the variables counts then.
//!
//! `https` endpoints and gRPC are reached by a `CONNECT` tunnel, so that the proxy sees neither headers nor spans.
//!
//! Source: the manual of curl, "Environment"; what a list of `NO_PROXY` matches is decided by `hyper_util`.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use super::endpoint::shown;

/// The proxy settings of the environment. `Debug` shows no credentials.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Proxies(Arc<Settings>);

#[derive(Default, PartialEq, Eq)]
struct Settings {
    http: Setting,
    https: Setting,
    all: Setting,
    except: String,
}

/// A variable and its value.
type Setting = Option<(&'static str, String)>;

impl Proxies {
    /// What the environment of this process says now.
    pub fn from_env() -> Proxies {
        Proxies::read(|name| std::env::var(name).ok())
    }

    /// What `variable` says, asked by name.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Proxies {
        if variable("REQUEST_METHOD").is_some() {
            return Proxies::default();
        }
        let first = |names: [&'static str; 2]| {
            let values = names.into_iter().map(|name| (name, variable(name)));
            let mut values =
                values.filter_map(|(name, value)| Some((name, value?.trim().to_owned())));
            values.find(|(_, value)| !value.is_empty())
        };
        Proxies(Arc::new(Settings {
            http: first(["HTTP_PROXY", "http_proxy"]),
            https: first(["HTTPS_PROXY", "https_proxy"]),
            all: first(["ALL_PROXY", "all_proxy"]),
            except: first(["NO_PROXY", "no_proxy"]).map_or_else(String::new, |(_, list)| list),
        }))
    }

    /// Whether requests to `url` go through a proxy, also if that proxy's address cannot be used.
    pub fn apply_to(&self, url: &str) -> bool {
        let url = url.parse();
        url.is_ok_and(|url| !matches!(self.proxy_for(&url), Ok(None)))
    }

    /// The proxy to reach `url` by, if one is configured for it.
    pub(super) fn proxy_for(&self, url: &Uri) -> Result<Option<Proxy>, ProxyError> {
        let scheme = match url.scheme_str() {
            Some("https") => &self.0.https,
            _ => &self.0.http,
        };
        let Some((variable, value)) = scheme.as_ref().or(self.0.all.as_ref()) else {
            return Ok(None);
        };
        if is_loopback(url) || self.excepts(url) {
            return Ok(None);
        }
        let unusable = || ProxyError {
            variable,
            value: shown(value),
        };
        // The matcher takes what it cannot read for "no proxy". Then the spans would go another way than configured.
        let proxy = Matcher::builder().all(value).build().intercept(url);
        let proxy = proxy.ok_or_else(unusable)?;
        match proxy.uri().scheme_str() {
            Some("http" | "https") => Ok(Some(Proxy {
                url: proxy.uri().clone(),
                authorization: proxy.basic_auth().cloned(),
            })),
            _ => Err(unusable()),
        }
    }

    /// Whether `NO_PROXY` names the host of `url`. Some write `*.host` for what curl writes `.host`.
    fn excepts(&self, url: &Uri) -> bool {
        let list = self.0.except.split(',').map(str::trim);
        let list: Vec<_> = list.map(|entry| entry.trim_start_matches("*.")).collect();
        let any = Matcher::builder().all("http://any").no(list.join(","));
        any.build().intercept(url).is_none()
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [&self.0.http, &self.0.https, &self.0.all]
            .into_iter()
            .flatten();
        let all = all.map(|(variable, value)| (variable, shown(value)));
        f.debug_map()
            .entries(all)
            .entry(&"NO_PROXY", &self.0.except)
            .finish()
    }
}

fn is_loopback(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host.trim_start_matches('[').trim_end_matches(']');
    match address.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// A proxy that takes HTTP requests and `CONNECT`. Its `Display` has no credentials.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    pub(super) url: Uri,
    /// The value of `Proxy-Authorization`.
    pub(super) authorization: Option<HeaderValue>,
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = self
            .url
            .authority()
            .map_or("", |authority| authority.as_str());
        write!(f, "the proxy {authority}")
    }
}

/// A variable that names no proxy which can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProxyError {
    /// The variable.
    pub variable: &'static str,
    /// Its value, without credentials.
    pub value: String,
}

impl fmt::Display for ProxyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is \"{}\"; it must be an HTTP proxy such as http://host:3128 (SOCKS is not supported), or name the \
             endpoint's host in NO_PROXY",
            self.variable, self.value
        )
    }
}

impl std::error::Error for ProxyError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        Proxies::read(|name| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    fn by(proxies: &Proxies, url: &str) -> Option<String> {
        let proxy = proxies.proxy_for(&url.parse().unwrap()).unwrap();
        proxy.map(|proxy| proxy.url.authority().unwrap().to_string())
    }

    #[test]
    fn each_scheme_has_its_proxy_and_the_rest_that_for_all() {
        let both = proxies(&[("HTTP_PROXY", "http://a:1"), ("HTTPS_PROXY", "b:2")]);
        assert_eq!(by(&both, "http://host:4318").as_deref(), Some("a:1"));
        assert_eq!(by(&both, "https://host").as_deref(), Some("b:2"));
        let all = proxies(&[("all_proxy", "http://c:3"), ("HTTP_PROXY", " ")]);
        assert_eq!(by(&all, "http://host").as_deref(), Some("c:3"));
        assert_eq!(by(&all, "https://host").as_deref(), Some("c:3"));
        let cases = proxies(&[
            ("http_proxy", "http://low:1"),
            ("HTTP_PROXY", "http://UP:1"),
        ]);
        assert_eq!(by(&cases, "http://host").as_deref(), Some("UP:1"));
        assert_eq!(by(&proxies(&[]), "http://host"), None);
    }

    #[test]
    fn no_proxy_takes_names_with_their_subdomains_addresses_and_networks() {
        let direct = |list: &str, host: &str| {
            let proxies = proxies(&[("HTTP_PROXY", "http://p:1"), ("NO_PROXY", list)]);
            by(&proxies, &format!("http://{host}:4318/v1/traces")).is_none()
        };
        for (list, host) in [
            ("example.com", "example.com"),
            ("example.com", "otel.example.com"),
            (".example.com", "otel.example.com"),
            (".example.com", "example.com"),
            ("*.example.com", "otel.example.com"),
            ("a, Example.COM ,b", "example.com"),
            ("*", "anything"),
            ("10.0.0.0/8", "10.1.2.3"),
            ("10.1.2.3", "10.1.2.3"),
            ("fd00::/8", "[fd00::1]"),
        ] {
            assert!(direct(list, host), "{list} {host}");
        }
        for (list, host) in [
            ("example.com", "notexample.com"),
            ("example.com", "example.com.evil"),
            ("otel.example.com", "example.com"),
            ("10.0.0.0/8", "11.1.2.3"),
            ("10.1.2", "10.1.2.3"),
            ("", "example.com"),
        ] {
            assert!(!direct(list, host), "{list} {host}");
        }
    }

    #[test]
    fn loopback_is_never_reached_through_a_proxy() {
        // Nor through one that cannot be used.
        for value in ["http://p:1", "ftp://p:1"] {
            let proxies = proxies(&[("ALL_PROXY", value)]);
            for url in [
                "http://localhost:4318",
                "http://127.0.0.1:1",
                "https://[::1]:1",
            ] {
                assert_eq!(by(&proxies, url), None, "{url}");
            }
        }
    }

    #[test]
    fn a_cgi_program_does_not_take_its_proxy_from_the_client() {
        let cgi = proxies(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil:1")]);
        assert_eq!(by(&cgi, "http://host"), None);
    }

    #[test]
    fn credentials_are_sent_and_never_shown() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://me:hunter%202@p:3128")]);
        let proxy = proxies.proxy_for(&Uri::from_static("https://h")).unwrap();
        let proxy = proxy.unwrap();
        // me:hunter 2
        assert_eq!(
            proxy.authorization.as_ref().unwrap(),
            "Basic bWU6aHVudGVyIDI="
        );
        let shown = format!("{proxies:?} {proxy:?} {proxy}");
        assert!(
            !shown.contains("hunter") && !shown.contains("bWU6"),
            "{shown}"
        );
        assert!(shown.contains("the proxy p:3128"), "{shown}");
    }

    #[test]
    fn a_proxy_that_cannot_be_used_is_named_without_credentials() {
        for value in [
            "socks5://me:hunter2@p:1",
            "ftp://me:hunter2@p",
            "http://me:hunter2@p :1",
        ] {
            let proxies = proxies(&[("ALL_PROXY", value)]);
            let error = proxies.proxy_for(&Uri::from_static("http://h"));
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("ALL_PROXY is \""), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
