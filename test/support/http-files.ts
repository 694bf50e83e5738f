// Files over HTTP in a test: a folder that is served, and answers taken apart.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type FileHandler, type FilesOptions, files, type HttpServerOptions } from '../../src/http';
import type { Reactor } from '../../src/index';
import { serveHttp, talk } from './http';

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Of one answer, as it came; the body is what stands behind the head, in ISO 8859-1. */
export function parseAnswer(text: string): Answer {
  const end = text.indexOf('\r\n\r\n');
  const [line = '', ...lines] = text.slice(0, end).split('\r\n');
  const fields = lines.map((field) => {
    const colon = field.indexOf(':');
    return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
  });
  return {
    status: Number(line.split(' ')[1]),
    fields: Object.fromEntries(fields),
    body: text.slice(end + 4),
  };
}

export type Fields = Readonly<Record<string, string>>;

export interface ServedFiles {
  readonly port: number;
  readonly handler: FileHandler;
  /** One request on a connection of its own; the target goes as it is. */
  ask(target: string, fields?: Fields, method?: string): Promise<Answer>;
}

export async function serveFiles(
  reactor: Reactor,
  root: string,
  options: FilesOptions = {},
  server: Partial<HttpServerOptions> = {},
): Promise<ServedFiles> {
  const handler = files(reactor, root, options);
  await handler.ready();
  const { port } = await serveHttp(handler, server, reactor);
  return {
    port,
    handler,
    async ask(target, fields = {}, method = 'GET') {
      const lines = Object.entries({ Host: 'a', ...fields }).map(
        ([name, value]) => `${name}: ${value}`,
      );
      return parseAnswer(
        await talk(port, `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`),
      );
    },
  };
}

/** Writes files, and the folders they are in. */
export function plant(root: string, contents: Readonly<Record<string, string | Uint8Array>>): void {
  for (const [path, content] of Object.entries(contents)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}
