/**
 * What one thread holds of the core while it is open: the addon, the memory shared with it, clocks, ids and the batch.
 *
 * There is at most one `Runtime` a thread; `state.runtime` is undefined before `init`, after `shutdown`, and for good
 * when polyspan is disabled or has no addon. Tracers look there at each start, so one that an instrumentation obtained
 * early follows a later `init`.
 */
import { Batch } from './batch';
import type { Head } from './local-trace';
import { Exchange, type Limits, type Native, type Opened } from './native';

export class Runtime {
  readonly native: Native;
  readonly limits: Limits;
  readonly batch: Batch;
  /** The exchange, as doubles and as 32-bit halves. */
  readonly f: Float64Array;
  readonly i: Int32Array;
  /** Random words: an id is two of them, low half first. The core fills it, so generator and seed are its own. */
  readonly pool: Int32Array;
  /** The verdict before, which the next one usually equals. */
  lastHead: Head | undefined = undefined;
  /** Attributes of the baggage keys that came so far; undefined for those that are not copied. */
  private readonly ofBaggage = new Map<string, string | undefined>();
  private at: number;
  /** Where ids begin in the pool: with a seed, the first words are the upper half of every trace id. */
  private readonly first: number;

  constructor(native: Native, opened: Opened) {
    this.native = native;
    this.limits = opened.limits;
    this.f = new Float64Array(opened.exchange);
    this.i = new Int32Array(opened.exchange);
    this.pool = new Int32Array(opened.ids);
    this.at = this.pool.length;
    this.first = opened.seeded ? 2 : 0;
    this.batch = new Batch(native, this.i);
  }

  /** The monotonic clock in milliseconds, with nanoseconds in its fraction. */
  now(): number {
    this.native.now();
    return this.f[Exchange.Monotonic] as number;
  }

  /** Where in `pool` the next id stands. Read it before the next call. */
  nextId(): number {
    let at = this.at;
    if (at === this.pool.length) {
      this.native.fillIds();
      at = this.first;
    }
    this.at = at + 2;
    return at;
  }

  /** The attribute to which a baggage entry is copied, if the policy asks for it. The core is asked once for each key. */
  attributeOfBaggage(key: string): string | undefined {
    const known = this.ofBaggage;
    if (!known.has(key)) {
      // Keys come from outside: there may be any number of them.
      if (known.size === 1024) known.clear();
      known.set(key, this.native.copies(key) ? `baggage.${key}` : undefined);
    }
    return known.get(key);
  }

  /** Where in `pool` the upper half of the next trace id stands. */
  nextTraceHigh(): number {
    return this.first === 0 ? this.nextId() : 0;
  }
}

/** The thread's runtime, in an object so that every module sees a change at once. */
export const state: { runtime: Runtime | undefined } = { runtime: undefined };
