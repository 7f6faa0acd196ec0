import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { context, propagation } from '@opentelemetry/api';
import { ExpressInstrumentation } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import * as polyspan from 'polyspan';
import type { SeenSpan } from './protobuf';
import { fixture, Sink } from './sink';

let sink: Sink;
let server: Server;
let base: string;
let get: (url: string) => Promise<number>;

before(async () => {
  sink = await Sink.open();
  polyspan.init({ endpoint: sink.endpoint, serviceName: 'web' });
  for (const Instrumentation of [HttpInstrumentation, ExpressInstrumentation, UndiciInstrumentation]) {
    new Instrumentation().enable();
  }
  // Only now: what is loaded before the instrumentations is not instrumented.
  const application = require(fixture('server.js'));
  get = application.get;
  server = application.application().listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

after(async () => {
  server.closeAllConnections();
  server.close();
  await polyspan.shutdown();
  await sink.close();
});

/** The spans of one request, and a function that finds one of them by its scope and kind. */
async function request(call: () => Promise<unknown>): Promise<SeenSpan[]> {
  sink.spans.length = 0;
  await call();
  await polyspan.flush();
  // The sink is a server of this process, so its own requests are seen too.
  return sink.spans.filter((span) => span.attributes['url.path']?.string !== '/v1/traces');
}

const of = (spans: SeenSpan[], scope: string, kind: number) =>
  spans.filter((span) => span.scope === `@opentelemetry/instrumentation-${scope}` && span.kind === kind);

test('one request through http, express and undici is one trace', async () => {
  const spans = await request(() => get(`${base}/hello/world`));
  assert.equal(new Set(spans.map((span) => span.traceId)).size, 1);
  const ids = new Set(spans.map((span) => span.spanId));
  const roots = spans.filter((span) => !ids.has(span.parentSpanId));
  assert.deepEqual(
    roots.map((span) => span.parentSpanId),
    [''],
    'every other span has its parent among them',
  );
  assert.equal(of(spans, 'http', 2).length, 3, 'servers: the request and the two it makes');
  assert.equal(of(spans, 'http', 3).length, 2, 'clients by http');
  assert.equal(of(spans, 'undici', 3).length, 1, 'client by fetch');
  assert.ok(of(spans, 'express', 1).length >= 1);
  const outer = of(spans, 'http', 2).find((span) => span.attributes['http.route']?.string === '/hello/:name');
  assert.ok(outer, 'express tells http the route through the context');
  assert.equal(outer.name, 'GET /hello/:name');
  for (const server of of(spans, 'http', 2))
    assert.equal(server.flags & 0x300, 0x300, 'parents came over the wire');
});

test('an exception of a handler is on its span, with the secret in it removed', async () => {
  const spans = await request(() => get(`${base}/fail`));
  const [server] = of(spans, 'http', 2);
  assert.equal(server.status.code, 2);
  const failed = spans.find((span) => span.events.some((event) => event.name === 'exception'));
  assert.ok(failed);
  const message = failed.events[0].attributes['exception.message'].string as string;
  assert.match(message, /refused/);
  assert.ok(!sink.bodies.some((body) => body.includes('4111 1111 1111 1111')));
});

test('baggage crosses the wire without its secrets', async () => {
  let seen = '';
  server.prependListener('request', (incoming) => {
    if (incoming.url === '/inner') seen = String(incoming.headers.baggage);
  });
  const baggage = propagation.createBaggage({
    tier: { value: 'gold' },
    customer: { value: 'someone@mail.example' },
  });
  await request(() =>
    context.with(propagation.setBaggage(context.active(), baggage), () => get(`${base}/hello/x`)),
  );
  assert.match(seen, /tier=gold/);
  assert.doesNotMatch(seen, /mail\.example/);
});
