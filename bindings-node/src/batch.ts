/**
 * Writes finished spans in the span batch format (docs/span-batch.md) and hands them to the core, many per call.
 *
 * A batch is a Float64Array, with a 32-bit view on the same memory, and one string made by concatenation: that is what
 * V8 does fastest, and both are read in a single call that copies and returns. A batch leaves when it has 256 spans or
 * 64 Ki characters, 50 ms after its first span, before the process exits, and when somebody asks.
 *
 * Words that come again and again (names and keys) stand once at the start of every batch's text, in the dictionary.
 */
import type { Native } from './native';
import { Exchange } from './native';
import type { LocalTrace, Span, SpanEvent, SpanLink } from './span';
import { MONOTONIC } from './time';
import { type Kept, KeptMap } from './value';

const MAGIC = 0x01425350;
const HEADER = 2;
const HEAD = 17;
const EVENT_HEAD = 5;
const LINK_HEAD = 7;
/** Key and scalar value. */
const ATTRIBUTE = 3;

const MAX_SPANS = 256;
const MAX_UNITS = 1 << 16;
const LINGER_MILLIS = 50;
/** Room for 256 spans of the usual size; a larger span gets a larger array, and the next batch this size again. */
const SLOTS = 1 << 14;
/** Sent with every batch, so kept small: about a hundred words. */
const DICTIONARY_UNITS = 2048;
/** Words longer than this are seldom keys. */
const MAX_WORD = 64;
/** So many unknown words in one batch while the dictionary is full, and it is begun anew. */
const STALE = 512;

enum Kind {
  Empty = 0,
  Bool = 1,
  Int = 2,
  String = 4,
  Number = 5,
  Bytes = 6,
  Array = 7,
  Map = 8,
}

export class Batch {
  private f = new Float64Array(SLOTS);
  private i = new Int32Array(this.f.buffer);
  /** The next slot to write. */
  private at = HEADER;
  private spans = 0;
  private text = '';
  /** Length of `text`; kept apart because asking a concatenated string for it is not free. */
  private units = 0;

  private dictionary = '';
  /** Offset of each word in the text of the batch being written: in the dictionary, or where it first stood. */
  private readonly words = new Map<string, number>();
  /** Words seen first in this batch; they join the dictionary when it leaves. */
  private fresh: string[] = [];
  private unknown = 0;

  private readonly timer: NodeJS.Timeout;
  private waiting = false;
  private closed = false;

