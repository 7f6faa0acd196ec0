//! TLS: whom we trust, and who we are.
//!
//! | configured | trusted |
//! |---|---|
//! | nothing | the platform's root certificates, and where there are none (a bare container) the bundled ones |
//! | a file of certificates (`OTEL_EXPORTER_OTLP_CERTIFICATE`) | those in the file, and no others |
//!
//! A client certificate and its key are sent to servers that ask for one. The files are read when a transport is made,
//! so that a wrong one is told at once, and again for each connection, so that certificates that are renewed in place
//! (as in Kubernetes) take effect without a restart.
//!
//! TLS 1.2 and 1.3. The crypto provider is named, not taken from the process: a host that uses rustls itself may have
//! chosen another one, or none.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::Tls;

/// What TLS connections to one endpoint are made with.
#[derive(Debug)]
pub(super) struct TlsSettings {
    files: Tls,
    /// The application protocols to choose from, in the order of preference.
    protocols: Vec<Vec<u8>>,
    /// The platform's certificates. Reading them takes some ten milliseconds, so they are read once, and never by a
    /// program that exports to a local collector.
    platform: OnceLock<Arc<RootCertStore>>,
}

impl TlsSettings {
    /// For connections that speak `protocol`, as TLS calls it.
    pub(super) fn new(files: &Tls, protocol: &str) -> TlsSettings {
        TlsSettings {
            files: files.clone(),
            protocols: vec![protocol.as_bytes().to_vec()],
            platform: OnceLock::new(),
        }
    }

    /// Whether the files can be used as they are now.
    pub(super) fn check(&self) -> Result<(), TlsError> {
        let no_roots = || Arc::new(RootCertStore::empty());
        self.build(no_roots).map(drop)
    }

    /// What the next connection is made with.
    pub(super) fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let platform = || Arc::clone(self.platform.get_or_init(platform_roots));
        self.build(platform).map(Arc::new)
    }

    fn build(&self, platform: impl Fn() -> Arc<RootCertStore>) -> Result<ClientConfig, TlsError> {
        let roots = match &self.files.ca {
            Some(file) => Arc::new(roots_of(file)?),
            None => platform(),
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup { error })?
            .with_root_certificates(roots);
        let mut config = match (&self.files.client_certificate, &self.files.client_key) {
            (None, None) => builder.with_no_client_auth(),
            (Some(certificate), Some(key)) => builder
                .with_client_auth_cert(certificates_of(certificate)?, key_of(key)?)
                .map_err(|error| TlsError::Pair {
                    certificate: certificate.clone(),
                    key: key.clone(),
                    error,
                })?,
            (Some(certificate), None) => {
                return Err(TlsError::Half {
                    given: certificate.clone(),
                    missing: "client key",
                });
            }
            (None, Some(key)) => {
                return Err(TlsError::Half {
                    given: key.clone(),
                    missing: "client certificate",
                });
            }
        };
        config.alpn_protocols.clone_from(&self.protocols);
        Ok(config)
    }
}

fn platform_roots() -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    // Stores of many years hold some certificate that cannot be read any more; the others count.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Arc::new(roots)
}

fn roots_of(file: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in certificates_of(file)?.into_iter().enumerate() {
        let added = roots.add(certificate);
        added.map_err(|error| TlsError::Certificate {
            file: file.to_owned(),
            number: index + 1,
            error,
        })?;
    }
    Ok(roots)
}

fn certificates_of(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let certificates: Vec<_> = certificates.map_err(|error| unreadable(file, error))?;
    match certificates.is_empty() {
        true => Err(unreadable_because(
            file,
            "holds no certificate; it must have a part that begins with -----BEGIN CERTIFICATE-----",
        )),
        false => Ok(certificates),
    }
}

fn key_of(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = std::fs::read(file).map_err(|error| unreadable(file, pem::Error::Io(error)))?;
    let encrypted = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    if encrypted(b"ENCRYPTED") {
        return Err(unreadable_because(
            file,
            "holds an encrypted private key; decrypt it (openssl pkey -in … -out …), polyspan has no passphrase",
        ));
    }
    PrivateKeyDer::from_pem_slice(&text).map_err(|error| match error {
        pem::Error::NoItemsFound => unreadable_because(
            file,
            "holds no private key; it must have a part that begins with -----BEGIN PRIVATE KEY-----, \
             -----BEGIN RSA PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----",
        ),
        error => unreadable(file, error),
    })
}

fn unreadable(file: &Path, error: pem::Error) -> TlsError {
    let problem = match error {
        pem::Error::Io(error) => format!("cannot be read: {error}"),
        // Its own text shows bytes as numbers.
        pem::Error::MissingSectionEnd { end_marker } => {
            format!(
                "is cut short: -----END {}----- is missing",
                String::from_utf8_lossy(&end_marker)
            )
        }
        error => format!("is not PEM: {error}"),
    };
    unreadable_because(file, problem)
}

fn unreadable_because(file: &Path, problem: impl Into<String>) -> TlsError {
    TlsError::File {
        file: file.to_owned(),
        problem: problem.into(),
    }
}

