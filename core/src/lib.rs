//! polyspan core.
