/**
 * Switches on the instrumentations that the application has installed, for programs that are not changed.
 *
 * They are the unmodified OpenTelemetry packages and no dependencies of polyspan: what the application can resolve from
 * its own folder is used, each in its own try, so that one that fails takes nothing else with it.
 */
import { createRequire, register } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMainThread } from 'node:worker_threads';

const PACKAGES: ReadonlyArray<readonly [name: string, exported: string]> = [
  ['@opentelemetry/instrumentation-http', 'HttpInstrumentation'],
  ['@opentelemetry/instrumentation-express', 'ExpressInstrumentation'],
  ['@opentelemetry/instrumentation-undici', 'UndiciInstrumentation'],
];

/** Returns the names of those that are on. */
export function instrument(): string[] {
  const main = process.argv[1];
  const folder = main === undefined ? process.cwd() : dirname(main);
  const load = createRequire(join(folder, 'polyspan-resolves-from-here.js'));
  const on: string[] = [];
  for (const [name, exported] of PACKAGES) {
    try {
      load.resolve(name);
    } catch {
      continue;
    }
    try {
      const Instrumentation = load(name)[exported] as new () => { enable(): void };
      new Instrumentation().enable();
      on.push(name);
    } catch (error) {
      process.emitWarning(`polyspan: ${name} could not be switched on: ${(error as Error).message}`);
    }
  }
  // Worker threads share the main thread's hooks.
  if (on[0] !== undefined && isMainThread) watchModules(load.resolve(on[0]));
  return on;
}

/**
 * Modules that are imported, not required, reach the instrumentations through their loader hook. It is found from one of
 * them: it must be the copy that they use, and not every package manager shows it to the application.
 */
function watchModules(instrumentation: string): void {
  try {
    const hook = createRequire(instrumentation).resolve('@opentelemetry/instrumentation/hook.mjs');
    register(pathToFileURL(hook).href, pathToFileURL(__filename).href);
  } catch {
    // Without the hook, or on a Node.js without module.register, required modules are instrumented all the same.
  }
}
