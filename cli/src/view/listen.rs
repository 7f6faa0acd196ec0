//! Where the viewer listens, and who may talk to it.
//!
//! Traces tell a lot about a system, so nobody but this machine gets them unless `--allow-remote` says so:
//! the address must be a loopback one, and so must the `Host` that a request names, which keeps web pages out
//! that rebind their name to 127.0.0.1.

use std::net::{SocketAddr, ToSocketAddrs};

use axum::body::Body;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{Request, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tokio::net::TcpListener;

use super::api::problem;

/// Binds `listen`, which is `address:port` or `name:port`.
pub(crate) async fn bind(listen: &str, allow_remote: bool) -> Result<TcpListener, String> {
    let addresses = addresses(listen, allow_remote)?;
    TcpListener::bind(&*addresses).await.map_err(|error| {
        format!(
            "cannot listen on {listen}: {error}; choose another port with --listen 127.0.0.1:PORT (0 finds a free one) \
             and set OTEL_EXPORTER_OTLP_ENDPOINT to it"
        )
    })
}

fn addresses(listen: &str, allow_remote: bool) -> Result<Vec<SocketAddr>, String> {
    let addresses: Vec<_> = listen
        .to_socket_addrs()
        .map_err(|error| {
            format!(
                "--listen is {listen:?}; it must be ADDRESS:PORT, as in 127.0.0.1:4318: {error}"
            )
        })?
        .collect();
    match addresses
        .iter()
        .find(|address| !address.ip().to_canonical().is_loopback())
    {
        Some(address) if !allow_remote => Err(format!(
            "--listen is {listen:?}, and {} is not a loopback address: everybody who reaches it could read your traces; \
             use 127.0.0.1 or [::1], or add --allow-remote if that is what you want",
            address.ip()
        )),
        _ => Ok(addresses),
    }
}

/// Refuses requests that name another host than this machine.
pub(crate) async fn only_local_hosts(request: Request<Body>, next: Next) -> Response {
    match request.headers().get(HOST) {
        Some(host) if !is_local(host.as_bytes()) => {
            let host = String::from_utf8_lossy(host.as_bytes());
            let message = format!(
                "host {host:?} is not this machine's loopback; start with --allow-remote to accept it"
            );
            problem(StatusCode::FORBIDDEN, message)
        }
        _ => next.run(request).await,
    }
}

fn is_local(host: &[u8]) -> bool {
    let Ok(authority) = Authority::try_from(host) else {
        return false;
    };
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    match host.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            host.eq_ignore_ascii_case("localhost")
                || host.to_ascii_lowercase().ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_are_accepted_unless_allowed() {
        for listen in [
            "127.0.0.1:0",
            "127.8.9.10:1",
            "[::1]:4318",
            "localhost:0",
            "[::ffff:127.0.0.1]:1",
        ] {
            assert!(addresses(listen, false).is_ok(), "{listen}");
        }
        for listen in ["0.0.0.0:4318", "[::]:4318", "192.0.2.1:1"] {
            let said = addresses(listen, false).unwrap_err();
            assert!(
                said.contains("not a loopback address") && said.contains("--allow-remote"),
                "{said}"
            );
            assert!(addresses(listen, true).is_ok(), "{listen}");
        }
        let said = addresses("4318", false).unwrap_err();
        assert!(said.contains("must be ADDRESS:PORT"), "{said}");
    }

    #[test]
    fn a_host_is_local_by_name_or_address() {
        for host in [
            "localhost",
            "LOCALHOST:4318",
            "127.0.0.1:1",
            "[::1]:4318",
            "a.localhost:2",
        ] {
            assert!(is_local(host.as_bytes()), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "evil.example:4318",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "10.0.0.1",
        ] {
            assert!(!is_local(host.as_bytes()), "{host}");
        }
    }
}
