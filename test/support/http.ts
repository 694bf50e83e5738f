// A server of HTTP on a reactor of its own, and a raw client that says what it got.

import { type ExchangeHandler, HttpServer, type HttpServerOptions } from '../../src/http';
import { type Address, createReactor, type Reactor } from '../../src/index';
import { Client } from './client';

export interface HttpBench {
  readonly reactor: Reactor;
  readonly server: HttpServer;
  readonly port: number;
}

const open: HttpBench[] = [];

/** To be called by afterEach: no test leaves a server behind. */
export async function closeHttp(): Promise<void> {
  for (const { reactor } of open.splice(0)) await reactor.close();
}

export async function serveHttp(
  handler: ExchangeHandler,
  options: Partial<HttpServerOptions> = {},
  reactor = createReactor(),
): Promise<HttpBench> {
  const server = new HttpServer(reactor, { port: 0, ...options }, handler);
  const { port }: Address = await server.ready();
  const bench = { reactor, server, port };
  open.push(bench);
  return bench;
}

/** Sends the parts, each when the one before is with the kernel, then the end; all that came. */
export async function talk(port: number, ...parts: (string | Uint8Array)[]): Promise<string> {
  const client = new Client({ address: '127.0.0.1', port });
  for (const part of parts) {
    await client.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part);
  }
  client.end();
  await client.closed;
  return client.received.toString('latin1');
}

/** Without the Date field, which is another each second. */
export function undated(text: string): string {
  return text.replace(/^Date: .*\r\n/gm, '');
}
