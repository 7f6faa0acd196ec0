// The same from an ES module.
import { trace } from '@opentelemetry/api';
import { init, shutdown } from 'polyspan';

init({ serviceName: 'checkout' });
trace.getTracer('checkout').startSpan('charge').end();
await shutdown();
