import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attributes,
  type Counter,
  DiagLogLevel,
  diag,
  type MetricOptions,
  metrics,
  ValueType,
} from '@opentelemetry/api';
import * as polyspan from 'polyspan';
import { fixture, run, Sink, traced } from './sink';

const REGISTER = ['--require', require.resolve('polyspan/register')];

function counter(name: string, options?: MetricOptions): Counter {
  return metrics
    .getMeter('shop', '1.2', { schemaUrl: 'https://example.com/schema' })
    .createCounter(name, options);
}

test('a counter arrives with all that describes it', async () => {
  const sink = await traced(() => {
    const orders = counter('orders', {
      unit: '{order}',
      description: 'Orders taken',
      valueType: ValueType.INT,
    });
    orders.add(2, { country: 'de' });
    orders.add(3, { country: 'fr' });
    orders.add(5, { country: 'de' });
  });
  const sums = sink.counted('orders');
  assert.deepEqual(
    new Map(sums.map(({ attributes, value }) => [attributes.country.string, value])),
    new Map([
      ['de', 7n],
      ['fr', 3n],
    ]),
  );
  const { scope, scopeVersion, scopeSchema, unit, description, monotonic, resource } = sums[0];
  assert.deepEqual(
    [scope, scopeVersion, scopeSchema, unit, description, monotonic],
    ['shop', '1.2', 'https://example.com/schema', '{order}', 'Orders taken', true],
  );
  assert.equal(resource['service.name'].string, 'test');
  assert.equal(resource['telemetry.sdk.language'].string, 'nodejs');
});

test('sums are whole numbers where the instrument says so, else real ones', async () => {
  const sink = await traced(() => {
    counter('default').add(1);
    counter('default').add(0.5);
    counter('double', { valueType: ValueType.DOUBLE }).add(0.25);
    const whole = counter('int', { valueType: ValueType.INT });
    whole.add(1);
    whole.add(2.9);
    whole.add(2 ** 53);
  });
  const value = (name: string) => sink.counted(name).map((sum) => sum.value);
  assert.deepEqual([value('default'), value('double'), value('int')], [[1.5], [0.25], [2n ** 53n + 3n]]);
});

test('sums grow from export to export', async () => {
  const sink = await traced(async () => {
    counter('orders').add(1);
    await polyspan.flush();
    counter('orders').add(2);
  });
  assert.equal(sink.counted('orders')[0].value, 3);
  assert.ok(sink.sums.length >= 2);
});

test('attributes are read as those of spans are', async () => {
  const attributes = {
    text: 'a',
    int: 3,
    double: 0.5,
    truth: true,
    big: 2 ** 63,
    long: 1n << 62n,
    longer: 1n << 63n,
    bytes: new Uint8Array([0x68, 0x69]),
    none: new Uint8Array(0),
    texts: ['a', 'b'],
    numbers: [1, 2],
    mixed: [1, 'a', null],
    map: { inner: { n: 1 }, left: undefined },
    nothing: undefined,
    code: () => 1,
    '': 'no key',
  };
  const sink = await traced(() => counter('orders').add(1, attributes as unknown as Attributes));
  assert.deepEqual(sink.counted('orders')[0].attributes, {
    text: { string: 'a' },
    int: { int: 3n },
    double: { double: 0.5 },
    truth: { bool: true },
    big: { string: '9223372036854775808' },
    long: { int: 1n << 62n },
    longer: { string: '9223372036854775808' },
    // What the metrics SDK has no type for, the core makes text.
    bytes: { string: 'hi' },
    none: { string: '' },
    texts: { array: [{ string: 'a' }, { string: 'b' }] },
    numbers: { array: [{ int: 1n }, { int: 2n }] },
    mixed: { string: '[1,"a",null]' },
    map: { string: '{"inner":{"n":1}}' },
  });
});

test('texts of every length and width arrive whole', async () => {
  const attributes: Record<string, string> = {};
  for (const letter of ['x', 'é', '€', '😀']) {
    for (let bytes = 240; bytes < 264; bytes++) {
      const count = Math.floor(bytes / Buffer.byteLength(letter));
      attributes[`${letter}${bytes}`] =
        letter.repeat(count) + 'x'.repeat(bytes - count * Buffer.byteLength(letter));
    }
  }
  const sink = await traced(() => counter('texts').add(1, attributes), { redaction: 'off' });
  const [sum] = sink.counted('texts');
  const received = Object.entries(sum.attributes).map(([key, value]) => [key, value.string]);
  assert.deepEqual(Object.fromEntries(received), attributes);
});

