//! polyspan through its C header: the functions are called through pointers, as a linker would have it, never inlined.

#![allow(unsafe_code)]

use super::route;
use crate::competitor::Competitor;
use crate::sink::Sink;
use polyspan_native::bytes::polyspan_bytes;
use polyspan_native::{config, provider, span, tracer};
use std::hint::black_box;
use std::ptr::{null, null_mut};

const NONE: polyspan_bytes = text("");

const fn text(text: &str) -> polyspan_bytes {
    polyspan_bytes {
        data: text.as_ptr(),
        len: text.len(),
    }
}

/// polyspan from C.
///
/// # Panics
///
/// If an option is wrong.
pub fn competitor(name: &'static str, sink: &Sink, options: &[(&str, &str)]) -> Competitor {
    let (mut made, mut opened, mut traced, mut index) = (0, 0, 0, 0);
    let url = sink.url();
    // SAFETY: all texts outlive the calls, all results have a place, and null is allowed for errors.
    unsafe {
        assert_eq!(config::polyspan_config_new(&raw mut made, null_mut()), 0);
        for (name, value) in [("endpoint", url.as_str())].iter().chain(options) {
            let (name, value) = (text(name), text(value));
            assert_eq!(
                config::polyspan_config_set(made, name, value, null_mut()),
                0
            );
        }
        let status = provider::polyspan_provider_new(made, 0, &raw mut opened, null_mut());
        assert_eq!(status, 0, "polyspan_provider_new");
        let status = tracer::polyspan_tracer_new(
            opened,
            text("bench"),
            NONE,
            NONE,
            &raw mut traced,
            &raw mut index,
            null_mut(),
        );
        assert_eq!(status, 0, "polyspan_tracer_new");
    }
    Competitor::new(
        name,
        move |pairs| (0..pairs).for_each(|i| pair(traced, i)),
        move || {
            // SAFETY: null is allowed for the error.
            let status = unsafe { provider::polyspan_provider_flush(opened, 30_000, null_mut()) };
            assert_eq!(status, 0, "the sink takes all");
        },
    )
}

fn pair(tracer: u64, i: usize) {
    let parent = start(tracer, "parent-operation", 0);
    fill(parent, i);
    let child = start(tracer, "child-operation", parent);
    fill(child, i);
    end(child);
    end(parent);
}

fn start(tracer: u64, name: &str, parent: u64) -> u64 {
    let mut span = 0;
    let start = black_box(
        span::polyspan_span_start as unsafe extern "C" fn(_, _, u32, _, _, _, u64, _, _) -> _,
    );
    // SAFETY: the name outlives the call, the result has a place, and null is allowed for parent context and error.
    let status: i32 = unsafe {
        start(
            tracer,
            text(name),
            1,
            parent,
            null(),
            NONE,
            0,
            &raw mut span,
            null_mut(),
        )
    };
    assert_eq!(status, 0, "polyspan_span_start");
    span
}

fn fill(span: u64, i: usize) {
    let string = black_box(span::polyspan_span_set_string as unsafe extern "C" fn(_, _, _) -> _);
    let int = black_box(span::polyspan_span_set_int as unsafe extern "C" fn(_, _, _) -> _);
    let bool = black_box(span::polyspan_span_set_bool as unsafe extern "C" fn(_, _, _) -> _);
    let event =
        black_box(span::polyspan_span_add_event as unsafe extern "C" fn(_, _, _, usize, u64) -> _);
    // SAFETY: all texts outlive the calls; there are no attributes behind the null.
    let statuses: [i32; 6] = unsafe {
        [
            string(span, text("http.method"), text("GET")),
            string(span, text("http.route"), text(route(i))),
            int(span, text("http.status_code"), 200),
            int(span, text("request.size"), black_box(i) as i64),
            bool(span, text("cache.hit"), 1),
            event(span, text("checkpoint"), null(), 0, 0),
        ]
    };
    assert_eq!(statuses, [0; 6], "attributes and event");
}

fn end(span: u64) {
    let end = black_box(span::polyspan_span_end as unsafe extern "C" fn(_, u64) -> _);
    // SAFETY: only numbers are passed.
    let status: i32 = unsafe { end(span, 0) };
    assert_eq!(status, 0, "polyspan_span_end");
}
