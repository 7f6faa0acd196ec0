//! What became of every span.

use crate::bytes::{fill, polyspan_buffer};
use crate::guard::guard;
use crate::provider::find;
use crate::sized::{self, Growing};
use polyspan::stats::{DropCause, Stats};
use std::ptr::null_mut;

/// A snapshot of a provider's counters. When nothing is under way
/// `started = live + abandoned + ended` and `ended = sampled_out + delivered + all dropped_*`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct polyspan_stats {
    /// `sizeof(polyspan_stats)`.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// Spans that were started.
    pub started: u64,
    /// Spans that were started and have not ended.
    pub live: i64,
    /// Spans that can never end.
    pub abandoned: u64,
    /// Spans that ended.
    pub ended: u64,
    /// Ended spans that the sampler did not choose.
    pub sampled_out: u64,
    /// Ended spans that the backend accepted.
    pub delivered: u64,
    /// Lost: queue or memory budget was full.
    pub dropped_queue_full: u64,
    /// Lost: the host handed over what could not be read.
    pub dropped_invalid: u64,
    /// Lost: the backend refused it.
    pub dropped_rejected: u64,
    /// Lost: the backend did not take it in time.
    pub dropped_timeout: u64,
    /// Lost: it ended after shutdown, or time for shutdown was over.
    pub dropped_shutdown: u64,
    /// Lost: the host ended before its spans were handed over.
    pub dropped_host_exit: u64,
    /// Lost, perhaps: it was sent, but the answer is not known.
    pub dropped_unconfirmed: u64,
    /// Lost: larger than one request may be.
    pub dropped_too_large: u64,
    /// Requests that were sent again.
    pub retries: u64,
    /// Requests that were sent, the repeated ones included.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes_sent: u64,
    /// Memory occupied by spans that wait for delivery, in bytes; a level, not a sum.
    pub queue_bytes: u64,
    /// The process's number in its line of forks.
    pub generation: u64,
    /// Local roots for which the sampler was asked: spans without a parent in this process.
    pub local_roots: u64,
    /// Local roots that it chose; their share is the actual sampling rate.
    pub local_roots_sampled: u64,
    /// The share of new traces that is configured to be sampled, in billionths; `UINT64_MAX` if there is no such share.
    pub sampling_rate_configured_billionths: u64,
    /// Exports of spans that ended as they should, to all destinations.
    pub exports: u64,
    /// Exports of spans after which some or all were not accepted, to all destinations.
    pub exports_failed: u64,
    /// The time that both took together, in nanoseconds.
    pub export_nanos: u64,
    /// Spans that are on their way now, to all destinations; a level, not a sum.
    pub in_flight: i64,
    /// Spans that wait for delivery; a level, not a sum.
    pub queue_spans: u64,
    /// The most spans that may wait; 0 if memory alone bounds them.
    pub queue_capacity: u64,
    /// The most bytes that `queue_bytes` may be.
    pub memory_limit_bytes: u64,
}

// SAFETY: `repr(C)`, size first, integers only.
unsafe impl Growing for polyspan_stats {
    const FIRST: usize = 160;
}

/// Counts of a host that keeps its spans until it submits them; each is added to the provider's.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct polyspan_counts {
    /// `sizeof(polyspan_counts)`.
    pub size: u32,
    /// Zero.
    pub reserved: u32,
    /// Spans started since the last call.
    pub started: u64,
    /// Spans ended since the last call, whether they are submitted or not.
    pub ended: u64,
    /// Ended spans that were not sampled and are not submitted.
    pub sampled_out: u64,
    /// Ended spans for which the host had no room.
    pub dropped_queue_full: u64,
    /// Ended spans that the host gives up because it ends itself.
    pub dropped_host_exit: u64,
}

// SAFETY: `repr(C)`, size first, integers only.
unsafe impl Growing for polyspan_counts {
    const FIRST: usize = 48;
}

