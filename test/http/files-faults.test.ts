// What goes wrong with files and clients while files are served: it is the one answer's affair, and
// others go on.
import { chmodSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../../src/http';
import { Client } from '../support/client';
import { limits, testWith } from '../support/commands';
import { forEachHost, pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { serveHttp, talk } from '../support/http';
import { parseAnswer, plant, serveFiles } from '../support/http-files';
import { endPrograms, start } from '../support/program';

const freshPath = freshFolder();
afterEach(endPrograms);

const GET = 'GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n';
const BIG = pattern(16 << 20);
const SIZE = BIG.length;

forEachHost(
  'faults of files over HTTP',
  (bench) => {
    test('a file that gets shorter while it is sent cuts its connection, and no other', async () => {
      const root = freshPath();
      plant(root, { 'big.bin': BIG, 'a.txt': 'a' });
      const told: unknown[] = [];
      const { port, ask } = await serveFiles(
        bench.reactor(),
        root,
        {},
        {
          onError: (error) => told.push((error as NodeJS.ErrnoException).code),
        },
      );
      const client = new Client({ address: '127.0.0.1', port });
      await client.write(GET);
      await client.receive(1 << 16);
      client.socket.pause();
      truncateSync(join(root, 'big.bin'), 1 << 20);
      client.socket.resume();
      await client.ended;
      client.socket.destroy();
      const { status, fields, body } = parseAnswer(client.received.toString('latin1'));
      expect([status, fields['content-length']]).toEqual([200, String(SIZE)]);
      expect(body.length).toBeLessThan(SIZE);
      // What was on its way from behind the new end may be zeros now: sendfile(2) does not copy.
      expect(body.length).toBeGreaterThanOrEqual(1 << 20);
      expect(BIG.toString('latin1').startsWith(body.slice(0, 1 << 20))).toBe(true);
      expect(told).toEqual(['ENODATA']);
      expect((await ask('/a.txt')).body).toBe('a');
      expect((await ask('/big.bin', { Range: 'bytes=0-1' })).fields['content-range']).toBe(
        `bytes 0-1/${1 << 20}`,
      );
    });

    test('a client that goes in the middle is no error of the program', async () => {
      const root = freshPath();
      plant(root, { 'big.bin': BIG, 'a.txt': 'a' });
      const told: unknown[] = [];
      const reactor = bench.reactor();
      const onError = (error: unknown): void => void told.push(error);
      const { port, ask } = await serveFiles(reactor, root, {}, { onError });
      for (const request of [GET, GET.replace('\r\n\r\n', '\r\nRange: bytes=0-9,100-\r\n\r\n')]) {
        const client = new Client({ address: '127.0.0.1', port });
        await client.write(request);
        await client.receive(1 << 16);
        client.socket.resetAndDestroy();
        await client.closed;
      }
      expect((await ask('/a.txt')).body).toBe('a');
      await reactor.close();
      expect(told).toEqual([]);
    });

    test('a folder that is not there is told at once, and each request fails', async () => {
      const reactor = bench.reactor();
      const root = freshPath();
      const told: string[] = [];
      const handler = files(reactor, root);
      await expect(handler.ready()).rejects.toMatchObject({ code: 'ENOENT' });
      const { port } = await serveHttp(
        handler,
        { onError: (error) => told.push((error as NodeJS.ErrnoException).code ?? '') },
        reactor,
      );
      const answer = await talk(port, GET);
      expect(answer).toMatch(/^HTTP\/1.1 500 /);
      expect(answer).not.toContain(root);
      expect(told).toEqual(['ENOENT']);
    });

    test('what a program says of a file may throw, and leaves nothing open', async () => {
      const root = freshPath();
      plant(root, { 'a.txt': 'a', 'a.txt.gz': 'z', 'b.txt': 'b', 'c.txt': 'c' });
      const reactor = bench.reactor();
      const told: unknown[] = [];
      const say = (path: string, name: string): undefined => {
        if (path === name) throw new Error(name);
      };
      const { ask } = await serveFiles(
        reactor,
        root,
        {
          contentType: (path) => say(path, 'b.txt'),
          cacheControl: (path) => say(path, 'a.txt') ?? (path === 'c.txt' ? '\n' : undefined),
        },
        { onError: (error) => told.push((error as Error).message.slice(0, 5)) },
      );
      const descriptors = (): number => readdirSync('/proc/self/fd').length;
      const ask3 = async (): Promise<void> => {
        for (const path of ['/a.txt', '/b.txt', '/c.txt']) {
          expect((await ask(path, { 'Accept-Encoding': 'gzip' })).status).toBe(500);
        }
      };
      await ask3();
      const before = descriptors();
      for (let time = 0; time < 10; time++) await ask3();
      expect(told.length).toBe(33);
      // A connection or two may be closing still.
      expect(descriptors() - before).toBeLessThan(8);
    });

    test('without a record for one more file the client is told to come again', async () => {
      const root = freshPath();
      plant(root, { 'a.txt': 'a' });
      const reactor = bench.reactor({ limits: { connections: 8 } });
      const { ask, port } = await serveFiles(reactor, root, { precompressed: false, cache: false });
      const client = new Client({ address: '127.0.0.1', port });
      await client.write('GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n');
      await client.receive(1);
      const held = [];
      for (;;) {
        const file = await reactor.openFile(join(root, 'a.txt')).catch(() => undefined);
        if (!file) break;
        held.push(file);
      }
      const before = client.length;
      await client.write('GET /a.txt HTTP/1.1\r\nHost: a\r\n\r\n');
      const text = (await client.receive(before + 1)).toString('latin1').slice(before);
      const answer = parseAnswer(text);
      expect([answer.status, answer.fields['retry-after']]).toEqual([503, '1']);
      await Promise.all(held.map((file) => file.close()));
      client.socket.destroy();
      expect((await ask('/a.txt')).body).toBe('a');
    });

    testWith(limits, 'prlimit')('without a descriptor, too', async () => {
      const root = freshPath();
      plant(root, { 'a.txt': 'a' });
      const { first, crowded, last } = await start('http/programs/crowded.mjs', {
        parameters: [bench.host, root],
        through: ['prlimit', '--nofile=96:96'],
      }).next<Record<'first' | 'crowded' | 'last', string>>();
      expect([first, crowded, last].map((text) => parseAnswer(text).status)).toEqual([
        200, 503, 200,
      ]);
      expect(parseAnswer(crowded).fields['retry-after']).toBe('1');
    });

    testWith(process.getuid?.() !== 0, 'user without rights')(
      'a file that may not be read is not there',
      async () => {
        const root = freshPath();
        plant(root, { 'a.txt': 'a', 'sub/b.txt': 'b' });
        chmodSync(join(root, 'a.txt'), 0);
        chmodSync(join(root, 'sub'), 0);
        const { ask } = await serveFiles(bench.reactor(), root);
        expect((await ask('/a.txt')).status).toBe(404);
        expect((await ask('/sub/b.txt')).status).toBe(404);
        chmodSync(join(root, 'sub'), 0o700);
        rmSync(root, { recursive: true });
      },
    );
  },
  'one',
);
