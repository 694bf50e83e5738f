// calandria serve --log -: nobody reads stdout any more, or nobody goes on reading it.
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { talk } from '../support/http';
import { type EchoServer, scratchFolder, startServer } from './run';

const folder = scratchFolder();
const site = join(folder, 'site');
const started: EchoServer[] = [];

beforeAll(() => {
  mkdirSync(site);
  writeFileSync(join(site, 'a.txt'), 'text\n');
});

afterEach(() => {
  for (const { child } of started.splice(0)) child.kill('SIGKILL');
});

async function logging(workers: string): Promise<EchoServer> {
  const server = await startServer(['serve', site, '--log', '-', '--workers', workers]);
  started.push(server);
  return server;
}

const ask = (port: number): Promise<string> => talk(port, 'GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n');

describe.each(['1', '2'])('serve --log - with %s threads', (workers) => {
  it('outlives the reader of stdout, says so, and exits 1', async () => {
    const { child, port, outcome } = await logging(workers);
    (child.stdout as Readable).destroy();
    expect(await ask(port)).toMatch(/\r\n\r\ntext\n$/);
    const [warning] = await once(child.stderr as Readable, 'data');
    expect(warning).toMatch(/^warning: .*the access log cannot be written: .*EPIPE\n$/);
    expect(await ask(port)).toMatch(/\r\n\r\ntext\n$/);
    child.kill('SIGTERM');
    const { code, stderr } = await outcome;
    expect(code).toBe(1);
    const lost = stderr.matchAll(/(\d+) lines of the access log were lost/g);
    expect([...lost].reduce((sum, [, count]) => sum + Number(count), 0)).toBe(2);
  });

  it('ends on SIGTERM though nobody reads stdout, and says how many lines were lost', async () => {
    const { child, port, outcome } = await logging(workers);
    (child.stdout as Readable).pause();
    const long = `GET /${'a'.repeat(4000)} HTTP/1.1\r\nHost: a\r\n\r\n`;
    await Promise.all(Array.from({ length: 16 }, () => talk(port, long.repeat(60))));
    child.kill('SIGTERM');
    await once(child, 'exit');
    (child.stdout as Readable).resume();
    const { code, stderr } = await outcome;
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringMatching(/warning: .*\d+ lines of the access log were lost\n/),
    });
  });
});
