// Instrumentations switched on in code: before the modules that they watch are loaded.
const polyspan = require('polyspan');
const { HttpInstrumentation } = require('@opentelemetry/instrumentation-http');

polyspan.init({ serviceName: 'web' });
new HttpInstrumentation();

const http = require('node:http');

const server = http
  .createServer((_request, response) => response.end('hello'))
  .listen(0, '127.0.0.1', () => {
    http.get({ port: server.address().port }, (response) => {
      response.resume().on('end', () => server.close());
    });
  });
