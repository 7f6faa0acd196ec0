//! Delivery over TLS: which servers are trusted, who we are to them, and what is said about the others.
//!
//! Without a file of certificates trust comes from the platform, which `SSL_CERT_FILE` replaces for one process. So each
//! of those cases runs the ignored test [`child`] in a process of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use polyspan::config::{Protocol, Tls};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;

use super::scripted_server::grpc::{GrpcServer, ok};
use super::*;

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

    fn certify(&self, name: &str, last_year: i32) -> (rcgen::Certificate, rcgen::KeyPair) {
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    fn serve(
        &self,
        name: &str,
        last_year: i32,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> ScriptedServer {
        let tls = server_config(self.certify(name, last_year), version, None);
        ScriptedServer::start_tls([status(200)], tls)
    }

    /// What a server at 127.0.0.1 speaks TLS with that lets in only clients of `clients`.
    fn asking(
        &self,
        clients: &Authority,
        version: &'static rustls::SupportedProtocolVersion,
    ) -> rustls::ServerConfig {
        server_config(self.certify("127.0.0.1", 2100), version, Some(clients))
    }
}

fn server_config(
    (certificate, key): (rcgen::Certificate, rcgen::KeyPair),
    version: &'static rustls::SupportedProtocolVersion,
    clients: Option<&Authority>,
) -> rustls::ServerConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[version])
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = rustls::RootCertStore::empty();
            let root = CertificateDer::from_pem_slice(clients.pem.as_bytes()).unwrap();
            roots.add(root).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().unwrap())
        }
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
    builder
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap()
}

/// A folder of PEM files.
struct Files(tempfile::TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn write(&self, name: &str, text: &str) -> Option<PathBuf> {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        Some(path)
    }

    /// Trust in `servers`, and a certificate that `clients` certified.
    fn tls(&self, servers: &Authority, clients: &Authority) -> Tls {
        let (certificate, key) = clients.certify("client", 2100);
        Tls {
            ca: self.write("ca.pem", &servers.pem),
            client_certificate: self.write("client.pem", &certificate.pem()),
            client_key: self.write("client.key", &key.serialize_pem()),
            insecure: false,
        }
    }
}

/// Delivers a batch with these files by a protocol.
async fn deliver_with(url: &str, protocol: Protocol, tls: &Tls) -> Outcome {
    let mut otlp = Otlp::new(format!("{url}/v1/traces"));
    otlp.protocol = protocol;
    otlp.tls = tls.clone();
    send(&delivery(&otlp)).await
}

fn delivery(otlp: &Otlp) -> Delivery {
    let pause = Duration::from_millis(50);
    let backoff = Backoff {
        initial: pause,
        longest: pause,
    };
    let retry = Retry {
        timeout: Duration::from_secs(2),
        backoff,
    };
    Delivery::new(Transport::new(otlp, Signal::Traces).unwrap(), retry)
}

/// Delivers to `url` in a process whose platform trusts only `authority`; returns the outcome as text.
fn deliver(url: &str, authority: &Authority) -> String {
    deliver_despite(url, authority, None)
}

/// The same with a file of authorities that is used instead.
fn deliver_despite(url: &str, platforms: &Authority, ca: Option<&Path>) -> String {
    // The port makes the name unique among the tests of this process.
    let port = url.rsplit(':').next().unwrap();
    let roots = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("roots-{port}.pem"));
    std::fs::write(&roots, &platforms.pem).unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "tls::child", "--ignored", "--nocapture"])
        .env("SSL_CERT_FILE", &roots)
        .env_remove("SSL_CERT_DIR")
        .env("POLYSPAN_TEST_URL", url)
        .env_remove("POLYSPAN_TEST_CA");
    if let Some(ca) = ca {
        command.env("POLYSPAN_TEST_CA", ca);
    }
    let output = command.output().unwrap();
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
    let mut otlp = Otlp::new(format!("{url}/v1/traces"));
    otlp.tls.ca = std::env::var_os("POLYSPAN_TEST_CA").map(PathBuf::from);
    let delivery = delivery(&otlp);
    let outcome = run(send(&delivery));
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

