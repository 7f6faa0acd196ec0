import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { type AttributeValue, type Span, trace } from '@opentelemetry/api';
import type { Any } from './protobuf';
import { traced } from './sink';

/** The values as the sink saw them; API 1.9's types are narrower than what polyspan takes. */
async function exported(values: Record<string, unknown>): Promise<Record<string, Any>> {
  const sink = await traced(
    () => {
      const span = trace.getTracer('test').startSpan('values');
      for (const [key, value] of Object.entries(values)) span.setAttribute(key, value as AttributeValue);
      span.end();
    },
    { redaction: 'off' },
  );
  return sink.named('values').attributes;
}

test('numbers are ints where they are integral', async () => {
  assert.deepEqual(
    await exported({ a: 1, b: -0, c: 1.5, d: 2 ** 53, e: Number.NaN, f: Number.NEGATIVE_INFINITY }),
    {
      a: { int: 1n },
      b: { double: -0 },
      c: { double: 1.5 },
      d: { int: 9007199254740992n },
      e: { double: Number.NaN },
      f: { double: Number.NEGATIVE_INFINITY },
    },
  );
});

test('integers at and beyond the edges of int64 keep their value', async () => {
  assert.deepEqual(
    await exported({
      max: 2n ** 63n - 1n,
      min: -(2n ** 63n),
      above: 2n ** 63n,
      below: -(2n ** 63n) - 1n,
      minusOne: -1n,
      double: 2 ** 63,
      list: [1n, 2n ** 64n],
    }),
    {
      max: { int: 2n ** 63n - 1n },
      min: { int: -(2n ** 63n) },
      above: { string: '9223372036854775808' },
      below: { string: '-9223372036854775809' },
      minusOne: { int: -1n },
      double: { string: '9223372036854775808' },
      list: { array: [{ int: 1n }, { string: '18446744073709551616' }] },
    },
  );
});

test('text of any script arrives, and lone surrogates as U+FFFD', async () => {
  const values = {
    latin: 'naïve',
    greek: 'λόγος',
    astral: 'a😀b',
    high: 'x\ud800y',
    low: '\udc00',
    'ключ\ud800': '',
  };
  assert.deepEqual(await exported(values), {
    latin: { string: 'naïve' },
    greek: { string: 'λόγος' },
    astral: { string: 'a😀b' },
    high: { string: 'x\ufffdy' },
    low: { string: '\ufffd' },
    'ключ\ufffd': { string: '' },
  });
});

test('arrays, maps and bytes nest', async () => {
  const seen = await exported({
    mixed: ['a', 1, true, null, undefined, [2.5]],
    map: { a: 1, b: { c: ['x'] }, left: undefined, empty: {}, nothing: null },
    bytes: new Uint8Array([0, 1, 255]),
    nine: Buffer.from('123456789'),
    none: new Uint8Array(),
    list: [new Uint8Array([7]), {}],
  });
  assert.deepEqual(seen, {
    mixed: {
      array: [
        { string: 'a' },
        { int: 1n },
        { bool: true },
        { empty: true },
        { empty: true },
        { array: [{ double: 2.5 }] },
      ],
    },
    map: {
      map: {
        a: { int: 1n },
        b: { map: { c: { array: [{ string: 'x' }] } } },
        empty: { map: {} },
        nothing: { empty: true },
      },
    },
    bytes: { bytes: [0, 1, 255] },
    nine: { bytes: [...Buffer.from('123456789')] },
    none: { bytes: [] },
    list: { array: [{ bytes: [7] }, { map: {} }] },
  });
});

test('objects of another realm are as plain as ours', async () => {
  const foreign = vm.runInNewContext('({ a: [1] })');
  assert.deepEqual(await exported({ foreign }), { foreign: { map: { a: { array: [{ int: 1n }] } } } });
});

test('what an attribute cannot hold is ignored', async () => {
  const thrower = Object.defineProperty({}, 'x', {
    enumerable: true,
    get() {
      throw new Error('not for you');
    },
  });
  const seen = await exported({
    null: null,
    undefined,
    function: () => 1,
    symbol: Symbol('x'),
    date: new Date(),
    map: new Map(),
    inside: [() => 1],
    deep: { a: { b: Symbol('x') } },
    thrower,
    '': 'no key',
    kept: 1,
  });
  assert.deepEqual(seen, { kept: { int: 1n } });
});

