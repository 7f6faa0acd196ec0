import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { context, propagation, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import * as polyspan from 'polyspan';
import { fixture, run, Sink, traced, within } from './sink';

const REGISTER = ['--require', require.resolve('polyspan/register')];

test('a wrong option names itself, its value and what is allowed', () => {
  const wrong: Array<[polyspan.Options, RegExp]> = [
    [{ scheduleDelay: -1 }, /scheduleDelay.*-1.*from 0/],
    [{ sampler: 'sometimes' as never }, /sampler.*sometimes.*always_on/],
    [{ endpoint: 'not a url' }, /endpoint.*not a url/],
    [{ samplerArg: 2 }, /samplerArg.*2/],
    [{ serviceNmae: 'x' } as never, /serviceNmae.*service_name/i],
  ];
  for (const [options, message] of wrong) assert.throws(() => polyspan.init(options), message);
  assert.equal(trace.getTracer('test').startSpan('x').isRecording(), false, 'nothing was registered');
});

test('after shutdown init begins anew, and tracers obtained before go on', async () => {
  const early = trace.getTracer('early');
  const body = () => {
    early.startSpan('by the early tracer').end();
  };
  for (let round = 0; round < 3; round++) {
    const sink = await traced(body);
    assert.equal(sink.named('by the early tracer').scope, 'early');
  }
  early.startSpan('after the end').end();
});

test('a second init changes nothing and says so', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error) => warnings.push(warning);
  process.on('warning', listen);
  const sink = await traced(async () => {
    polyspan.init({ serviceName: 'another' });
    trace.getTracer('test').startSpan('span').end();
    await new Promise((resolve) => setImmediate(resolve));
  });
  process.off('warning', listen);
  assert.equal(sink.named('span').resource['service.name'].string, 'test');
  assert.match(String(warnings[0]), /initialised already/);
});

test('a span that ends after the shutdown is counted and does no harm', async () => {
  const sink = await Sink.open();
  polyspan.init({ endpoint: sink.endpoint });
  const late = trace.getTracer('test').startSpan('late');
  await polyspan.shutdown();
  late.setAttribute('a', 1).end();
  const stats = polyspan.stats();
  assert.equal(stats.started, 1);
  assert.equal(stats.ended, 1);
  assert.equal(sink.spans.length, 0);
  await sink.close();
});

test('the counters have the types that are declared, each of them', async () => {
  type Kind = 'number' | 'rate' | 'counts' | 'destinations';
  const declared: Record<keyof polyspan.Stats, Kind> = {
    started: 'number',
    live: 'number',
    abandoned: 'number',
    ended: 'number',
    sampled_out: 'number',
    delivered: 'number',
    dropped: 'counts',
    retries: 'number',
    requests: 'number',
    bytes_sent: 'number',
    queue_bytes: 'number',
    redacted: 'counts',
    generation: 'number',
    destinations: 'destinations',
    local_roots: 'number',
    local_roots_sampled: 'number',
    sampling_rate_configured: 'rate',
    sampling_rate_actual: 'rate',
    exports: 'number',
    exports_failed: 'number',
    export_nanos: 'number',
    in_flight: 'number',
    queue_spans: 'number',
    queue_capacity: 'number',
    memory_limit_bytes: 'number',
  };
  const ofDestination: Record<keyof polyspan.DestinationStats, 'string' | 'number' | 'object'> = {
    name: 'string',
    sampled_out: 'number',
    delivered: 'number',
    dropped: 'object',
    retries: 'number',
    requests: 'number',
    bytes_sent: 'number',
    exports: 'number',
    exports_failed: 'number',
    export_nanos: 'number',
    in_flight: 'number',
  };
  polyspan.init({ exporter: ['otlp', 'console'] });
  const stats = polyspan.stats();
  await polyspan.shutdown();

  const kind = (value: unknown): Kind | undefined => {
    if (Array.isArray(value)) return 'destinations';
    if (value === null) return 'rate';
    return typeof value === 'object' ? 'counts' : 'number';
  };
  const found = Object.entries(stats).map(([name, value]) => [name, kind(value)]);
  assert.deepEqual(Object.fromEntries(found), { ...declared, sampling_rate_configured: 'number' });
  const lost: number | undefined = stats.dropped?.queue_full;
  assert.equal(lost, 0);
  for (const destination of stats.destinations ?? []) {
    const types = Object.entries(destination).map(([name, value]) => [name, typeof value]);
    assert.deepEqual(Object.fromEntries(types), ofDestination);
  }
  assert.equal(stats.destinations?.length, 2);
});

