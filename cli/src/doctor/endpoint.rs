//! One receiver: is it there, does it speak what is configured, and does it take a span.

use std::time::Duration;

use polyspan::config::{Destination, Otlp, Protocol, Timeout};
use polyspan::export::endpoint::Address;
use polyspan::sample::Sampler;
use polyspan::stats::DropCause;
use polyspan::{Config, Provider};

use super::finding::{Finding, Level, Report};
use super::probe::{Receiver, Unreachable, probe};

/// Probes a receiver and sends it a test span.
pub(super) fn examine(config: &Config, otlp: &Otlp, wait: Duration, report: &mut Report) {
    let name = Destination::from(otlp.clone()).to_string();
    let before = report.findings.len();
    // Who listens behind a proxy only the proxy can find out.
    let through_proxy = otlp.proxies.apply_to(&otlp.endpoint);
    match Listener::at(&otlp.endpoint).filter(|_| !through_proxy) {
        Some(listener) => ask(&listener, otlp, wait, report),
        None => {
            let why = match through_proxy {
                true => "is reached through the proxy that the environment names",
                false => "is no address in a network",
            };
            let says = format!("{name} {why}, so the test span alone tells");
            report.findings.push(Finding::good("connection", says));
        }
    }
    let explained = report.findings[before..]
        .iter()
        .any(|finding| finding.level == Level::Problem);
    report
        .findings
        .push(send(config, otlp, &name, wait, explained));
}

/// Where a receiver listens.
struct Listener {
    /// What the scheme says; gRPC may have none.
    tls: Option<bool>,
    host: String,
    port: u16,
}

impl Listener {
    /// The one at an address that the core can use; nothing for a socket in the file system.
    fn at(endpoint: &str) -> Option<Self> {
        let (tls, host, port) = match endpoint.parse().ok()? {
            Address::Url(url) => {
                let tls = url.scheme_str() == Some("https");
                let port = url.port_u16().unwrap_or(if tls { 443 } else { 80 });
                (Some(tls), url.host()?.to_owned(), port)
            }
            Address::HostPort(authority) => {
                (None, authority.host().to_owned(), authority.port_u16()?)
            }
            Address::Socket(_) => return None,
        };
        // As the system's resolver wants addresses of IPv6.
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        Some(Self { tls, host, port })
    }
}

fn ask(listener: &Listener, otlp: &Otlp, wait: Duration, report: &mut Report) {
    let Listener { tls, host, port } = listener;
    let at = format!("{host}:{port}");
    let receiver = match probe(host, *port, wait) {
        Ok(receiver) => receiver,
        Err(Unreachable::Unknown(reason)) => {
            return report.findings.push(Finding::problem(
                "connection",
                format!("the name {host} is not known here ({reason})"),
                "correct the host in OTEL_EXPORTER_OTLP_ENDPOINT",
            ));
        }
        Err(Unreachable::Refused(reason)) => {
            return report.findings.push(Finding::problem(
                "connection",
                format!("nobody takes a connection at {at} ({reason})"),
                "start the collector, or correct OTEL_EXPORTER_OTLP_ENDPOINT",
            ));
        }
    };
    report.findings.push(Finding::good(
        "connection",
        format!("{at} takes connections"),
    ));
    let wants_tls = tls.unwrap_or(!otlp.tls.insecure);
    report.findings.push(encryption(&at, wants_tls, &receiver));
    report
        .findings
        .push(protocol(&at, otlp.protocol, &receiver));
}

fn encryption(at: &str, wanted: bool, receiver: &Receiver) -> Finding {
    match (wanted, receiver.tls) {
        (true, true) => Finding::good("tls", format!("{at} speaks TLS")),
        (false, false) => Finding::good("tls", "not used"),
        (true, false) => Finding::problem(
            "tls",
            format!("{at} does not speak TLS, but the address begins with https://"),
            "write http:// (for gRPC without a scheme: OTEL_EXPORTER_OTLP_INSECURE=true), or take the port with TLS",
        ),
        (false, true) => Finding::problem(
            "tls",
            format!("{at} speaks TLS, but the address begins with http://"),
            "write https://, and if its authority is a private one, name it in OTEL_EXPORTER_OTLP_CERTIFICATE",
        ),
    }
}

