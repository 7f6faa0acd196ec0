//! Forks over gRPC and over TLS.

use super::forking::{fork, fork_with_a_connection};
use super::provider;
use super::scripted_server::grpc::{GrpcServer, ok};
use super::scripted_server::{ScriptedServer, self_signed, status};

const SLOW: [(&str, &str); 1] = [("schedule_delay", "60000")];

#[test]
fn a_child_delivers_over_grpc_and_its_parent_is_unaffected() {
    let server = GrpcServer::start([ok(b"")]);
    let provider = provider(&server.url(), &[SLOW[0], ("protocol", "grpc")]);
    fork_with_a_connection(provider, fork, 5);
    let parents = server
        .calls()
        .iter()
        .filter(|call| call.connection == 1)
        .count();
    assert_eq!(
        parents, 6,
        "the parent keeps its connection, and no child uses it"
    );
}

/// What a server at 127.0.0.1 speaks TLS with, and the file by which it is trusted.
fn tls(folder: &std::path::Path) -> (rustls::ServerConfig, String) {
    let (tls, certificate) = self_signed("127.0.0.1");
    let ca = folder.join("ca.pem");
    std::fs::write(&ca, certificate).unwrap();
    (tls, ca.to_str().unwrap().to_owned())
}

#[test]
fn a_child_delivers_over_tls_and_its_parent_is_unaffected() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, ca) = tls(folder.path());
    let server = ScriptedServer::start_tls([status(200)], tls);
    let provider = provider(&server.url(), &[SLOW[0], ("certificate", &ca)]);
    fork_with_a_connection(provider, fork, 5);
    assert_eq!(
        server.accepted(),
        6,
        "one connection for the parent, one for each child"
    );
}

#[test]
fn a_child_delivers_over_grpc_with_tls_and_its_parent_is_unaffected() {
    let folder = tempfile::tempdir().unwrap();
    let (tls, ca) = tls(folder.path());
    let server = GrpcServer::start_tls([ok(b"")], tls);
    let options = [SLOW[0], ("certificate", ca.as_str()), ("protocol", "grpc")];
    fork_with_a_connection(provider(&server.url(), &options), fork, 5);
}
