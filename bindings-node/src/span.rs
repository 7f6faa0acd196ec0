//! The calls on the way of a span.

use crate::exchange::{HAS_PARENT, REMOTE, Shared, slot};
use crate::value::{self, pair};
use crate::{Call, NOTHING, Outcome};
use napi_sys as sys;
use polyspan::sample::Candidate;
use polyspan::stats::DropCause;
use polyspan::trace::{monotonic_nanos, wall_and_monotonic_nanos};
use polyspan::{Scope, SpanContext, SpanId, SpanKind, TraceFlags, TraceId, TraceState};

/// Writes the monotonic clock: milliseconds since this environment loaded the addon.
#[inline(always)]
pub(crate) fn now(call: Call<'_>, []: [sys::napi_value; 0]) -> Outcome {
    if let Some(open) = &call.instance.open {
        write_monotonic(call.instance.origin, monotonic_nanos(), &open.exchange);
    }
    NOTHING
}

#[inline(always)]
fn write_monotonic(origin: u64, nanos: u64, exchange: &Shared) {
    // Counted from this environment's start, a double of nanoseconds is exact for a hundred days.
    exchange.set_number(slot::MONOTONIC, nanos.saturating_sub(origin) as f64 / 1e6);
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
    let decision = open.provider.sample(&Candidate {
        parent,
        name: &name,
        kind: SpanKind::from_number(kind),
        ..Candidate::root(context.trace_id)
    });
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
    let (wall, monotonic) = wall_and_monotonic_nanos();
    exchange.set_number(slot::WALL_MILLIS, (wall / 1_000_000) as f64);
    exchange.set_pair(slot::WALL_NANOS, (wall % 1_000_000) as u32, 0);
    write_monotonic(origin, monotonic, exchange);
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
        | u32::from(mask.needs_attributes) << 2
        | u32::from(!provider.baggage_attributes().is_empty()) << 3;
    exchange.set_pair(slot::POLICY, bits, provider.policy_epoch());
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
    let doubles = sys::TypedarrayType::float64_array;
    let Some((memory, length)) = value::read_typed_array(env, array, doubles) else {
        return NOTHING;
    };
    let used = value::read_number(env, used) as usize;
    if used > length || used < 2 {
        return NOTHING;
    }
    let (mut slots, mut bytes) = open.provider.buffers();
    // SAFETY: a Float64Array of at least `used` elements, aligned to eight bytes; any bits are a u64. JavaScript does not
    // run during this call.
    slots.extend_from_slice(unsafe {
        std::slice::from_raw_parts(memory.cast::<u64>().as_ptr(), used)
    });
    let units = value::read_number(env, units) as usize;
    let encoding = read_text(env, text, units, &mut call.instance.wide, &mut bytes);
    slots[0] = pair(slots[0] as u32, encoding);
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

/// Text encodings of the span batch.
const UTF8: u32 = 0;
const UTF16: u32 = 1;
const LATIN1: u32 = 2;

/// Appends the string to `bytes` in the narrowest form that gives every unit the same place, and says which.
///
/// V8 does not tell what a string consists of, so it is read as UTF-16, where lone surrogates stay what they are. Nearly all
/// batches turn out to be ASCII, which the worker can use as it is.
fn read_text(
    env: sys::napi_env,
    text: sys::napi_value,
    units: usize,
    wide: &mut Vec<u16>,
    bytes: &mut Vec<u8>,
) -> u32 {
    wide.clear();
    // Room for the zero that Node.js writes after the text.
    wide.reserve(units + 1);
    let mut written = 0;
    // SAFETY: there is room for `units` and the zero after them.
    unsafe {
        sys::napi_get_value_string_utf16(env, text, wide.as_mut_ptr(), units + 1, &mut written);
        wide.set_len(written.min(units));
    }
    let all = wide.iter().fold(0, |all, unit| all | unit);
    if all > 0xff {
        bytes.extend(wide.iter().flat_map(|unit| unit.to_le_bytes()));
        return UTF16;
    }
    bytes.extend(wide.iter().map(|unit| *unit as u8));
    if all > 0x7f { LATIN1 } else { UTF8 }
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
