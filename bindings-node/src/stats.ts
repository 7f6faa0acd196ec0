/** What became of every span, and the policy in force. */
import type { Native } from './native';

/** Numbers by name: of spans that were lost by cause, of redactions by rule. */
export type Counts = Readonly<Record<string, number>>;

/** What became of the spans for one destination; `ended` is that of all of them. */
export interface DestinationStats {
  readonly name: string;
  readonly sampled_out: number;
  readonly delivered: number;
  readonly dropped: Counts;
  readonly retries: number;
  readonly requests: number;
  readonly bytes_sent: number;
  readonly exports: number;
  readonly exports_failed: number;
  readonly export_nanos: number;
  readonly in_flight: number;
}

/**
 * Counters of the whole process; the core's `Stats`, whose names they have.
 *
 * `started = live + abandoned + ended` and `ended = sampled_out + sum(dropped) + delivered` whenever nothing is under way.
 * With several destinations the second holds for each; here stand the numbers of the first one in a network, and the
 * requests of all.
 */
export interface Stats {
  readonly started: number;
  readonly live: number;
  readonly abandoned: number;
  readonly ended: number;
  readonly sampled_out: number;
  readonly delivered: number;
  readonly dropped: Counts;
  readonly retries: number;
  readonly requests: number;
  readonly bytes_sent: number;
  readonly queue_bytes: number;
  readonly redacted: Counts;
  readonly generation: number;
  readonly destinations: readonly DestinationStats[];
  readonly local_roots: number;
  readonly local_roots_sampled: number;
  /** Null if the sampler has no rate. */
  readonly sampling_rate_configured: number | null;
  /** Null before the first local root. */
  readonly sampling_rate_actual: number | null;
  readonly exports: number;
  readonly exports_failed: number;
  readonly export_nanos: number;
  readonly in_flight: number;
  readonly queue_spans: number;
  readonly queue_capacity: number;
  readonly memory_limit_bytes: number;
}

const source: { native: Native | undefined; reason: string } = {
  native: undefined,
  reason: 'polyspan is not initialised: call init() first',
};

/** Where `stats` and `describe` read from now on; they go on after `shutdown`. */
export function readFrom(native: Native | undefined, reason: string): void {
  source.native = native;
  source.reason = reason;
}

/** The counters now. Empty if there is no core. */
export function stats(): Partial<Stats> {
  return source.native === undefined ? {} : (JSON.parse(source.native.stats()) as Stats);
}

/** The policy in words, its fingerprint first; or why there is none. */
export function describe(): string {
  return source.native === undefined ? source.reason : source.native.describe();
}
