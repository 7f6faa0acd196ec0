/**
 * Tracing without a change of the program: `node --require polyspan/register app.js`, or `--import` for ES modules.
 *
 * Configured by the environment alone. A wrong setting is told and the program runs untraced, unless `POLYSPAN_STRICT` is
 * true. Signals that end the program by default still do, after a bounded flush.
 */
import { isMainThread, parentPort } from 'node:worker_threads';
import { init } from './init';
import { instrument } from './instrumentations';
import { opening, shutdownSync } from './shutdown';

const SIGNALS: NodeJS.Signals[] = ['SIGTERM', 'SIGINT'];

// Node.js 20 preloads into the thread of its own module hooks too, which runs nothing of the program and has no port.
if (isMainThread || parentPort !== null) start();

function start(): void {
  try {
    init();
    if (opening() === undefined) return;
    instrument();
    if (isMainThread) for (const signal of SIGNALS) watch(signal);
  } catch (error) {
    if (process.env.POLYSPAN_STRICT?.trim().toLowerCase() === 'true') throw error;
    console.error(`polyspan: ${(error as Error).message}\npolyspan: this program runs without tracing.`);
  }
}

function watch(signal: NodeJS.Signals): void {
  const listener = () => {
    // A program that has its own listener decides itself when it ends; then `exit` flushes.
    if (process.listenerCount(signal) > 1) return;
    shutdownSync();
    process.removeListener(signal, listener);
    process.kill(process.pid, signal);
  };
  process.on(signal, listener);
}
