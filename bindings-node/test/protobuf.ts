/** As much of a protobuf reader as a test needs to see what is on the wire; written from the OTLP .proto files' numbers. */

type Field = { number: number; wire: number; value: bigint; bytes: Uint8Array };

function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;
  const varint = () => {
    let result = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      result |= BigInt(byte & 127) << shift;
      if (byte < 128) return result;
    }
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const [number, wire] = [tag >> 3, tag & 7];
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    if (wire === 0) yield { number, wire, value: varint(), bytes: new Uint8Array() };
    else if (wire === 1) {
      yield { number, wire, value: view.getBigUint64(at, true), bytes: bytes.subarray(at, at + 8) };
      at += 8;
    } else if (wire === 5) {
      yield { number, wire, value: BigInt(view.getUint32(at, true)), bytes: bytes.subarray(at, at + 4) };
      at += 4;
    } else if (wire === 2) {
      const length = Number(varint());
      yield { number, wire, value: 0n, bytes: bytes.subarray(at, at + length) };
      at += length;
    } else throw new Error(`wire type ${wire}`);
  }
}

const text = (bytes: Uint8Array) => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** An AnyValue as one key and a value: `{int: 1n}`, `{string: 'x'}`, `{array: [...]}`, `{map: {...}}`, `{empty: true}`. */
export type Any = Record<string, unknown>;

function anyValue(bytes: Uint8Array): Any {
  for (const { number, value, bytes: inner } of fields(bytes)) {
    if (number === 1) return { string: text(inner) };
    if (number === 2) return { bool: value === 1n };
    if (number === 3) return { int: BigInt.asIntN(64, value) };
    if (number === 4) return { double: new DataView(inner.buffer, inner.byteOffset).getFloat64(0, true) };
    if (number === 5) return { array: [...fields(inner)].map((element) => anyValue(element.bytes)) };
    if (number === 6) return { map: keyValues([...fields(inner)].map((member) => member.bytes)) };
    if (number === 7) return { bytes: [...inner] };
  }
  return { empty: true };
}

function keyValues(list: Uint8Array[]): Record<string, Any> {
  const result: Record<string, Any> = {};
  for (const bytes of list) {
    let key = '';
    let value: Any = { empty: true };
    for (const field of fields(bytes)) {
      if (field.number === 1) key = text(field.bytes);
      if (field.number === 2) value = anyValue(field.bytes);
    }
    result[key] = value;
  }
  return result;
}

export interface SeenEvent {
  name: string;
  nanos: bigint;
  attributes: Record<string, Any>;
  dropped: number;
}

export interface SeenLink {
  traceId: string;
  spanId: string;
  state: string;
  flags: number;
  attributes: Record<string, Any>;
}

export interface SeenSpan {
  scope: string;
  scopeVersion: string;
  resource: Record<string, Any>;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  state: string;
  flags: number;
  name: string;
  kind: number;
  start: bigint;
  end: bigint;
  attributes: Record<string, Any>;
  droppedAttributes: number;
  events: SeenEvent[];
  droppedEvents: number;
  links: SeenLink[];
  droppedLinks: number;
  status: { code: number; message: string };
}

const all = (bytes: Uint8Array, number: number) =>
  [...fields(bytes)].filter((field) => field.number === number).map((field) => field.bytes);
const one = (bytes: Uint8Array, number: number) => all(bytes, number)[0] ?? new Uint8Array();
const int = (bytes: Uint8Array, number: number) =>
  [...fields(bytes)].find((field) => field.number === number)?.value ?? 0n;

function span(bytes: Uint8Array): Omit<SeenSpan, 'scope' | 'scopeVersion' | 'resource'> {
  const status = one(bytes, 15);
  return {
    traceId: hex(one(bytes, 1)),
    spanId: hex(one(bytes, 2)),
    state: text(one(bytes, 3)),
    parentSpanId: hex(one(bytes, 4)),
    name: text(one(bytes, 5)),
    kind: Number(int(bytes, 6)),
    start: int(bytes, 7),
    end: int(bytes, 8),
    attributes: keyValues(all(bytes, 9)),
    droppedAttributes: Number(int(bytes, 10)),
    events: all(bytes, 11).map((event) => ({
      nanos: int(event, 1),
      name: text(one(event, 2)),
      attributes: keyValues(all(event, 3)),
      dropped: Number(int(event, 4)),
    })),
    droppedEvents: Number(int(bytes, 12)),
    links: all(bytes, 13).map((link) => ({
      traceId: hex(one(link, 1)),
      spanId: hex(one(link, 2)),
      state: text(one(link, 3)),
      attributes: keyValues(all(link, 4)),
      flags: Number(int(link, 6)),
    })),
    droppedLinks: Number(int(bytes, 14)),
    status: { message: text(one(status, 2)), code: Number(int(status, 3)) },
    flags: Number(int(bytes, 16)),
  };
}

/** All spans of an ExportTraceServiceRequest. */
export function spansOf(request: Uint8Array): SeenSpan[] {
  const found: SeenSpan[] = [];
  for (const resourceSpans of all(request, 1)) {
    const resource = keyValues(all(one(resourceSpans, 1), 1));
    for (const scopeSpans of all(resourceSpans, 2)) {
      const scope = one(scopeSpans, 1);
      for (const bytes of all(scopeSpans, 2)) {
        found.push({
          scope: text(one(scope, 1)),
          scopeVersion: text(one(scope, 2)),
          resource,
          ...span(bytes),
        });
      }
    }
  }
  return found;
}

export interface SeenSum {
  scope: string;
  scopeVersion: string;
  scopeSchema: string;
  resource: Record<string, Any>;
  name: string;
  unit: string;
  description: string;
  monotonic: boolean;
  attributes: Record<string, Any>;
  /** A bigint for whole sums, a number for real ones. */
  value: bigint | number;
}

/** All points of all sums of an ExportMetricsServiceRequest. */
export function sumsOf(request: Uint8Array): SeenSum[] {
  const found: SeenSum[] = [];
  for (const resourceMetrics of all(request, 1)) {
    const resource = keyValues(all(one(resourceMetrics, 1), 1));
    for (const scopeMetrics of all(resourceMetrics, 2)) {
      const scope = one(scopeMetrics, 1);
      for (const metric of all(scopeMetrics, 2)) {
        const sum = one(metric, 7);
        for (const point of all(sum, 1)) {
          found.push({
            scope: text(one(scope, 1)),
            scopeVersion: text(one(scope, 2)),
            scopeSchema: text(one(scopeMetrics, 3)),
            resource,
            name: text(one(metric, 1)),
            description: text(one(metric, 2)),
            unit: text(one(metric, 3)),
            monotonic: int(sum, 3) === 1n,
            attributes: keyValues(all(point, 7)),
            value: pointValue(point),
          });
        }
      }
    }
  }
  return found;
}

function pointValue(point: Uint8Array): bigint | number {
  const real = [...fields(point)].find((field) => field.number === 4);
  if (real === undefined) return int(point, 6);
  return new DataView(real.bytes.buffer, real.bytes.byteOffset).getFloat64(0, true);
}
