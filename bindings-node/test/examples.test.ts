import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { run, Sink } from './sink';

// The programs from which the README of the package quotes; tests/docs compares the two.

async function play(name: string): Promise<Sink> {
  const sink = await Sink.open();
  const program = join(__dirname, '..', '..', 'examples', name);
  const ran = await run([program], { OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint });
  await sink.close();
  assert.deepEqual([ran.code, ran.stderr], [0, ''], name);
  return sink;
}

test('hello: a span arrives, its secret does not', async () => {
  const span = (await play('hello.js')).named('charge');
  assert.deepEqual(span.attributes['card.number'], { string: '[REDACTED]' });
  assert.deepEqual(span.resource['service.name'], { string: 'checkout' });
});

test('module: names can be imported', async () => {
  assert.equal((await play('module.mjs')).named('charge').scope, 'checkout');
});

test('counter: a sum arrives', async () => {
  const [sum] = (await play('counter.js')).counted('orders');
  assert.deepEqual([sum.value, sum.unit, sum.attributes.country.string], [1n, '{order}', 'de']);
});

test('web: client and server are one trace', async () => {
  const { spans } = await play('web.js');
  assert.deepEqual(spans.map((span) => span.kind).sort(), [2, 3]);
  assert.equal(new Set(spans.map((span) => span.traceId)).size, 1);
});
