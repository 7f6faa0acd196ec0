/** What spans have in common: the verdict they inherit, and the local trace they belong to. */
import { hex64 } from './ids';
import type { Verdict } from './native';
import type { Runtime } from './runtime';

/** The head verdict and what it adds to a context; shared by all spans that inherit it. */
export class Head {
  constructor(
    readonly verdict: Verdict,
    /** Trace flags as in `traceparent`. */
    readonly flags: number,
    readonly state: string,
    readonly hasThreshold: boolean,
    readonly threshold0: number,
    readonly threshold1: number,
  ) {}
}

/** What the spans of one trace share in this process under one local root: ids, and the clock they are measured by. */
export class LocalTrace {
  /** Spans that have started and not ended. */
  open = 0;

  constructor(
    readonly runtime: Runtime,
    readonly traceHigh0: number,
    readonly traceHigh1: number,
    readonly traceLow0: number,
    readonly traceLow1: number,
    readonly root0: number,
    readonly root1: number,
    readonly parentIsRemote: boolean,
    /** Wall time of the anchor: whole milliseconds and nanoseconds. */
    readonly millis: number,
    readonly nanos: number,
    /** The monotonic clock at that moment. */
    readonly monotonic: number,
  ) {}

  get traceId(): string {
    return hex64(this.traceHigh0, this.traceHigh1) + hex64(this.traceLow0, this.traceLow1);
  }
}
