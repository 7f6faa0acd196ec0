/**
 * What an attribute may hold, and the copy of it that a span keeps.
 *
 *   given                              | kept
 *   -----------------------------------|-----------------------------------------------
 *   string, number, boolean, bigint    | as it is (an integral number is exported as int)
 *   Uint8Array, Buffer                 | its bytes, copied
 *   array                              | copied; null and undefined elements are empty values
 *   plain object                       | copied as a map; undefined members are left out
 *   null, undefined                    | nothing: the attribute is ignored, as the API asks
 *   anything else, also further inside | nothing: the attribute is ignored
 *
 * What nests deeper than 64 or would not fit into the text of its span becomes the empty value, as in the core.
 */

/** A map's members, flat: key, value, key … */
export class KeptMap {
  constructor(readonly members: Kept[]) {}
}

/** A value that nobody else can change any more; null is the empty value. */
export type Kept = string | number | boolean | bigint | null | Uint8Array | Kept[] | KeptMap;

const MAX_DEPTH = 64;
/** Elements and members of one value. An object that contains itself twice would grow without end before it is too deep. */
const MAX_PARTS = 1 << 16;

/** Text that a span may still take, in UTF-16 units, and how much a kept value took from it. */
export class Room {
  private parts = MAX_PARTS;

  constructor(public units: number) {}

  take(units: number): boolean {
    if (units > this.units) return false;
    this.units -= units;
    return true;
  }

  part(): boolean {
    return --this.parts >= 0;
  }
}

/** A copy of `value`, or undefined if an attribute cannot hold it. Never throws, whatever a getter does. */
export function keep(value: unknown, room: Room): Kept | undefined {
  if (value === null) return undefined;
  try {
    return copy(value, room, 1);
  } catch {
    return undefined;
  }
}

function copy(value: unknown, room: Room, depth: number): Kept | undefined {
  switch (typeof value) {
    case 'string':
      return room.take(value.length) ? value : null;
    case 'number':
    case 'boolean':
    case 'bigint':
      return value;
    case 'object':
      break;
    default:
      return undefined;
  }
  if (value === null) return null;
  if (value instanceof Uint8Array) return room.take(value.length) ? new Uint8Array(value) : null;
  if (Array.isArray(value)) return depth < MAX_DEPTH ? copyArray(value, room, depth) : null;
  if (!isPlain(value)) return undefined;
  return depth < MAX_DEPTH ? copyMap(value as Record<string, unknown>, room, depth) : null;
}

function copyArray(values: unknown[], room: Room, depth: number): Kept[] | undefined {
  const kept: Kept[] = [];
  for (const value of values) {
    if (!room.part()) break;
    const copied = value === undefined ? null : copy(value, room, depth + 1);
    if (copied === undefined) return undefined;
    kept.push(copied);
  }
  return kept;
}

function copyMap(map: Record<string, unknown>, room: Room, depth: number): KeptMap | undefined {
  const members: Kept[] = [];
  for (const key of Object.keys(map)) {
    const value = map[key];
    if (value === undefined) continue;
    if (!room.part() || !room.take(key.length)) break;
    const copied = copy(value, room, depth + 1);
    if (copied === undefined) return undefined;
    members.push(key, copied);
  }
  return new KeptMap(members);
}

/**
 * Copies of attributes, added to `flat`: key, value, key … At most `limit` of them, and no more than `room` takes; returns
 * how many were left out for that. A member whose getter throws is ignored.
 */
export function keepAll(
  attributes: Record<string, unknown> | undefined | null,
  flat: Kept[],
  room: Room,
  limit: number,
): number {
  if (attributes === null || typeof attributes !== 'object') return 0;
  let dropped = 0;
  for (const key of Object.keys(attributes)) {
    if (key === '') continue;
    const kept = keepMember(attributes, key, room);
    if (kept === undefined) continue;
    if (flat.length >= 2 * limit || !room.take(key.length)) dropped++;
    else flat.push(key, kept);
  }
  return dropped;
}

function keepMember(attributes: Record<string, unknown>, key: string, room: Room): Kept | undefined {
  let value: unknown;
  try {
    value = attributes[key];
  } catch {
    return undefined;
  }
  return keep(value, room);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  // Plain objects of another realm (a vm context, a worker's transfer) have another Object.prototype, itself without one.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

/** What reads a span back gets: bytes and arrays copied again, maps as objects. */
export function reveal(value: Kept): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (Array.isArray(value)) return value.map(reveal);
  return revealAll(value.members);
}

/** The same for a flat list of keys and values. */
export function revealAll(flat: Kept[]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (let at = 0; at < flat.length; at += 2) {
    // Not by assignment: a member named __proto__ is one like any other.
    Object.defineProperty(object, flat[at] as string, {
      value: reveal(flat[at + 1] as Kept),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return object;
}