test('secrets in attributes stay in the process', async () => {
  const sink = await traced(() =>
    counter('orders').add(1, { password: 'hunter2', by: 'mail of ann@example.com', none: null as never }),
  );
  assert.deepEqual(sink.counted('orders')[0].attributes, {
    password: { string: '[REDACTED]' },
    by: { string: 'mail of [REDACTED]' },
  });
});

test('what is no growth is ignored and told', async () => {
  const told: string[] = [];
  const log = (message: string) => told.push(message);
  const quiet = () => {};
  diag.setLogger({ error: log, warn: log, info: quiet, debug: quiet, verbose: quiet }, DiagLogLevel.WARN);
  const wrong: unknown[] = [-1, -0.5, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined];
  const sink = await traced(() => {
    for (const value of wrong) counter('orders').add(value as number);
    counter('orders').add(1);
  });
  diag.disable();
  assert.equal(sink.counted('orders')[0].value, 1);
  assert.equal(told.length, wrong.length, told.join('\n'));
  assert.match(told[0], /counter orders was given -1; .*not negative/);
});

test('a getter that counts or throws does no harm', async () => {
  const sink = await traced(() => {
    const orders = counter('orders');
    orders.add(1, {
      get value() {
        orders.add(10);
        return 'shown';
      },
      get broken(): string {
        throw new Error('no');
      },
    });
  });
  assert.deepEqual(
    new Map(sink.counted('orders').map(({ attributes, value }) => [attributes.value?.string, value])),
    new Map([
      [undefined, 10],
      ['shown', 1],
    ]),
  );
  assert.deepEqual(Object.keys(Object.assign({}, ...sink.counted('orders').map((sum) => sum.attributes))), [
    'value',
  ]);
});

test('what is added after the shutdown is ignored, and a counter goes on after the next init', async () => {
  const made: Counter[] = [];
  const first = await traced(() => {
    made.push(counter('orders'));
    made[0].add(1);
  });
  made[0].add(10);
  const second = await traced(() => made[0].add(100));
  assert.deepEqual(
    [first, second].map((sink) => sink.counted('orders').map((sum) => sum.value)),
    [[1], [100]],
  );
  assert.equal(
    counter('late').constructor.name.startsWith('Noop'),
    true,
    'the global meter provider is gone',
  );
});

test('a name that the specification does not allow is told, and counts nothing', async () => {
  const sink = await Sink.open();
  const ran = await run([...REGISTER, fixture('counting.js'), '2 orders'], {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
  });
  await sink.close();
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /counter 2 orders of shop: a name starts with an ASCII letter/);
  assert.deepEqual(
    sink.sums.flat().map((sum) => sum.name),
    ['orders'],
  );
});

test('other instruments are those of the API that do nothing', async () => {
  const sink = await traced(() => {
    const meter = metrics.getMeter('shop');
    meter.createHistogram('h').record(1);
    meter.createUpDownCounter('u').add(1);
    meter.createGauge('g').record(1);
    const observed = meter.createObservableGauge('o');
    observed.addCallback((result) => result.observe(1));
    meter.createObservableCounter('c');
    meter.createObservableUpDownCounter('d');
    meter.addBatchObservableCallback(() => {}, [observed]);
    meter.removeBatchObservableCallback(() => {}, [observed]);
  });
  assert.deepEqual(sink.sums, []);
});

test('disabled or without metrics, the global meter is left alone', async () => {
  for (const options of [{ disabled: true }, { metricsExporter: 'none' }] as polyspan.Options[]) {
    const sink = await traced(() => {
      assert.equal(counter('orders').constructor.name.startsWith('Noop'), true);
      counter('orders').add(1);
    }, options);
    assert.deepEqual(sink.sums, []);
  }
});

test('a meter provider that is registered already stays', async () => {
  const others = { getMeter: () => metrics.getMeter('none') };
  metrics.setGlobalMeterProvider(others);
  await traced(() => assert.equal(metrics.getMeterProvider(), others));
  assert.equal(metrics.getMeterProvider(), others, 'nor does shutdown remove it');
  metrics.disable();
});

test('counts of the main thread and of worker threads are exported when the process ends', async () => {
  const sink = await Sink.open();
  const ran = await run([...REGISTER, fixture('counting.js')], {
    OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint,
  });
  await sink.close();
  assert.deepEqual([ran.code, ran.stderr], [0, '']);
  assert.deepEqual(
    sink.counted('orders').map((sum) => sum.value),
    [5],
  );
});
