//! Settings of the configuration alone that are one of a few names.

use crate::choices::choices;

choices! {
    /// Where a signal goes.
    pub enum Exporter {
        /// To an OTLP endpoint.
        Otlp = "otlp",
        /// To standard output, as a tree to read.
        Console = "console",
        /// To standard output, as OTLP/JSON lines.
        OtlpStdout = "otlp/stdout",
        /// Nowhere.
        None = "none",
    }
    later: ["prometheus"]
}

choices! {
    /// How OTLP travels.
    pub enum Protocol {
        /// Protobuf over HTTP.
        HttpProtobuf = "http/protobuf",
        /// JSON over HTTP.
        HttpJson = "http/json",
        /// gRPC.
        Grpc = "grpc",
    }
    later: []
}

choices! {
    /// How requests are compressed.
    pub enum Compression {
        /// Not at all, as the specification has it by default.
        None = "none",
        /// gzip, at its fastest level: higher ones cost many times the rest of the export.
        Gzip = "gzip",
        /// Zstandard, which OTLP leaves to receivers to support.
        Zstd = "zstd",
    }
    later: []
}

choices! {
    /// Which measurements can become exemplars.
    pub enum ExemplarFilter {
        /// Those inside a sampled span.
        TraceBased = "trace_based",
        /// All.
        AlwaysOn = "always_on",
        /// None.
        AlwaysOff = "always_off",
    }
    later: []
}

choices! {
    /// From when on the sums of metrics count.
    pub enum Temporality {
        /// From the start of the process.
        Cumulative = "cumulative",
        /// From the last export, where that is possible.
        Delta = "delta",
        /// Whatever needs the least memory; a configuration file writes it `low_memory`.
        LowMemory = "lowmemory" | "low_memory",
    }
    later: []
}

choices! {
    /// How histograms are aggregated.
    pub enum HistogramAggregation {
        /// Buckets with fixed boundaries.
        Explicit = "explicit_bucket_histogram",
        /// Buckets that grow exponentially.
        Exponential = "base2_exponential_bucket_histogram",
    }
    later: []
}

choices! {
    /// How much polyspan tells of itself; a level includes those before it.
    #[derive(PartialOrd, Ord)]
    pub enum LogLevel {
        /// Nothing.
        None = "none" | "off",
        /// What lost data.
        Error = "error" | "fatal",
        /// What may lose data, or a setting that was ignored.
        Warn = "warn" | "warning",
        /// What changed.
        Info = "info" | "information",
        /// Everything.
        Debug = "debug" | "verbose" | "trace" | "all",
    }
    later: []
}

choices! {
    /// The binding through which spans reach the core.
    pub enum Binding {
        /// The C interface.
        C = "c",
        /// .NET.
        Dotnet = "dotnet",
        /// Node.js.
        Node = "node",
        /// Python.
        Python = "python",
        /// Rust.
        Rust = "rust",
        /// Unity.
        Unity = "unity",
    }
    later: []
}

impl Binding {
    /// `telemetry.sdk.language` as the semantic conventions spell it. They have no name for C.
    pub const fn language(self) -> &'static str {
        match self {
            Binding::C => "c",
            Binding::Dotnet | Binding::Unity => "dotnet",
            Binding::Node => "nodejs",
            Binding::Python => "python",
            Binding::Rust => "rust",
        }
    }
}
