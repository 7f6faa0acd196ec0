// Plays conformance vectors through @opentelemetry/api: a step a line, an answer a line (see ../../README.md).
'use strict';
const { createRequire } = require('node:module');
const path = require('node:path');
const readline = require('node:readline');

// The package as it lies in this checkout, with the API that it is developed with.
const installed = createRequire(path.join(__dirname, '../../../../bindings-node/package.json'));
const api = installed('@opentelemetry/api');
const polyspan = installed('polyspan');

// What the run has, and a method for each verb.
class Play {
  options = {};
  spans = {};
  contexts = { 0: api.ROOT_CONTEXT };
  // For the next step that takes some.
  values = [];
  links = [];

  option(name, kind, text) {
    this.options[name.replace(/_(.)/g, (_, letter) => letter.toUpperCase())] = this.typed(kind, text);
  }

  init() {
    polyspan.init(this.options);
    this.options = {};
  }

  tracer(name, version, schemaUrl) {
    this.startedBy = api.trace.getTracerProvider().getTracer(name, version || undefined, { schemaUrl });
  }

  value(key, kind, text) {
    this.values.push([key, this.typed(kind, text)]);
  }

  with_link(target) {
    this.links.push({ context: this.identity(target), attributes: this.attributes() });
  }

  start(label, context, name, kind, parent, nanos) {
    const about = { kind: kind - 1, links: this.links, startTime: time(nanos) };
    const attributes = this.attributes();
    const from = this.contexts[Number(parent) || context];
    this.spans[label] = this.startedBy.startSpan(name, { ...about, attributes }, from);
    this.links = [];
    this.contexts[label] = api.trace.setSpan(api.ROOT_CONTEXT, this.spans[label]);
  }

  set(label) {
    for (const [key, value] of this.values.splice(0)) this.spans[label].setAttribute(key, value);
  }

  event(label, name, nanos) {
    this.spans[label].addEvent(name, this.attributes(), time(nanos));
  }

  link(label, target) {
    this.spans[label].addLink({ context: this.identity(target), attributes: this.attributes() });
  }

  exception(label, name, message, stack, nanos) {
    if (this.values.length > 0) throw new Error('recordException takes no attributes');
    this.spans[label].recordException({ name, message, stack }, time(nanos));
  }

  status(label, code, message) {
    this.spans[label].setStatus({ code: Number(code), message });
  }

  rename(label, name) {
    this.spans[label].updateName(name);
  }

  end(label, nanos) {
    this.spans[label].end(time(nanos));
  }

  context(label) {
    const { traceId = '', spanId = '', traceFlags = 0, traceState } = this.identity(label) ?? {};
    return [traceId, spanId, String(traceFlags), traceState?.serialize() ?? ''];
  }

  extract(label, ...headers) {
    const lines = {};
    for (const [name, line] of pairs(headers)) lines[name] = [...(lines[name] ?? []), line];
    this.contexts[label] = api.propagation.extract(api.ROOT_CONTEXT, lines);
    const entries = api.propagation.getBaggage(this.contexts[label])?.getAllEntries() ?? [];
    return entries.flatMap(([key, entry]) => [key, entry.value]);
  }

  inject(label, ...entries) {
    let baggage = api.propagation.createBaggage();
    for (const [key, value] of pairs(entries)) baggage = baggage.setEntry(key, { value });
    const headers = {};
    api.propagation.inject(api.propagation.setBaggage(this.contexts[label], baggage), headers);
    return Object.entries(headers).flat();
  }

  shutdown() {
    return polyspan.shutdown();
  }

  identity(label) {
    return api.trace.getSpanContext(this.contexts[label]);
  }

  attributes() {
    return object(this.values.splice(0));
  }

  // A value from its text. The text of a list or map says how many of the last values it takes.
  typed(kind, text) {
    const last = () => this.values.splice(this.values.length - text);
    const types = {
      string: () => text,
      bool: () => text === 'true',
      int: () => (Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text)),
      double: () => Number(text),
      bytes: () => Uint8Array.from(text.match(/\d+/g) ?? []),
      array: () => last().map(([, element]) => element),
      map: () => object(last()),
      empty: () => null,
    };
    return types[kind]();
  }
}

const time = (nanos) => [Number(BigInt(nanos) / 1_000_000_000n), Number(BigInt(nanos) % 1_000_000_000n)];
const pairs = (texts) => texts.flatMap((text, at) => (at % 2 ? [] : [[text, texts[at + 1]]]));

// Without a prototype: a key may be called __proto__.
const object = (members) => Object.assign(Object.create(null), Object.fromEntries(members));

(async () => {
  const play = new Play();
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let answer;
    try {
      const [verb, ...texts] = JSON.parse(line);
      answer = ['ok', ...((await play[verb](...texts)) ?? [])];
    } catch (error) {
      answer = ['unsupported', error.message];
    }
    console.log(JSON.stringify(answer));
  }
})();
