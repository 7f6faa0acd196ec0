/**
 * The addon: what it offers, how it is found, and what happens when it is not there.
 *
 * Searched in this order; the first that exists decides:
 *
 *   POLYSPAN_NATIVE_PATH          a file, named by the user
 *   native/polyspan.node          beside this package: a build from source
 *
 * JavaScript and the addon share one small block of memory, the exchange, so that the calls on the way of a span carry
 * neither objects nor numbers that V8 would have to allocate. Its layout is `Exchange` here and `exchange.rs` there.
 */
import { existsSync } from 'node:fs';
import { extname, resolve } from 'node:path';
import type { Kept } from './value';

/** Raised together with `ABI` in the addon's `lib.rs` whenever a function or the exchange changes. */
export const ABI = 4;

/** Slots of the exchange: as index of a Float64Array, or doubled (low half) and doubled plus one (high half) of an Int32Array. */
export enum Exchange {
  /** Monotonic clock in milliseconds, written by `now` and `sample`. */
  Monotonic = 0,
  /** Wall clock in whole milliseconds, written by `sample`. */
  WallMillis = 1,
  /** Low: nanoseconds within that millisecond. */
  WallNanos = 2,
  /** Spans started and ended in this thread; only ever raised here, read by the addon. */
  Started = 3,
  Ended = 4,
  /** Of those ended, the ones that the sampler had dropped and that no batch carries. */
  SampledOut = 5,
  /** Low: the sampling mask; high: the policy's epoch. Written by `open` and `sample`. */
  Policy = 6,
  TraceHigh = 7,
  TraceLow = 8,
  SpanId = 9,
  /** Low: trace flags, with `REMOTE` and `HAS_PARENT`; high: in, the span kind as batches number it; out, the verdict. */
  Flags = 10,
  Threshold = 11,
  /** Low: 1 if there is a threshold. */
  HasThreshold = 12,
  Length = 16,
}

/** Bits of the low half of `Exchange.Flags`, above the eight trace flags. */
export const REMOTE = 1 << 8;
export const HAS_PARENT = 1 << 9;

/** Bits of the low half of `Exchange.Policy`. */
export enum Mask {
  Inheritable = 1,
  NeedsNameAndKind = 2,
  NeedsAttributes = 4,
  CopiesBaggage = 8,
}

export enum Verdict {
  Drop = 0,
  RecordOnly = 1,
  Sample = 2,
}

/** What `open` found and decided. */
export interface Opened {
  exchange: ArrayBuffer;
  ids: ArrayBuffer;
  /** True if another thread of this process had opened the core before: its configuration holds. */
  joined: boolean;
  disabled: boolean;
  /** Counters count. */
  metrics: boolean;
  /** Ids are repeatable: the first two words of `ids` are the upper half of every trace id. */
  seeded: boolean;
  limits: Limits;
  /** Headers that are written. */
  fields: string[];
  /** Headers that are read; a name that ends with `*` stands for all that start like it. */
  headers: string[];
}

/** Counts that a span obeys while its fields are kept here; value lengths are cut in the core, after redaction. */
export interface Limits {
  attributes: number;
  events: number;
  links: number;
  eventAttributes: number;
  linkAttributes: number;
  /** UTF-16 units of text that one span may collect. */
  text: number;
}

/** The functions of the addon. Options and header lists are flat: name, value, name, value … */
export interface Native {
  readonly abi: number;
  readonly version: string;
  open(options: string[]): Opened;
  now(): void;
  fillIds(): void;
  tracer(name: string, version: string, schemaUrl: string): number;
  /**
   * The head verdict of a new span. Reads trace id, parent, flags and kind from the exchange; writes verdict, flags,
   * threshold and the clocks. Returns the tracestate if it is another one than the parent's.
   */
  sample(name?: string, traceState?: string): string | undefined;
  submit(slots: Float64Array, used: number, text: string, units: number): number;
  /** The number of a counter, or -1 if it ignores what it is given. */
  counter(
    meter: string,
    version: string,
    schemaUrl: string,
    name: string,
    unit: string,
    description: string,
  ): number;
  /** Adds a whole or real number. `attributes` is flat: key, value, key … */
  add(counter: number, whole: boolean, value: number, attributes: Kept[]): void;
  /** Headers for the context in the exchange (none without `HAS_PARENT`). `baggage` is flat: key, value, metadata … */
  inject(traceState: string, baggage: string[]): string[];
  /** Writes the caller's context to the exchange (`HAS_PARENT` if there is one); returns tracestate, then the baggage. */
  extract(headers: string[]): string[];
  /** Whether the baggage entry with this key becomes an attribute of spans; asked only if the mask says `CopiesBaggage`. */
  copies(key: string): boolean;
  /** The list if it is well-formed, else the empty string. */
  parseTraceState(list: string): string;
  flush(timeoutMillis: number): Promise<void>;
  shutdown(timeoutMillis: number): Promise<void>;
  /** Blocks this thread; for the `exit` event, after which nothing asynchronous runs. Returns what went wrong, or ''. */
  shutdownSync(timeoutMillis: number): string;
  /** Leaves a core that another thread owns: counts what this thread has done, and lets go. */
  leave(): void;
  stats(): string;
  describe(): string;
}

/** Why there is no addon: one message with the file, the versions, the platform and what to do. */
export class NativeMissing extends Error {
  override name = 'PolyspanNativeMissing';
}

/** Loads the addon or throws `NativeMissing`. */
export function loadNative(version: string): Native {
  const named = process.env.POLYSPAN_NATIVE_PATH;
  const file = named ? resolve(named) : resolve(__dirname, '..', 'native', 'polyspan.node');
  const fix = named
    ? 'point POLYSPAN_NATIVE_PATH at the polyspan.node of this version, or unset it'
    : 'install the polyspan package for this platform again, or build it with `npm run build:native`';
  if (!existsSync(file)) throw missing(version, `${file} does not exist`, fix);
  let native: Native;
  try {
    native = loadFile(file);
  } catch (error) {
    throw missing(version, `${file} cannot be loaded: ${(error as Error).message}`, fix);
  }
  if (native?.abi !== ABI) {
    const theirs = `version ${native?.version ?? 'unknown'}, ABI ${native?.abi ?? 'unknown'}`;
    throw missing(version, `${file} is ${theirs}; this package needs ABI ${ABI}`, fix);
  }
  return native;
}

function loadFile(file: string): Native {
  // A library under the name that cargo gives it is one too; `require` would read it as a script.
  if (['.node', '.js', '.cjs'].includes(extname(file))) return require(file) as Native;
  const holder = { exports: {} };
  process.dlopen(holder, file);
  return holder.exports as Native;
}

function missing(version: string, what: string, fix: string): NativeMissing {
  const platform = `${process.platform}-${process.arch}, Node.js ${process.version}`;
  return new NativeMissing(
    `polyspan ${version} (${platform}) traces nothing: its native library is not usable. ${what}. To fix it: ${fix}.`,
  );
}
