//! Delivery over TLS: which servers are trusted, and what is said about the others.
//!
//! Trust comes from the platform, which `SSL_CERT_FILE` replaces for one process. So each case runs the ignored test
//! [`child`] in a process of its own.

mod scripted_server;

use std::future::pending;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use polyspan::config::{Otlp, Signal};
use polyspan::export::transport::Transport;
use polyspan::pipeline::backoff::Backoff;
use polyspan::pipeline::delivery::{Delivery, Retry};
use rustls::pki_types::PrivatePkcs8KeyDer;
use scripted_server::{ScriptedServer, status};

/// A certificate authority of the test, and servers certified by it.
struct Authority {
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Authority {
        let mut params = rcgen::CertificateParams::default();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Authority {
            issuer: rcgen::Issuer::new(params, key),
            pem,
        }
    }

    fn serve(
        &self,
        name: &str,
        last_year: i32,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> ScriptedServer {
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )
            .unwrap();
        ScriptedServer::start_tls([status(200)], tls)
    }
}

/// Delivers to `url` in a process that trusts only `authority`; returns the outcome as text.
fn deliver(url: &str, authority: &Authority) -> String {
    // The port makes the name unique among the tests of this process.
    let port = url.rsplit(':').next().unwrap();
    let roots = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("roots-{port}.pem"));
    std::fs::write(&roots, &authority.pem).unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &roots)
        .env_remove("SSL_CERT_DIR")
        .env("POLYSPAN_TEST_URL", url)
        .output()
        .unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let outcome = printed
        .lines()
        .find_map(|line| line.split_once("outcome: "));
    outcome
        .unwrap_or_else(|| panic!("no outcome in {printed}"))
        .1
        .to_owned()
}

#[test]
#[ignore = "run by the other tests, with the environment it needs"]
fn child() {
    let Ok(url) = std::env::var("POLYSPAN_TEST_URL") else {
        return;
    };
    let transport = Transport::new(&Otlp::new(format!("{url}/v1/traces")), Signal::Traces).unwrap();
    let pause = Duration::from_millis(50);
    let backoff = Backoff {
        initial: pause,
        longest: pause,
    };
    let retry = Retry {
        timeout: Duration::from_secs(2),
        backoff,
    };
    let delivery = Delivery::new(transport, retry);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let body = Bytes::from_static(b"an encoded batch");
    let outcome = runtime.block_on(delivery.deliver(body, pending()));
    println!("outcome: {outcome:?}");
}

#[track_caller]
fn assert_refused(outcome: &str, because: &str) {
    assert!(outcome.starts_with("NotAccepted"), "{outcome}");
    assert!(
        outcome.contains(because),
        "{because:?} is not in {outcome:?}"
    );
}

#[test]
fn a_server_certified_by_a_trusted_authority_is_trusted() {
    let authority = Authority::new();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let server = authority.serve("127.0.0.1", 2100, version);
        let outcome = deliver(&server.url(), &authority);
        assert!(outcome.starts_with("Delivered"), "{version:?}: {outcome}");
        assert_eq!(server.requests()[0].line, "POST /v1/traces HTTP/1.1");
    }
}

#[test]
fn a_server_of_an_unknown_authority_gets_nothing() {
    let server = Authority::new().serve("127.0.0.1", 2100, &rustls::version::TLS13);
    assert_refused(
        &deliver(&server.url(), &Authority::new()),
        "invalid peer certificate",
    );
    assert!(server.requests().is_empty());
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let authority = Authority::new();
    let server = authority.serve("other.example", 2100, &rustls::version::TLS13);
    assert_refused(&deliver(&server.url(), &authority), "not valid for name");
    assert!(server.requests().is_empty());
}

#[test]
fn an_expired_certificate_is_refused() {
    let authority = Authority::new();
    let server = authority.serve("127.0.0.1", 2001, &rustls::version::TLS13);
    assert_refused(&deliver(&server.url(), &authority), "expired");
    assert!(server.requests().is_empty());
}

#[test]
fn a_plain_server_behind_https_is_refused() {
    let server = ScriptedServer::start([status(200)]);
    let url = server.url().replace("http:", "https:");
    assert_refused(&deliver(&url, &Authority::new()), "no connection");
    assert!(server.requests().is_empty());
}
