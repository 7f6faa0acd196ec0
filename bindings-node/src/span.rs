//! The calls on the way of a span.

use crate::exchange::{HAS_PARENT, REMOTE, Shared, slot};
use crate::value::{self, pair};
use crate::{Call, NOTHING, Outcome};
use napi_sys as sys;
use polyspan::stats::DropCause;
use polyspan::{Scope, SpanContext, SpanId, SpanKind, TraceFlags, TraceId, TraceState};
use std::ptr::null_mut;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Writes the monotonic clock: milliseconds since this environment loaded the addon.
#[inline(always)]
pub(crate) fn now(call: Call<'_>, []: [sys::napi_value; 0]) -> Outcome {
    if let Some(open) = &call.instance.open {
        write_monotonic(call.instance.origin, &open.exchange);
    }
    NOTHING
}

#[inline(always)]
fn write_monotonic(origin: Instant, exchange: &Shared) {
    let since = origin.elapsed();
    // Whole seconds and nanoseconds apart: their sum in nanoseconds would lose digits as a double after 104 days.
    let millis = since.as_secs() as f64 * 1e3 + f64::from(since.subsec_nanos()) / 1e6;
    exchange.set_number(slot::MONOTONIC, millis);
}

/// Fills the pool of ids. With a seed, its first slot is the upper half of every trace id.
pub(crate) fn fill_ids(call: Call<'_>, []: [sys::napi_value; 0]) -> Outcome {
    if let Some(open) = &call.instance.open {
        let mut first = 0;
        if let Some(seed) = open.seed {
            open.ids.set(0, seed);
            first = 1;
        }
        for at in first..open.ids.len() {
            open.ids.set(at, open.provider.new_span_id().as_u64());
        }
    }
    NOTHING
}

/// The number of a tracer: `tracer(name, version, schemaUrl)`.
pub(crate) fn tracer(call: Call<'_>, [name, version, schema_url]: [sys::napi_value; 3]) -> Outcome {
    let env = call.env;
    let index = call.instance.open.as_ref().map_or(0, |open| {
        let scope = Scope {
            name: &value::read_text(env, name),
            version: &value::read_text(env, version),
            schema_url: &value::read_text(env, schema_url),
            attributes: &[],
        };
        open.provider.tracer(scope).index()
    });
    Ok(value::number(env, f64::from(index)))
}

/// The head verdict: `sample(name?, traceState?)`. Everything else goes through the exchange, and so does the result, with
/// the clocks by which the span will be measured. Returns the tracestate if it is not the parent's.
#[inline(always)]
pub(crate) fn sample(call: Call<'_>, [name, state]: [sys::napi_value; 2]) -> Outcome {
    let env = call.env;
    let origin = call.instance.origin;
    let Some(open) = &call.instance.open else {
        return NOTHING;
    };
    let exchange = &open.exchange;
    let (flags, kind) = (
        exchange.get(slot::FLAGS) as u32,
        (exchange.get(slot::FLAGS) >> 32) as u32,
    );
    let context = read_context(exchange, flags, || value::read_text(env, state));
    let parent = (flags & HAS_PARENT != 0).then_some(&context);
    let mask = open.provider.sampling_mask();
    let name = if mask.needs_name_kind {
        value::read_text(env, name)
    } else {
        String::new()
    };
    let decision =
        open.provider
            .sample(parent, context.trace_id, &name, SpanKind::from_number(kind));
    exchange.set_pair(
        slot::FLAGS,
        u32::from(decision.flags.bits()),
        decision.verdict as u32,
    );
    exchange.set(slot::THRESHOLD, decision.threshold.unwrap_or_default());
    exchange.set_pair(
        slot::HAS_THRESHOLD,
        u32::from(decision.threshold.is_some()),
        0,
    );
    write_policy(open.provider, exchange);
    write_wall(exchange);
    write_monotonic(origin, exchange);
    match decision.state {
        Some(state) if state != context.state => Ok(value::text(env, state.as_str())),
        _ => NOTHING,
    }
}

/// Writes what the sampler must be asked, and the policy's number.
pub(crate) fn write_policy(provider: polyspan::Provider, exchange: &Shared) {
    let mask = provider.sampling_mask();
    let bits = u32::from(mask.inheritable)
        | u32::from(mask.needs_name_kind) << 1
        | u32::from(mask.needs_attributes) << 2;
    exchange.set_pair(slot::POLICY, bits, provider.policy_epoch());
}