  constructor(
    private readonly native: Native,
    /** The exchange, of which the policy's epoch is needed. */
    private readonly exchange: Int32Array,
  ) {
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
      this.begin();
    }
  }

  private begin(): void {
    this.at = HEADER;
    this.spans = 0;
    if (this.f.length > SLOTS) {
      this.f = new Float64Array(SLOTS);
      this.i = new Int32Array(this.f.buffer);
    }
    this.learn();
    this.text = this.dictionary;
    this.units = this.dictionary.length;
  }

  private learn(): void {
    if (this.unknown > STALE) {
      this.words.clear();
      this.dictionary = '';
    }
    this.unknown = 0;
    if (this.fresh.length === 0) return;
    for (const word of this.fresh) {
      if (this.dictionary.length + word.length > DICTIONARY_UNITS) {
        this.words.delete(word);
        continue;
      }
      this.words.set(word, this.dictionary.length);
      this.dictionary += word;
    }
    this.fresh = [];
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

  /** Keys and values, for which room is reserved if the values are scalars. */
  private attributes(flat: Kept[]): void {
    for (let n = 0; n < flat.length; n += 2) {
      const key = flat[n] as string;
      const value = flat[n + 1] as Kept;
      const w = 2 * this.at;
      const { i } = this;
      i[w] = this.word(key);
      i[w + 1] = key.length;
      if (typeof value === 'string') {
        i[w + 2] = Kind.String;
        i[w + 3] = 0;
        i[w + 4] = this.string(value);
        i[w + 5] = value.length;
      } else if (typeof value === 'number') {
        i[w + 2] = Kind.Number;
        i[w + 3] = 0;
        this.f[this.at + 2] = value;
      } else if (typeof value === 'boolean') {
        i[w + 2] = Kind.Bool;
        i[w + 3] = 0;
        i[w + 4] = value ? 1 : 0;
        i[w + 5] = 0;
      } else {
        this.at += 1;
        this.value(value, ((flat.length - n - 2) * ATTRIBUTE) >> 1);
        continue;
      }
      this.at += ATTRIBUTE;
    }
  }

  /** Any value, and room for `more` slots after it. */
  private value(value: Kept, more: number): void {
    this.reserve(2 + more);
    if (value === null) this.scalar(Kind.Empty, 0, 0);
    else if (typeof value === 'string') this.scalar(Kind.String, this.string(value), value.length);
    else if (typeof value === 'boolean') this.scalar(Kind.Bool, value ? 1 : 0, 0);
    else if (typeof value === 'bigint') this.bigint(value);
    else if (typeof value === 'number') {
      this.scalar(Kind.Number, 0, 0);
      this.f[this.at - 1] = value;
    } else if (value instanceof Uint8Array) this.bytes(value, more);
    else if (value instanceof KeptMap) this.map(value.members, more);
    else this.array(value, more);
  }

  private array(elements: Kept[], more: number): void {
    this.open(Kind.Array, elements.length);
    for (const element of elements) this.value(element, more);
    this.reserve(more);
  }

  private map(members: Kept[], more: number): void {
    this.open(Kind.Map, members.length >> 1);
    for (let n = 0; n < members.length; n += 2) {
      const key = members[n] as string;
      this.reserve(1);
      const w = 2 * this.at++;
      this.i[w] = this.word(key);
      this.i[w + 1] = key.length;
      this.value(members[n + 1] as Kept, more);
    }
    this.reserve(more);
  }

  private bigint(value: bigint): void {
    if (BigInt.asIntN(64, value) === value) {
      this.scalar(Kind.Int, Number(BigInt.asIntN(32, value)), Number(value >> 32n));
    } else {
      const digits = value.toString();
      this.scalar(Kind.String, this.string(digits), digits.length);
    }
  }

  private bytes(bytes: Uint8Array, more: number): void {
    const slots = (bytes.length + 7) >> 3;
    this.reserve(1 + slots + more);
    this.open(Kind.Bytes, bytes.length);
    const memory = new Uint8Array(this.f.buffer, 8 * this.at, 8 * slots);
    memory.fill(0, 8 * (slots - 1));
    memory.set(bytes);
    this.at += slots;
  }

  private open(kind: Kind, count: number): void {
    const w = 2 * this.at++;
    this.i[w] = kind;
    this.i[w + 1] = count;
  }

  private scalar(kind: Kind, low: number, high: number): void {
    const w = 2 * this.at;
    const { i } = this;
    i[w] = kind;
    i[w + 1] = 0;
    i[w + 2] = low;
    i[w + 3] = high;
    this.at += 2;
  }

  /** The offset of a string that is not expected again. */
  private string(text: string): number {
    const at = this.units;
    this.text += text;
    this.units = at + text.length;
    return at;
  }

  /** The offset of a name or key. */
  private word(word: string): number {
    const at = this.words.get(word);
    if (at !== undefined) return at;
    const offset = this.string(word);
    if (word.length > MAX_WORD) return offset;
    if (this.dictionary.length < DICTIONARY_UNITS - MAX_WORD && this.fresh.length < MAX_SPANS) {
      this.words.set(word, offset);
      this.fresh.push(word);
    } else {
      this.unknown++;
    }
    return offset;
  }

  private reserve(slots: number): void {
    const needed = this.at + slots;
    if (needed <= this.f.length) return;
    const larger = new Float64Array(Math.max(needed, 2 * this.f.length));
    larger.set(this.f);
    this.f = larger;
    this.i = new Int32Array(larger.buffer);
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
