/**
 * Spans. A live span keeps its fields here, as plain values of stable kinds, and leaves for the core when it ends.
 *
 * Ids are pairs of signed 32-bit numbers, which V8 stores without allocating; hexadecimal digits are made on request.
 */
import type {
  Span as ApiSpan,
  Attributes,
  AttributeValue,
  Exception,
  Link,
  SpanContext,
  SpanKind,
  SpanStatus,
  TimeInput,
} from '@opentelemetry/api';
import { hex64, word } from './ids';
import type { Head, LocalTrace } from './local-trace';
import { Exchange } from './native';
import { Identity } from './passive-span';
import { given, MONOTONIC, read } from './time';
import { type Kept, keep, keepAll, Room, revealAll } from './value';

export class SpanEvent {
  constructor(
    readonly name: string,
    readonly millis: number,
    readonly nanos: number,
    readonly attributes: Kept[] | undefined,
    readonly dropped: number,
  ) {}
}

export interface SpanLink {
  /** Six words of the two ids, in the order of their digits. */
  ids: number[];
  /** Trace flags; bit 8: remote. */
  flags: number;
  state: string;
  attributes: Kept[];
  dropped: number;
}

const OK = 1;
const ERROR = 2;

/** A recorded span. */
export class Span extends Identity implements ApiSpan {
  /** @internal Keys and values, flat, in the order in which the keys came. */
  readonly kept: Kept[] = [];
  /** @internal */
  eventList: SpanEvent[] | undefined = undefined;
  /** @internal */
  linkList: SpanLink[] | undefined = undefined;
  /** @internal */
  statusCode = 0;
  /** @internal */
  statusMessage = '';
  /** @internal */
  droppedAttributes = 0;
  /** @internal */
  droppedEvents = 0;
  /** @internal */
  droppedLinks = 0;
  /** @internal A start time as kept, see `time.ts`. */
  startMillis: number;
  /** @internal */
  startNanos = MONOTONIC;
  /** True once `end` was called; what is called afterwards does nothing. */
  ended = false;
  /** UTF-16 units of text that this span may still take. */
  private room: number;

  constructor(
    local: LocalTrace,
    head: Head,
    id0: number,
    id1: number,
    /** @internal */
    readonly parent0: number,
    /** @internal */
    readonly parent1: number,
    /** @internal The tracer's number in the core. */
    readonly tracer: number,
    public name: string,
    readonly kind: SpanKind,
    monotonic: number,
  ) {
    super(local, head, id0, id1);
    this.startMillis = monotonic;
    this.room = local.runtime.limits.text;
    local.open++;
  }

  isRecording(): boolean {
    return !this.ended;
  }

  setAttribute(key: string, value: AttributeValue | bigint | Uint8Array | null | undefined): this {
    if (this.ended || typeof key !== 'string' || key === '') return this;
    let kept: Kept;
    if (typeof value === 'string') {
      kept = this.text(value);
    } else if (typeof value === 'number' || typeof value === 'boolean') {
      kept = value;
    } else {
      const room = new Room(this.room);
      const copy = keep(value, room);
      if (copy === undefined) return this;
      this.room = room.units;
      kept = copy;
    }
    const flat = this.kept;
    for (let at = 0; at < flat.length; at += 2) {
      if (flat[at] === key) {
        flat[at + 1] = kept;
        return this;
      }
    }
    if (flat.length >= 2 * this.local.runtime.limits.attributes || key.length > this.room) {
      this.droppedAttributes++;
    } else {
      this.room -= key.length;
      flat.push(key, kept);
    }
    return this;
  }

  /** @internal */
  hasAttribute(key: string): boolean {
    for (let at = 0; at < this.kept.length; at += 2) if (this.kept[at] === key) return true;
    return false;
  }

  setAttributes(attributes: Attributes): this {
    if (attributes === null || typeof attributes !== 'object') return this;
    for (const key of Object.keys(attributes)) this.setAttribute(key, attributes[key]);
    return this;
  }

  addEvent(name: string, attributesOrTime?: Attributes | TimeInput, time?: TimeInput): this {
    if (this.ended) return this;
    // A call of `String` costs as much as a field of the span, and nearly all names are strings.
    const text = typeof name === 'string' ? name : String(name);
    if (attributesOrTime === undefined) return this.event(text, undefined, time);
    return isTime(attributesOrTime)
      ? this.event(text, undefined, attributesOrTime)
      : this.event(text, attributesOrTime, time);
  }

  addLink(link: Link): this {
    if (this.ended || !link?.context) return this;
    const { runtime } = this.local;
    const list = this.linkList;
    if ((list?.length ?? 0) >= runtime.limits.links || this.room <= 0) {
      this.droppedLinks++;
      return this;
    }
    const ids = readIds(link.context);
    if (ids === undefined) return this;
    const attributes: Kept[] = [];
    const state = link.context.traceState?.serialize() ?? '';
    this.room -= state.length;
    const dropped =
      this.collect(link.attributes, attributes, runtime.limits.linkAttributes) +
      (link.droppedAttributesCount ?? 0);
    const flags = (link.context.traceFlags & 3) | (link.context.isRemote ? 1 << 8 : 0);
    const kept: SpanLink = { ids, flags, state, attributes, dropped };
    if (list === undefined) this.linkList = [kept];
    else list.push(kept);
    return this;
  }

