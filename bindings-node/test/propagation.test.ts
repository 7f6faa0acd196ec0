import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  baggageEntryMetadataFromString,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  trace,
} from '@opentelemetry/api';
import { suppressTracing } from '@opentelemetry/core';
import { traced, within } from './sink';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03';
const extract = (carrier: Record<string, unknown>) => propagation.extract(ROOT_CONTEXT, carrier);
const inject = (active = context.active()) => {
  const carrier: Record<string, string> = {};
  propagation.inject(active, carrier);
  return carrier;
};

test('a span is injected with its flags, and continued on the other side', async () => {
  const sink = await traced(() => {
    trace.getTracer('test').startActiveSpan('client', (client) => {
      const carrier = inject();
      const { traceId, spanId } = client.spanContext();
      assert.deepEqual(carrier, { traceparent: `00-${traceId}-${spanId}-03` });
      trace.getTracer('test').startSpan('server', {}, extract(carrier)).end();
      client.end();
    });
  });
  assert.equal(sink.named('server').parentSpanId, sink.named('client').spanId);
});

test('tracestate goes through spans unchanged, also with the keys of level 2', async () => {
  const sink = await traced(() => {
    const active = extract({ traceparent: TRACEPARENT, tracestate: ['0vendor=1', 'b@c=2'] });
    assert.equal(trace.getSpanContext(active)?.isRemote, true);
    trace.getTracer('test').startActiveSpan('through', {}, active, (span: Span) => {
      assert.equal(inject().tracestate, '0vendor=1,b@c=2');
      const state = span.spanContext().traceState;
      assert.equal(state?.get('b@c'), '2');
      assert.equal(state?.set('new', 'x').serialize(), 'new=x,0vendor=1,b@c=2');
      assert.equal(state?.unset('0vendor').serialize(), 'b@c=2');
      assert.equal(
        state?.set('No Key', 'x').serialize(),
        '0vendor=1,b@c=2',
        'a malformed member changes nothing',
      );
      span.end();
    });
  });
  assert.equal(sink.named('through').state, '0vendor=1,b@c=2');
});

test(
  'malformed headers are no parent',
  within(() => {
    for (const traceparent of [
      '',
      '00',
      `${TRACEPARENT}-x`,
      TRACEPARENT.toUpperCase(),
      TRACEPARENT.replace(/b7.*-/, '0000000000000000-'),
    ]) {
      assert.equal(trace.getSpanContext(extract({ traceparent })), undefined, traceparent);
    }
    assert.equal(trace.getSpanContext(extract({ traceparent: [TRACEPARENT, TRACEPARENT] })), undefined);
    assert.equal(trace.getSpanContext(extract({})), undefined);
  }),
);

test(
  'baggage arrives with its metadata and leaves with its secrets removed',
  within(() => {
    const active = extract({ baggage: 'user=a%40b.example;ttl=1,tier=gold' });
    const baggage = propagation.getBaggage(active);
    assert.equal(baggage?.getEntry('user')?.value, 'a@b.example', 'the application sees its data as it is');
    assert.equal(baggage?.getEntry('user')?.metadata?.toString(), 'ttl=1');
    const sent = inject(active).baggage;
    assert.match(sent, /tier=gold/);
    assert.doesNotMatch(sent, /b\.example/);
  }),
);

test(
  'baggage made with the API is sent, without redaction as it is',
  within(
    () => {
      const baggage = propagation
        .createBaggage({
          a: { value: 'x y' },
          b: { value: 'ü', metadata: baggageEntryMetadataFromString('k=v') },
        })
        .setEntry('__proto__', { value: 'p' });
      const carrier = inject(propagation.setBaggage(ROOT_CONTEXT, baggage));
      assert.equal(carrier.traceparent, undefined);
      const back = propagation.getBaggage(extract(carrier));
      assert.deepEqual(
        back?.getAllEntries().map(([key, entry]) => [key, entry.value]),
        [
          ['a', 'x y'],
          ['b', 'ü'],
          ['__proto__', 'p'],
        ],
      );
    },
    { redaction: 'off' },
  ),
);

test('nothing is sent where tracing is suppressed or no propagator is wanted', async () => {
  await traced(() => {
    trace.getTracer('test').startActiveSpan('span', (span) => {
      assert.deepEqual(inject(suppressTracing(context.active())), {});
      span.end();
    });
    assert.deepEqual(propagation.fields(), ['traceparent', 'tracestate', 'baggage']);
  });
  await traced(() => assert.deepEqual(propagation.fields(), []), { propagators: 'none' });
});

test('a span that is not sampled still propagates its trace, unsampled', async () => {
  const sink = await traced(
    () => {
      trace.getTracer('test').startActiveSpan('dropped', (span) => {
        assert.equal(span.isRecording(), false);
        span.setAttribute('a', 1).addEvent('b').end();
        assert.match(inject().traceparent, new RegExp(`^00-${span.spanContext().traceId}-[0-9a-f]{16}-02$`));
        trace.getTracer('test').startActiveSpan('child', (child) => {
          assert.equal(child.spanContext().traceId, span.spanContext().traceId);
          assert.notEqual(child.spanContext().spanId, span.spanContext().spanId);
          assert.equal(child.isRecording(), false);
        });
      });
      const sampled = extract({ traceparent: TRACEPARENT });
      trace.getTracer('test').startSpan('sampled by the caller', {}, sampled).end();
    },
    { sampler: 'parentbased_always_off' },
  );
  assert.deepEqual(
    sink.spans.map((span) => span.name),
    ['sampled by the caller'],
  );
});

test(
  'other formats are read and written by their names',
  within(
    () => {
      const b3 = '0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1';
      const active = extract({ b3, 'Uberctx-Tenant': 'a%20b', 'x-other': '1' });
      assert.equal(propagation.getBaggage(active)?.getEntry('tenant')?.value, 'a b');
      assert.deepEqual(inject(active), {
        b3,
        'uber-trace-id': '0af7651916cd43dd8448eb211c80319c:b7ad6b7169203331:0:1',
        'uberctx-tenant': 'a%20b',
      });
      assert.deepEqual(propagation.fields(), ['b3', 'uber-trace-id']);
    },
    { propagators: ['b3', 'jaeger'] },
  ),
);

test('baggage becomes attributes where it is asked for', async () => {
  const sink = await traced(
    () => {
      const baggage = propagation.createBaggage({
        tenant: { value: '7' },
        'user.email': { value: 'ann@example.com' },
        other: { value: 'x' },
      });
      const active = propagation.setBaggage(ROOT_CONTEXT, baggage);
      const tracer = trace.getTracer('test');
      tracer.startActiveSpan(
        'parent',
        { attributes: { a: '1', 'baggage.tenant': 'own' } },
        active,
        (parent) => {
          tracer.startSpan('child').end();
          tracer.startSpan('without', {}, ROOT_CONTEXT).end();
          parent.end();
        },
      );
    },
    { baggageAttributes: ['tenant', 'user.*'] },
  );
  const text = (string: string) => ({ string });
  const email = { 'baggage.user.email': text('[REDACTED]') };
  assert.deepEqual(sink.named('parent').attributes, {
    a: text('1'),
    'baggage.tenant': text('own'),
    ...email,
  });
  assert.deepEqual(sink.named('child').attributes, { 'baggage.tenant': text('7'), ...email });
  assert.deepEqual(sink.named('without').attributes, {});
});
