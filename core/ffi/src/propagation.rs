//! Context and baggage into headers and out of them.
//!
//! Lists cross as one block of texts that each end with a zero byte: headers as name, value, name, value …; baggage as key,
//! value, metadata, key ….

use crate::bytes::{fill, place, polyspan_buffer, polyspan_bytes};
use crate::context::{self, polyspan_context};
use crate::failure::Failure;
use crate::guard::guard;
use crate::provider::find;
use crate::sized;
use crate::span;
use polyspan::propagate::Getter;
use polyspan::propagate::environment::{self, name as variable};
use polyspan::{Baggage, SpanContext};
use std::ptr::null_mut;

/// The names of the headers that the propagators write, each ending with a zero byte: those to remove from a carrier that is
/// used again.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_fields(
    provider: u64,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let block = names(find(provider)?.fields());
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", &block) }
    })
}

/// The names of the headers that the propagators read, each ending with a zero byte: those to look up for
/// `polyspan_propagation_extract`. A name that ends with `*` stands for all headers that start like it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_headers(
    provider: u64,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let block = names(find(provider)?.headers());
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", &block) }
    })
}

/// Writes context and baggage as headers: name and value in turn, each ending with a zero byte.
///
/// The context is that of the live span `span`, or, if that is 0, `context` with `tracestate`; null is none. `baggage` is
/// key, value and metadata in turn, each ending with a zero byte; it is redacted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_inject(
    provider: u64,
    span: u64,
    context: *const polyspan_context,
    tracestate: polyspan_bytes,
    baggage: polyspan_bytes,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: by the header's contract null or the caller's.
        unsafe { inject(provider, span, context, tracestate, baggage, out, header) }
    })
}

/// As `polyspan_propagation_inject`, for the environment of a new process: variables and their values
/// (`TRACEPARENT`, `TRACESTATE`, `BAGGAGE`), each ending with a zero byte. Remove those three from a copied environment first.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_to_environment(
    provider: u64,
    span: u64,
    context: *const polyspan_context,
    tracestate: polyspan_bytes,
    baggage: polyspan_bytes,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: by the header's contract null or the caller's.
        unsafe { inject(provider, span, context, tracestate, baggage, out, variable) }
    })
}

/// Reads context and baggage from headers: name and value in turn, each ending with a zero byte, a repeated header as often
/// as it came.
///
/// Names are compared without regard to case; headers that the propagators do not know are passed over. `out` is all zero
/// (but for its size) if there is no valid context. Trace state and baggage (key, value, metadata in turn) go to their
/// buffers, each of which may be null. Nothing that arrives in a header is an error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_extract(
    provider: u64,
    headers: polyspan_bytes,
    out: *mut polyspan_context,
    tracestate: *mut polyspan_buffer,
    baggage: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let provider = find(provider)?;
        // SAFETY: borrowed for the call.
        unsafe {
            let headers = parts(headers.slice("headers")?, "headers")?;
            let (headers, rest) = headers.as_chunks::<2>();
            if !rest.is_empty() {
                return Err(Failure::Argument {
                    argument: "headers",
                    must: "have a value for each name",
                });
            }
            write(
                provider.extract_from(&Headers(headers)),
                out,
                tracestate,
                baggage,
            )
        }
    })
}

/// As `polyspan_propagation_extract`, from the environment variables of this process.
///
/// Do not change the environment from another thread meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_from_environment(
    provider: u64,
    out: *mut polyspan_context,
    tracestate: *mut polyspan_buffer,
    baggage: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let result = find(provider)?.extract(&environment::get);
        // SAFETY: by the header's contract null or the caller's.
        unsafe { write(result, out, tracestate, baggage) }
    })
}

/// Whether the baggage entry with this key becomes the attribute `baggage.<key>` of every span that starts with it in its
/// context: `out` is 1 if it does, else 0. The answer never changes, so a host may keep it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_propagation_copies(
    provider: u64,
    key: polyspan_bytes,
    out: *mut i32,
) -> i32 {
    guard(null_mut(), || {
        // SAFETY: by the header's contract null or the caller's.
        let out = unsafe { place(out, "out")?.write(0) };
        let provider = find(provider)?;
        // SAFETY: borrowed for the call.
        let key = unsafe { key.text("key")? };
        *out = i32::from(provider.baggage_attributes().matches(key));
        Ok(())
    })
}

