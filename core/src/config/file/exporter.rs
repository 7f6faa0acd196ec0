//! Exporters: `otlp_http`, `otlp_grpc`, `otlp_file/development`, `console`.

use std::path::PathBuf;

use super::super::otlp::default_endpoint;
use super::super::{Compression, Destination, Headers, Otlp, OtlpFile, Protocol, Timeout, pairs};
use super::plugin;
use super::reader::{At, Reader};
use crate::export::endpoint::Signal;

pub(super) const KNOWN: &str = "otlp_http, otlp_grpc, otlp_file/development, console";

/// What the standard sets for the size of messages, in bytes. polyspan keeps to it.
const REQUEST_BYTES: u64 = 64 << 20;
const RESPONSE_BYTES: u64 = 4 << 20;

impl Reader<'_> {
    /// The destination that an exporter describes; what is wrong with it is among the problems.
    pub(super) fn exporter(&mut self, at: &At<'_>, signal: Signal) -> Option<Destination> {
        let (kind, settings) = at.only()?;
        match kind {
            "otlp_http" => {
                let json = settings.some("encoding").and_then(|at| at.text()) == Some("json");
                let protocol = if json {
                    Protocol::HttpJson
                } else {
                    Protocol::HttpProtobuf
                };
                Some(self.otlp(&settings, signal, protocol).into())
            }
            "otlp_grpc" => Some(self.otlp(&settings, signal, Protocol::Grpc).into()),
            "otlp_file/development" => self.otlp_file(&settings),
            "console" => {
                // For metrics it has those of every exporter of metrics, which were read with it.
                if signal == Signal::Traces {
                    self.no_settings(&settings);
                }
                Some(Destination::Console)
            }
            other => self.exporter_of_program(other, &settings, signal),
        }
    }

    fn exporter_of_program(
        &mut self,
        name: &str,
        at: &At<'_>,
        signal: Signal,
    ) -> Option<Destination> {
        at.leave();
        let made = match signal {
            Signal::Traces => plugin::span_exporter(name, at.node),
            Signal::Metrics => None,
        };
        match made {
            Some(Ok(destination)) => return Some(destination),
            Some(Err(why)) => self.refuse(at, format!("cannot be made: {why}")),
            None => self.refuse(
                at,
                format!("is no exporter of this version; known are {KNOWN}"),
            ),
        }
        None
    }

    fn otlp(&mut self, at: &At<'_>, signal: Signal, protocol: Protocol) -> Otlp {
        let default = default_endpoint(signal, protocol == Protocol::Grpc);
        let endpoint = at.some("endpoint");
        let text = endpoint.as_ref().and_then(At::text).unwrap_or(default);
        let mut otlp = Otlp::through(self.config.proxies.clone(), text.to_owned());
        otlp.protocol = protocol;
        if let Some(endpoint) = &endpoint
            && let Err(error) = Destination::from(otlp.clone()).check()
        {
            self.refuse(endpoint, format!("cannot be used: {error}"));
        }
        if let Some(timeout) = at.some("timeout").and_then(|at| at.whole()) {
            otlp.timeout = Timeout::from_millis(timeout);
        }
        if let Some(compression) = at.some("compression") {
            otlp.compression = self.compression(&compression);
        }
        otlp.headers = self.headers(at);
        if let Some(tls) = at.some("tls") {
            otlp.tls.ca = self.pem_file(&tls, "ca_file");
            otlp.tls.client_certificate = self.pem_file(&tls, "cert_file");
            otlp.tls.client_key = self.pem_file(&tls, "key_file");
            otlp.tls.insecure = tls.some("insecure").and_then(|at| at.flag()) == Some(true);
            if otlp.tls.client_certificate.is_some() != otlp.tls.client_key.is_some() {
                self.refuse(
                    &tls,
                    "has only one of cert_file and key_file; mTLS needs both",
                );
            }
        }
        self.only_standard_size(at, "max_request_size", REQUEST_BYTES);
        self.only_standard_size(at, "max_response_size", RESPONSE_BYTES);
        otlp
    }

    fn compression(&mut self, at: &At<'_>) -> Compression {
        let named = at.text().and_then(Compression::from_name);
        named.unwrap_or_else(|| {
            let names = Compression::NAMES.join(", ");
            self.refuse_as(at, &format!("one of {names}"));
            Compression::None
        })
    }

    /// `headers_list`, and over it `headers`.
    fn headers(&mut self, at: &At<'_>) -> Headers {
        let mut headers = Headers::default();
        if let Some(list) = at.some("headers_list") {
            match pairs::parse(&list.scalar().unwrap_or_default()) {
                Ok(entries) => {
                    for (name, value) in entries {
                        self.header(&mut headers, &list, &name, &value);
                    }
                }
                Err(why) => self.refuse(
                    &list,
                    format!("is a list {why}; it must be of the form key=value,key=value, percent-encoded"),
                ),
            }
        }
        if let Some(entries) = at.some("headers") {
            for entry in entries.items() {
                if let (Some(name), Some(value)) = (entry.some("name"), entry.get("value"))
                    && let (Some(name), Some(text)) = (name.text(), value.text())
                {
                    self.header(&mut headers, &value, name, text.as_bytes());
                }
            }
        }
        headers
    }

    fn header(&mut self, headers: &mut Headers, at: &At<'_>, name: &str, value: &[u8]) {
        if let Err(why) = headers.set(name, value) {
            self.refuse(at, format!("belongs to a header that {why}"));
        }
    }

    fn pem_file(&mut self, tls: &At<'_>, key: &str) -> Option<PathBuf> {
        let at = tls.some(key)?;
        let path = PathBuf::from(at.text()?);
        if !path.is_absolute() {
            self.refuse_as(&at, "an absolute path");
        }
        Some(path)
    }

    fn only_standard_size(&mut self, at: &At<'_>, key: &str, standard: u64) {
        if let Some(size) = at.some(key)
            && let Some(number) = size.whole()
            && number != standard
        {
            self.refuse(
                &size,
                format!("is {number}; this version supports {standard} only"),
            );
        }
    }

    fn otlp_file(&mut self, at: &At<'_>) -> Option<Destination> {
        let Some(stream) = at.some("output_stream") else {
            return Some(OtlpFile::stdout().into());
        };
        match stream.text() {
            Some("stdout") => Some(OtlpFile::stdout().into()),
            Some(text) if text.starts_with("file:///") => {
                Some(OtlpFile::new(text.trim_start_matches("file://")).into())
            }
            _ => {
                let allowed = "stdout, or an address such as file:///var/log/spans.jsonl";
                self.refuse_as(&stream, allowed);
                None
            }
        }
    }
}
