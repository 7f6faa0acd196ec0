/**
 * Flush and shutdown, asked for or because the process ends.
 *
 * At `exit` nothing asynchronous runs any more; the core's worker is a thread of its own, so this thread can wait for it,
 * with a deadline. A worker thread that ends only hands over: the core belongs to the thread that opened it.
 */

import { isMainThread } from 'node:worker_threads';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { type Runtime, state } from './runtime';

const TIMEOUT_MILLIS = 5000;
const EXIT_TIMEOUT_MILLIS = 2000;

/** What `init` opened and registered, until `shutdown`. */
export interface Opening {
  runtime: Runtime;
  /** False in a thread that joined the core of another one. */
  owner: boolean;
  registered: { trace: boolean; context: boolean; propagation: boolean; metrics: boolean };
}

const current: { opening: Opening | undefined; watching: boolean } = { opening: undefined, watching: false };

export function opening(): Opening | undefined {
  return current.opening;
}

export function opened(fresh: Opening): void {
  current.opening = fresh;
  if (current.watching) return;
  current.watching = true;
  process.on('beforeExit', () => current.opening?.runtime.batch.submit());
  process.on('exit', shutdownSync);
}

/** Exports what has ended until now. Rejects if the backend did not take it or `timeoutMillis` passed. */
export async function flush(timeoutMillis: number = TIMEOUT_MILLIS): Promise<void> {
  const { opening } = current;
  if (opening === undefined) return;
  opening.runtime.batch.submit();
  await opening.runtime.native.flush(timeoutMillis);
}

/**
 * Exports what has ended and closes polyspan; `init` may be called again afterwards. Rejects as `flush` does; polyspan is
 * closed all the same, and what was not exported is counted in `stats`.
 */
export async function shutdown(timeoutMillis: number = TIMEOUT_MILLIS): Promise<void> {
  const closing = close();
  if (closing === undefined) return;
  if (closing.owner) await closing.runtime.native.shutdown(timeoutMillis);
  else closing.runtime.native.leave();
}

/** The same at once, for the end of the process or thread. */
export function shutdownSync(): void {
  const closing = close();
  if (closing === undefined) return;
  if (closing.owner && isMainThread) closing.runtime.native.shutdownSync(EXIT_TIMEOUT_MILLIS);
  else closing.runtime.native.leave();
}

function close(): Opening | undefined {
  const closing = current.opening;
  if (closing === undefined) return undefined;
  current.opening = undefined;
  state.runtime = undefined;
  closing.runtime.batch.close();
  const { registered } = closing;
  if (registered.trace) trace.disable();
  if (registered.propagation) propagation.disable();
  if (registered.metrics) metrics.disable();
  if (registered.context) context.disable();
  return closing;
}
