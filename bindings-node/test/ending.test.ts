import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { trace } from '@opentelemetry/api';
import * as polyspan from 'polyspan';
import { fixture, type Ran, run, Sink } from './sink';

/** The longest that a test of a bad endpoint may take: only one that hangs does. */
const PATIENCE = { timeout: 120_000 };
const REGISTER = ['--require', require.resolve('polyspan/register')];

/** Runs `ending.js` under `register` and returns what the process did and which spans arrived. */
async function ends(way: string, env: Record<string, string> = {}): Promise<[Ran, string[], Sink]> {
  const sink = await Sink.open();
  const options = env.IN_CODE ? [] : REGISTER;
  const ran = await run([...options, fixture('ending.js'), way], {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
    ...env,
  });
  await sink.close();
  return [ran, sink.spans.map((span) => span.name).sort(), sink];
}

test('a process that comes to its end exports its spans', async () => {
  const [ran, names] = await ends('return');
  assert.deepEqual([ran.code, ran.stderr, names], [0, '', ['return main']]);
});

test('so does one that calls process.exit', async () => {
  const [ran, names] = await ends('exit', { IN_CODE: '1' });
  assert.deepEqual([ran.code, names], [3, ['exit main']]);
});

test('and one that dies of an exception or a rejection', async () => {
  for (const way of ['throw', 'reject']) {
    const [ran, names] = await ends(way);
    assert.deepEqual([ran.code, names], [1, [`${way} main`]]);
    assert.match(ran.stderr, /Error: un/);
  }
});

test('a signal ends the process as if polyspan were not there, after its spans', async () => {
  const [ran, names] = await ends('signal');
  assert.deepEqual([ran.code, ran.signal, names], [null, 'SIGTERM', ['signal main']]);
});

test('a program that handles the signal itself ends in its own way', async () => {
  const [ran, names] = await ends('handled');
  assert.deepEqual([ran.code, names], [7, ['handled main']]);
});

test('worker threads share the core of the process', async () => {
  const [ran, names, sink] = await ends('thread');
  assert.deepEqual([ran.code, ran.stderr, names], [0, '', ['thread main', 'thread worker']]);
  const instances = sink.spans.map((span) => span.resource['service.instance.id']?.string);
  assert.equal(new Set(instances).size, 1);
});

test('spans of a thread that was terminated are exported or counted', async () => {
  const [ran, names] = await ends('terminate', { IN_CODE: '1' });
  assert.equal(ran.code, 0, ran.stderr);
  const stats = JSON.parse(ran.stdout);
  assert.equal(stats.started, 2);
  assert.equal(stats.ended, 2);
  assert.ok(names.includes('terminate main'));
  const host = stats.dropped?.host_exit ?? stats.dropped_host_exit;
  assert.equal(host + names.length, 2, ran.stdout);
});

test('an endpoint that takes connections and never answers does not hold the process', PATIENCE, async () => {
  const hole = createServer(() => {});
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  const ran = await run([...REGISTER, fixture('ending.js'), 'return'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(hole.address() as AddressInfo).port}`,
    // An answer would be waited for longer than the test runs.
    OTEL_EXPORTER_OTLP_TIMEOUT: '600000',
  });
  hole.close();
  assert.equal(ran.code, 0);
});

for (const answer of [
  '',
  'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf',
  '\x16\x03\x01 no HTTP\r\n\r\n',
]) {
  test(`a server that answers ${JSON.stringify(answer)} costs no more than the spans`, PATIENCE, async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(answer, 'latin1'));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    polyspan.init({ endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
    for (let i = 0; i < 100; i++) trace.getTracer('test').startSpan('s').end();
    // Rejects where the answer told of a loss.
    await polyspan.shutdown(300).catch(() => {});
    const settled = () => {
      const { ended, delivered, dropped } = JSON.parse(JSON.stringify(polyspan.stats()));
      return ended === delivered + Object.values<number>(dropped).reduce((sum, count) => sum + count, 0);
    };
    for (let wait = 0; wait < 100 && !settled(); wait++)
      await new Promise((resolve) => setTimeout(resolve, 50));
    server.close();
    assert.ok(settled(), JSON.stringify(polyspan.stats()));
    assert.deepEqual([polyspan.stats().ended, polyspan.stats().live], [100, 0]);
  });
}

test('an unchanged program under register is traced, by --require and by --import', async () => {
  for (const how of ['--require', '--import']) {
    const sink = await Sink.open();
    const ran = await run([how, require.resolve('polyspan/register'), fixture('server.js')], {
      OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
    });
    await sink.close();
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, '200\n', ''], how);
    assert.equal(new Set(sink.spans.map((span) => span.traceId)).size, 1, how);
    assert.ok(
      sink.spans.some((span) => span.name === 'GET /hello/:name'),
      how,
    );
    assert.ok(
      sink.spans.some((span) => span.scope.endsWith('undici')),
      how,
    );
  }
});