  addLinks(links: Link[]): this {
    if (Array.isArray(links)) for (const link of links) this.addLink(link);
    return this;
  }

  /** OK is final; UNSET never overwrites; only ERROR has a message. */
  setStatus(status: SpanStatus): this {
    if (this.ended || this.statusCode === OK) return this;
    const code: number = status?.code;
    if (code !== OK && code !== ERROR) return this;
    this.statusCode = code;
    const { message } = status;
    this.statusMessage =
      code === ERROR && typeof message === 'string' ? ((this.text(message) as string | null) ?? '') : '';
    return this;
  }

  updateName(name: string): this {
    if (!this.ended) this.name = String(name);
    return this;
  }

  recordException(exception: Exception, time?: TimeInput): void {
    if (this.ended) return;
    const attributes: Attributes = {};
    if (typeof exception === 'string') {
      attributes['exception.message'] = exception;
    } else if (exception !== null && typeof exception === 'object') {
      // System errors say more by their code (ECONNREFUSED) than by their name (Error).
      const type = exception.code ?? exception.name;
      if (type) attributes['exception.type'] = String(type);
      if (exception.message) attributes['exception.message'] = String(exception.message);
      if (exception.stack) attributes['exception.stacktrace'] = String(exception.stack);
    }
    if (attributes['exception.type'] || attributes['exception.message']) {
      this.event('exception', attributes, time);
    }
  }

  end(time?: TimeInput): void {
    if (this.ended) return;
    this.ended = true;
    const { local } = this;
    const { runtime } = local;
    const last = --local.open === 0;
    (runtime.f[Exchange.Ended] as number)++;
    if (time !== undefined && read(time, () => runtime.now())) {
      runtime.batch.add(this, given.millis, given.nanos, last);
    } else {
      runtime.batch.add(this, runtime.now(), MONOTONIC, last);
    }
  }

  /** The attributes as they stand, unredacted: for code of the same process that reads them back. */
  get attributes(): Attributes {
    return revealAll(this.kept) as Attributes;
  }

  get status(): SpanStatus {
    return this.statusMessage === ''
      ? { code: this.statusCode }
      : { code: this.statusCode, message: this.statusMessage };
  }

  /** The parent's span id, or undefined for a root. */
  get parentSpanId(): string | undefined {
    return this.parent0 === 0 && this.parent1 === 0 ? undefined : hex64(this.parent0, this.parent1);
  }

  /** @internal Sets a start time that the user gave. */
  startAt(time: TimeInput): void {
    if (!read(time, () => this.startMillis)) return;
    this.startMillis = given.millis;
    this.startNanos = given.nanos;
  }

  private event(name: string, attributes: Attributes | undefined, time: TimeInput | undefined): this {
    const { runtime } = this.local;
    const list = this.eventList;
    if ((list !== undefined && list.length >= runtime.limits.events) || this.room <= 0) {
      this.droppedEvents++;
      return this;
    }
    this.room -= name.length;
    let kept: Kept[] | undefined;
    let dropped = 0;
    if (attributes !== undefined) {
      kept = [];
      dropped = this.collect(attributes, kept, runtime.limits.eventAttributes);
    }
    let event: SpanEvent;
    if (time !== undefined && read(time, () => runtime.now())) {
      event = new SpanEvent(name, given.millis, given.nanos, kept, dropped);
    } else {
      event = new SpanEvent(name, runtime.now(), MONOTONIC, kept, dropped);
    }
    if (list === undefined) this.eventList = [event];
    else list.push(event);
    return this;
  }

  /** Keeps attributes of an event or a link; returns how many the limit dropped. */
  private collect(attributes: Attributes | undefined, flat: Kept[], limit: number): number {
    const room = new Room(this.room);
    const dropped = keepAll(attributes, flat, room, limit);
    this.room = room.units;
    return dropped;
  }

  /** The text, if there is still room for it. */
  private text(text: string): Kept {
    if (text.length > this.room) return null;
    this.room -= text.length;
    return text;
  }
}

/** The six words of a context's ids, or undefined if they are not hexadecimal digits. */
export function readIds(context: SpanContext): number[] | undefined {
  const { traceId, spanId } = context;
  if (!/^[0-9a-f]{32}$/.test(traceId) || !/^[0-9a-f]{16}$/.test(spanId)) return undefined;
  return [
    word(traceId, 0),
    word(traceId, 8),
    word(traceId, 16),
    word(traceId, 24),
    word(spanId, 0),
    word(spanId, 8),
  ];
}

function isTime(value: Attributes | TimeInput): value is TimeInput {
  if (typeof value === 'number' || value instanceof Date) return true;
  return Array.isArray(value) && value.length === 2 && typeof value[0] === 'number';
}
