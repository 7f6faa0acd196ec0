//! What became of every span.
//!
//! ```text
//! started = live + abandoned + ended
//! ended   = sampled_out + dropped{cause} + delivered
//! ```
//!
//! Both hold whenever nothing is under way (after a flush or a shutdown, with no span being started or ended), the second one
//! for each destination by itself. No number is computed from others: each is counted where the thing happens, so a lost span
//! shows as an identity that does not hold.

use std::fmt::Write;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

macro_rules! causes {
    ($( $(#[$doc:meta])* $cause:ident = $name:literal ),+ $(,)?) => {
        /// Why an ended span was not delivered. Names and order are stable; new causes are added at the end.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(usize)]
        pub enum DropCause { $( $(#[$doc])* $cause ),+ }

        impl DropCause {
            /// All causes, each at its number.
            pub const ALL: &'static [DropCause] = &[$(DropCause::$cause),+];
            /// How many causes there are.
            pub const COUNT: usize = Self::ALL.len();

            /// The name in statistics.
            pub const fn name(self) -> &'static str {
                match self { $( DropCause::$cause => $name ),+ }
            }
        }
    };
}

causes! {
    /// The queue or the memory budget was full.
    QueueFull = "queue_full",
    /// What the host handed over could not be read.
    Invalid = "invalid",
    /// The backend refused it.
    Rejected = "rejected",
    /// It is larger than one request may be.
    TooLarge = "too_large",
    /// The backend did not take it in time.
    Timeout = "timeout",
    /// It ended after shutdown, or shutdown's time was over before it was sent.
    Shutdown = "shutdown",
    /// The host ended before its spans were handed over.
    HostExit = "host_exit",
    /// It was sent, but the answer is not known and it must not be sent twice.
    Unconfirmed = "unconfirmed",
}

/// A snapshot of a provider's counters.
///
/// With several destinations [`destinations`](Self::destinations) says what became of the spans for each. `sampled_out`,
/// `delivered` and `dropped` beside it are those of the first destination in a network, or of the first one if there is none.
///
/// # Names of OpenTelemetry's conventions
///
/// | here | semantic conventions 1.44, "SDK metrics" |
/// |---|---|
/// | `started` | `otel.sdk.span.started`, over all sampling results |
/// | `live` | `otel.sdk.span.live`; here also spans that do not record |
/// | `ended - sampled_out` | `otel.sdk.processor.span.processed`; `error.type` is the [`DropCause`] |
/// | `queue_spans`, `queue_capacity` | `otel.sdk.processor.span.queue.size`, `.capacity` |
/// | `in_flight` | `otel.sdk.exporter.span.inflight` |
/// | `delivered`, `dropped` of a destination | `otel.sdk.exporter.span.exported`, with `error.type` for those dropped |
/// | `export_nanos`, `exports + exports_failed` | sum (there in seconds) and count of `otel.sdk.exporter.operation.duration` |
///
/// The others have no name there: sampling rates, `retries`, `requests`, `bytes_sent`, memory, redactions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Spans that were started.
    pub started: u64,
    /// Spans that were started and have not ended.
    pub live: i64,
    /// Spans that never ended and cannot any more: dropped by a host, or started before a fork by the parent.
    pub abandoned: u64,
    /// Spans that ended.
    pub ended: u64,
    /// Ended spans that the sampler did not choose.
    pub sampled_out: u64,
    /// Ended spans that the backend accepted.
    pub delivered: u64,
    /// Ended spans that were lost, each at the number of its [`DropCause`].
    pub dropped: [u64; DropCause::COUNT],
    /// Requests that were sent again, to all destinations and for all signals.
    pub retries: u64,
    /// Requests that were sent, to all destinations and for all signals, the repeated ones included.
    pub requests: u64,
    /// Bytes of the bodies of those requests, before compression.
    pub bytes_sent: u64,
    /// Memory occupied by spans that wait for delivery, in bytes. A level, not a sum.
    pub queue_bytes: u64,
    /// How often each redaction rule removed something.
    pub redacted: Vec<(&'static str, u64)>,
    /// The process's number in its line of forks.
    pub generation: u64,
    /// What became of the spans for each destination, in the order of the configuration.
    pub destinations: Vec<DestinationStats>,
    /// Local roots for which the sampler was asked: spans without a parent in this process.
    pub local_roots: u64,
    /// Local roots that it chose.
    pub local_roots_sampled: u64,
    /// The share of new traces that the sampler is configured to choose, from 0 to 1; none if it has no such share.
    pub sampling_rate_configured: Option<f64>,
    /// Exports of spans that ended as they should, to all destinations. One export is a batch with its repeated requests.
    pub exports: u64,
    /// Exports of spans after which some or all were not accepted, to all destinations.
    pub exports_failed: u64,
    /// The time that both took together, in nanoseconds.
    pub export_nanos: u64,
    /// Spans that are on their way now, to all destinations. A level, not a sum.
    pub in_flight: i64,
    /// Spans that wait for delivery, those on their way included. A level, not a sum.
    pub queue_spans: u64,
    /// The most spans that may wait; 0 if memory alone bounds them.
    pub queue_capacity: u64,
    /// The most bytes that `queue_bytes` may be.
    pub memory_limit_bytes: u64,
}

/// What became of the spans for one destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DestinationStats {
    /// Its address without secrets, its path, or what it is.
    pub name: String,
    /// Ended spans that the sampler did not choose.
    pub sampled_out: u64,
    /// Ended spans that it accepted.
    pub delivered: u64,
    /// Ended spans that were lost for it, each at the number of its [`DropCause`].
    pub dropped: [u64; DropCause::COUNT],
    /// Requests with spans that were sent to it again.
    pub retries: u64,
    /// Requests with spans that were sent to it over a network, the repeated ones included.
    pub requests: u64,
    /// Bytes of the bodies of those requests, before compression.
    pub bytes_sent: u64,
    /// Exports to it that ended as they should; as in [`Stats::exports`].
    pub exports: u64,
    /// Exports to it after which some or all spans were not accepted.
    pub exports_failed: u64,
    /// The time that both took together, in nanoseconds.
    pub export_nanos: u64,
    /// Spans that are on their way to it now.
    pub in_flight: i64,
}

impl DestinationStats {
    /// Spans lost for one cause.
    pub const fn dropped(&self, cause: DropCause) -> u64 {
        self.dropped[cause as usize]
    }

    /// Spans lost for any cause.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    fn to_json(&self) -> String {
        format!(
            "{{\"name\":{},\"sampled_out\":{},\"delivered\":{},\"dropped\":{},\"retries\":{},\"requests\":{},\
             \"bytes_sent\":{},{}}}",
            serde_json::Value::from(self.name.as_str()),
            self.sampled_out,
            self.delivered,
            causes(&self.dropped),
            self.retries,
            self.requests,
            self.bytes_sent,
            exports(
                self.exports,
                self.exports_failed,
                self.export_nanos,
                self.in_flight
            ),
        )
    }
}

impl Stats {
    /// Spans lost for one cause.
    pub const fn dropped(&self, cause: DropCause) -> u64 {
        self.dropped[cause as usize]
    }

    /// Spans lost for any cause.
    pub fn dropped_total(&self) -> u64 {
        self.dropped.iter().sum()
    }

    /// The share of local roots that were sampled, from 0 to 1; none before the first one. Beside
    /// [`sampling_rate_configured`](Self::sampling_rate_configured) it shows what parents decided elsewhere.
    pub fn sampling_rate_actual(&self) -> Option<f64> {
        (self.local_roots > 0).then(|| self.local_roots_sampled as f64 / self.local_roots as f64)
    }

    /// Whether every span is accounted for, at every destination.
    pub fn is_balanced(&self) -> bool {
        let wide = i128::from;
        let started = i128::from(self.live) + wide(self.abandoned) + wide(self.ended);
        let is_ended = |sampled_out, dropped, delivered| {
            wide(self.ended) == wide(sampled_out) + wide(dropped) + wide(delivered)
        };
        wide(self.started) == started
            && is_ended(self.sampled_out, self.dropped_total(), self.delivered)
            && self
                .destinations
                .iter()
                .all(|one| is_ended(one.sampled_out, one.dropped_total(), one.delivered))
    }

    /// The destination of that name.
    pub fn destination(&self, name: &str) -> Option<&DestinationStats> {
        self.destinations.iter().find(|one| one.name == name)
    }

    /// Takes what became of the spans from one of the destinations, and the requests of all of them.
    pub(crate) fn stand_for(&mut self, destination: usize) {
        for one in &self.destinations {
            self.retries += one.retries;
            self.requests += one.requests;
            self.bytes_sent += one.bytes_sent;
            self.exports += one.exports;
            self.exports_failed += one.exports_failed;
            self.export_nanos += one.export_nanos;
            self.in_flight += one.in_flight;
        }
        if let Some(one) = self.destinations.get(destination) {
            self.sampled_out = one.sampled_out;
            self.delivered = one.delivered;
            self.dropped = one.dropped;
        }
    }

    /// Adds to the count of a redaction rule. Rules that removed nothing are left out.
    pub fn add_redacted(&mut self, rule: &'static str, count: u64) {
        match self.redacted.iter_mut().find(|(name, _)| *name == rule) {
            Some((_, sum)) => *sum += count,
            None if count == 0 => {}
            None => self.redacted.push((rule, count)),
        }
    }

    /// One line of JSON; all causes are there, also those that never happened.
    pub fn to_json(&self) -> String {
        let dropped = causes(&self.dropped);
        let destinations: Vec<_> = self
            .destinations
            .iter()
            .map(DestinationStats::to_json)
            .collect();
        let destinations = destinations.join(",");
        let redacted = object(self.redacted.iter().copied());
        let exports = exports(
            self.exports,
            self.exports_failed,
            self.export_nanos,
            self.in_flight,
        );
        let mut out = String::with_capacity(512);
        // Writing to a string cannot fail.
        let _ = write!(
            out,
            "{{\"started\":{},\"live\":{},\"abandoned\":{},\"ended\":{},\"sampled_out\":{},\"delivered\":{},\
             \"dropped\":{dropped},\"retries\":{},\"requests\":{},\"bytes_sent\":{},\"queue_bytes\":{},\
             \"redacted\":{redacted},\"generation\":{},\"destinations\":[{destinations}],\"local_roots\":{},\
             \"local_roots_sampled\":{},\"sampling_rate_configured\":{},\"sampling_rate_actual\":{},{exports},\
             \"queue_spans\":{},\"queue_capacity\":{},\"memory_limit_bytes\":{}}}",
            self.started,
            self.live,
            self.abandoned,
            self.ended,
            self.sampled_out,
            self.delivered,
            self.retries,
            self.requests,
            self.bytes_sent,
            self.queue_bytes,
            self.generation,
            self.local_roots,
            self.local_roots_sampled,
            share(self.sampling_rate_configured),
            share(self.sampling_rate_actual()),
            self.queue_spans,
            self.queue_capacity,
            self.memory_limit_bytes,
        );
        out
    }
}

fn exports(ended: u64, failed: u64, nanos: u64, in_flight: i64) -> String {
    format!(
        "\"exports\":{ended},\"exports_failed\":{failed},\"export_nanos\":{nanos},\"in_flight\":{in_flight}"
    )
}

/// A number, or null. Zeroes after the point make it a number with a fraction in every language's reader.
fn share(share: Option<f64>) -> String {
    share.map_or_else(|| "null".to_owned(), |share| format!("{share:?}"))
}

fn causes(dropped: &[u64; DropCause::COUNT]) -> String {
    let members = DropCause::ALL.iter().zip(dropped);
    object(members.map(|(cause, count)| (cause.name(), *count)))
}

fn object(members: impl Iterator<Item = (&'static str, u64)>) -> String {
    let members: Vec<_> = members
        .map(|(name, count)| format!("{}:{count}", serde_json::Value::from(name)))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// The counters that are moved by the worker, or rarely by others. What moves with each span lies in the threads' own
/// blocks.
///
/// Part of the per-generation state: a forked child starts with fresh ones.
#[derive(Debug, Default)]
pub struct Counters {
    sampled_out: AtomicU64,
    delivered: AtomicU64,
    abandoned: AtomicU64,
    dropped: [AtomicU64; DropCause::COUNT],
    retries: AtomicU64,
    requests: AtomicU64,
    bytes_sent: AtomicU64,
    exports: AtomicU64,
    exports_failed: AtomicU64,
    export_nanos: AtomicU64,
    in_flight: AtomicI64,
}

impl Counters {
    /// Spans that the sampler did not choose.
    pub fn sampled_out(&self, spans: u64) {
        self.sampled_out.fetch_add(spans, Ordering::Relaxed);
    }

    /// Spans that the backend accepted.
    pub fn delivered(&self, spans: u64) {
        self.delivered.fetch_add(spans, Ordering::Relaxed);
    }

    /// Spans that can never end.
    pub fn abandoned(&self, spans: u64) {
        self.abandoned.fetch_add(spans, Ordering::Relaxed);
    }

    /// Spans that are lost.
    pub fn dropped(&self, cause: DropCause, spans: u64) {
        self.dropped[cause as usize].fetch_add(spans, Ordering::Relaxed);
    }

    /// A request with a body of so many bytes, sent for the first time or again.
    pub fn requested(&self, body_bytes: u64, again: bool) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes_sent.fetch_add(body_bytes, Ordering::Relaxed);
        if again {
            self.retries.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// So many spans are on their way now.
    pub(crate) fn export_begins(&self, spans: u32) {
        self.in_flight.fetch_add(spans.into(), Ordering::Relaxed);
    }

    /// They are no longer, after this time; `accepted` if all were.
    pub(crate) fn export_ends(&self, spans: u32, took: Duration, accepted: bool) {
        self.in_flight.fetch_sub(spans.into(), Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.export_nanos.fetch_add(nanos, Ordering::Relaxed);
        let counter = match accepted {
            true => &self.exports,
            false => &self.exports_failed,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// These counters as those of a destination, together with what was counted before spans go their ways.
    pub(crate) fn of_destination(&self, name: &str, before: &Stats) -> DestinationStats {
        let mut sum = Stats {
            sampled_out: before.sampled_out,
            dropped: before.dropped,
            ..Stats::default()
        };
        self.add_to(&mut sum);
        DestinationStats {
            name: name.to_owned(),
            sampled_out: sum.sampled_out,
            delivered: sum.delivered,
            dropped: sum.dropped,
            retries: sum.retries,
            requests: sum.requests,
            bytes_sent: sum.bytes_sent,
            exports: self.exports.load(Ordering::Relaxed),
            exports_failed: self.exports_failed.load(Ordering::Relaxed),
            export_nanos: self.export_nanos.load(Ordering::Relaxed),
            in_flight: self.in_flight.load(Ordering::Relaxed),
        }
    }

    /// Adds these counters to a snapshot.
    pub fn add_to(&self, stats: &mut Stats) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        stats.sampled_out += read(&self.sampled_out);
        stats.delivered += read(&self.delivered);
        stats.abandoned += read(&self.abandoned);
        for (sum, counter) in stats.dropped.iter_mut().zip(&self.dropped) {
            *sum += read(counter);
        }
        stats.retries += read(&self.retries);
        stats.requests += read(&self.requests);
        stats.bytes_sent += read(&self.bytes_sent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn balanced() -> Stats {
        let mut stats = Stats {
            started: 10,
            live: 2,
            abandoned: 1,
            ended: 7,
            sampled_out: 3,
            delivered: 2,
            ..Stats::default()
        };
        stats.dropped[DropCause::QueueFull as usize] = 1;
        stats.dropped[DropCause::Unconfirmed as usize] = 1;
        stats
    }

    #[test]
    fn every_span_accounted_for_is_balanced() {
        assert!(balanced().is_balanced());
        assert!(Stats::default().is_balanced());
    }

    #[test]
    fn a_span_missing_on_either_side_is_not_balanced() {
        for change in [
            |stats: &mut Stats| stats.started += 1,
            |stats: &mut Stats| stats.live -= 1,
            |stats: &mut Stats| stats.delivered += 1,
            |stats: &mut Stats| stats.dropped[0] -= 1,
            |stats: &mut Stats| stats.sampled_out -= 1,
            |stats: &mut Stats| stats.abandoned += 1,
        ] {
            let mut stats = balanced();
            change(&mut stats);
            assert!(!stats.is_balanced(), "{stats:?}");
        }
    }

    #[test]
    fn a_span_that_was_counted_as_ended_before_it_was_counted_as_started_does_not_overflow() {
        let stats = Stats {
            live: -1,
            ended: 1,
            delivered: 1,
            ..Stats::default()
        };
        assert!(stats.is_balanced());
    }

    #[test]
    fn json_is_one_line_with_every_cause_and_rule() {
        let mut stats = balanced();
        stats.add_redacted("card", 2);
        stats.add_redacted("a \"rule\"", 1);
        stats.add_redacted("card", 1);
        stats.add_redacted("never", 0);
        let json = stats.to_json();
        assert!(!json.contains('\n'));
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read["started"], 10);
        assert_eq!(read["live"], 2);
        assert_eq!(read["dropped"]["queue_full"], 1);
        assert_eq!(read["dropped"].as_object().unwrap().len(), DropCause::COUNT);
        assert_eq!(read["redacted"]["card"], 3);
        assert_eq!(read["redacted"].as_object().unwrap().len(), 2);
        assert_eq!(read["redacted"]["a \"rule\""], 1);
    }

    #[test]
    fn each_destination_accounts_for_every_span() {
        let mut stats = balanced();
        stats.destinations = vec![DestinationStats {
            sampled_out: 3,
            delivered: 4,
            ..DestinationStats::default()
        }];
        assert!(stats.is_balanced());
        stats.destinations[0].delivered = 3;
        assert!(!stats.is_balanced(), "one span is missing there");
    }

    #[test]
    fn the_counts_beside_are_those_of_one_destination_and_all_requests() {
        let before = Stats {
            ended: 10,
            sampled_out: 1,
            ..Stats::default()
        };
        let one = Counters::default();
        one.delivered(9);
        one.requested(100, false);
        let other = Counters::default();
        other.dropped(DropCause::Timeout, 9);
        other.requested(100, false);
        other.requested(100, true);
        let mut stats = before.clone();
        stats.destinations = vec![
            one.of_destination("one", &before),
            other.of_destination("other \"x\"", &before),
        ];
        stats.stand_for(1);
        assert_eq!((stats.sampled_out, stats.delivered), (1, 0));
        assert_eq!(stats.dropped(DropCause::Timeout), 9);
        assert_eq!((stats.requests, stats.retries), (3, 1));
        assert!(
            stats
                .destination("one")
                .is_some_and(|one| one.delivered == 9)
        );
        let read: serde_json::Value = serde_json::from_str(&stats.to_json()).unwrap();
        assert_eq!(read["destinations"][1]["name"], "other \"x\"");
        assert_eq!(read["destinations"][1]["dropped"]["timeout"], 9);
    }

    #[test]
    fn exports_are_counted_with_their_outcome_and_time() {
        let counters = Counters::default();
        counters.export_begins(7);
        counters.export_begins(3);
        let during = counters.of_destination("d", &Stats::default());
        assert_eq!((during.in_flight, during.exports), (10, 0));
        counters.export_ends(7, Duration::from_millis(2), true);
        counters.export_ends(3, Duration::from_millis(3), false);
        let mut stats = Stats {
            destinations: vec![counters.of_destination("d", &Stats::default())],
            ..Stats::default()
        };
        stats.stand_for(0);
        assert_eq!((stats.exports, stats.exports_failed), (1, 1));
        assert_eq!((stats.export_nanos, stats.in_flight), (5_000_000, 0));
        let read: serde_json::Value = serde_json::from_str(&stats.to_json()).unwrap();
        assert_eq!(read["export_nanos"], 5_000_000);
        assert_eq!(read["destinations"][0]["exports_failed"], 1);
    }

    #[test]
    fn rates_are_shares_or_nothing() {
        let mut stats = Stats::default();
        let read = |stats: &Stats| -> serde_json::Value {
            serde_json::from_str(&stats.to_json()).unwrap()
        };
        assert_eq!(stats.sampling_rate_actual(), None);
        assert!(read(&stats)["sampling_rate_actual"].is_null());
        stats.local_roots = 8;
        stats.local_roots_sampled = 2;
        stats.sampling_rate_configured = Some(1.0);
        assert_eq!(read(&stats)["sampling_rate_actual"], 0.25);
        assert_eq!(read(&stats)["sampling_rate_configured"], 1.0);
    }

    #[test]
    fn a_cause_stands_at_its_number() {
        for (number, cause) in DropCause::ALL.iter().enumerate() {
            assert_eq!(*cause as usize, number);
        }
    }

    #[test]
    fn counters_add_up_in_a_snapshot() {
        let counters = Counters::default();
        counters.dropped(DropCause::Rejected, 3);
        counters.delivered(5);
        counters.sampled_out(1);
        counters.requested(100, false);
        counters.requested(50, true);
        let mut stats = Stats::default();
        counters.add_to(&mut stats);
        counters.add_to(&mut stats);
        assert_eq!(stats.dropped(DropCause::Rejected), 6);
        assert_eq!((stats.delivered, stats.sampled_out), (10, 2));
        assert_eq!(
            (stats.requests, stats.retries, stats.bytes_sent),
            (4, 2, 300)
        );
    }
}
