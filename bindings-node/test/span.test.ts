import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  context,
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { traced } from './sink';

const tracer = () => trace.getTracer('test', '1.2');
const finish = <T>(span: Span, result: T): T => {
  span.end();
  return result;
};

test('a span arrives with its name, kind, scope, status and times', async () => {
  const before = BigInt(Date.now()) * 1_000_000n;
  const sink = await traced(() => {
    const span = tracer().startSpan('work', { kind: SpanKind.CLIENT, attributes: { a: 1 } });
    span.updateName('renamed').setStatus({ code: SpanStatusCode.ERROR, message: 'no luck' }).end();
  });
  const span = sink.named('renamed');
  assert.equal(span.scope, 'test');
  assert.equal(span.scopeVersion, '1.2');
  assert.equal(span.kind, 3);
  assert.deepEqual(span.status, { code: 2, message: 'no luck' });
  assert.deepEqual(span.attributes, { a: { int: 1n } });
  assert.equal(span.resource['service.name'].string, 'test');
  assert.equal(span.resource['polyspan.binding'].string, 'node');
  assert.equal(span.resource['telemetry.sdk.language'].string, 'nodejs');
  assert.ok(span.start >= before && span.end >= span.start && span.end < before + 60_000_000_000n);
});

test('children have their parent, its trace, and do not start before it', async () => {
  const sink = await traced(() => {
    tracer().startActiveSpan('parent', (parent) => {
      tracer().startActiveSpan('child', (child) => {
        assert.equal(child.spanContext().traceId, parent.spanContext().traceId);
        child.end();
      });
      parent.end();
    });
  });
  const [parent, child] = [sink.named('parent'), sink.named('child')];
  assert.equal(child.parentSpanId, parent.spanId);
  assert.equal(child.traceId, parent.traceId);
  assert.equal(parent.parentSpanId, '');
  assert.ok(parent.start <= child.start && child.end <= parent.end);
  assert.equal(parent.flags & 0xff, 3, 'sampled and random');
});

test('all forms of startActiveSpan call back and return what the function returns', async () => {
  const sink = await traced(() => {
    assert.equal(
      tracer().startActiveSpan('two', (span: Span) => finish(span, 2)),
      2,
    );
    assert.equal(
      tracer().startActiveSpan('three', { kind: SpanKind.SERVER }, (span: Span) => finish(span, 3)),
      3,
    );
    const base = context.active().setValue(Symbol.for('key'), 'kept');
    const four = tracer().startActiveSpan('four', {}, base, (span: Span) => {
      assert.equal(trace.getActiveSpan(), span);
      span.end();
      return context.active().getValue(Symbol.for('key'));
    });
    assert.equal(four, 'kept');
    assert.throws(
      () =>
        tracer().startActiveSpan('throws', () => {
          throw new Error('through');
        }),
      /through/,
    );
  });
  assert.deepEqual(sink.spans.map((span) => span.name).sort(), ['four', 'three', 'two']);
});

test('root starts a new trace inside another, and a foreign parent is continued', async () => {
  const foreign = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
  };
  const sink = await traced(() => {
    tracer().startActiveSpan('outer', (outer) => {
      tracer().startSpan('root', { root: true }).end();
      outer.end();
    });
    const remote = trace.setSpanContext(context.active(), foreign);
    tracer().startActiveSpan('continued', {}, remote, (span) => {
      tracer().startSpan('below').end();
      span.end();
    });
    const invalid = trace.setSpanContext(context.active(), INVALID_SPAN_CONTEXT);
    tracer().startSpan('alone', {}, invalid).end();
  });
  assert.notEqual(sink.named('root').traceId, sink.named('outer').traceId);
  assert.equal(sink.named('root').parentSpanId, '');
  assert.equal(sink.named('continued').traceId, foreign.traceId);
  assert.equal(sink.named('continued').parentSpanId, foreign.spanId);
  assert.equal(sink.named('continued').flags & 0x300, 0x300, 'the parent is known to be remote');
  assert.equal(sink.named('below').flags & 0x300, 0x100, 'the parent is known to be local');
  assert.equal(sink.named('alone').parentSpanId, '');
});

test('OK is final, UNSET is ignored, and only an error has a message', async () => {
  const sink = await traced(() => {
    const ok = tracer().startSpan('ok');
    ok.setStatus({ code: SpanStatusCode.OK, message: 'not kept' });
    ok.setStatus({ code: SpanStatusCode.ERROR, message: 'too late' }).end();
    const unset = tracer().startSpan('unset');
    unset.setStatus({ code: SpanStatusCode.ERROR, message: 'first' });
    unset.setStatus({ code: SpanStatusCode.UNSET });
    unset.setStatus({ code: SpanStatusCode.ERROR, message: 'second' }).end();
  });
  assert.deepEqual(sink.named('ok').status, { code: 1, message: '' });
  assert.deepEqual(sink.named('unset').status, { code: 2, message: 'second' });
});