const VERSIONS: [&rustls::SupportedProtocolVersion; 2] =
    [&rustls::version::TLS12, &rustls::version::TLS13];

#[test]
fn an_authority_of_our_own_is_trusted_and_our_certificate_shown() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = Files::new();
    let tls = files.tls(&servers, &clients);
    for version in VERSIONS {
        let http = ScriptedServer::start_tls([status(200)], servers.asking(&clients, version));
        let grpc = GrpcServer::start_tls([ok(b"")], servers.asking(&clients, version));
        run(async {
            let by_http = deliver_with(&http.url(), Protocol::HttpProtobuf, &tls).await;
            assert!(matches!(by_http, Outcome::Delivered { .. }), "{by_http:?}");
            let by_grpc = deliver_with(&grpc.url(), Protocol::Grpc, &tls).await;
            assert!(matches!(by_grpc, Outcome::Delivered { .. }), "{by_grpc:?}");
        });
        assert_eq!((http.requests().len(), grpc.calls().len()), (1, 1));
    }
}

#[test]
fn a_server_that_wants_to_know_us_gets_nothing_without_a_certificate() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = Files::new();
    let mut unknown = files.tls(&servers, &Authority::new());
    unknown.client_certificate = None;
    unknown.client_key = None;
    for version in VERSIONS {
        let grpc = GrpcServer::start_tls([ok(b"")], servers.asking(&clients, version));
        let http = ScriptedServer::start_tls([status(200)], servers.asking(&clients, version));
        for (url, protocol) in [
            (grpc.url(), Protocol::Grpc),
            (http.url(), Protocol::HttpProtobuf),
        ] {
            let outcome = run(deliver_with(&url, protocol, &unknown));
            let outcome = format!("{outcome:?}");
            assert!(!outcome.starts_with("Delivered"), "{outcome}");
            assert!(outcome.contains("CLIENT_CERTIFICATE"), "{outcome}");
        }
        assert!(grpc.calls().is_empty() && http.requests().is_empty());
    }
}

#[test]
fn a_file_of_authorities_replaces_the_platforms() {
    let files = Files::new();
    let (platforms, other) = (Authority::new(), Authority::new());
    let server = platforms.serve("127.0.0.1", 2100, &rustls::version::TLS13);
    let ca = files.write("ca.pem", &other.pem);
    let outcome = deliver_despite(&server.url(), &platforms, ca.as_deref());
    assert_refused(&outcome, "invalid peer certificate");
    assert!(
        outcome.contains("OTEL_EXPORTER_OTLP_CERTIFICATE"),
        "{outcome}"
    );
    assert!(server.requests().is_empty());
    // It is the file that made the difference.
    let trusted = deliver(&server.url(), &platforms);
    assert!(trusted.starts_with("Delivered"), "{trusted}");
}

#[test]
fn files_that_are_renewed_take_effect_with_the_next_connection() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let files = Files::new();
    let mut otlp = Otlp::new("");
    otlp.tls = files.tls(&servers, &Authority::new());
    let tls = servers.asking(&clients, &rustls::version::TLS13);
    let server = ScriptedServer::start_tls([status(200)], tls);
    otlp.endpoint = server.url();
    let delivery = delivery(&otlp);
    run(async {
        let refused = send(&delivery).await;
        assert!(!matches!(refused, Outcome::Delivered { .. }), "{refused:?}");
        files.tls(&servers, &clients);
        let taken = send(&delivery).await;
        assert!(matches!(taken, Outcome::Delivered { .. }), "{taken:?}");
    });
}

#[test]
fn a_file_that_cannot_be_used_is_told_before_anything_is_sent() {
    let files = Files::new();
    let mut otlp = Otlp::new("https://collector:4318");
    otlp.tls.ca = files.write("ca.pem", "nothing of the kind");
    let error = Transport::new(&otlp, Signal::Traces).unwrap_err();
    assert!(
        error.to_string().contains("ca.pem holds no certificate"),
        "{error}"
    );
    // Without TLS nobody needs it.
    otlp.endpoint = "http://collector:4318".to_owned();
    assert!(Transport::new(&otlp, Signal::Traces).is_ok());
}
