//! Settings that are one of a few names: the names stand beside the variants, wherever the enum lives.
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
            /// All that there are.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
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

pub(crate) use choices;
