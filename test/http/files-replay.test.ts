// A recorded run of a server of files, replayed without the files: they are gone by then.
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { epoll, hosts, node, type Reactor } from '../../src';
import { files, HttpServer } from '../../src/http';
import { pattern } from '../support/conformance';
import { freshFolder } from '../support/folder';
import { talk } from '../support/http';
import { plant } from '../support/http-files';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

const freshPath = freshFolder();
const made: Readonly<Record<string, () => ReturnType<typeof epoll>>> = { epoll, node };

/** The server alone: what a replay runs. */
function serverOf(root: string): (reactor: Reactor) => HttpServer {
  return (reactor) => new HttpServer(reactor, { port: 0 }, files(reactor, root));
}

function request(line: string, ...fields: string[]): string {
  return `${[`${line} HTTP/1.1`, 'Host: a', ...fields].join('\r\n')}\r\n\r\n`;
}

const TALK = [
  request('GET /'),
  request('GET /a.txt'),
  request('GET /a.txt', 'Accept-Encoding: gzip'),
  request('HEAD /big.bin'),
  request('GET /big.bin'),
  request('GET /big.bin', 'Range: bytes=5-200000'),
  request('GET /big.bin', 'Range: bytes=1-2,100000-150000'),
  request('GET /sub'),
  request('GET /not-there'),
  request('GET /..'),
].join('');

for (const { name, missing } of hosts) {
  if (missing() || !made[name]) continue;
  test.each(['reference', 'copy'] as const)(
    `a run on ${name} is replayed with no file and no socket (files: %s)`,
    async (copied) => {
      const root = freshPath();
      plant(root, {
        'index.html': 'index',
        'a.txt': 'plain',
        'a.txt.gz': 'compressed',
        'big.bin': pattern(400_000),
        'sub/x': 'INDEX',
      });
      const program = serverOf(root);
      const { reactor, file } = startRecording({ host: made[name]?.(), files: copied });
      const { port } = await program(reactor).ready();
      const first = await talk(port, TALK);
      const second = await talk(port, TALK);
      writeFileSync(join(root, 'a.txt'), 'other');
      renameSync(join(root, 'sub/x'), join(root, 'index.html'));
      const third = await talk(port, TALK);
      await reactor.close();
      expect(first.length).toBeGreaterThan(650_000);
      expect(second.length).toBe(first.length);
      expect(third).toContain('\r\n\r\nother');
      expect(third.length).toBe(first.length);
      // All of it is in the trace, unless the kernel sent it from the file.
      const kept = readFileSync(file).includes(pattern(400_000).subarray(300_000, 310_000));
      expect(kept).toBe(copied === 'copy' || name === 'node');
      rmSync(root, { recursive: true });
      expect(await replayBoth(file, (replayed) => void program(replayed))).toEqual(IDENTICAL);
    },
  );
}
