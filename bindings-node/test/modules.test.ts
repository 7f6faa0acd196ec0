import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SeenSpan } from './protobuf';
import { fixture, run, Sink } from './sink';

const REGISTER = require.resolve('polyspan/register');

/** Runs an unchanged application of ES modules under `register`; returns its spans. */
async function play(program: string): Promise<SeenSpan[]> {
  const sink = await Sink.open();
  const ran = await run(['--import', REGISTER, program], { OTEL_EXPORTER_OTLP_ENDPOINT: sink.endpoint });
  await sink.close();
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, '200\n', '']);
  return sink.spans;
}

/** Names and kinds, by instrumentation. */
function shown(spans: SeenSpan[]): string[] {
  return spans.map((span) => `${span.scope.split('instrumentation-')[1]} ${span.kind} ${span.name}`).sort();
}

test('an application of ES modules is traced as one of CommonJS: http, express and undici, one trace', async () => {
  const spans = await play(fixture('server.mjs'));
  assert.deepEqual(shown(spans), [
    'express 1 request handler',
    'express 1 request handler',
    'express 1 request handler',
    'http 2 GET /hello/:name',
    'http 2 GET /inner',
    'http 2 GET /inner',
    'http 3 GET',
    'http 3 GET',
    'undici 3 GET',
  ]);
  assert.equal(new Set(spans.map((span) => span.traceId)).size, 1);
  const ids = new Set(spans.map((span) => span.spanId));
  assert.equal(spans.filter((span) => !ids.has(span.parentSpanId)).length, 1, 'one root');
});

test('so is one whose package manager shows it only the packages that it names', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'polyspan-'));
  // As pnpm lays them out: links, beside which the packages' own dependencies are not to be seen.
  const modules = join(folder, 'node_modules');
  mkdirSync(join(modules, '@opentelemetry'), { recursive: true });
  for (const name of [
    'express',
    '@opentelemetry/instrumentation-http',
    '@opentelemetry/instrumentation-express',
  ]) {
    symlinkSync(packageFolder(name), join(modules, name));
  }
  const program = join(folder, 'server.mjs');
  copyFileSync(fixture('server.mjs'), program);
  const spans = await play(program);
  assert.ok(shown(spans).includes('http 2 GET /hello/:name'), shown(spans).join('\n'));
});

function packageFolder(name: string): string {
  const entry = require.resolve(name);
  const mark = join('node_modules', name);
  return join(entry.slice(0, entry.lastIndexOf(mark)), mark);
}
