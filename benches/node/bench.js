'use strict';
// polyspan beside @opentelemetry/sdk-trace-node: the same work, the same sink, in turns.
//
//   node bench.js <counting sink> <folder for node.json> [rounds]
//
// A burst of 1,000 pairs is timed on the thread that makes the spans; the flush after it is not, so that nobody drops spans.
// The process's figure counts every thread and the flush.

const { fork, spawn } = require('node:child_process');
const { once } = require('node:events');
const { mkdirSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { createInterface } = require('node:readline');

const [sinkProgram, folder, rounds = '150'] = process.argv.slice(2);
const PAIRS = 1000;
const WARM_UP = 30;
const PEER = 'sdk-trace-node';

const COMPETITORS = [
  { name: 'polyspan', program: 'polyspan', redaction: 'off' },
  { name: 'polyspan, redaction on', program: 'polyspan', redaction: 'default' },
  { name: `@opentelemetry/${PEER}`, program: 'sdk', redaction: '-' },
];

async function main() {
  const sink = spawn(sinkProgram, { stdio: ['pipe', 'pipe', 'inherit'] });
  const [line] = await once(createInterface(sink.stdout), 'line');
  const endpoint = `http://127.0.0.1:${line.trim().split(' ').pop()}`;
  const get = async (path) => (await fetch(endpoint + path)).text();

  const competitors = [];
  for (const competitor of COMPETITORS) {
    const child = fork(join(__dirname, 'competitor.js'), [
      competitor.program,
      competitor.redaction,
      endpoint,
    ]);
    await once(child, 'message');
    competitors.push({ ...competitor, child, caller: [], process: [], memory: 0 });
  }
  await get('/reset');
  for (let round = 0; round < WARM_UP + Number(rounds); round++) {
    // Each begins as often as the others.
    for (let turn = 0; turn < competitors.length; turn++) {
      const competitor = competitors[(round + turn) % competitors.length];
      competitor.child.send(PAIRS);
      const [figures] = await once(competitor.child, 'message');
      competitor.memory = figures.memory;
      if (round < WARM_UP) continue;
      competitor.caller.push(figures.caller);
      competitor.process.push(figures.process);
    }
  }
  const { spans } = JSON.parse(await get('/stats'));
  for (const { child } of competitors) child.disconnect();
  sink.stdin.end();
  const expected = (WARM_UP + Number(rounds)) * competitors.length * 2 * PAIRS;
  if (spans !== expected)
    throw new Error(`the sink has ${spans} of ${expected} spans: a competitor lost some; no figures`);
  publish(competitors);
}

/** The mean: what a burst saves by leaving garbage to the next one must be paid somewhere. */
function mean(figures) {
  return figures.reduce((sum, figure) => sum + figure, 0) / figures.length;
}

function publish([off, defaults, peer]) {
  const rows = [];
  for (const [workload, own] of [
    ['pair_default', defaults],
    ['pair', off],
  ]) {
    for (const metric of ['caller', 'process']) {
      const [polyspan, peerValue] = [mean(own[metric]), mean(peer[metric])];
      rows.push({
        language: 'node',
        workload,
        metric: `${metric}_cpu`,
        peer: PEER,
        polyspan,
        peer_value: peerValue,
        ratio: peerValue / polyspan,
        unit: 'ns/span',
      });
    }
  }
  console.log(
    `Node.js ${process.version}; each: everything sampled, batches, OTLP/HTTP protobuf, no compression, one sink`,
  );
  for (const { name, memory } of [off, defaults, peer])
    console.log(`${name.padEnd(32)} ${memory.toFixed(0)} MB at most`);
  const print = (...cells) =>
    console.log(
      cells.map((cell, at) => (at < 4 ? cell.padEnd([10, 14, 13, 18][at]) : cell.padStart(10))).join(''),
    );
  print('language', 'workload', 'metric', 'peer', 'polyspan', 'peer', 'ratio');
  for (const row of rows) {
    if (!(Number.isFinite(row.ratio) && row.polyspan > 0))
      throw new Error(`no figure: ${JSON.stringify(row)}`);
    print(
      row.language,
      row.workload,
      row.metric,
      row.peer,
      row.polyspan.toFixed(0),
      row.peer_value.toFixed(0),
      `${row.ratio.toFixed(1)}x`,
    );
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'node.json'), `${JSON.stringify(rows, null, 2)}\n`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
