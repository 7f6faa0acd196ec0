/** Starts spans for one instrumentation scope. */
import {
  type Span as ApiSpan,
  type Tracer as ApiTracer,
  type Context,
  context as contextApi,
  INVALID_SPAN_CONTEXT,
  propagation,
  type SpanOptions,
  trace,
} from '@opentelemetry/api';
import { ActiveContext, type PolyspanContextManager, SPAN_KEY, SUPPRESS_KEY } from './context';
import { areValid } from './ids';
import { Head, LocalTrace } from './local-trace';
import { Exchange, HAS_PARENT, Mask, REMOTE, Verdict } from './native';
import { PassiveSpan } from './passive-span';
import { type Runtime, state } from './runtime';
import { readIds, Span } from './span';

type Body = (span: ApiSpan) => unknown;

const NO_OPTIONS: SpanOptions = {};
const NO_SPAN = trace.wrapSpanContext(INVALID_SPAN_CONTEXT);

export class Tracer implements ApiTracer {
  /** The runtime in which `index` counts. A tracer outlives it: many instrumentations ask for theirs only once. */
  private runtime: Runtime | undefined;
  private index = 0;

  constructor(
    private readonly name: string,
    private readonly version: string,
    private readonly schemaUrl: string,
    /** The context manager, if it is ours that is registered. */
    private readonly manager: PolyspanContextManager | undefined,
  ) {}

  startSpan(name: string, options: SpanOptions = NO_OPTIONS, context: Context = this.active()): ApiSpan {
    const runtime = state.runtime;
    if (runtime === undefined) return passOn(options, context);
    if (runtime !== this.runtime) this.join(runtime);
    if (!(context instanceof ActiveContext && context.plain) && context.getValue(SUPPRESS_KEY) === true) {
      return NO_SPAN;
    }
    const parent = options.root === true ? undefined : context.getValue(SPAN_KEY);
    (runtime.f[Exchange.Started] as number)++;
    // A call of `String` costs as much as a field of the span, and nearly all names are strings.
    const text = typeof name === 'string' ? name : String(name);
    let span: Span | PassiveSpan;
    if ((parent instanceof Span || parent instanceof PassiveSpan) && parent.local.runtime === runtime) {
      span = this.child(runtime, text, options, parent);
    } else {
      span = this.localRoot(runtime, text, options, parent as ApiSpan | undefined);
    }
    if (span instanceof PassiveSpan) return span;
    if (options !== NO_OPTIONS) {
      if (options.startTime !== undefined) span.startAt(options.startTime);
      if (options.attributes !== undefined) span.setAttributes(options.attributes);
      if (options.links !== undefined) span.addLinks(options.links);
    }
    if (((runtime.i[2 * Exchange.Policy] as number) & Mask.CopiesBaggage) !== 0)
      copyBaggage(runtime, span, context);
    return span;
  }

  startActiveSpan<F extends Body>(name: string, fn: F): ReturnType<F>;
  startActiveSpan<F extends Body>(name: string, options: SpanOptions, fn: F): ReturnType<F>;
  startActiveSpan<F extends Body>(name: string, options: SpanOptions, context: Context, fn: F): ReturnType<F>;
  startActiveSpan(name: string, first?: unknown, second?: unknown, third?: unknown): unknown {
    let fn: Body;
    let options: SpanOptions = NO_OPTIONS;
    let context: Context | undefined;
    if (typeof first === 'function') {
      fn = first as Body;
    } else {
      options = (first as SpanOptions | undefined) ?? NO_OPTIONS;
      if (typeof second === 'function') {
        fn = second as Body;
      } else {
        context = second as Context | undefined;
        fn = third as Body;
      }
    }
    context ??= this.active();
    const span = this.startSpan(name, options, context);
    const inner = ActiveContext.withSpan(context, span);
    return this.manager === undefined
      ? contextApi.with(inner, fn, undefined, span)
      : this.manager.run(inner, fn as (span: never) => unknown, span);
  }

  private active(): Context {
    return this.manager === undefined ? contextApi.active() : this.manager.active();
  }

  private join(runtime: Runtime): void {
    this.index = runtime.native.tracer(this.name, this.version, this.schemaUrl);
    this.runtime = runtime;
  }

  private child(
    runtime: Runtime,
    name: string,
    options: SpanOptions,
    parent: Span | PassiveSpan,
  ): Span | PassiveSpan {
    const { local } = parent;
    const at = runtime.nextId();
    const id0 = runtime.pool[at] as number;
    const id1 = runtime.pool[at + 1] as number;
    let { head } = parent;
    let now: number;
    if (((runtime.i[2 * Exchange.Policy] as number) & Mask.Inheritable) !== 0) {
      if (head.verdict === Verdict.Drop) return this.passive(runtime, local, head, id0, id1);
      now = runtime.now();
    } else {
      runtime.i[2 * Exchange.SpanId] = parent.id0;
      runtime.i[2 * Exchange.SpanId + 1] = parent.id1;
      writeTraceId(runtime, local.traceHigh0, local.traceHigh1, local.traceLow0, local.traceLow1);
      head = decide(runtime, name, options, head.flags | HAS_PARENT, head.state);
      if (head.verdict === Verdict.Drop) return this.passive(runtime, local, head, id0, id1);
      now = runtime.f[Exchange.Monotonic] as number;
    }
    return new Span(local, head, id0, id1, parent.id0, parent.id1, this.index, name, options.kind ?? 0, now);
  }

