/** What a span is to others: its context. A span that is not recorded is nothing else. */
import type { Span as ApiSpan, SpanContext } from '@opentelemetry/api';
import { hex64 } from './ids';
import type { Head, LocalTrace } from './local-trace';
import { TraceState } from './trace-state';

/** Fields that a span of either kind has: enough to be a parent. */
export abstract class Identity {
  private context: SpanContext | undefined = undefined;

  constructor(
    readonly local: LocalTrace,
    readonly head: Head,
    readonly id0: number,
    readonly id1: number,
  ) {}

  spanContext(): SpanContext {
    if (this.context !== undefined) return this.context;
    const { local, head } = this;
    const context: SpanContext = {
      traceId: local.traceId,
      spanId: hex64(this.id0, this.id1),
      traceFlags: head.flags,
    };
    if (head.state !== '') context.traceState = new TraceState(head.state);
    this.context = context;
    return context;
  }
}

/** A span that is not recorded: it has a context to pass on, and nothing else. */
export class PassiveSpan extends Identity implements ApiSpan {
  isRecording(): boolean {
    return false;
  }
  setAttribute(): this {
    return this;
  }
  setAttributes(): this {
    return this;
  }
  addEvent(): this {
    return this;
  }
  addLink(): this {
    return this;
  }
  addLinks(): this {
    return this;
  }
  setStatus(): this {
    return this;
  }
  updateName(): this {
    return this;
  }
  recordException(): void {}
  end(): void {}
}
