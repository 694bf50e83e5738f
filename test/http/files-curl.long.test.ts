// The same with a client that others wrote: curl, with paths as they are given.
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { runs, testWith } from '../support/commands';
import { forEachHost } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { plant, serveFiles } from '../support/http-files';

const freshPath = freshFolder();
const withCurl = testWith(runs('curl', '--version'), 'curl');
const run = promisify(execFile);

async function curl(...parameters: string[]): Promise<string> {
  const { stdout } = await run('curl', ['-sS', '--path-as-is', '--max-time', '20', ...parameters]);
  return stdout;
}

const LENGTH = 100_000_000;
const BLOCK = randomBytes(1 << 20);

/** Not alike from one MiB to the next. */
async function writeLong(path: string): Promise<string> {
  const hash = createHash('sha256');
  const stream = createWriteStream(path);
  for (let at = 0; at < LENGTH; at += BLOCK.length) {
    BLOCK.writeUInt32LE(at, at % 997);
    const part = Buffer.from(BLOCK.subarray(0, Math.min(BLOCK.length, LENGTH - at)));
    hash.update(part);
    if (!stream.write(part))
      await new Promise((resolve) => stream.once('drain', () => resolve(undefined)));
  }
  await new Promise<void>((resolve) => stream.end(() => resolve()));
  return hash.digest('hex');
}

async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

forEachHost(
  'curl',
  (bench) => {
    withCurl('R4.8: the matrix: 200, 206, 304, 400, 403, 404, 416, HEAD', async () => {
      const root = freshPath();
      plant(join(root, '..'), { secret: 'secret' });
      plant(root, { 'a.txt': '0123456789', 'sub/index.html': 'index' });
      symlinkSync('../secret', join(root, 'escape'));
      const { port, ask } = await serveFiles(bench.reactor(), root);
      const at = (target: string): string => `http://127.0.0.1:${port}${target}`;
      const status = (target: string, ...more: string[]): Promise<string> =>
        curl('-o', '/dev/null', '-w', '%{http_code}', ...more, at(target));
      const { fields } = await ask('/a.txt');
      const matrix: readonly [string, string, ...string[]][] = [
        ['200', '/a.txt'],
        ['200', '/a.txt', '--head'],
        ['200', '/a.txt', '--http1.0'],
        ['200', '/a.txt', '--compressed'],
        ['206', '/a.txt', '--range', '2-4'],
        ['206', '/a.txt', '--range', '0-1,4-5'],
        ['416', '/a.txt', '--range', '10-'],
        ['304', '/a.txt', '--header', `If-None-Match: ${fields.etag}`],
        ['304', '/a.txt', '--time-cond', fields['last-modified'] as string],
        ['404', '/not-there'],
        ['404', '/escape'],
        ['404', '/a.txt/'],
        ['403', '/../secret'],
        ['403', '/sub/../../secret'],
        ['403', '/%2e%2e/secret'],
        ['400', '/%2e%2e%2fsecret'],
        ['400', '/a.txt%00'],
        ['400', '/%c0%ae%c0%ae/secret'],
        ['308', '/sub'],
        ['200', '/sub', '--location'],
        ['405', '/a.txt', '--data', 'x'],
      ];
      const answered = matrix.map(async ([, target, ...more]) => [
        await status(target, ...more),
        target,
        ...more,
      ]);
      expect(await Promise.all(answered)).toEqual(matrix);
      expect(await curl('--range', '2-4', at('/a.txt'))).toBe('234');
      // curl goes on where it stopped.
      expect(await curl('--continue-at', '7', at('/a.txt'))).toBe('789');
      expect(await curl('--location', at('/sub?q'))).toBe('index');
    });

    withCurl('R4.8 R2.25: 100 MB arrive as they are', async () => {
      const root = freshPath();
      plant(root, { x: '' });
      const digest = await writeLong(join(root, 'long.bin'));
      const { port } = await serveFiles(bench.reactor(), root);
      const to = join(root, 'received');
      await curl('-o', to, `http://127.0.0.1:${port}/long.bin`);
      expect(await digestOf(to)).toBe(digest);
    });
  },
  'one',
);
