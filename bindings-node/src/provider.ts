/** Hands out tracers: what `trace.setGlobalTracerProvider` gets. */
import type { TracerProvider as ApiTracerProvider } from '@opentelemetry/api';
import type { PolyspanContextManager } from './context';
import { flush, shutdown } from './shutdown';
import { Tracer } from './tracer';

export class TracerProvider implements ApiTracerProvider {
  private readonly tracers = new Map<string, Tracer>();

  constructor(
    /** The context manager, if it is ours that is registered. */
    private readonly manager: PolyspanContextManager | undefined,
  ) {}

  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): Tracer {
    const scope = [name ?? '', version ?? '', options?.schemaUrl ?? ''].map(String) as [
      string,
      string,
      string,
    ];
    const key = scope.join('\0');
    let tracer = this.tracers.get(key);
    if (tracer === undefined) {
      tracer = new Tracer(...scope, this.manager);
      this.tracers.set(key, tracer);
    }
    return tracer;
  }

  /** Looked for by instrumentations of short-lived hosts, such as AWS Lambda's. */
  forceFlush(): Promise<void> {
    return flush();
  }

  shutdown(): Promise<void> {
    return shutdown();
  }
}
