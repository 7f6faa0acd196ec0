/** Opens the core and registers polyspan with the OpenTelemetry API. */
import { context, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { pairs } from './config';
import { PolyspanContextManager } from './context';
import { MeterProvider } from './metrics';
import { loadNative, type Native, NativeMissing } from './native';
import type { Options } from './options';
import { Propagator } from './propagation';
import { TracerProvider } from './provider';
import { Runtime, state } from './runtime';
import { opened, opening } from './shutdown';
import { readFrom } from './stats';

const { version } = require('../package.json') as { version: string };

let told = false;

/**
 * Starts polyspan in this thread: from now on the OpenTelemetry API records with it.
 *
 * Throws if an option, or one of polyspan's own environment variables, is not valid, naming it, its value and what is
 * allowed. Without a usable native library it says so once and the API stays the no-op it is. In a worker thread of a
 * process that is being traced, it joins the core that is there, whose configuration holds. No thread starts and no
 * connection is made before the first span has ended.
 */
export function init(options: Options = {}): void {
  if (opening() !== undefined) {
    warn(
      'polyspan is initialised already; the later init() changes nothing. Call shutdown() before it to start anew.',
    );
    return;
  }
  const native = load();
  if (native === undefined) return;
  const found = native.open(pairs(options));
  readFrom(native, '');
  if (found.joined && Object.keys(options).length > 0) {
    warn(
      'polyspan runs in this process already; the options given to init() in this worker thread are not used.',
    );
  }
  const runtime = new Runtime(native, found);
  const manager = new PolyspanContextManager();
  const registered = {
    context: context.setGlobalContextManager(manager),
    propagation: propagation.setGlobalPropagator(new Propagator(native, found)),
    trace: false,
    metrics: false,
  };
  if (!found.disabled) {
    state.runtime = runtime;
    registered.trace = trace.setGlobalTracerProvider(
      new TracerProvider(registered.context ? manager : undefined),
    );
    if (!registered.trace) {
      state.runtime = undefined;
      warn(
        'polyspan records nothing: another tracer provider is registered with @opentelemetry/api already. ' +
          'Remove the other set-up, or call init() before it.',
      );
    } else if (found.metrics) {
      // Where another one is there already, it stays, and the API says so.
      registered.metrics = metrics.setGlobalMeterProvider(new MeterProvider());
    }
  }
  opened({ runtime, owner: !found.joined, registered });
}

function load(): Native | undefined {
  try {
    return loadNative(version);
  } catch (error) {
    if (!(error instanceof NativeMissing)) throw error;
    readFrom(undefined, error.message);
    if (!told) {
      told = true;
      process.emitWarning(error.message, { code: 'POLYSPAN_NATIVE' });
    }
    return undefined;
  }
}

function warn(message: string): void {
  diag.warn(message);
  process.emitWarning(message, { code: 'POLYSPAN_INIT' });
}