test('what is called after the end does nothing', async () => {
  const sink = await traced(() => {
    const span = tracer().startSpan('ended');
    assert.equal(span.isRecording(), true);
    span.end();
    assert.equal(span.isRecording(), false);
    span
      .setAttribute('late', 1)
      .addEvent('late')
      .updateName('late')
      .setStatus({ code: SpanStatusCode.ERROR });
    span.addLink({ context: span.spanContext() });
    span.recordException(new Error('late'));
    span.end();
  });
  assert.equal(sink.spans.length, 1);
  const span = sink.named('ended');
  assert.deepEqual([span.attributes, span.events, span.links, span.status.code], [{}, [], [], 0]);
});

test('an exception becomes an event with type, message and stack', async () => {
  const sink = await traced(() => {
    const span = tracer().startSpan('failing');
    span.recordException(new TypeError('wrong'));
    span.recordException(Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }));
    span.recordException('just words');
    span.recordException({ name: '', message: '' });
    span.end();
  });
  const { events } = sink.named('failing');
  assert.deepEqual(
    events.map((event) => event.name),
    ['exception', 'exception', 'exception'],
  );
  assert.deepEqual(events[0].attributes['exception.type'], { string: 'TypeError' });
  assert.deepEqual(events[0].attributes['exception.message'], { string: 'wrong' });
  assert.match(events[0].attributes['exception.stacktrace'].string as string, /TypeError: wrong\n/);
  assert.deepEqual(events[1].attributes['exception.type'], { string: 'ECONNREFUSED' });
  assert.deepEqual(events[2].attributes, { 'exception.message': { string: 'just words' } });
});

test('times that are given are kept to the nanosecond', async () => {
  const sink = await traced(() => {
    const span = tracer().startSpan('timed', { startTime: [1_700_000_000, 123_456_789] });
    span.addEvent('date', new Date(1_700_000_000_500));
    span.addEvent('millis', { a: 1 }, 1_700_000_000_600.25);
    span.addEvent('pair', [1_700_000_000, 700_000_001]);
    span.end([1_700_000_001, 1]);
    const backwards = tracer().startSpan('backwards', { startTime: 2_000_000_000_000 });
    backwards.end(1_999_999_999_999);
  });
  const span = sink.named('timed');
  assert.equal(span.start, 1_700_000_000_123_456_789n);
  assert.equal(span.end, 1_700_000_001_000_000_001n);
  assert.deepEqual(
    span.events.map((event) => event.nanos),
    [1_700_000_000_500_000_000n, 1_700_000_000_600_250_000n, 1_700_000_000_700_000_001n],
  );
  assert.equal(sink.named('backwards').end, sink.named('backwards').start);
});

test('a reading of performance.now() is understood as a time', async () => {
  const before = BigInt(Date.now() - 100) * 1_000_000n;
  const sink = await traced(() => {
    const reading = performance.now();
    tracer()
      .startSpan('measured', { startTime: reading })
      .end(reading + 0.000001);
  });
  const span = sink.named('measured');
  assert.ok(span.start > before && span.start < before + 10_000_000_000n, `${span.start}`);
});

test('links keep their order, context and attributes', async () => {
  const target = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
  };
  const sink = await traced(() => {
    const span = tracer().startSpan('linked', { links: [{ context: target, attributes: { n: 1 } }] });
    span.addLinks([{ context: { ...target, spanId: '00f067aa0ba902b7', isRemote: false } }]);
    span.addLink({ context: { ...target, traceId: 'nonsense' } });
    span.end();
  });
  const { links } = sink.named('linked');
  assert.deepEqual(
    links.map((link) => link.spanId),
    ['b7ad6b7169203331', '00f067aa0ba902b7'],
  );
  assert.equal(links[0].traceId, target.traceId);
  assert.deepEqual(links[0].attributes, { n: { int: 1n } });
  assert.deepEqual(
    links.map((link) => link.flags & 0x301),
    [0x301, 0x101],
  );
});

test('limits drop what comes later, and say how much', async () => {
  const sink = await traced(
    () => {
      const span = tracer().startSpan('limited');
      for (const key of ['a', 'b', 'c', 'd']) span.setAttribute(key, key);
      span.setAttribute('a', 'again');
      for (const name of ['one', 'two', 'three']) span.addEvent(name, { x: 1, y: 2 });
      for (let n = 0; n < 3; n++) span.addLink({ context: span.spanContext() });
      span.end();
    },
    {
      attributeCountLimit: 2,
      eventCountLimit: 2,
      linkCountLimit: 1,
      eventAttributeCountLimit: 1,
      attributeValueLengthLimit: 3,
    },
  );
  const span = sink.named('limited');
  assert.deepEqual(span.attributes, { a: { string: 'aga' }, b: { string: 'b' } });
  assert.equal(span.droppedAttributes, 2);
  assert.deepEqual(
    span.events.map((event) => [event.name, event.dropped]),
    [
      ['one', 1],
      ['two', 1],
    ],
  );
  assert.deepEqual([span.droppedEvents, span.links.length, span.droppedLinks], [1, 1, 2]);
});

test('a span can be read back as long as somebody holds it', async () => {
  await traced(() => {
    const span = tracer().startSpan('read', { attributes: { a: [1, 2], b: 'x' } }) as Span &
      Record<string, unknown>;
    assert.deepEqual(span.attributes, { a: [1, 2], b: 'x' });
    assert.equal(span.name, 'read');
    assert.equal(span.parentSpanId, undefined);
    span.end();
    assert.equal(span.ended, true);
  });
});
