import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT_CONTEXT, trace } from '@opentelemetry/api';
import * as polyspan from 'polyspan';
import { traced } from './sink';

test('a ratio samples whole traces, and what is not sampled is counted', async () => {
  const traces = 400;
  let stats: Partial<polyspan.Stats> = {};
  let before: Partial<polyspan.Stats> = {};
  const sink = await traced(
    async () => {
      before = polyspan.stats();
      for (let n = 0; n < traces; n++) {
        trace.getTracer('test').startActiveSpan('parent', (parent) => {
          trace.getTracer('test').startSpan('child').end();
          parent.end();
        });
      }
      await polyspan.flush();
      stats = polyspan.stats();
    },
    { sampler: 'parentbased_traceidratio', samplerArg: 0.25 },
  );
  const of = (name: string) => sink.spans.filter((span) => span.name === name);
  assert.equal(of('parent').length, of('child').length);
  assert.ok(
    of('parent').length > traces * 0.12 && of('parent').length < traces * 0.4,
    `${of('parent').length}`,
  );
  assert.equal(stats.started, 2 * traces);
  assert.equal(stats.ended, 2 * traces);
  assert.equal(stats.sampled_out, 2 * traces - sink.spans.length);
  assert.equal(stats.delivered, sink.spans.length);
  assert.equal(before.started, 0);
});

test('a sampler whose children do not inherit is asked for each span', async () => {
  const parent = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 0,
    isRemote: true,
  };
  const sink = await traced(
    () => {
      const remote = trace.setSpanContext(ROOT_CONTEXT, parent);
      trace.getTracer('test').startActiveSpan('root', {}, remote, (root) => {
        trace.getTracer('test').startSpan('child').end();
        root.end();
      });
    },
    { sampler: 'traceidratio', samplerArg: 1 },
  );
  assert.deepEqual(sink.spans.map((span) => span.name).sort(), ['child', 'root']);
  assert.equal(sink.named('child').parentSpanId, sink.named('root').spanId);
  assert.equal(sink.named('child').traceId, parent.traceId);
});

test('a seed makes ids repeatable', async () => {
  const once = () =>
    traced(
      () =>
        trace.getTracer('test').startActiveSpan('a', (span) => {
          trace.getTracer('test').startSpan('b').end();
          span.end();
        }),
      { idSeed: 42 },
    );
  const [first, second] = [await once(), await once()];
  const ids = (sink: typeof first) => sink.spans.map((span) => [span.name, span.traceId, span.spanId]).sort();
  assert.deepEqual(ids(first), ids(second));
  assert.equal(first.named('a').traceId.slice(0, 16), '000000000000002a');
});