fn write_wall(exchange: &Shared) {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    exchange.set_number(slot::WALL_MILLIS, since.as_millis() as f64);
    exchange.set_pair(slot::WALL_NANOS, since.subsec_nanos() % 1_000_000, 0);
}

/// The context in the exchange; without `HAS_PARENT` only its trace id counts.
pub(crate) fn read_context(
    exchange: &Shared,
    flags: u32,
    state: impl FnOnce() -> String,
) -> SpanContext {
    let trace_id = TraceId::from_parts(
        exchange.get(slot::TRACE_HIGH),
        exchange.get(slot::TRACE_LOW),
    );
    if flags & HAS_PARENT == 0 {
        return SpanContext {
            trace_id,
            ..SpanContext::default()
        };
    }
    SpanContext {
        trace_id,
        span_id: SpanId::from_u64(exchange.get(slot::SPAN_ID)),
        flags: TraceFlags::new(flags as u8),
        remote: flags & REMOTE != 0,
        state: TraceState::parse(&state()),
    }
}

/// Takes a batch: `submit(slots, used, text, units)`. Copies both into buffers of the core and returns; all the work is the
/// worker's.
pub(crate) fn submit(call: Call<'_>, [array, used, text, units]: [sys::napi_value; 4]) -> Outcome {
    let env = call.env;
    let Some(open) = &mut call.instance.open else {
        return NOTHING;
    };
    open.report();
    let (mut kind, mut length, mut memory) = (0, 0, null_mut());
    // SAFETY: a live environment and places for the results; the rest is not asked for.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            array,
            &mut kind,
            &mut length,
            &mut memory,
            null_mut(),
            null_mut(),
        )
    };
    let used = value::read_number(env, used) as usize;
    if status != sys::Status::napi_ok
        || kind != sys::TypedarrayType::float64_array
        || used > length
        || used < 2
    {
        return NOTHING;
    }
    let (mut slots, mut bytes) = open.provider.buffers();
    // SAFETY: a Float64Array of at least `used` elements, aligned to eight bytes; any bits are a u64. JavaScript does not
    // run during this call.
    slots.extend_from_slice(unsafe { std::slice::from_raw_parts(memory.cast::<u64>(), used) });
    read_utf16(
        env,
        text,
        value::read_number(env, units) as usize,
        &mut bytes,
    );
    let records = slots[1] as u32;
    match open.provider.submit(slots, bytes) {
        Ok(records) => open.submitted += u64::from(records),
        Err(_) => {
            // Cannot happen unless package and addon disagree, which the ABI number excludes; still nothing is lost silently.
            open.provider
                .count_dropped(DropCause::Invalid, u64::from(records));
            open.submitted += u64::from(records);
        }
    }
    NOTHING
}

/// Appends a string of `units` UTF-16 units, as V8 has it: lone surrogates stay what they are.
fn read_utf16(env: sys::napi_env, text: sys::napi_value, units: usize, bytes: &mut Vec<u8>) {
    debug_assert!(bytes.is_empty());
    // Room for the zero that Node.js writes after the text, and for a first byte left out to reach an even address.
    bytes.reserve(2 * (units + 1) + 1);
    if bytes.as_ptr().align_offset(align_of::<u16>()) != 0 {
        let mut words: Vec<u16> = Vec::with_capacity(units + 1);
        let mut written = 0;
        // SAFETY: room for `units` and the zero after them.
        unsafe {
            sys::napi_get_value_string_utf16(
                env,
                text,
                words.as_mut_ptr(),
                units + 1,
                &mut written,
            );
            words.set_len(written.min(units));
        }
        bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
        return;
    }
    let mut written = 0;
    // SAFETY: an even address with room for `units` and the zero after them.
    #[expect(clippy::cast_ptr_alignment, reason = "checked above")]
    unsafe {
        sys::napi_get_value_string_utf16(
            env,
            text,
            bytes.as_mut_ptr().cast::<u16>(),
            units + 1,
            &mut written,
        );
        bytes.set_len(2 * written.min(units));
    }
}

/// The span context in the exchange, written.
pub(crate) fn write_context(exchange: &Shared, context: Option<&SpanContext>) {
    let Some(context) = context else {
        return exchange.set(slot::FLAGS, 0);
    };
    exchange.set(slot::TRACE_HIGH, context.trace_id.high());
    exchange.set(slot::TRACE_LOW, context.trace_id.low());
    exchange.set(slot::SPAN_ID, context.span_id.as_u64());
    exchange.set(
        slot::FLAGS,
        pair(u32::from(context.flags.bits()) | HAS_PARENT, 0),
    );
}
