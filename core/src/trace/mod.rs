//! Ids, contexts, live spans, and the batch form in which finished spans travel.

pub mod context;
pub mod ids;
pub mod trace_state;

mod active;
mod batch;
mod carriers;
mod clock;
#[cfg(any(feature = "opentelemetry", feature = "tracing"))]
mod gathered;
mod hosts;
mod id_generator;
mod inner;
pub(crate) mod layout;
mod limits;
mod provider;
mod reader;
mod record;
mod scope;
mod span;
mod text;
pub(crate) mod ticks;
mod tracer;
mod value;
mod values;
mod verdict;

pub use active::{Activated, SharedSpan, current_span};
pub use batch::BatchError;
pub use context::{SpanContext, TraceFlags};
pub use id_generator::IdGenerator;
pub use ids::{InvalidId, SpanId, TraceId};
pub use limits::Limits;
pub use provider::Provider;
pub use scope::Scope;
pub use span::{Link, Parent, Span, SpanKind, Status};
pub use ticks::{monotonic_nanos, wall_and_monotonic_nanos};
pub use trace_state::TraceState;
pub use tracer::{SpanBuilder, Tracer};
pub use value::{OwnedValue, Value};

pub(crate) use batch::Batch;
#[cfg(feature = "tracing")]
pub(crate) use clock::Anchor;
#[cfg(any(feature = "opentelemetry", feature = "tracing"))]
pub(crate) use gathered::gathered;
pub(crate) use id_generator::random_u128;
pub(crate) use inner::Inner;
pub(crate) use reader::{Item, Record};
pub(crate) use record::{Identity, Recorder};
pub(crate) use scope::OwnedScope;
#[cfg(any(feature = "opentelemetry", feature = "tracing"))]
pub(crate) use span::Elder;
#[cfg(feature = "tracing")]
pub(crate) use span::Recording;
pub(crate) use text::{Content, Text, text_budget};
pub(crate) use values::{Attributes, Cursor, Scalar, unpack};
