//! Opening, flushing, shutting down, statistics.

use crate::exchange::{Shared, slot};
use crate::instance::{Open, forget_provider, provider_or};
use crate::span::write_policy;
use crate::work::{self, Task};
use crate::{Call, NOTHING, Outcome, value};
use napi_sys as sys;
use polyspan::trace::Limits;
use polyspan::{Config, ConfigError, Provider};
use std::time::Duration;

/// Ids drawn at once: 4 KiB.
const POOL: usize = 512;

/// `open(options)`: makes the process's provider or joins it, and the memory to share; returns what JavaScript must know.
pub(crate) fn open(call: Call<'_>, [options]: [sys::napi_value; 1]) -> Outcome {
    let env = call.env;
    let options = value::read_texts(env, options);
    let (provider, joined) = provider_or(|| make(&options)).map_err(|error| error.to_string())?;
    if let Some(before) = call.instance.open.take() {
        before.exchange.release(env);
        before.ids.release(env);
    }
    let (exchange, exchange_value) = Shared::new(env, slot::LENGTH).ok_or("out of memory")?;
    let (ids, ids_value) = Shared::new(env, POOL).ok_or("out of memory")?;
    write_policy(provider, &exchange);
    let open = call
        .instance
        .open
        .insert(Open::new(provider, exchange, ids));

    let limits = value::object(env);
    let Limits {
        attribute_count,
        event_count,
        link_count,
        event_attribute_count,
        link_attribute_count,
        ..
    } = *provider.limits();
    for (name, limit) in [
        (c"attributes", attribute_count),
        (c"events", event_count),
        (c"links", link_count),
        (c"eventAttributes", event_attribute_count),
        (c"linkAttributes", link_attribute_count),
        (
            c"text",
            u32::try_from(Limits::RECORD_TEXT).unwrap_or(u32::MAX),
        ),
    ] {
        value::set(env, limits, name, value::number(env, f64::from(limit)));
    }
    let result = value::object(env);
    value::set(env, result, c"exchange", exchange_value);
    value::set(env, result, c"ids", ids_value);
    value::set(env, result, c"joined", value::boolean(env, joined));
    value::set(
        env,
        result,
        c"disabled",
        value::boolean(env, provider.is_disabled()),
    );
    value::set(
        env,
        result,
        c"metrics",
        value::boolean(env, provider.has_metrics()),
    );
    value::set(
        env,
        result,
        c"seeded",
        value::boolean(env, open.seed.is_some()),
    );
    value::set(env, result, c"limits", limits);
    value::set(
        env,
        result,
        c"fields",
        value::texts(env, provider.fields().iter().copied()),
    );
    value::set(
        env,
        result,
        c"headers",
        value::texts(env, provider.headers().iter().copied()),
    );
    Ok(result)
}

fn make(options: &[String]) -> Result<Provider, ConfigError> {
    let mut config = Config::from_env();
    for option in options.chunks_exact(2) {
        config.set(&option[0], &option[1])?;
    }
    Provider::new(config)
}

/// `flush(timeoutMillis)`: a promise.
pub(crate) fn flush(call: Call<'_>, [timeout]: [sys::napi_value; 1]) -> Outcome {
    wait(call, timeout, Provider::flush)
}

/// `shutdown(timeoutMillis)`: a promise. Only the environment that opened the provider asks.
pub(crate) fn shutdown(call: Call<'_>, [timeout]: [sys::napi_value; 1]) -> Outcome {
    forget_provider();
    wait(call, timeout, Provider::shutdown)
}

fn wait(call: Call<'_>, timeout: sys::napi_value, wait: work::Wait) -> Outcome {
    let timeout = read_timeout(call.env, timeout);
    let provider = call.instance.open.as_mut().map(|open| {
        open.report();
        open.provider
    });
    work::promise(
        call.env,
        Task {
            provider,
            timeout,
            wait,
        },
    )
}

/// `shutdownSync(timeoutMillis)`: blocks; returns what went wrong, or the empty string.
pub(crate) fn shutdown_sync(call: Call<'_>, [timeout]: [sys::napi_value; 1]) -> Outcome {
    forget_provider();
    let timeout = read_timeout(call.env, timeout);
    let result = call.instance.open.as_mut().map_or(Ok(()), |open| {
        open.report();
        open.provider.shutdown(timeout)
    });
    let message = result.err().map(|error| error.to_string());
    Ok(value::text(
        call.env,
        message.as_deref().unwrap_or_default(),
    ))
}

fn read_timeout(env: sys::napi_env, timeout: sys::napi_value) -> Duration {
    // Saturates: neither negative nor endless.
    Duration::from_millis((value::read_number(env, timeout) as u64).min(86_400_000))
}

/// `leave()`: this thread counts what it has done; the provider goes on.
pub(crate) fn leave(call: Call<'_>, []: [sys::napi_value; 0]) -> Outcome {
    if let Some(open) = &mut call.instance.open {
        open.report();
    }
    NOTHING
}

/// `stats()`: one line of JSON.
pub(crate) fn stats(call: Call<'_>, []: [sys::napi_value; 0]) -> Outcome {
    let json = call.instance.open.as_mut().map(|open| {
        open.report();
        open.provider.stats().to_json()
    });
    Ok(value::text(call.env, json.as_deref().unwrap_or("{}")))
}

/// `describe()`: the policy in words.
pub(crate) fn describe(call: Call<'_>, []: [sys::napi_value; 0]) -> Outcome {
    let words = call
        .instance
        .open
        .as_ref()
        .map(|open| open.provider.describe());
    Ok(value::text(call.env, words.as_deref().unwrap_or_default()))
}
