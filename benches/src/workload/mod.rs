//! The workload `pair`, written for each competitor as its users would: a parent and a child, each with five attributes
//! and one event.

pub mod c;
pub mod fastrace;
pub mod opentelemetry;
pub mod polyspan;
pub mod tracing;

use std::sync::LazyLock;

static ROUTES: LazyLock<Vec<String>> =
    LazyLock::new(|| (0..64).map(|i| format!("/users/{i}/orders")).collect());

/// One of a few values that an attribute takes.
#[inline]
fn route(i: usize) -> &'static str {
    &ROUTES[i & 63]
}