impl From<&Stats> for polyspan_stats {
    fn from(stats: &Stats) -> Self {
        let dropped = |cause| stats.dropped(cause);
        Self {
            size: 0,
            reserved: 0,
            started: stats.started,
            live: stats.live,
            abandoned: stats.abandoned,
            ended: stats.ended,
            sampled_out: stats.sampled_out,
            delivered: stats.delivered,
            dropped_queue_full: dropped(DropCause::QueueFull),
            dropped_invalid: dropped(DropCause::Invalid),
            dropped_rejected: dropped(DropCause::Rejected),
            dropped_timeout: dropped(DropCause::Timeout),
            dropped_shutdown: dropped(DropCause::Shutdown),
            dropped_host_exit: dropped(DropCause::HostExit),
            dropped_unconfirmed: dropped(DropCause::Unconfirmed),
            dropped_too_large: dropped(DropCause::TooLarge),
            retries: stats.retries,
            requests: stats.requests,
            bytes_sent: stats.bytes_sent,
            queue_bytes: stats.queue_bytes,
            generation: stats.generation,
            local_roots: stats.local_roots,
            local_roots_sampled: stats.local_roots_sampled,
            sampling_rate_configured_billionths: billionths(stats.sampling_rate_configured),
            exports: stats.exports,
            exports_failed: stats.exports_failed,
            export_nanos: stats.export_nanos,
            in_flight: stats.in_flight,
            queue_spans: stats.queue_spans,
            queue_capacity: stats.queue_capacity,
            memory_limit_bytes: stats.memory_limit_bytes,
        }
    }
}

/// A share as a whole number.
fn billionths(share: Option<f64>) -> u64 {
    share.map_or(u64::MAX, |share| (share * 1e9).round() as u64)
}

/// Reads the counters.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_stats(provider: u64, out: *mut polyspan_stats) -> i32 {
    guard(null_mut(), || {
        let stats = find(provider)?.stats();
        // SAFETY: by the header's contract null or the caller's.
        unsafe { sized::write(out, "out", &polyspan_stats::from(&stats)) }
    })
}

/// The counters as one line of JSON, with the names that all languages share; counts of redactions by rule are there too.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_stats_json(
    provider: u64,
    out: *mut polyspan_buffer,
) -> i32 {
    guard(null_mut(), || {
        let json = find(provider)?.stats().to_json();
        // SAFETY: by the header's contract null or the caller's.
        unsafe { fill(out, "out", json.as_bytes()) }
    })
}

/// Adds the counts of a host that keeps its spans until it submits them.
///
/// So that every span is accounted for: count `started` and `ended` of all, submit those that are sampled, and count the
/// others as `sampled_out` (or submit them as well; not both).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyspan_provider_count(
    provider: u64,
    counts: *const polyspan_counts,
) -> i32 {
    guard(null_mut(), || {
        let provider = find(provider)?;
        // SAFETY: by the header's contract null or the caller's.
        let counts = unsafe { sized::read(counts, "counts")? };
        provider.count_started(counts.started);
        provider.count_ended(counts.ended);
        provider.count_sampled_out(counts.sampled_out);
        provider.count_dropped(DropCause::QueueFull, counts.dropped_queue_full);
        provider.count_dropped(DropCause::HostExit, counts.dropped_host_exit);
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_told_in_billionths() {
        assert_eq!(billionths(Some(0.1)), 100_000_000);
        assert_eq!(billionths(Some(1.0)), 1_000_000_000);
        assert_eq!(billionths(None), u64::MAX);
    }

    #[test]
    fn every_cause_of_the_core_has_its_field() {
        let stats = Stats {
            dropped: [1; DropCause::COUNT],
            ..Stats::default()
        };
        let c = polyspan_stats::from(&stats);
        let sum = c.dropped_queue_full
            + c.dropped_invalid
            + c.dropped_rejected
            + c.dropped_timeout
            + c.dropped_shutdown
            + c.dropped_host_exit
            + c.dropped_unconfirmed
            + c.dropped_too_large;
        assert_eq!(sum, stats.dropped_total());
    }
}