/// Names and values of a block. Names are compared without regard to case; a value may hold any bytes, and those that are
/// not UTF-8 make only itself unusable.
struct Headers<'a>(&'a [[&'a [u8]; 2]]);

impl Getter for Headers<'_> {
    fn get(&self, name: &str) -> Vec<String> {
        let named = self
            .0
            .iter()
            .filter(|[key, _]| key.eq_ignore_ascii_case(name.as_bytes()));
        named
            .map(|[_, value]| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    fn keys(&self, visit: &mut dyn FnMut(&str)) {
        let names = self
            .0
            .iter()
            .filter_map(|[name, _]| str::from_utf8(name).ok());
        names.for_each(visit);
    }
}

fn header(field: &str) -> String {
    field.to_owned()
}

/// A block of these texts.
fn names(names: &[&str]) -> Vec<u8> {
    let mut block = Vec::new();
    for name in names {
        append(&mut block, name);
    }
    block
}

fn append(block: &mut Vec<u8>, text: &str) {
    block.extend(text.bytes().filter(|&byte| byte != 0));
    block.push(0);
}

/// The texts of a block.
fn parts<'a>(block: &'a [u8], argument: &'static str) -> Result<Vec<&'a [u8]>, Failure> {
    match block.split_last() {
        None => Ok(Vec::new()),
        Some((0, texts)) => Ok(texts.split(|&byte| byte == 0).collect()),
        Some(_) => Err(Failure::Argument {
            argument,
            must: "end with a zero byte",
        }),
    }
}

/// Writes what the propagators inject: the name of a field as `name` spells it, and its value, in turn.
///
/// # Safety
///
/// The pointers are null or the caller's for the call.
unsafe fn inject(
    provider: u64,
    span: u64,
    context: *const polyspan_context,
    tracestate: polyspan_bytes,
    baggage: polyspan_bytes,
    out: *mut polyspan_buffer,
    name: fn(&str) -> String,
) -> Result<(), Failure> {
    let provider = find(provider)?;
    // SAFETY: handed on.
    let (context, baggage) = unsafe { read(span, context, tracestate, baggage)? };
    let mut block = Vec::new();
    provider.inject(&context, &baggage, &mut |field, value| {
        append(&mut block, &name(field));
        append(&mut block, value);
    });
    // SAFETY: handed on.
    unsafe { fill(out, "out", &block) }
}

/// # Safety
///
/// The arguments are null or the caller's for the call.
unsafe fn read(
    span: u64,
    context: *const polyspan_context,
    tracestate: polyspan_bytes,
    baggage: polyspan_bytes,
) -> Result<(SpanContext, Baggage), Failure> {
    // SAFETY: handed on.
    let (given, baggage) = unsafe {
        (
            context::read(context, tracestate, "context")?,
            entries(baggage)?,
        )
    };
    let context = match span {
        0 => given.unwrap_or(SpanContext::INVALID),
        span => span::context(span)?,
    };
    Ok((context, baggage))
}

/// Reads a block of key, value and metadata in turn.
///
/// # Safety
///
/// As for [`polyspan_bytes::text`].
pub(crate) unsafe fn entries(baggage: polyspan_bytes) -> Result<Baggage, Failure> {
    // SAFETY: handed on.
    let block = unsafe { baggage.text("baggage")? };
    let mut baggage = Baggage::new();
    let texts: Vec<&str> = match block.strip_suffix('\0') {
        Some(texts) => texts.split('\0').collect(),
        None if block.is_empty() => Vec::new(),
        None => Vec::from([""]),
    };
    let (members, rest) = texts.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(Failure::Argument {
            argument: "baggage",
            must: "be key, value and metadata in turn, each ending with a zero byte",
        });
    }
    for [key, value, metadata] in members {
        baggage.set_with_metadata(*key, *value, *metadata);
    }
    Ok(baggage)
}

/// # Safety
///
/// The arguments are null or the caller's for the call.
unsafe fn write(
    (context, entries): (Option<SpanContext>, Baggage),
    out: *mut polyspan_context,
    tracestate: *mut polyspan_buffer,
    baggage: *mut polyspan_buffer,
) -> Result<(), Failure> {
    let context = context.unwrap_or(SpanContext::INVALID);
    let mut block = Vec::new();
    for entry in &entries {
        append(&mut block, entry.key());
        append(&mut block, entry.value());
        append(&mut block, entry.metadata());
    }
    let fill_unless_null = |buffer: *mut polyspan_buffer, argument, result: &[u8]| {
        if buffer.is_null() {
            return Ok(());
        }
        // SAFETY: the caller's for the call.
        unsafe { fill(buffer, argument, result) }
    };
    // SAFETY: handed on.
    unsafe { sized::write(out, "out", &polyspan_context::from(&context))? };
    // Both buffers learn their length, also if the first is too small.
    let state = fill_unless_null(tracestate, "tracestate", context.state.as_str().as_bytes());
    fill_unless_null(baggage, "baggage", &block)?;
    state
}