test('a value is copied when it is set', async () => {
  const list = [1];
  const bytes = new Uint8Array([1]);
  const sink = await traced(() => {
    const span = trace.getTracer('test').startSpan('copied');
    span.setAttribute('list', list).setAttribute('bytes', bytes as unknown as AttributeValue);
    list.push(2);
    bytes[0] = 9;
    const read = (span as Span & { attributes: { list: number[] } }).attributes;
    read.list.push(3);
    span.end();
  });
  assert.deepEqual(sink.named('copied').attributes, {
    list: { array: [{ int: 1n }] },
    bytes: { bytes: [1] },
  });
});

test('a value that contains itself ends somewhere', async () => {
  const cycle: unknown[] = [];
  cycle.push(cycle, cycle);
  const chain: Record<string, unknown> = {};
  chain.self = chain;
  const { cycle: seen, chain: map, after } = await exported({ cycle, chain, after: 1 });
  assert.ok(seen.array && map.map);
  assert.deepEqual(after, { int: 1n });
});

test('a key that is set again keeps its place and takes the new value, of any type', async () => {
  const sink = await traced(() => {
    const span = trace.getTracer('test').startSpan('again', { attributes: { a: 'text', b: 2 } });
    span.setAttribute('a', [1, 2, 3]).setAttribute('a', true).end();
  });
  assert.deepEqual(Object.entries(sink.named('again').attributes), [
    ['a', { bool: true }],
    ['b', { int: 2n }],
  ]);
});

test('a value too large for its span becomes empty, and the span arrives', async () => {
  const seen = await exported({
    huge: 'x'.repeat((1 << 20) + 1),
    big: 'y'.repeat(1 << 19),
    bytes: new Uint8Array(1 << 20),
    last: 1,
  });
  assert.deepEqual(seen.huge, { empty: true });
  assert.equal((seen.big.string as string).length, 1 << 19);
  assert.deepEqual(seen.bytes, { empty: true });
  assert.deepEqual(seen.last, { int: 1n });
});

test('many spans of every size arrive whole, whatever batch they fall into', async () => {
  const count = 1500;
  const sink = await traced(
    () => {
      for (let n = 0; n < count; n++) {
        const span = trace.getTracer('test').startSpan(`span ${n % 700}`);
        for (let at = 0; at < n % 9; at++)
          span.setAttribute(`key ${(n * at) % 900}`, `value ${n} ${'é'.repeat(n % 50)}`);
        if (n % 500 === 0)
          span.setAttribute(
            'wide',
            Array.from({ length: 9000 }, (_, index) => index),
          );
        span.setAttribute('n', n).end();
      }
    },
    { redaction: 'off' },
  );
  assert.equal(sink.spans.length, count);
  for (const span of sink.spans) {
    const n = Number(span.attributes.n.int);
    assert.equal(span.name, `span ${n % 700}`);
    for (const [key, value] of Object.entries(span.attributes)) {
      if (key.startsWith('key ')) assert.equal(value.string, `value ${n} ${'é'.repeat(n % 50)}`);
      if (key === 'wide') assert.equal((value.array as Any[])[8999].int, 8999n);
    }
  }
  assert.equal(new Set(sink.spans.map((span) => span.spanId)).size, count);
});

test('every key is its own, whatever stood in its place before', async () => {
  // Spans of three kinds in turns, and now and then a flood of new words, after which the dictionary is begun anew.
  const keys = (n: number): string[] => {
    const kind = ['a', 'bb', 'ccc'][n % 3];
    const kept = Array.from({ length: 3 + (n % 4) }, (_, at) => `${kind}.${at}`);
    const flood = n % 600 < 60 ? Array.from({ length: 30 }, (_, at) => `flood ${n} ${at}`) : [];
    return n % 5 === 0 ? [...flood, ...kept] : [...kept.reverse(), ...flood];
  };
  const count = 2000;
  const sink = await traced(
    () => {
      for (let n = 0; n < count; n++) {
        const span = trace.getTracer('test').startSpan(`span ${n}`);
        for (const key of keys(n)) span.setAttribute(key, key);
        span.end();
      }
    },
    { redaction: 'off' },
  );
  assert.equal(sink.spans.length, count);
  for (const span of sink.spans) {
    const expected = keys(Number(span.name.slice(5)));
    const arrived = Object.entries(span.attributes).map(([key, value]) => [key, value.string]);
    assert.deepEqual(
      arrived,
      expected.map((key) => [key, key]),
      span.name,
    );
  }
});
