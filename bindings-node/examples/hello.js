// A span with a secret in it.
const polyspan = require('polyspan');
const { trace } = require('@opentelemetry/api');

polyspan.init({ serviceName: 'checkout' });

const tracer = trace.getTracer('checkout');
tracer.startActiveSpan('charge', (span) => {
  span.setAttribute('card.number', '4111 1111 1111 1111'); // leaves the process as [REDACTED]
  span.end();
});
