/**
 * Writes finished spans in the span batch format (docs/span-batch.md) and hands them to the core, many per call.
 *
 * Memory and text are read in a single call that copies and returns. A batch leaves when it has 256 spans or 64 Ki
 * characters, 50 ms after its first span, before the process exits, and when somebody asks.
 */
import type { LocalTrace } from './local-trace';
import type { Native } from './native';
import { Exchange } from './native';
import type { Span, SpanEvent, SpanLink } from './span';
import { MONOTONIC } from './time';
import { ATTRIBUTE, SLOTS, Writer } from './writer';

const MAGIC = 0x01425350;
const HEAD = 17;
const EVENT_HEAD = 5;
const LINK_HEAD = 7;

const MAX_SPANS = 256;
const MAX_UNITS = 1 << 16;
const LINGER_MILLIS = 50;

export class Batch extends Writer {
  private spans = 0;
  private readonly timer: NodeJS.Timeout;
  private waiting = false;
  private closed = false;

  constructor(
    private readonly native: Native,
    /** The exchange, of which the policy's epoch is needed. */
    private readonly exchange: Int32Array,
  ) {
    super();
    // Made here and refreshed later: a timer made while a request is handled would keep that request's context alive.
    this.timer = setTimeout(() => {
      this.waiting = false;
      this.submit();
    }, LINGER_MILLIS).unref();
  }

  /** Hands over what is there and ends the timer, for good. A span that ends later is handed over at once. */
  close(): void {
    this.submit();
    clearTimeout(this.timer);
    this.closed = true;
  }

  /** Hands over what has been written. */
  submit(): void {
    if (this.spans === 0) return;
    const { i } = this;
    i[0] = MAGIC;
    // The addon chooses the text's encoding.
    i[1] = 0;
    i[2] = this.spans;
    i[3] = this.exchange[2 * Exchange.Policy + 1] as number;
    try {
      this.native.submit(this.f, this.at, this.text, this.units);
    } finally {
      this.spans = 0;
      this.restart();
    }
  }

  /** Writes an ended span; `millis` and `nanos` are its end, as times are kept (`time.ts`). */
  add(span: Span, millis: number, nanos: number, last: boolean): void {
    const { kept: attributes, eventList: events, linkList: links, local, head } = span;
    const start = this.at;
    const body = start + HEAD;
    this.reserve(HEAD + ((attributes.length * ATTRIBUTE) >> 1));
    this.at = body;
    if (attributes.length !== 0) this.attributes(attributes);
    const section = this.at - body;
    if (events !== undefined) for (const event of events) this.event(event, span);
    if (links !== undefined) for (const link of links) this.link(link);

    const name = this.word(span.name);
    const { state } = head;
    const stateAt = state.length === 0 ? 0 : this.string(state);
    const message = span.statusMessage;
    const messageAt = message.length === 0 ? 0 : this.string(message);

    const { f, i } = this;
    let w = 2 * start;
    i[w] = this.at - start;
    i[w + 1] =
      (span.kind + 1) |
      (head.verdict << 3) |
      (span.statusCode << 5) |
      ((head.flags & 3) << 8) |
      (local.parentIsRemote && span.id0 === local.root0 && span.id1 === local.root1 ? 1 << 10 : 0) |
      (last ? 1 << 11 : 0) |
      (head.hasThreshold ? 1 << 12 : 0);
    i[w + 2] = local.traceHigh0;
    i[w + 3] = local.traceHigh1;
    i[w + 4] = local.traceLow0;
    i[w + 5] = local.traceLow1;
    i[w + 6] = span.id0;
    i[w + 7] = span.id1;
    i[w + 8] = span.parent0;
    i[w + 9] = span.parent1;
    i[w + 10] = local.root0;
    i[w + 11] = local.root1;
    w += 16;

    let startMillis = span.startMillis;
    let startNanos = span.startNanos;
    if (startNanos === MONOTONIC) {
      const since = sinceAnchor(local, startMillis);
      const whole = Math.floor(since);
      startMillis = local.millis + whole;
      startNanos = nanosOf(since - whole);
    }
    if (nanos === MONOTONIC) {
      const since = sinceAnchor(local, millis);
      const whole = Math.floor(since);
      millis = local.millis + whole;
      nanos = nanosOf(since - whole);
    }
    if (millis < startMillis || (millis === startMillis && nanos < startNanos)) {
      millis = startMillis;
      nanos = startNanos;
    }
    f[start + 6] = startMillis;
    f[start + 7] = millis;
    i[w] = startNanos;
    i[w + 1] = nanos;
    i[w + 2] = span.tracer;
    i[w + 3] = 0;
    i[w + 4] = name;
    i[w + 5] = span.name.length;
    i[w + 6] = stateAt;
    i[w + 7] = state.length;
    i[w + 8] = messageAt;
    i[w + 9] = message.length;
    i[w + 10] = head.threshold0;
    i[w + 11] = head.threshold1;
    i[w + 12] = attributes.length >> 1;
    i[w + 13] = (events === undefined ? 0 : events.length) + (links === undefined ? 0 : links.length);
    i[w + 14] = span.droppedAttributes;
    i[w + 15] = span.droppedEvents;
    i[w + 16] = span.droppedLinks;
    i[w + 17] = section;

    this.spans++;
    if (this.closed || this.spans >= MAX_SPANS || this.units > MAX_UNITS || this.at > SLOTS - 1024)
      this.submit();
    else if (!this.waiting) {
      this.waiting = true;
      this.timer.refresh();
    }
  }

