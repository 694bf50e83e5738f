// The access log: lines as they are written, and what becomes of them when they cannot be.
import { createHook } from 'node:async_hooks';
import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AccessLog, type AccessLogOptions, type Exchange } from '../../src/http';
import { createReactor } from '../../src/index';
import { createOutside, wallClock } from '../../src/outside';
import { closeHttp, serveHttp, talk } from '../support/http';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calandria-log-'));
});

afterEach(async () => {
  await closeHttp();
  rmSync(folder, { recursive: true });
});

async function logged(options: AccessLogOptions): Promise<{ port: number; log: AccessLog }> {
  const reactor = createReactor();
  const clock = wallClock(createOutside(reactor));
  const log = new AccessLog(reactor, clock, options);
  await log.open();
  const { port } = await serveHttp(
    (exchange) => exchange.answer(exchange.target === '/gone' ? 404 : 200, {}, 'body'),
    { clock, onDone: (exchange) => log.add(exchange) },
    reactor,
  );
  return { port, log };
}

const REQUESTS =
  'GET /a?b HTTP/1.1\r\nHost: a\r\nReferer: http://r/"x"\r\nUser-Agent: me\r\n\r\n' +
  'GET /gone HTTP/1.0\r\n\r\n';
const TIME = String.raw`\[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d \+0000\]`;

test('access log: the Common Log Format has who, when, what and how it ended', async () => {
  let lines = '';
  const { port, log } = await logged({
    write: (text) => {
      lines += text;
    },
  });
  await talk(port, REQUESTS);
  await log.flush();
  expect(lines).toMatch(
    new RegExp(
      `^127\\.0\\.0\\.1 - - ${TIME} "GET /a\\?b HTTP/1\\.1" 200 4\n` +
        `127\\.0\\.0\\.1 - - ${TIME} "GET /gone HTTP/1\\.0" 404 4\n$`,
    ),
  );
});

test('access log: nothing that a client sends ends a field or a line', async () => {
  let lines = '';
  const { port, log } = await logged({
    format: 'combined',
    write: (text) => {
      lines += text;
    },
  });
  await talk(port, REQUESTS);
  await log.flush();
  expect(lines.split('\n')[0]).toMatch(/ 200 4 "http:\/\/r\/\\x22x\\x22" "me"$/);
});

test('access log: as JSON each line is an object', async () => {
  let lines = '';
  const { port, log } = await logged({
    format: 'json',
    write: (text) => {
      lines += text;
    },
  });
  await talk(port, REQUESTS);
  await log.flush();
  const [first, second] = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(first).toEqual({
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    remote: '127.0.0.1',
    method: 'GET',
    target: '/a?b',
    version: '1.1',
    status: 200,
    bytes: 4,
    milliseconds: expect.any(Number),
    aborted: false,
    referer: 'http://r/"x"',
    userAgent: 'me',
  });
  expect(second).toMatchObject({ status: 404, version: '1.0' });
});

test('access log: a file is appended to, and opened anew after a rotation', async () => {
  const file = join(folder, 'access.log');
  const { port, log } = await logged({ file });
  await talk(port, REQUESTS);
  await log.flush();
  renameSync(file, `${file}.1`);
  await log.open();
  await talk(port, REQUESTS);
  await log.close();
  expect(readFileSync(`${file}.1`, 'utf8').match(/\n/g)).toHaveLength(2);
  expect(readFileSync(file, 'utf8').match(/\n/g)).toHaveLength(2);
});

test('access log: a full disk is said once, lines are counted as lost, and others are served', async () => {
  const errors: Error[] = [];
  const { port, log } = await logged({ file: '/dev/full', onError: (error) => errors.push(error) });
  await talk(port, REQUESTS);
  await log.flush();
  expect(await talk(port, REQUESTS)).toMatch(/^HTTP\/1.1 200 OK/);
  await log.flush();
  expect(errors).toMatchObject([{ code: 'ENOSPC' }]);
  expect(log.lost).toBe(4);
  await log.close();
});

