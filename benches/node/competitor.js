'use strict';
// One competitor in a process of its own, because the API has one global provider. It runs a burst whenever its parent asks,
// and answers with the CPU time that the burst took on this thread, and that burst and flush took in the whole process.
//
//   node competitor.js polyspan off|default <endpoint>
//   node competitor.js sdk - <endpoint>

const { openSync, readSync } = require('node:fs');
const { trace } = require('@opentelemetry/api');
const { pairs } = require('./workload');

const [name, redaction, endpoint] = process.argv.slice(2);

/** Both as documented for production: everything sampled, a batch processor, OTLP over HTTP with protobuf. */
const start = {
  polyspan() {
    const polyspan = require('../../bindings-node');
    polyspan.init({ endpoint, serviceName: 'bench', sampler: 'always_on', redaction });
    return () => polyspan.flush(30_000);
  },
  sdk() {
    const {
      AlwaysOnSampler,
      BatchSpanProcessor,
      NodeTracerProvider,
    } = require('@opentelemetry/sdk-trace-node');
    const { OTLPTraceExporter } = require('@opentelemetry/exporter-trace-otlp-proto');
    const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces` });
    const provider = new NodeTracerProvider({
      sampler: new AlwaysOnSampler(),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    provider.register();
    return () => provider.forceFlush();
  },
};

const flush = start[name]();
const tracer = trace.getTracer('bench', '1.0');

const schedstat = openSync(`/proc/self/task/${process.pid}/schedstat`, 'r');
const text = Buffer.alloc(64);
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * Nanoseconds that this thread has run. Linux brings the figure up to date when the thread sleeps, so it sleeps first. That
 * costs some ten microseconds, which are measured too and taken off.
 */
function threadNanos() {
  Atomics.wait(never, 0, 0, 0.02);
  const length = readSync(schedstat, text, 0, 64, 0);
  return Number(text.toString('latin1', 0, length).split(' ')[0]);
}

process.on('message', async (count) => {
  const before = threadNanos();
  const process0 = process.cpuUsage();
  const thread0 = threadNanos();
  const reading = thread0 - before;
  pairs(tracer, count);
  const caller = threadNanos() - thread0 - reading;
  await flush();
  const { user, system } = process.cpuUsage(process0);
  const all = (user + system) * 1000 - 2 * reading;
  const memory = process.resourceUsage().maxRSS / 1024;
  process.send({ caller: caller / (2 * count), process: all / (2 * count), memory });
});
process.on('disconnect', () => process.exit(0));
process.send('ready');