test('lists can be arrays, and an empty one is none', async () => {
  polyspan.init({ exporter: 'none', propagators: [], resourceDetectors: ['host', 'process'] });
  const description = polyspan.describe();
  await polyspan.shutdown();
  assert.match(description, /^propagators: none$/m);
  assert.match(description, /^resource_detectors: host,process$/m);
});

test('resource attributes and headers can be objects', async () => {
  const sink = await traced(() => trace.getTracer('test').startSpan('span').end(), {
    resourceAttributes: { 'team.name': 'a, b=c', 'team.size': 3 },
    headers: { 'x-key': 'v' },
  });
  assert.deepEqual(sink.named('span').resource['team.name'], { string: 'a, b=c' });
});

test(
  'describe names the policy, its fingerprint first',
  within(() => {
    assert.match(polyspan.describe(), /r:[0-9a-f]{8} s:[0-9a-f]{8} p:[0-9a-f]{8}/);
  }),
);

test('disabled, it records nothing, and context still travels', async () => {
  const header = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const sink = await traced(
    () => {
      const incoming = propagation.extract(ROOT_CONTEXT, {
        traceparent: header,
        baggage: 'mail=a@b.example,t=1',
      });
      const span = trace.getTracer('test').startSpan('unseen', {}, incoming);
      assert.equal(span.isRecording(), false);
      span.end();
      const outgoing: Record<string, string> = {};
      context.with(incoming, () => propagation.inject(context.active(), outgoing));
      assert.equal(outgoing.traceparent, header);
      assert.doesNotMatch(outgoing.baggage, /b\.example/);
    },
    { disabled: true },
  );
  assert.equal(sink.bodies.length, 0);
});

test('OTEL_SDK_DISABLED does the same', async () => {
  const sink = await Sink.open();
  const ran = await run([...REGISTER, fixture('ending.js'), 'return'], {
    OTEL_SDK_DISABLED: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
  });
  await sink.close();
  assert.deepEqual([ran.code, ran.stderr, sink.bodies.length], [0, '', 0]);
});

test('without the native library the program runs, with one message that says what to do', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'polyspan-'));
  const garbage = join(folder, 'garbage.node');
  writeFileSync(garbage, 'not a library');
  const other = join(folder, 'other.js');
  writeFileSync(other, 'module.exports = { abi: 0, version: "9.9.9" };');
  const cases: Array<[string, RegExp]> = [
    [join(folder, 'missing.node'), /missing\.node does not exist/],
    [garbage, /garbage\.node cannot be loaded: .*(too short|invalid ELF)/],
    [other, /other\.js is version 9\.9\.9, ABI 0; this package needs ABI \d/],
  ];
  for (const [file, message] of cases) {
    const ran = await run([...REGISTER, fixture('ending.js'), 'return'], {
      POLYSPAN_NATIVE_PATH: file,
      IN_CODE: '1',
    });
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stderr, message);
    assert.match(ran.stderr, /polyspan \d.*linux-.*POLYSPAN_NATIVE_PATH/s);
    assert.equal(ran.stderr.match(/traces nothing/g)?.length, 1, ran.stderr);
  }
});

test('POLYSPAN_NATIVE_PATH names the library to load', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'polyspan-'));
  const file = join(folder, 'elsewhere.node');
  copyFileSync(join(__dirname, '..', '..', 'native', 'polyspan.node'), file);
  const sink = await Sink.open();
  const ran = await run([...REGISTER, fixture('ending.js'), 'return'], {
    POLYSPAN_NATIVE_PATH: file,
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
  });
  await sink.close();
  assert.deepEqual([ran.stderr, sink.spans.length], ['', 1]);
});

test('a wrong variable of the standard is told once and ignored', async () => {
  const sink = await Sink.open();
  const ran = await run([...REGISTER, fixture('ending.js'), 'return'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
    OTEL_TRACES_SAMPLER: 'sometimes',
  });
  await sink.close();
  assert.deepEqual([ran.code, sink.spans.length], [0, 1]);
  assert.equal(ran.stderr.match(/OTEL_TRACES_SAMPLER is "sometimes"/g)?.length, 1, ran.stderr);
});

test('under register a wrong setting is told and the program runs, unless it is strict', async () => {
  const env = { POLYSPAN_REDACTION: 'sometimes' };
  const lenient = await run([...REGISTER, fixture('ending.js'), 'return'], env);
  assert.equal(lenient.code, 0);
  assert.match(lenient.stderr, /POLYSPAN_REDACTION.*sometimes.*default/s);
  assert.match(lenient.stderr, /without tracing/);
  const strict = await run([...REGISTER, fixture('ending.js'), 'return'], {
    ...env,
    POLYSPAN_STRICT: 'true',
  });
  assert.notEqual(strict.code, 0);
});
