//! Settings that are one of a few names.
//!
//! A name that the OpenTelemetry specification knows but this version has not built is told apart from a typing mistake,
//! so that nobody has to guess why a documented value is refused.

/// Declares an enum together with the names its variants have in settings (the first is the official one).
macro_rules! choices {
    (
        $(#[$attribute:meta])*
        pub enum $type:ident { $( $(#[$doc:meta])* $variant:ident = $name:literal $(| $alias:literal)* ),+ $(,)? }
        later: [$($later:literal),*]
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $( $(#[$doc])* $variant ),+ }

        impl $type {
            /// The names, as settings spell them.
            pub const NAMES: &'static [&'static str] = &[$($name),+];
            /// Names of the specification that come in a later version.
            pub(crate) const LATER: &'static [&'static str] = &[$($later),*];

            /// The name, as settings spell it.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name ),+ }
            }

            /// The variant of that name; upper and lower case are alike.
            pub fn from_name(name: &str) -> Option<Self> {
                $( if [$name $(, $alias)*].iter().any(|known| known.eq_ignore_ascii_case(name)) {
                    return Some(Self::$variant);
                } )+
                None
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

choices! {
    /// Which spans are sampled.
    pub enum Sampler {
        /// Every span.
        AlwaysOn = "always_on",
        /// No span.
        AlwaysOff = "always_off",
        /// The share [`sampler_arg`](super::Config::sampler_arg) of the traces, by trace id.
        TraceIdRatio = "traceidratio",
        /// As the parent; roots always.
        ParentBasedAlwaysOn = "parentbased_always_on",
        /// As the parent; roots never.
        ParentBasedAlwaysOff = "parentbased_always_off",
        /// As the parent; roots by the share [`sampler_arg`](super::Config::sampler_arg), by trace id.
        ParentBasedTraceIdRatio = "parentbased_traceidratio",
    }
    later: ["jaeger_remote", "parentbased_jaeger_remote", "xray"]
}

choices! {
    /// What is removed before spans and baggage leave the process.
    pub enum Redaction {
        /// Nothing. For tests and controlled environments.
        Off = "off",
        /// The default rules.
        Default = "default",
    }
    later: ["strict", "audit"]
}

choices! {
    /// A format in which trace context or baggage travels.
    pub enum Propagator {
        /// W3C Trace Context: `traceparent` and `tracestate`.
        TraceContext = "tracecontext",
        /// W3C Baggage.
        Baggage = "baggage",
    }
    later: ["b3", "b3multi", "jaeger", "xray", "ottrace"]
}

choices! {
    /// Where a signal goes.
    pub enum Exporter {
        /// To an OTLP endpoint.
        Otlp = "otlp",
        /// Nowhere.
        None = "none",
    }
    later: ["console", "otlp/stdout", "prometheus"]
}

choices! {
    /// How OTLP travels.
    pub enum Protocol {
        /// Protobuf over HTTP.
        HttpProtobuf = "http/protobuf",
    }
    later: ["grpc", "http/json"]
}

choices! {
    /// How requests are compressed.
    pub enum Compression {
        /// Not at all, as the specification has it by default.
        None = "none",
    }
    later: ["gzip"]
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

impl Sampler {
    /// Whether [`sampler_arg`](super::Config::sampler_arg) means something to this sampler.
    pub const fn takes_ratio(self) -> bool {
        matches!(
            self,
            Sampler::TraceIdRatio | Sampler::ParentBasedTraceIdRatio
        )
    }
}