/// Why TLS cannot be set up as configured. Names the file, never what is in it.
#[derive(Clone, Debug, PartialEq)]
pub enum TlsError {
    /// A file cannot be read, or holds something else.
    File {
        /// Which.
        file: PathBuf,
        /// What is wrong with it, as the rest of a sentence that begins with its name.
        problem: String,
    },
    /// A certificate of an authority is broken.
    Certificate {
        /// The file that it is in.
        file: PathBuf,
        /// The how manieth of the file, counted from 1.
        number: usize,
        /// What is wrong with it.
        error: rustls::Error,
    },
    /// A client certificate without a key, or the other way round.
    Half {
        /// The file that is configured.
        given: PathBuf,
        /// What is not.
        missing: &'static str,
    },
    /// Certificate and key do not belong together, or are of a kind that cannot be used.
    Pair {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong with them.
        error: rustls::Error,
    },
    /// TLS itself does not work.
    Setup {
        /// What happened.
        error: rustls::Error,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::File { file, problem } => write!(f, "the file {} {problem}", file.display()),
            TlsError::Certificate {
                file,
                number,
                error,
            } => write!(
                f,
                "certificate {number} of the file {} cannot be used: {error}",
                file.display()
            ),
            TlsError::Half { given, missing } => write!(
                f,
                "{} is configured, but the {missing} that belongs to it is not; set both, or neither",
                given.display()
            ),
            TlsError::Pair {
                certificate,
                key,
                error: rustls::Error::InconsistentKeys(_),
            } => write!(
                f,
                "the key in {} is not that of the certificate in {}",
                key.display(),
                certificate.display()
            ),
            TlsError::Pair {
                certificate,
                key,
                error,
            } => write!(
                f,
                "the client certificate in {} with the key in {} cannot be used: {error}",
                certificate.display(),
                key.display()
            ),
            TlsError::Setup { error } => write!(f, "TLS cannot be set up: {error}"),
        }
    }
}

impl std::error::Error for TlsError {}

/// What the user can do about a failed handshake.
pub(super) fn advice(error: &rustls::Error) -> &'static str {
    use rustls::{AlertDescription as Alert, CertificateError, Error};
    match error {
        Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "; if its authority is your own, name it with OTEL_EXPORTER_OTLP_CERTIFICATE",
        Error::AlertReceived(Alert::CertificateRequired | Alert::BadCertificate) => {
            "; the server wants a client certificate that it knows: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and …_CLIENT_KEY"
        }
        Error::AlertReceived(Alert::NoApplicationProtocol) => {
            "; the server does not take OTEL_EXPORTER_OTLP_PROTOCOL as configured (grpc needs HTTP/2)"
        }
        Error::InvalidMessage(_) => "; does the endpoint speak TLS at all? If not, write http://",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn new() -> Folder {
            Folder(tempfile::tempdir().unwrap())
        }

        fn file(&self, name: &str, text: impl AsRef<[u8]>) -> Option<PathBuf> {
            let path = self.0.path().join(name);
            std::fs::write(&path, text).unwrap();
            Some(path)
        }
    }

    fn identity() -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(["client".to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn error(files: Tls) -> String {
        let error = TlsSettings::new(&files, "h2").check().unwrap_err();
        error.to_string()
    }

    #[test]
    fn certificate_and_key_are_read_from_their_files() {
        let folder = Folder::new();
        let (certificate, key) = identity();
        let files = Tls {
            ca: folder.file("ca.pem", certificate.repeat(2)),
            client_certificate: folder.file("client.pem", &certificate),
            client_key: folder.file("client.key", key),
            insecure: false,
        };
        let config = TlsSettings::new(&files, "h2").config().unwrap();
        assert_eq!(config.alpn_protocols, [b"h2"]);
        assert!(config.client_auth_cert_resolver.has_certs());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_with_what_is_wrong() {
        let folder = Folder::new();
        let (certificate, key) = identity();
        let ca = |ca| {
            error(Tls {
                ca,
                ..Tls::default()
            })
        };

        let missing = ca(Some(folder.0.path().join("no.pem")));
        assert!(missing.contains("no.pem cannot be read"), "{missing}");
        let garbage = ca(folder.file("garbage.pem", "garbage"));
        assert!(
            garbage.contains("garbage.pem holds no certificate"),
            "{garbage}"
        );
        let wrong = ca(folder.file("key.pem", &key));
        assert!(wrong.contains("key.pem holds no certificate"), "{wrong}");
        let cut = ca(folder.file("cut.pem", &certificate[..100]));
        assert!(
            cut.contains("cut.pem is cut short: -----END CERTIFICATE----- is missing"),
            "{cut}"
        );
        let base64 = ca(folder.file("b64.pem", certificate.replace("MII", "***")));
        assert!(base64.contains("b64.pem is not PEM"), "{base64}");
        let der = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        let second = ca(folder.file("der.pem", certificate + der));
        assert!(second.contains("certificate 2 of the file"), "{second}");
    }

    #[test]
    fn a_key_that_cannot_be_used_is_named_and_not_shown() {
        let folder = Folder::new();
        let (certificate, key) = identity();
        let with_key = |client_key| {
            error(Tls {
                client_certificate: folder.file("client.pem", &certificate),
                client_key,
                ..Tls::default()
            })
        };
        let none = with_key(folder.file("none.key", &certificate));
        assert!(none.contains("none.key holds no private key"), "{none}");
        let locked = key.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let locked = with_key(folder.file("locked.key", locked));
        assert!(locked.contains("encrypted private key"), "{locked}");
        let other = with_key(folder.file("other.key", identity().1));
        assert!(other.contains("is not that of the certificate"), "{other}");
        let half = with_key(None);
        assert!(
            half.contains("the client key that belongs to it is not"),
            "{half}"
        );
        let files = Tls {
            client_key: folder.file("a.key", &key),
            ..Tls::default()
        };
        let half = error(files);
        assert!(
            half.contains("a.key is configured, but the client certificate"),
            "{half}"
        );
    }

    #[test]
    fn without_files_the_platform_is_trusted_and_no_certificate_sent() {
        let config = TlsSettings::new(&Tls::default(), "http/1.1")
            .config()
            .unwrap();
        assert!(!config.client_auth_cert_resolver.has_certs());
    }
}
