/**
 * The gateway: takes orders from the game and passes them on.
 *
 * Nothing here starts tracing: `node --require polyspan/register server.js` does, with the OpenTelemetry instrumentations
 * for http, express and undici that are installed beside it.
 */
const { trace } = require('@opentelemetry/api');
const express = require('express');
const { reportAtExit } = require('./report');

const downstream = process.env.DOWNSTREAM_URL;

const app = express();
app.use(express.json());

app.post('/checkout', async (request, response) => {
  // A line as it is written every day; nobody thought of the password that an order holds.
  trace.getActiveSpan()?.setAttribute('checkout.order', JSON.stringify(request.body));

  if (downstream === undefined) {
    response.json({ accepted: request.body.item });
    return;
  }
  const url = new URL(downstream);
  url.searchParams.set('email', request.query.email ?? '');
  const { password, ...order } = request.body;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: request.get('authorization') ?? '' },
    body: JSON.stringify(order),
  });
  response.status(answer.ok ? 200 : 502).send(await answer.text());
});

app.get('/health', (_request, response) => {
  response.json({ instance: process.env.INSTANCE_ID });
});

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`gateway: listening on http://127.0.0.1:${server.address().port}`);
});
process.on('SIGTERM', () => {
  server.close();
  server.closeIdleConnections();
});
reportAtExit();
