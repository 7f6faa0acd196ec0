// Plays conformance vectors through @opentelemetry/api: a case a line, an answer a line.
'use strict';
const { createRequire } = require('node:module');
const path = require('node:path');
const readline = require('node:readline');
const { members, text, time, value } = require('./values');

// The package as it lies in this checkout, with the API that it is developed with.
const installed = createRequire(path.join(__dirname, '../../../../bindings-node/package.json'));
const api = installed('@opentelemetry/api');
const polyspan = installed('polyspan');

const KINDS = ['internal', 'server', 'client', 'producer', 'consumer'];
const STATUSES = ['unset', 'ok', 'error'];

class Play {
  spans = new Map();
  remote = new Map();
  started = [];
  results = [];

  start(label, step) {
    const { name, version, schema_url: schemaUrl } = step.scope;
    const span = api.trace.getTracerProvider().getTracer(name, version, { schemaUrl }).startSpan(
      text(step.name),
      {
        kind: KINDS.indexOf(step.kind),
        attributes: members(step.attributes),
        links: step.links.map((link) => this.link(link)),
        startTime: time(step),
      },
      this.contextOf(step.parent),
    );
    const { traceId, spanId } = span.spanContext();
    this.started.push([label, traceId, spanId]);
    this.spans.set(label, span);
  }

  contextOf(label) {
    const span = this.spans.get(label);
    if (span !== undefined) return api.trace.setSpan(api.ROOT_CONTEXT, span);
    return this.remote.get(label) ?? api.ROOT_CONTEXT;
  }

  link(link) {
    const context = api.trace.getSpanContext(this.contextOf(link.to));
    return { context, attributes: members(link.attributes) };
  }

  extract(label, step) {
    const headers = {};
    for (const [name, line] of step.headers) headers[name] = [...(headers[name] ?? []), line];
    const context = api.propagation.extract(api.ROOT_CONTEXT, headers);
    this.remote.set(label, context);
    const result = {};
    const identity = api.trace.getSpanContext(context);
    if (identity !== undefined) {
      const state = identity.traceState?.serialize();
      Object.assign(result, { trace_id: identity.traceId, span_id: identity.spanId, flags: identity.traceFlags });
      if (state) result.state = state;
    }
    const entries = api.propagation.getBaggage(context)?.getAllEntries() ?? [];
    if (entries.length > 0) result.baggage = entries.map(([key, entry]) => [key, entry.value]);
    this.results.push(result);
  }

  inject(label, step) {
    let baggage = api.propagation.createBaggage();
    for (const [key, entry] of step.baggage) baggage = baggage.setEntry(key, { value: entry });
    const headers = {};
    api.propagation.inject(api.propagation.setBaggage(this.contextOf(label), baggage), headers);
    this.results.push({ headers: Object.entries(headers) });
  }

  change(verb, span, step) {
    switch (verb) {
      case 'set':
        return span.setAttribute(text(step.key), value(step.value));
      case 'event':
        return span.addEvent(text(step.name), members(step.attributes), time(step));
      case 'link':
        return span.addLink(this.link(step));
      case 'exception':
        if (step.attributes) throw new Error('recordException takes no attributes');
        return span.recordException({ name: step.type, message: step.message, stack: step.stacktrace }, time(step));
      case 'status':
        return span.setStatus({ code: STATUSES.indexOf(step.code), message: text(step.description ?? '') });
      case 'rename':
        return span.updateName(text(step.name));
      default:
        return span.end(time(step));
    }
  }

  async run({ options, steps }) {
    const camel = (name) => name.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
    polyspan.init(Object.fromEntries(Object.entries(options).map(([name, option]) => [camel(name), option])));
    try {
      for (const step of steps) {
        const [verb, label] = Object.entries(step)[0];
        if (['start', 'extract', 'inject'].includes(verb)) this[verb](label, step);
        else this.change(verb, this.spans.get(label), step);
      }
    } finally {
      await polyspan.shutdown();
    }
    return { spans: this.started, results: this.results };
  }
}

(async () => {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const answer = await new Play().run(JSON.parse(line)).catch((error) => ({ unsupported: error.message }));
    console.log(JSON.stringify(answer));
  }
})();