  private event(event: SpanEvent, span: Span): void {
    const { attributes } = event;
    const count = attributes === undefined ? 0 : attributes.length >> 1;
    this.reserve(EVENT_HEAD + count * ATTRIBUTE);
    const start = this.at;
    const name = this.word(event.name);
    let { millis, nanos } = event;
    if (nanos === MONOTONIC) {
      const { local } = span;
      const since = sinceAnchor(local, millis);
      const whole = Math.floor(since);
      millis = local.millis + whole;
      nanos = nanosOf(since - whole);
    }
    this.f[start + 1] = millis;
    const { i } = this;
    const w = 2 * start;
    i[w + 4] = nanos;
    i[w + 5] = count;
    i[w + 6] = name;
    i[w + 7] = event.name.length;
    i[w + 8] = event.dropped;
    i[w + 9] = 0;
    this.at = start + EVENT_HEAD;
    if (attributes !== undefined) this.attributes(attributes);
    this.i[w] = 1;
    this.i[w + 1] = this.at - start;
  }

  private link(link: SpanLink): void {
    const { attributes, state } = link;
    const count = attributes.length >> 1;
    this.reserve(LINK_HEAD + count * ATTRIBUTE);
    const start = this.at;
    const { i } = this;
    const w = 2 * start;
    i[w + 2] = link.ids[1] as number;
    i[w + 3] = link.ids[0] as number;
    i[w + 4] = link.ids[3] as number;
    i[w + 5] = link.ids[2] as number;
    i[w + 6] = link.ids[5] as number;
    i[w + 7] = link.ids[4] as number;
    i[w + 8] = link.flags;
    i[w + 9] = count;
    i[w + 10] = state.length === 0 ? 0 : this.string(state);
    i[w + 11] = state.length;
    i[w + 12] = link.dropped;
    i[w + 13] = 0;
    this.at = start + LINK_HEAD;
    this.attributes(attributes);
    this.i[w] = 2;
    this.i[w + 1] = this.at - start;
  }
}

/** Milliseconds from the anchor's whole millisecond to a reading of the monotonic clock. */
function sinceAnchor(local: LocalTrace, reading: number): number {
  return reading - local.monotonic + local.nanos / 1e6;
}

/** The nanoseconds of a fraction of a millisecond; never a whole one, so that later readings never look earlier. */
function nanosOf(fraction: number): number {
  const nanos = (fraction * 1e6 + 0.5) | 0;
  return nanos === 1e6 ? 999_999 : nanos;
}