/** A log whose writes end when the test says so, and an exchange to put into it. */
async function held(
  onError?: (error: Error) => void,
): Promise<{ log: AccessLog; add: () => void; writes: Write[] }> {
  const writes: Write[] = [];
  const exchanges: Exchange[] = [];
  // Asynchronous: its fields are kept behind its turn.
  const answer = async (exchange: Exchange): Promise<void> => {
    await turn();
    exchange.answer(200, {}, 'body');
  };
  const { reactor, port } = await serveHttp(answer, {
    onDone: (exchange) => exchanges.push(exchange),
  });
  await talk(port, 'GET / HTTP/1.0\r\n\r\n');
  const log = new AccessLog(reactor, wallClock(createOutside(reactor)), {
    ...(onError && { onError }),
    write: (lines) =>
      new Promise((resolve, reject) => writes.push({ lines, resolve: () => resolve(), reject })),
  });
  return { log, add: () => log.add(exchanges[0] as Exchange), writes };
}

interface Write {
  readonly lines: string;
  resolve(): void;
  reject(error: Error): void;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('access log: flush() ends when what was there is written, whoever else began a write', async () => {
  const { log, add, writes } = await held();
  const ended: string[] = [];
  const flush = (name: string): Promise<unknown> => log.flush().then(() => ended.push(name));
  add();
  const all = [flush('first')];
  add();
  all.push(flush('second'), flush('third'));
  await turn();
  expect(writes).toHaveLength(1);
  writes[0]?.resolve();
  await turn();
  expect(ended).toEqual(['first']);
  const closed = log.close().then(() => log.lost);
  writes[1]?.reject(new Error('full'));
  await Promise.all(all);
  expect([ended, await closed]).toEqual([['first', 'second', 'third'], 1]);
});

test('access log: behind a write that does not end lines are kept, then counted, and no more', async () => {
  const errors: Error[] = [];
  const { log, add, writes } = await held((error) => errors.push(error));
  while (writes.length === 0) add();
  const size = writes[0]?.lines.match(/\n/g)?.length as number;
  expect(writes[0]?.lines.length).toBeGreaterThanOrEqual(1 << 16);
  for (let line = 0; line < size; line++) add();
  let promises = 0;
  const hook = createHook({
    init(_, type) {
      if (type === 'PROMISE') promises++;
    },
  });
  hook.enable();
  for (let line = 0; line < 20 * size; line++) add();
  hook.disable();
  expect([promises, writes.length]).toEqual([0, 1]);
  const refused = log.lost;
  expect(refused).toBeGreaterThan(4 * size);
  await log.close({ deadline: 10 });
  expect(log.lost).toBe(22 * size);
  // What the given up write comes to is not counted again, and nothing is begun behind it.
  writes[0]?.reject(new Error('gone'));
  await turn();
  expect([log.lost, writes.length, errors]).toEqual([22 * size, 1, []]);
});

test('access log: what came together during a write is written behind it', async () => {
  const { log, add, writes } = await held();
  while (writes.length === 0) add();
  const size = writes[0]?.lines.match(/\n/g)?.length as number;
  for (let line = 0; line < size; line++) add();
  writes[0]?.resolve();
  await turn();
  expect(writes[1]?.lines).toBe(writes[0]?.lines);
  writes[1]?.resolve();
  await log.close();
  expect([log.lost, writes.length]).toEqual([0, 2]);
});

test('access log: a file that cannot be opened is an error', async () => {
  await expect(logged({ file: join(folder, 'none', 'access.log') })).rejects.toMatchObject({
    code: 'ENOENT',
  });
});

test('access log: what it cannot be told is refused by name', () => {
  const reactor = createReactor();
  const clock = wallClock(createOutside(reactor));
  expect(() => new AccessLog(reactor, clock, { file: 'a', format: 'xml' as never })).toThrow(
    /format is 'common', 'combined', 'json', not "xml"/,
  );
  expect(() => new AccessLog(reactor, clock, {})).toThrow(/file must be a string/);
  return reactor.close();
});