fn protocol(at: &str, wanted: Protocol, receiver: &Receiver) -> Finding {
    let spoken = match (receiver.http1, receiver.http2) {
        (true, true) => "HTTP/1.1 and HTTP/2",
        (true, false) => "HTTP/1.1",
        (false, true) => "HTTP/2",
        (false, false) => {
            return Finding::warning(
                "protocol",
                format!("{at} answers neither HTTP/1.1 nor HTTP/2"),
                "see whether something else listens at this port",
            );
        }
    };
    match (wanted, receiver) {
        (Protocol::Grpc, Receiver { http2: false, .. }) => Finding::problem(
            "protocol",
            format!("{at} speaks {spoken} only, but the protocol is grpc"),
            "set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or take the port for gRPC (usually 4317)",
        ),
        // Over TLS one of two is chosen, and HTTP/1.1 may be the other.
        (
            Protocol::HttpProtobuf | Protocol::HttpJson,
            Receiver {
                http1: false,
                tls: false,
                ..
            },
        ) => Finding::problem(
            "protocol",
            format!(
                "{at} speaks {spoken} only, as receivers of OTLP/gRPC do, but the protocol is {wanted}"
            ),
            "set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or take the port for HTTP (usually 4318)",
        ),
        _ => Finding::good("protocol", format!("{at} speaks {spoken}")),
    }
}

/// Sends one span the way a program would, sampled whatever the sampler says.
fn send(config: &Config, otlp: &Otlp, name: &str, wait: Duration, explained: bool) -> Finding {
    let mut otlp = otlp.clone();
    otlp.timeout = Timeout::from_millis(wait.as_millis() as u64);
    let config = config
        .clone()
        .sampler(Sampler::AlwaysOn)
        .trace_destinations([Destination::from(otlp)])
        .metric_destinations([]);
    let provider = match Provider::new(config) {
        Ok(provider) => provider,
        Err(error) => return Finding::problem("test span", error.to_string(), "correct it"),
    };
    provider
        .tracer("polyspan.doctor")
        .start("polyspan doctor")
        .end();
    let flushed = provider.flush(wait + Duration::from_secs(1));
    let mut said = provider.take_diagnostics();
    let stats = provider.stats();
    let _ = provider.shutdown(Duration::from_secs(1));
    if stats.delivered == 1 {
        // A server may accept a span and say something about it.
        return match said.pop() {
            Some(said) => Finding::warning("test span", format!("{name} took it: {said}"), ""),
            None => Finding::good("test span", format!("{name} took it")),
        };
    }
    if said.is_empty() {
        said.extend(flushed.err().map(|error| error.to_string()));
    }
    let said = said.join("; ");
    let fate = if stats.dropped(DropCause::Rejected) == 1 {
        "was refused"
    } else if stats.dropped(DropCause::Unconfirmed) == 1 {
        "was sent, but nobody knows whether it arrived"
    } else {
        "was not delivered"
    };
    let advice = if explained {
        "see above"
    } else {
        advice(&said)
    };
    Finding::problem("test span", format!("it {fate}: {said}"), advice)
}

/// What usually helps against what the core says.
fn advice(said: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&["401", "403", "UNAUTHENTICATED", "PERMISSION_DENIED"]) {
        "set the receiver's key in OTEL_EXPORTER_OTLP_HEADERS, such as authorization=Bearer%20<key>"
    } else if has(&["404", "405", "UNIMPLEMENTED"]) {
        "correct the path: OTEL_EXPORTER_OTLP_ENDPOINT is a base to which /v1/traces is added, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is used as it is"
    } else if has(&["certificate", "UnknownIssuer", "CA"]) {
        "name the receiver's certificate authority in OTEL_EXPORTER_OTLP_CERTIFICATE"
    } else if has(&["429", "503", "RESOURCE_EXHAUSTED", "UNAVAILABLE"]) {
        "the receiver is busy or its backend is away; polyspan keeps spans and tries again"
    } else {
        "ask the receiver's log why"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_receivers_are_taken_apart() {
        for (endpoint, expected) in [
            (
                "http://localhost:4318/v1/traces",
                Some((Some(false), "localhost", 4318)),
            ),
            (
                "https://otlp.example.com/x?key=1",
                Some((Some(true), "otlp.example.com", 443)),
            ),
            ("http://user:pw@h:1/", None),
            ("http://[::1]:4318", Some((Some(false), "::1", 4318))),
            ("collector:4317", Some((None, "collector", 4317))),
            ("unix:/run/otel.sock", None),
            ("unix:///run/otel.sock", None),
            ("http://", None),
        ] {
            let found = Listener::at(endpoint);
            let found = found
                .as_ref()
                .map(|one| (one.tls, one.host.as_str(), one.port));
            assert_eq!(found, expected, "{endpoint}");
        }
    }
}
