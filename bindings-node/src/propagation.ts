/**
 * Carries trace context and baggage between processes. The headers are read and written, and baggage is redacted, by the
 * core's propagators; this only moves them between the carrier, the core and the API's objects.
 */
import {
  type BaggageEntry,
  baggageEntryMetadataFromString,
  type Context,
  propagation,
  type SpanContext,
  type TextMapGetter,
  type TextMapPropagator,
  type TextMapSetter,
  trace,
} from '@opentelemetry/api';
import { SPAN_KEY, SUPPRESS_KEY } from './context';
import { areValid, hex64 } from './ids';
import { Exchange, HAS_PARENT, type Native, type Opened, REMOTE } from './native';
import { PassiveSpan } from './passive-span';
import { readIds, Span } from './span';
import { TraceState } from './trace-state';

export class Propagator implements TextMapPropagator {
  private readonly i: Int32Array;

  constructor(
    private readonly native: Native,
    private readonly opened: Opened,
  ) {
    this.i = new Int32Array(opened.exchange);
  }

  fields(): string[] {
    return [...this.opened.fields];
  }

  inject(context: Context, carrier: unknown, setter: TextMapSetter): void {
    if (context.getValue(SUPPRESS_KEY) === true) return;
    const state = this.writeContext(context);
    const baggage: string[] = [];
    for (const [key, entry] of propagation.getBaggage(context)?.getAllEntries() ?? []) {
      baggage.push(key, String(entry.value), entry.metadata?.toString() ?? '');
    }
    const headers = this.native.inject(state, baggage);
    for (let at = 0; at < headers.length; at += 2) {
      setter.set(carrier, headers[at] as string, headers[at + 1] as string);
    }
  }

  extract(context: Context, carrier: unknown, getter: TextMapGetter): Context {
    const headers: string[] = [];
    for (const name of this.opened.headers) {
      if (name.endsWith('*')) {
        const prefix = name.slice(0, -1);
        for (const key of getter.keys(carrier)) {
          if (key.toLowerCase().startsWith(prefix)) read(carrier, getter, key, headers);
        }
      } else {
        read(carrier, getter, name, headers);
      }
    }
    if (headers.length === 0) return context;
    const [state, ...baggage] = this.native.extract(headers);
    let extracted = context;
    const { i } = this;
    const flags = i[2 * Exchange.Flags] as number;
    if ((flags & HAS_PARENT) !== 0) {
      const remote: SpanContext = {
        traceId: this.hex(Exchange.TraceHigh) + this.hex(Exchange.TraceLow),
        spanId: this.hex(Exchange.SpanId),
        traceFlags: flags & 0xff,
        isRemote: true,
      };
      if (state) remote.traceState = new TraceState(state);
      extracted = trace.setSpanContext(extracted, remote);
    }
    return baggage.length === 0 ? extracted : propagation.setBaggage(extracted, readBaggage(baggage));
  }

  /** Writes the context of the active span to the exchange and returns its tracestate. */
  private writeContext(context: Context): string {
    const { i } = this;
    const span = context.getValue(SPAN_KEY);
    i[2 * Exchange.Flags] = 0;
    if (span instanceof Span || span instanceof PassiveSpan) {
      const { local, head } = span;
      i[2 * Exchange.TraceHigh] = local.traceHigh0;
      i[2 * Exchange.TraceHigh + 1] = local.traceHigh1;
      i[2 * Exchange.TraceLow] = local.traceLow0;
      i[2 * Exchange.TraceLow + 1] = local.traceLow1;
      i[2 * Exchange.SpanId] = span.id0;
      i[2 * Exchange.SpanId + 1] = span.id1;
      i[2 * Exchange.Flags] = head.flags | HAS_PARENT;
      return head.state;
    }
    const foreign = trace.getSpanContext(context);
    if (foreign === undefined || !areValid(foreign.traceId, foreign.spanId)) return '';
    const ids = readIds(foreign) as number[];
    i[2 * Exchange.TraceHigh] = ids[1] as number;
    i[2 * Exchange.TraceHigh + 1] = ids[0] as number;
    i[2 * Exchange.TraceLow] = ids[3] as number;
    i[2 * Exchange.TraceLow + 1] = ids[2] as number;
    i[2 * Exchange.SpanId] = ids[5] as number;
    i[2 * Exchange.SpanId + 1] = ids[4] as number;
    i[2 * Exchange.Flags] =
      (foreign.traceFlags & 0xff) | HAS_PARENT | (foreign.isRemote === true ? REMOTE : 0);
    return foreign.traceState?.serialize() ?? '';
  }

  private hex(slot: Exchange): string {
    return hex64(this.i[2 * slot] as number, this.i[2 * slot + 1] as number);
  }
}

function read(carrier: unknown, getter: TextMapGetter, name: string, headers: string[]): void {
  const value = getter.get(carrier, name);
  if (typeof value === 'string') headers.push(name, value);
  else if (Array.isArray(value)) for (const line of value) headers.push(name, String(line));
}

function readBaggage(flat: string[]) {
  // Without a prototype: an entry may be called __proto__.
  const entries: Record<string, BaggageEntry> = Object.create(null);
  for (let at = 0; at < flat.length; at += 3) {
    const entry: BaggageEntry = { value: flat[at + 1] as string };
    const metadata = flat[at + 2];
    if (metadata) entry.metadata = baggageEntryMetadataFromString(metadata);
    entries[flat[at] as string] = entry;
  }
  return propagation.createBaggage(entries);
}
