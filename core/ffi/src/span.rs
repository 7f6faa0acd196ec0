//! Live spans, for C: the library keeps the fields until the span ends.

use crate::bytes::{fill, place, polyspan_buffer, polyspan_bytes};
use crate::context::{self, polyspan_context};
use crate::error::polyspan_error;
use crate::failure::Failure;
use crate::guard::guard;
use crate::handle::kind;
use crate::propagation;
use crate::provider;
use crate::sized;
use crate::tracer;
use crate::value::{attributes, polyspan_node, value};
use polyspan::slab::{Entered, MOST_SLOTS, Slab};
use polyspan::{Parent, Span, SpanContext, SpanKind, Status, Value};
use std::ptr::null_mut;

/// `code` of `polyspan_span_set_status`: nobody said; changes nothing.
pub const POLYSPAN_STATUS_UNSET: u32 = 0;
/// `code` of `polyspan_span_set_status`: it went well; final.
pub const POLYSPAN_STATUS_OK: u32 = 1;
/// `code` of `polyspan_span_set_status`: it failed.
pub const POLYSPAN_STATUS_ERROR: u32 = 2;

/// `kind` of `polyspan_span_start`: an operation inside the application.
pub const POLYSPAN_KIND_INTERNAL: u32 = 1;
/// `kind` of `polyspan_span_start`: the server's side of a request.
pub const POLYSPAN_KIND_SERVER: u32 = 2;
/// `kind` of `polyspan_span_start`: the client's side of a request.
pub const POLYSPAN_KIND_CLIENT: u32 = 3;
/// `kind` of `polyspan_span_start`: a message is sent.
pub const POLYSPAN_KIND_PRODUCER: u32 = 4;
/// `kind` of `polyspan_span_start`: a message is worked on.
pub const POLYSPAN_KIND_CONSUMER: u32 = 5;

struct Live {
    span: Span,
    /// Where the provider stands, to switch it off after a panic.
    provider: u32,
}

static SPANS: Slab<Live> = Slab::new(kind::SPAN, MOST_SLOTS);

const STALE: Failure = Failure::Handle { kind: "span" };

fn enter(span: u64) -> Result<Entered<'static, Live>, Failure> {
    SPANS
        .enter(span)
        .map_err(|refusal| Failure::refused(refusal, "span"))
}

/// Uses the span behind a handle.
#[inline]
fn with<R>(span: u64, body: impl FnOnce(&mut Span) -> R) -> Result<R, Failure> {
    let used = enter(span)?.with(|live| {
        let _breaker = Breaker::new(live.provider);
        body(&mut live.span)
    });
    used.ok_or(STALE)
}

/// Switches a provider off if a panic passes.
struct Breaker {
    provider: u32,
    /// Whether the thread was unwinding already, for a reason of the host's.
    unwinding: bool,
}

impl Breaker {
    #[inline]
    fn new(provider: u32) -> Self {
        Self {
            provider,
            unwinding: std::thread::panicking(),
        }
    }
}

impl Drop for Breaker {
    #[inline]
    fn drop(&mut self) {
        if std::thread::panicking() && !self.unwinding {
            provider::broke(self.provider);
        }
    }
}

/// The context of a live span.
pub(crate) fn context(span: u64) -> Result<SpanContext, Failure> {
    with(span, |span| span.context().clone())
}

/// Starts a span and writes its handle to `out`. End it with `polyspan_span_end`.
///
/// The parent is the live span `parent_span` of this process, or, if that is 0, the context `parent` with `tracestate`; if
/// that is null, the span is the root of a new trace. `kind` is one of `POLYSPAN_KIND_*`; `start_unix_nanos` 0 is now.
/// `POLYSPAN_E_HANDLE`: the tracer is none, or the parent has ended: keep its context to continue it later.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_start(
    tracer: u64,
    name: polyspan_bytes,
    kind: u32,
    parent_span: u64,
    parent: *const polyspan_context,
    tracestate: polyspan_bytes,
    start_unix_nanos: u64,
    out: *mut u64,
    err: *mut polyspan_error,
) -> i32 {
    guard(err, || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        // SAFETY: borrowed for the call.
        let (name, parent) = unsafe {
            (
                name.text("name")?,
                context::read(parent, tracestate, "parent")?,
            )
        };
        let (_in_use, provider, tracer) = tracer::find(tracer)?;
        let vacancy = SPANS.vacancy().ok_or(Failure::Exhausted {
            kind: "span",
            most: MOST_SLOTS,
        })?;
        let mut builder = tracer.span(name).kind(SpanKind::from_number(kind));
        if start_unix_nanos != 0 {
            builder = builder.start_unix_nanos(start_unix_nanos);
        }
        let span = if parent_span == 0 {
            builder.parent(parent.as_ref()).start()
        } else {
            with(parent_span, |parent| {
                builder.parent(Parent::Local(parent)).start()
            })?
        };
        *out = vacancy.fill(Live { span, provider });
        Ok(())
    })
}

/// Sets an attribute `baggage.<key>` for each entry that the option `baggage_attributes` names; an attribute that the span
/// has already stays. `baggage` is key, value and metadata in turn, each ending with a zero byte: what the span's context
/// holds. To be called when a span was started.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_copy_baggage(span: u64, baggage: polyspan_bytes) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let baggage = unsafe { propagation::entries(baggage)? };
        with(span, |span| span.copy_baggage(&baggage))
    })
}

/// Reads the identity of a span.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_context(span: u64, out: *mut polyspan_context) -> i32 {
    guard(null_mut(), || {
        let context = with(span, |span| polyspan_context::from(span.context()))?;
        // SAFETY: by the header's contract null or the caller's.
        unsafe { sized::write(out, "out", &context) }
    })
}

