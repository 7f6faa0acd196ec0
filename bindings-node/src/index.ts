/**
 * polyspan for Node.js: the OpenTelemetry API for spans and counters on polyspan's Rust core.
 *
 * `init()` is all an application needs; spans are then made with `@opentelemetry/api` and by the instrumentations that use
 * it. Without a change of code: `node --require polyspan/register` or `node --import polyspan/register`.
 */
export { init } from './init';
export type { Options } from './options';
export { flush, shutdown } from './shutdown';
export { type Counts, type DestinationStats, describe, type Stats, stats } from './stats';
