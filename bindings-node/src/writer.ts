/**
 * Memory and text of a span batch (docs/span-batch.md), and how words and values are written into them.
 *
 * A batch is a Float64Array, with a 32-bit view on the same memory, and one string made by concatenation: that is what V8
 * does fastest. Words that come again and again (names and keys) stand once at the start of every batch's text, in the
 * dictionary.
 */
import { type Kept, KeptMap } from './value';

/** Slots before the first span. */
export const HEADER = 2;
/** Room for 256 spans of the usual size; a larger span gets a larger array, and the next batch this size again. */
export const SLOTS = 1 << 14;
/** Slots of an attribute: key and scalar value. */
export const ATTRIBUTE = 3;

/** Sent with every batch, so kept small: about a hundred words. */
const DICTIONARY_UNITS = 2048;
/** New words that one batch may add. */
const MAX_FRESH = 256;
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

/** A base class, not a part: its fields are read for every attribute, and through one object that is one load less. */
export abstract class Writer {
  protected f = new Float64Array(SLOTS);
  protected i = new Int32Array(this.f.buffer);
  /** The next slot to write. */
  protected at = HEADER;
  protected text = '';
  /** Length of `text`; kept apart because asking a concatenated string for it is not free. */
  protected units = 0;

  private dictionary = '';
  /** Offset of each word in the text of the batch being written: in the dictionary, or where it first stood. */
  private readonly words = new Map<string, number>();
  /** Words seen first in this batch; they join the dictionary when it leaves. */
  private fresh: string[] = [];
  private unknown = 0;
  /** The words of the dictionary that were attribute keys last, by their place in the span, and their offsets. */
  private readonly usual: string[] = [];
  private readonly usualAt: number[] = [];

  /** Begins the next batch. */
  protected restart(): void {
    this.at = HEADER;
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
      this.usual.length = 0;
    }
    this.unknown = 0;
    if (this.fresh.length === 0) return;
    this.usual.length = 0;
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

  /** Keys and values, for which room is reserved if the values are scalars. */
  protected attributes(flat: Kept[]): void {
    for (let n = 0; n < flat.length; n += 2) {
      const key = flat[n] as string;
      const value = flat[n + 1] as Kept;
      const w = 2 * this.at;
      const { i } = this;
      // Spans come in kinds: the key that stood here last is likely to stand here again.
      const place = n >> 1;
      i[w] = key === this.usual[place] ? (this.usualAt[place] as number) : this.unusual(key, place);
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
  protected string(text: string): number {
    const at = this.units;
    this.text += text;
    this.units = at + text.length;
    return at;
  }

  /** The offset of a key that another key stood in the place of. */
  private unusual(key: string, place: number): number {
    const at = this.words.get(key);
    if (at === undefined) return this.word(key);
    // Without holes, which would make the arrays slow.
    if (place <= this.usual.length) {
      this.usual[place] = key;
      this.usualAt[place] = at;
    }
    return at;
  }

  /** The offset of a name or key. */
  protected word(word: string): number {
    const at = this.words.get(word);
    if (at !== undefined) return at;
    const offset = this.string(word);
    if (word.length > MAX_WORD) return offset;
    if (this.dictionary.length < DICTIONARY_UNITS - MAX_WORD && this.fresh.length < MAX_FRESH) {
      this.words.set(word, offset);
      this.fresh.push(word);
    } else {
      this.unknown++;
    }
    return offset;
  }

  protected reserve(slots: number): void {
    const needed = this.at + slots;
    if (needed <= this.f.length) return;
    const larger = new Float64Array(Math.max(needed, 2 * this.f.length));
    larger.set(this.f);
    this.f = larger;
    this.i = new Int32Array(larger.buffer);
  }
}
