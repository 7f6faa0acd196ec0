//! Where and how OTLP travels: for all signals, and for each signal instead.

use super::super::choices::{Compression, Protocol};
use super::super::field::{Field, Place};
use super::super::option::{ConfigOption, OptionGroup};
use super::{maybe_choice, optional};

/// The nine options of OTLP for one signal.
macro_rules! signal {
    ($place:ident, $prefix:literal, $variables:literal, $what:literal $(, $awaits:literal)?) => {
        &[
            ConfigOption::new(
                concat!($prefix, "endpoint"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "ENDPOINT")],
                concat!("The address for ", $what, ", used as it is."),
                Field::Endpoint(optional!($place.endpoint)),
            )
            .unset("that of endpoint, completed")
            .of("endpoint")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "protocol"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "PROTOCOL")],
                concat!("How OTLP with ", $what, " travels, instead of protocol."),
                maybe_choice!(Protocol, $place.protocol),
            )
            .unset("that of protocol")
            .of("protocol")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "headers"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "HEADERS")],
                concat!("Headers of requests with ", $what, ", instead of headers."),
                Field::Headers(optional!($place.headers)),
            )
            .unset("that of headers")
            .of("headers")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "timeout"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "TIMEOUT")],
                concat!(
                    "The longest that one request with ",
                    $what,
                    " may take, in milliseconds."
                ),
                Field::Timeout(optional!($place.timeout)),
            )
            .unset("that of timeout")
            .of("timeout")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "compression"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "COMPRESSION")],
                concat!("How requests with ", $what, " are compressed."),
                maybe_choice!(Compression, $place.compression),
            )
            .unset("that of compression")
            .of("compression")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "certificate"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "CERTIFICATE")],
                concat!("As certificate, for ", $what, "."),
                Field::Text(optional!($place.certificate)),
            )
            .unset("that of certificate")
            .of("certificate")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "client_certificate"),
                &[concat!(
                    "OTEL_EXPORTER_OTLP_",
                    $variables,
                    "CLIENT_CERTIFICATE"
                )],
                concat!("As client_certificate, for ", $what, "."),
                Field::Text(optional!($place.client_certificate)),
            )
            .unset("that of client_certificate")
            .of("client_certificate")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "client_key"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "CLIENT_KEY")],
                concat!("As client_key, for ", $what, "."),
                Field::Text(optional!($place.client_key)),
            )
            .unset("that of client_key")
            .of("client_key")
            $(.awaits($awaits))?,
            ConfigOption::new(
                concat!($prefix, "insecure"),
                &[concat!("OTEL_EXPORTER_OTLP_", $variables, "INSECURE")],
                concat!("As insecure, for ", $what, "."),
                Field::Flag(optional!($place.insecure)),
            )
            .unset("that of insecure")
            .of("insecure")
            $(.awaits($awaits))?,
        ]
    };
}

pub(super) const GENERAL: OptionGroup = OptionGroup {
    title: "OTLP",
    intro: "Where and how all signals travel, unless a signal has its own setting.",
    of_bindings: false,
    options: &[
        ConfigOption::new(
            "endpoint",
            &["OTEL_EXPORTER_OTLP_ENDPOINT"],
            "The base address of the OTLP receiver; over HTTP the path of the signal, such as v1/traces, is appended.",
            Field::Endpoint(optional!(otlp.endpoint)),
        )
        .unset("http://localhost:4318, or http://localhost:4317 with grpc"),
        ConfigOption::new(
            "protocol",
            &["OTEL_EXPORTER_OTLP_PROTOCOL"],
            "How OTLP travels.",
            maybe_choice!(
                Protocol,
                otlp.protocol,
                " (receivers usually take the first two on port 4318, the last on port 4317)"
            ),
        )
        .unset("http/protobuf"),
        ConfigOption::new(
            "headers",
            &["OTEL_EXPORTER_OTLP_HEADERS"],
            "Headers of each OTLP request, such as an access token.",
            Field::Headers(optional!(otlp.headers)),
        )
        .unset("none"),
        ConfigOption::new(
            "timeout",
            &["OTEL_EXPORTER_OTLP_TIMEOUT"],
            "The longest that one OTLP request may take with its retries, in milliseconds.",
            Field::Timeout(optional!(otlp.timeout)),
        )
        .unset("10000"),
        ConfigOption::new(
            "compression",
            &["OTEL_EXPORTER_OTLP_COMPRESSION"],
            "How OTLP requests are compressed.",
            maybe_choice!(Compression, otlp.compression),
        )
        .unset("none"),
        ConfigOption::new(
            "certificate",
            &["OTEL_EXPORTER_OTLP_CERTIFICATE"],
            "A PEM file with the certificates by which a server is trusted, instead of those of the system.",
            Field::Text(optional!(otlp.certificate)),
        )
        .unset("those of the system"),
        ConfigOption::new(
            "client_certificate",
            &["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"],
            "A PEM file with the certificate chain that is shown to the server (mTLS); needs client_key.",
            Field::Text(optional!(otlp.client_certificate)),
        )
        .unset("none"),
        ConfigOption::new(
            "client_key",
            &["OTEL_EXPORTER_OTLP_CLIENT_KEY"],
            "A PEM file with the private key of client_certificate.",
            Field::Text(optional!(otlp.client_key)),
        )
        .unset("none"),
        ConfigOption::new(
            "insecure",
            &["OTEL_EXPORTER_OTLP_INSECURE"],
            "Whether a grpc endpoint without a scheme is reached without TLS.",
            Field::Flag(optional!(otlp.insecure)),
        )
        .unset("false"),
    ],
};

pub(super) const TRACES: OptionGroup = OptionGroup {
    title: "OTLP for traces",
    intro: "",
    of_bindings: false,
    options: signal!(otlp_traces, "traces_", "TRACES_", "spans"),
};

pub(super) const METRICS: OptionGroup = OptionGroup {
    title: "OTLP for metrics",
    intro: "",
    of_bindings: false,
    options: signal!(otlp_metrics, "metrics_", "METRICS_", "metrics"),
};

pub(super) const LOGS: OptionGroup = OptionGroup {
    title: "OTLP for logs",
    intro: "Checked and kept; they take effect when polyspan takes log records.",
    of_bindings: false,
    options: signal!(otlp_logs, "logs_", "LOGS_", "log records", "logs"),
};
