//! What bindings and tests set.

use super::super::field::{Field, Place};
use super::super::option::{ConfigOption, OptionGroup};
use super::super::{Binding, Config};
use super::{choice, held, optional};

pub(super) const BINDINGS: OptionGroup = OptionGroup {
    title: "Set by bindings",
    intro: "Facts that a binding knows; programs do not set them.",
    of_bindings: true,
    options: &[
        ConfigOption::new(
            "binding",
            &[],
            "The binding that is used; set by the binding itself.",
            choice!(Binding, binding),
        ),
        ConfigOption::new(
            "language",
            &[],
            "telemetry.sdk.language; set by the binding itself.",
            Field::Text(optional!(language)),
        )
        .unset("that of the binding"),
        ConfigOption::new(
            "runtime_name",
            &[],
            "process.runtime.name; set by the binding itself.",
            Field::Text(optional!(runtime_name)),
        )
        .unset("none"),
        ConfigOption::new(
            "runtime_version",
            &[],
            "process.runtime.version; set by the binding itself.",
            Field::Text(optional!(runtime_version)),
        )
        .unset("none"),
        ConfigOption::new(
            "runtime_description",
            &[],
            "process.runtime.description; set by the binding itself.",
            Field::Text(optional!(runtime_description)),
        )
        .unset("none"),
    ],
};

pub(super) const TESTS: OptionGroup = OptionGroup {
    title: "For tests",
    intro: "They make what is exported repeatable.",
    of_bindings: false,
    options: &[
        ConfigOption::new(
            "id_seed",
            &[],
            "Makes trace and span ids repeatable. For tests only.",
            Field::Whole {
                least: 0,
                most: u64::MAX,
                place: optional!(id_seed),
            },
        )
        .unset("from the operating system"),
        ConfigOption::new(
            "fixed_resource",
            &[],
            "Leaves out every resource attribute that was not given. For tests only.",
            Field::Flag(held!(fixed_resource)),
        ),
    ],
};
