// Regular files as streams: no readiness is ever reported for one, so threads read and write them.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, epoll, type Handlers, type Reactor } from '../../src';
import { runs, testWith } from '../support/commands';
import { pattern, promised } from '../support/conformance';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';
import { closeServed, reactorOf } from '../support/serve';
import { tap } from '../support/tap';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'calandria-streams-'));
});
afterEach(async () => {
  await closeServed();
  rmSync(folder, { recursive: true });
});

/** Copies one descriptor to the other; resolves when both are closed. */
function copy(reactor: Reactor, from: number, to: number, done: () => void): void {
  let open = 2;
  const close = (): void => {
    if (--open === 0) done();
  };
  const output = reactor.adopt(
    to,
    {},
    { drain: () => input.read(Number.POSITIVE_INFINITY), close },
  );
  const input: Connection = reactor.adopt(
    from,
    {},
    {
      data(connection, bytes) {
        if (!output.write(bytes)) connection.read(0);
      },
      end(connection) {
        connection.close();
        output.end();
      },
      close,
    },
  );
}

test('R0.3 R3.31: a file, which epoll refuses, is copied through the reactor all the same', async () => {
  const bytes = pattern(10 << 20);
  writeFileSync(join(folder, 'from'), bytes);
  const from = openSync(join(folder, 'from'), 'r');
  const to = openSync(join(folder, 'to'), 'w');
  const done = promised();
  copy(reactorOf(tap(epoll())), from, to, () => done.resolve());
  await done.promise;
  const sum = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
  expect(sum(readFileSync(join(folder, 'to')))).toBe(sum(bytes));
  expect(() => closeSync(from)).toThrow('EBADF');
  expect(() => closeSync(to)).toThrow('EBADF');
});

test('an empty file is its end; a read begins where the descriptor stands', async () => {
  writeFileSync(join(folder, 'empty'), '');
  const reactor = reactorOf(tap(epoll()));
  const lines: string[] = [];
  const done = promised();
  const again = promised();
  const handlers: Handlers = {
    data: (_, bytes) => void lines.push(Buffer.from(bytes).toString()),
    end: (connection) => {
      lines.push('end');
      connection.close();
    },
    close: () => done.resolve(),
  };
  reactor.adopt(openSync(join(folder, 'empty'), 'r'), {}, handlers);
  await done.promise;
  expect(lines).toEqual(['end']);
  writeFileSync(join(folder, 'some'), 'some bytes');
  const fd = openSync(join(folder, 'some'), 'r');
  expect(readSync(fd, Buffer.alloc(5))).toBe(5);
  reactor.adopt(fd, {}, { ...handlers, close: () => again.resolve() });
  await again.promise;
  expect(lines).toEqual(['end', 'bytes', 'end']);
});

test('a device that epoll does not take is refused by that name', async () => {
  const failed = promised<Error>();
  const fd = openSync('/dev/null', 'w');
  reactorOf(tap(epoll())).adopt(fd, {}, { error: (_, error) => failed.resolve(error) });
  expect((await failed.promise).message).toBe(`EPERM: adopt descriptor ${fd}`);
  closeSync(fd);
});

test('closing while a thread reads or writes leaves nothing behind', async () => {
  writeFileSync(join(folder, 'from'), pattern(1_000_000));
  for (let round = 0; round < 20; round++) {
    const reactor = reactorOf(tap(epoll()));
    const from = openSync(join(folder, 'from'), 'r');
    const to = openSync(join(folder, `to${round}`), 'w');
    const begun = promised();
    const input = reactor.adopt(from, {}, { open: () => begun.resolve() });
    const output = reactor.adopt(to, {}, {});
    output.write('some');
    await begun.promise;
    if (round % 2 === 0) input.destroy();
    await reactor.close();
    expect(() => closeSync(from)).toThrow('EBADF');
    expect(() => closeSync(to)).toThrow('EBADF');
  }
});

test('both replays of a copy are identical, and touch no file', async () => {
  writeFileSync(join(folder, 'from'), pattern(200_000));
  const { file, reactor } = startRecording();
  const from = openSync(join(folder, 'from'), 'r');
  const to = openSync(join(folder, 'to'), 'w');
  await new Promise<void>((resolve) => copy(reactor, from, to, () => setImmediate(resolve)));
  await reactor.close();
  expect(readFileSync(join(folder, 'to')).length).toBe(200_000);
  expect(await replayBoth(file, (again) => copy(again, 7001, 7002, () => {}))).toEqual(IDENTICAL);
});

test('a file that was adopted is refused a second time, and stays whose it is', async () => {
  writeFileSync(join(folder, 'once'), 'bytes');
  const reactor = reactorOf(tap(epoll()));
  const fd = openSync(join(folder, 'once'), 'r');
  const heard: string[] = [];
  const first = promised();
  reactor.adopt(
    fd,
    {},
    {
      data: (_, bytes) => void heard.push(Buffer.from(bytes).toString()),
      close: () => first.resolve(),
    },
  );
  const refused = promised<unknown>();
  reactor.adopt(
    fd,
    {},
    { error: (_, { code }: Error & { code?: string }) => refused.resolve(code) },
  );
  expect(await refused.promise).toBe('EEXIST');
  await first.promise;
  expect(heard).toEqual(['bytes']);
});

const kernelLog = testWith(runs('dd', 'if=/proc/kmsg', 'count=0'), 'right to read /proc/kmsg');

// In a process of its own: what waits here holds up everything.
kernelLog('closing does not wait for a file that has nothing to be read', async () => {
  spawnSync('dd', ['if=/proc/kmsg', 'of=/dev/null', 'iflag=nonblock']);
  const code = `
    const { createReactor } = require('./build/js/src/index.js');
    const { openSync } = require('node:fs');
    const reactor = createReactor({ host: 'epoll' });
    const adopt = (open, close) => reactor.adopt(openSync('/proc/kmsg'), {}, { open, close });
    adopt((one) => one.destroy(), () => adopt(() => reactor.close().then(() => console.log('closed'))));`;
  const { stdout } = spawnSync(process.execPath, ['-e', code], {
    encoding: 'utf8',
    timeout: 10_000,
  });
  expect(stdout).toBe('closed\n');
});
