// Files that change while they are served: no answer is older than its request, or a mixture. The
// run is recorded, and its replay answers the same without the files.
import { mkdirSync, rmSync } from 'node:fs';
import { epoll, hosts, type Reactor } from '../../src';
import { type FileHandler, files, HttpServer } from '../../src/http';
import { freshFolder } from '../support/folder';
import { endPrograms, start } from '../support/program';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

const freshPath = freshFolder();
afterEach(endPrograms);

const MILLISECONDS = 700;
const SEED = 7;
const CONNECTIONS = 8;

const keeps = hosts.some(({ name, missing }) => name === 'epoll' && missing() === '');

test('R4.8: no answer is older than its request, whatever becomes of the files', async () => {
  const root = freshPath();
  mkdirSync(root);
  let handler: FileHandler | undefined;
  const serve = (reactor: Reactor): HttpServer => {
    handler = files(reactor, root);
    return new HttpServer(reactor, { port: 0, limits: { requests: 1e9 } }, handler);
  };
  const { reactor, file } = startRecording(keeps ? { host: epoll() } : {});
  const { port } = await serve(reactor).ready();
  const parameters = [port, root, MILLISECONDS, SEED, CONNECTIONS];
  const { answers, changes, wrong } = await start('http/programs/changing.mjs', {
    parameters,
  }).next<{ answers: number; changes: number; wrong: string[] }>();
  expect(wrong).toEqual([]);
  expect(Math.min(answers, changes)).toBeGreaterThan(20);
  if (keeps) expect(handler?.cached?.hits).toBeGreaterThan(10);
  await reactor.close();
  rmSync(root, { recursive: true });
  expect(await replayBoth(file, (replayed) => void serve(replayed))).toEqual(IDENTICAL);
});
