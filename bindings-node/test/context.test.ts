import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { context, createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { traced, within } from './sink';

const KEY = createContextKey('test key');
const OTHER = createContextKey('other key');
const tracer = () => trace.getTracer('test');

test(
  'any key can be set, read and deleted on any context, with and without a span',
  within(() => {
    tracer().startActiveSpan('span', (span) => {
      const base = context.active();
      const one = base.setValue(KEY, 1);
      const two = one.setValue(OTHER, 2).setValue(KEY, 3);
      assert.deepEqual(
        [base.getValue(KEY), one.getValue(KEY), two.getValue(KEY), two.getValue(OTHER)],
        [undefined, 1, 3, 2],
      );
      assert.equal(trace.getSpan(two), span);
      assert.equal(two.deleteValue(KEY).getValue(KEY), undefined);
      assert.equal(two.deleteValue(KEY).getValue(OTHER), 2);
      assert.equal(trace.getSpan(trace.deleteSpan(two)), undefined);
      assert.equal(trace.deleteSpan(two).getValue(OTHER), 2);
      // A key below polyspan's own context, in the API's.
      const api = ROOT_CONTEXT.setValue(KEY, 'api');
      tracer().startActiveSpan('below', {}, api, (below) => {
        assert.equal(context.active().getValue(KEY), 'api');
        assert.equal(context.active().deleteValue(KEY).getValue(KEY), undefined);
        below.end();
      });
      span.end();
    });
    assert.equal(context.active(), ROOT_CONTEXT);
  }),
);

test('the active span follows asynchronous calls, each chain its own', async () => {
  const sink = await traced(async () => {
    const chain = (name: string) =>
      tracer().startActiveSpan(name, async (span) => {
        await turn();
        tracer().startSpan(`${name} child`).end();
        span.end();
      });
    await Promise.all([chain('a'), chain('b')]);
  });
  for (const name of ['a', 'b'])
    assert.equal(sink.named(`${name} child`).parentSpanId, sink.named(name).spanId);
});

test(
  'with passes this, arguments and the result',
  within(() => {
    const bound = ROOT_CONTEXT.setValue(KEY, 'x');
    const result = context.with(
      bound,
      function (this: { n: number }, add: number) {
        return [this.n + add, context.active().getValue(KEY)];
      },
      { n: 1 },
      2,
    );
    assert.deepEqual(result, [3, 'x']);
  }),
);

test(
  'a bound function keeps its context, its this and how many parameters it takes',
  within(() => {
    const bound = context.bind(
      ROOT_CONTEXT.setValue(KEY, 'x'),
      function (this: unknown, a: number, b: number) {
        return [this, a + b, context.active().getValue(KEY)];
      },
    );
    assert.equal(bound.length, 2);
    assert.deepEqual(bound.call('me', 1, 2), ['me', 3, 'x']);
    assert.equal(context.bind(ROOT_CONTEXT, 5), 5);
  }),
);

test(
  'listeners of a bound emitter run in its context and can be removed',
  within(() => {
    const emitter = context.bind(ROOT_CONTEXT.setValue(KEY, 'x'), new EventEmitter());
    const seen: unknown[] = [];
    const listener = (): void => {
      seen.push(context.active().getValue(KEY));
    };
    emitter.on('a', listener);
    emitter.once('a', listener);
    emitter.prependListener('a', listener);
    emitter.emit('a');
    assert.deepEqual(seen, ['x', 'x', 'x']);
    emitter.emit('a');
    assert.equal(seen.length, 5, 'the one that was added by once is gone');
    emitter.off('a', listener);
    emitter.removeListener('a', listener);
    assert.equal(emitter.listenerCount('a'), 0);
    context.bind(ROOT_CONTEXT.setValue(KEY, 'y'), emitter).once('b', listener).removeListener('b', listener);
    assert.equal(emitter.emit('b'), false);
  }),
);

test('nothing is recorded where tracing is suppressed', async () => {
  const sink = await traced(() => {
    tracer().startActiveSpan('seen', (span) => {
      context.with(suppressTracing(context.active()), () => {
        const hidden = tracer().startSpan('hidden');
        assert.equal(hidden.isRecording(), false);
        assert.equal(trace.isSpanContextValid(hidden.spanContext()), false);
        hidden.end();
      });
      span.end();
    });
  });
  assert.deepEqual(
    sink.spans.map((span) => span.name),
    ['seen'],
  );
});
