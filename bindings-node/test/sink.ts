/** An OTLP receiver on loopback that keeps what it gets, and the usual frame of a test around it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import * as polyspan from 'polyspan';
import { type SeenSpan, type SeenSum, spansOf, sumsOf } from './protobuf';

export class Sink {
  readonly spans: SeenSpan[] = [];
  /** The sums of each export of metrics. */
  readonly sums: SeenSum[][] = [];
  readonly bodies: Buffer[] = [];

  private constructor(private readonly server: Server) {}

  static async open(): Promise<Sink> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        const body = Buffer.concat(chunks);
        sink.bodies.push(body);
        if (request.url === '/v1/traces') sink.spans.push(...spansOf(body));
        if (request.url === '/v1/metrics') sink.sums.push(sumsOf(body));
        response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
      });
    });
    const sink = new Sink(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return sink;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  named(name: string): SeenSpan {
    const found = this.spans.find((span) => span.name === name);
    if (found === undefined) {
      throw new Error(`no span ${name} among ${this.spans.map((span) => span.name).join(', ')}`);
    }
    return found;
  }

  /** The points of a sum in the last export. */
  counted(name: string): SeenSum[] {
    return (this.sums.at(-1) ?? []).filter((sum) => sum.name === name);
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

/** Runs `body` with polyspan exporting to a sink of its own, then flushes; returns the sink with what arrived. */
export async function traced(body: (sink: Sink) => unknown, options: polyspan.Options = {}): Promise<Sink> {
  const sink = await Sink.open();
  polyspan.init({ endpoint: sink.endpoint, serviceName: 'test', ...options });
  try {
    await body(sink);
    await polyspan.flush();
  } finally {
    await polyspan.shutdown();
    await sink.close();
  }
  return sink;
}

/** The same as a test's body. */
export function within(body: (sink: Sink) => unknown, options: polyspan.Options = {}): () => Promise<void> {
  return async () => {
    await traced(body, options);
  };
}

export interface Ran {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a fixture program as its own process. */
export async function run(args: string[], env: Record<string, string | undefined> = {}): Promise<Ran> {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env } });
  const ran: Ran = { code: null, signal: null, stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    ran.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    ran.stderr += chunk;
  });
  [ran.code, ran.signal] = (await once(child, 'close')) as [number | null, string | null];
  return ran;
}

/** A program of `test/fixtures`, which are plain JavaScript, as users' programs are. */
export function fixture(name: string): string {
  return join(__dirname, '..', '..', 'test', 'fixtures', name);
}