/// Reads the trace state of a span: the value of the header `tracestate`, length 0 if there is none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_tracestate(span: u64, out: *mut polyspan_buffer) -> i32 {
    guard(null_mut(), || {
        let context = context(span)?;
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", context.state.as_str().as_bytes()) }
    })
}

/// Writes 1 to `out` if what is set on the span is kept, else 0: then attributes need not be computed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_is_recording(span: u64, out: *mut i32) -> i32 {
    guard(null_mut(), || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        *out = i32::from(with(span, |span| span.is_recording())?);
        Ok(())
    })
}

/// Gives the span another name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_name(span: u64, name: polyspan_bytes) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let name = unsafe { name.text("name")? };
        with(span, |span| span.update_name(name))
    })
}

/// Sets an attribute to a text. A key that is set again keeps its place and takes the new value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_string(
    span: u64,
    key: polyspan_bytes,
    value: polyspan_bytes,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let (key, value) = unsafe { (key.text("key")?, value.text("value")?) };
        with(span, |span| span.set_attribute(key, value))
    })
}

/// Sets an attribute to an integer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_int(span: u64, key: polyspan_bytes, value: i64) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let key = unsafe { key.text("key")? };
        with(span, |span| span.set_attribute(key, value))
    })
}

/// Sets an attribute to a floating-point number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_double(
    span: u64,
    key: polyspan_bytes,
    value: f64,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let key = unsafe { key.text("key")? };
        with(span, |span| span.set_attribute(key, value))
    })
}

/// Sets an attribute to true (any number but 0) or false (0).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_bool(span: u64, key: polyspan_bytes, value: i32) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let key = unsafe { key.text("key")? };
        with(span, |span| span.set_attribute(key, value != 0))
    })
}

/// Sets an attribute to bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_bytes(
    span: u64,
    key: polyspan_bytes,
    value: polyspan_bytes,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let (key, value) = unsafe { (key.text("key")?, value.slice("value")?) };
        with(span, |span| span.set_attribute(key, Value::Bytes(value)))
    })
}

/// Sets an attribute to a list or map (or any other value), given as `count` nodes; see `polyspan_node`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_value(
    span: u64,
    key: polyspan_bytes,
    nodes: *const polyspan_node,
    count: usize,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let (key, value) = unsafe { (key.text("key")?, value(nodes, count)?) };
        with(span, |span| span.set_attribute(key, value))
    })
}

/// Adds an event with its attributes, given as `count` nodes with keys. `unix_nanos` 0 is now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_add_event(
    span: u64,
    name: polyspan_bytes,
    attributes: *const polyspan_node,
    count: usize,
    unix_nanos: u64,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let (name, attributes) =
            unsafe { (name.text("name")?, self::attributes(attributes, count)?) };
        with(span, |span| match unix_nanos {
            0 => span.add_event(name, &attributes),
            nanos => span.add_event_at(name, &attributes, nanos),
        })
    })
}

/// Links the span to another, with attributes given as `count` nodes with keys.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_add_link(
    span: u64,
    context: *const polyspan_context,
    tracestate: polyspan_bytes,
    attributes: *const polyspan_node,
    count: usize,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let (context, attributes) = unsafe {
            (
                context::read(context, tracestate, "context")?,
                self::attributes(attributes, count)?,
            )
        };
        let context = context.ok_or(Failure::Null {
            argument: "context",
        })?;
        with(span, |span| span.add_link(&context, &attributes))
    })
}

/// Adds an `exception` event, with further attributes given as `count` nodes with keys; these win over the three texts, each
/// of which may be empty. `unix_nanos` 0 is now. Does not set the status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_record_exception(
    span: u64,
    type_name: polyspan_bytes,
    message: polyspan_bytes,
    stacktrace: polyspan_bytes,
    attributes: *const polyspan_node,
    count: usize,
    unix_nanos: u64,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let (type_name, message, stacktrace, attributes) = unsafe {
            (
                type_name.text("type_name")?,
                message.text("message")?,
                stacktrace.text("stacktrace")?,
                self::attributes(attributes, count)?,
            )
        };
        let stacktrace = Some(stacktrace);
        with(span, |span| match unix_nanos {
            0 => span.record_exception(type_name, message, stacktrace, &attributes),
            at => span.record_exception_at(type_name, message, stacktrace, &attributes, at),
        })
    })
}

/// Sets the status: one of `POLYSPAN_STATUS_*`. The description only counts for an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_set_status(
    span: u64,
    code: u32,
    description: polyspan_bytes,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: borrowed for the call.
        let description = unsafe { description.text("description")? };
        let status = match code {
            POLYSPAN_STATUS_UNSET => Status::Unset,
            POLYSPAN_STATUS_OK => Status::Ok,
            POLYSPAN_STATUS_ERROR => Status::Error(description),
            _ => {
                return Err(Failure::Argument {
                    argument: "code",
                    must: "be one of POLYSPAN_STATUS_UNSET, POLYSPAN_STATUS_OK, POLYSPAN_STATUS_ERROR",
                });
            }
        };
        with(span, |span| span.set_status(status))
    })
}

/// Ends the span. `unix_nanos` 0 is now. The handle is stale from then on: a second end is `POLYSPAN_E_HANDLE`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_span_end(span: u64, unix_nanos: u64) -> i32 {
    guard(null_mut(), || {
        let mut live = enter(span)?.remove().ok_or(STALE)?;
        let _breaker = Breaker::new(live.provider);
        match unix_nanos {
            0 => live.span.finish(),
            nanos => live.span.finish_at(nanos),
        };
        Ok(())
    })
}
