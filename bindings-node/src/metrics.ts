/**
 * Meters and counters: what `metrics.setGlobalMeterProvider` gets.
 *
 * Counters count, in the core, which adds up, redacts and exports. Instruments of other kinds are the API's own, which do
 * nothing.
 */
import {
  type Counter as ApiCounter,
  type Meter as ApiMeter,
  type MeterProvider as ApiMeterProvider,
  type Attributes,
  createNoopMeter,
  diag,
  type MeterOptions,
  type MetricOptions,
  ValueType,
} from '@opentelemetry/api';
import { type Runtime, state } from './runtime';
import { flush, shutdown } from './shutdown';
import { type Kept, keepAll, Room } from './value';

const NOOP = createNoopMeter();
const NO_ATTRIBUTES: Kept[] = [];

/** Name, version and schema URL. */
type Scope = [name: string, version: string, schemaUrl: string];

export class MeterProvider implements ApiMeterProvider {
  private readonly meters = new Map<string, ApiMeter>();

  getMeter(name: string, version?: string, options?: MeterOptions): ApiMeter {
    const scope: Scope = [String(name ?? ''), String(version ?? ''), String(options?.schemaUrl ?? '')];
    const key = scope.join('\0');
    let meter = this.meters.get(key);
    if (meter === undefined) {
      meter = meterOf(scope);
      this.meters.set(key, meter);
    }
    return meter;
  }

  forceFlush(): Promise<void> {
    return flush();
  }

  shutdown(): Promise<void> {
    return shutdown();
  }
}

/** The API's no-op meter but for its counters. */
function meterOf(scope: Scope): ApiMeter {
  const meter = Object.create(NOOP) as ApiMeter;
  meter.createCounter = (name, options) => new Counter(scope, name, options);
  return meter;
}

/** A sum that only grows, for each set of attributes. The same names give the same sum. */
export class Counter implements ApiCounter {
  private readonly name: string;
  private readonly unit: string;
  private readonly description: string;
  private readonly whole: boolean;
  /** The runtime in which `index` counts. A counter outlives it, as a tracer does. */
  private runtime: Runtime | undefined;
  /** Negative if the core refused the counter. */
  private index = -1;

  constructor(
    private readonly scope: Scope,
    name: string,
    options: MetricOptions | undefined,
  ) {
    this.name = String(name);
    this.unit = String(options?.unit ?? '');
    this.description = String(options?.description ?? '');
    this.whole = options?.valueType === ValueType.INT;
    if (state.runtime !== undefined) this.join(state.runtime);
  }

  /**
   * Adds to the sum of these attributes. With `ValueType.INT` sums are whole, and a fraction is cut off. What is negative or
   * not finite is ignored, and told through `diag`. Ignored without a word: what is added after `shutdown`.
   */
  add(value: number, attributes?: Attributes): void {
    const { runtime } = state;
    if (runtime === undefined) return;
    if (typeof value !== 'number' || !(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      diag.warn(
        `polyspan: counter ${this.name} was given ${String(value)}; it takes a finite number that is not negative. ` +
          'It is ignored.',
      );
      return;
    }
    if (runtime !== this.runtime) this.join(runtime);
    if (this.index < 0) return;
    let flat = NO_ATTRIBUTES;
    if (attributes !== undefined && attributes !== null) {
      flat = [];
      keepAll(attributes, flat, new Room(runtime.limits.text), Number.POSITIVE_INFINITY);
    }
    runtime.native.add(this.index, this.whole, value, flat);
  }

  /** Made at once where there is a core, so that a wrong name is told where it is given. */
  private join(runtime: Runtime): void {
    this.index = runtime.native.counter(...this.scope, this.name, this.unit, this.description);
    this.runtime = runtime;
  }
}