  /** A span without a parent in this process: the root of a trace, or the first here of one that came from elsewhere. */
  private localRoot(
    runtime: Runtime,
    name: string,
    options: SpanOptions,
    parent: ApiSpan | undefined,
  ): Span | PassiveSpan {
    // The span's id before the trace's: the order in which the core draws, so that seeded ids agree.
    let at = runtime.nextId();
    const id0 = runtime.pool[at] as number;
    const id1 = runtime.pool[at + 1] as number;
    const { i } = runtime;
    const context = parent?.spanContext();
    let parent0 = 0;
    let parent1 = 0;
    let remote = false;
    let head: Head;
    if (context !== undefined && areValid(context.traceId, context.spanId)) {
      const ids = readIds(context) as number[];
      writeTraceId(runtime, ids[1] as number, ids[0] as number, ids[3] as number, ids[2] as number);
      parent0 = ids[5] as number;
      parent1 = ids[4] as number;
      remote = context.isRemote === true;
      i[2 * Exchange.SpanId] = parent0;
      i[2 * Exchange.SpanId + 1] = parent1;
      const flags = (context.traceFlags & 0xff) | HAS_PARENT | (remote ? REMOTE : 0);
      head = decide(runtime, name, options, flags, context.traceState?.serialize() ?? '');
    } else {
      at = runtime.nextTraceHigh();
      const high0 = runtime.pool[at] as number;
      const high1 = runtime.pool[at + 1] as number;
      at = runtime.nextId();
      writeTraceId(runtime, high0, high1, runtime.pool[at] as number, runtime.pool[at + 1] as number);
      head = decide(runtime, name, options, 0, '');
    }
    const local = new LocalTrace(
      runtime,
      i[2 * Exchange.TraceHigh] as number,
      i[2 * Exchange.TraceHigh + 1] as number,
      i[2 * Exchange.TraceLow] as number,
      i[2 * Exchange.TraceLow + 1] as number,
      id0,
      id1,
      remote,
      runtime.f[Exchange.WallMillis] as number,
      i[2 * Exchange.WallNanos] as number,
      runtime.f[Exchange.Monotonic] as number,
    );
    if (head.verdict === Verdict.Drop) return this.passive(runtime, local, head, id0, id1);
    return new Span(
      local,
      head,
      id0,
      id1,
      parent0,
      parent1,
      this.index,
      name,
      options.kind ?? 0,
      local.monotonic,
    );
  }

  /** Counted as ended at once: nothing about it will ever be known. */
  private passive(runtime: Runtime, local: LocalTrace, head: Head, id0: number, id1: number): PassiveSpan {
    (runtime.f[Exchange.Ended] as number)++;
    (runtime.f[Exchange.SampledOut] as number)++;
    return new PassiveSpan(local, head, id0, id1);
  }
}

function writeTraceId(runtime: Runtime, high0: number, high1: number, low0: number, low1: number): void {
  const { i } = runtime;
  i[2 * Exchange.TraceHigh] = high0;
  i[2 * Exchange.TraceHigh + 1] = high1;
  i[2 * Exchange.TraceLow] = low0;
  i[2 * Exchange.TraceLow + 1] = low1;
}

/** Asks the core for the verdict on the span whose ids stand in the exchange. Verdicts repeat, so the last one is kept. */
function decide(
  runtime: Runtime,
  name: string,
  options: SpanOptions,
  flags: number,
  parentState: string,
): Head {
  const { i } = runtime;
  i[2 * Exchange.Flags] = flags;
  i[2 * Exchange.Flags + 1] = (options.kind ?? 0) + 1;
  const asksName = ((i[2 * Exchange.Policy] as number) & Mask.NeedsNameAndKind) !== 0;
  const changed =
    asksName || parentState !== ''
      ? runtime.native.sample(asksName ? name : '', parentState)
      : runtime.native.sample();
  const traceState = changed ?? parentState;
  const verdict = i[2 * Exchange.Flags + 1] as Verdict;
  const traceFlags = i[2 * Exchange.Flags] as number;
  const hasThreshold = i[2 * Exchange.HasThreshold] === 1;
  const last = runtime.lastHead;
  if (
    last !== undefined &&
    last.verdict === verdict &&
    last.flags === traceFlags &&
    last.state === traceState &&
    last.hasThreshold === hasThreshold &&
    (!hasThreshold ||
      (last.threshold0 === i[2 * Exchange.Threshold] && last.threshold1 === i[2 * Exchange.Threshold + 1]))
  ) {
    return last;
  }
  runtime.lastHead = new Head(
    verdict,
    traceFlags,
    traceState,
    hasThreshold,
    i[2 * Exchange.Threshold] as number,
    i[2 * Exchange.Threshold + 1] as number,
  );
  return runtime.lastHead;
}

/** Sets the attributes `baggage.<key>` that the policy asks for; an attribute that the span has already stays. */
function copyBaggage(runtime: Runtime, span: Span, context: Context): void {
  for (const [key, entry] of propagation.getBaggage(context)?.getAllEntries() ?? []) {
    const attribute = runtime.attributeOfBaggage(key);
    if (attribute !== undefined && !span.hasAttribute(attribute))
      span.setAttribute(attribute, String(entry.value));
  }
}

/** Without a core a tracer does what the API's own no-op tracer does: the parent's context goes on. */
function passOn(options: SpanOptions, context: Context): ApiSpan {
  const parent = options.root === true ? undefined : trace.getSpanContext(context);
  return parent === undefined ? NO_SPAN : trace.wrapSpanContext(parent);
}
