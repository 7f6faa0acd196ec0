// A counter, the one instrument that there is.
const polyspan = require('polyspan');
const { metrics, ValueType } = require('@opentelemetry/api');

polyspan.init({ serviceName: 'checkout' });

const orders = metrics
  .getMeter('checkout')
  .createCounter('orders', { unit: '{order}', valueType: ValueType.INT });
orders.add(1, { country: 'de' });
