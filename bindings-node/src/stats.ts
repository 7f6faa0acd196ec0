/** What became of every span, and the policy in force. */
import type { Native } from './native';

/** Counters of the whole process; the core's `Stats`, whose names they have. */
export type Stats = Readonly<Record<string, number>>;

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
export function stats(): Stats {
  return source.native === undefined ? {} : (JSON.parse(source.native.stats()) as Stats);
}

/** The policy in words, its fingerprint first; or why there is none. */
export function describe(): string {
  return source.native === undefined ? source.reason : source.native.describe();
}
