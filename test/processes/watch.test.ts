// Processes that something else started: a pidfd each.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createReactor, epoll, type Process, type ProcessEnd, type Reactor } from '../../src';
import { promised } from '../support/conformance';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';
import { closeServed, reactorOf } from '../support/serve';
import { tap } from '../support/tap';

afterEach(closeServed);

/** A child of Node's, which libuv reaps, and which waits for a line. */
function child(script: string): ChildProcess {
  return spawn('sh', ['-c', `read line; ${script}`], { stdio: ['pipe', 'ignore', 'ignore'] });
}

function watch(reactor: Reactor, pid: number): { process: Process; ended: Promise<ProcessEnd> } {
  const { promise, resolve } = promised<ProcessEnd>();
  const process = reactor.watchProcess(pid, { exit: (_, end) => resolve(end) });
  return { process, ended: promise };
}

test('R0.10: the end of a child of Node is told, and Node hears of it too', async () => {
  const reactor = reactorOf(tap(epoll()));
  const theirs = child('exit 5');
  const { process, ended } = watch(reactor, theirs.pid as number);
  await process.ready();
  expect(process.pid).toBe(theirs.pid);
  theirs.stdin?.end('\n');
  const [code] = await once(theirs, 'exit');
  expect(code).toBe(5);
  // libuv may have reaped it before we looked; the kernel may still tell (Linux 6.15).
  const end = await ended;
  expect([
    { code: 5, signal: null, known: true },
    { code: null, signal: null, known: false },
  ]).toContainEqual(end);
});

test('a process that is nobody of ours is watched until its end', async () => {
  const reactor = reactorOf(tap(epoll()));
  // The grandchild outlives its parent, and is then init's.
  const { stdout } = spawnSync('sh', ['-c', 'sleep 60 >/dev/null 2>&1 & echo $!'], {
    encoding: 'utf8',
  });
  const { process, ended } = watch(reactor, Number(stdout));
  await process.ready();
  await process.kill('SIGKILL');
  const end = await ended;
  expect(end.code).toBeNull();
  expect(end.signal === 'SIGKILL').toBe(end.known);
});

test('R1.13: available says whether the status of a process is there', async () => {
  const reactor = createReactor({ host: 'epoll' });
  const stopped = promised();
  const process = reactor.spawn(
    { file: 'sh', args: ['-c', 'read line; exit 1'], stdout: 'ignore', stderr: 'ignore' },
    {
      open(process) {
        process.read(0);
        process.sample();
      },
      close: () => stopped.resolve(),
    },
  );
  await process.ready();
  expect(process.rx.available).toBe(0);
  const seen = promised();
  process.stdin?.end('\n');
  const look = (): void => {
    if (process.rx.available === 1) return seen.resolve();
    process.sample();
    reactor.setTimer(1, look);
  };
  look();
  await seen.promise;
  process.read(1);
  await stopped.promise;
  await reactor.close();
});

test('a process that does not exist is refused by name', async () => {
  const reactor = reactorOf(tap(epoll()));
  const pid = Number(readFileSync('/proc/sys/kernel/pid_max', 'utf8')) - 1;
  const failed = promised<Error>();
  reactor.watchProcess(pid, { error: (_, error) => failed.resolve(error) });
  expect((await failed.promise).message).toBe(`ESRCH: open process ${pid}`);
  expect(() => reactor.watchProcess(0, {})).toThrow(/pid must be the number of a process/);
});

test('closing the reactor leaves children running, and closes the pipes to them', async () => {
  const reactor = createReactor({ host: 'epoll' });
  const process = reactor.spawn(
    { file: 'sh', args: ['-c', 'cat; exec sleep 60'], stdout: 'ignore', stderr: 'ignore' },
    {},
  );
  await process.ready();
  const pid = process.pid as number;
  await reactor.close();
  const state = (): string => readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  // `cat` saw the end of its input, so the shell goes on.
  while (!state().startsWith('sleep')) await new Promise((resolve) => setImmediate(resolve));
  globalThis.process.kill(pid, 'SIGKILL');
});

test('what no command can be is found before anything is started', async () => {
  const reactor = reactorOf(tap(epoll()));
  const refused = (command: object) => () => reactor.spawn(command as never, {});
  expect(refused({})).toThrow(/file must be a string/);
  expect(refused({ file: '' })).toThrow(/file is empty/);
  expect(refused({ file: 'a\0b' })).toThrow(/NUL/);
  expect(refused({ file: 'sh', args: 'x' })).toThrow(/args must be an array/);
  expect(refused({ file: 'sh', args: [1] })).toThrow(/args\[0\] must be a string/);
  expect(refused({ file: 'sh', stdin: 'file' })).toThrow(/stdin must be/);
  expect(refused({ file: 'sh', env: { A: 1 } })).toThrow(/env.A must be a string/);
  expect(refused({ file: 'sh', args: ['x'.repeat(40_000)] })).toThrow(
    expect.objectContaining({ code: 'ERR_CALANDRIA_LIMIT' }),
  );
  const small = reactorOf(tap(epoll()), { limits: { connections: 3 } });
  expect(() => small.spawn({ file: 'true' }, {})).toThrow(
    expect.objectContaining({ code: 'ERR_CALANDRIA_LIMIT' }),
  );
  await small.spawn({ file: 'true', stderr: 'ignore' }, {}).ready();
});

test('a process is closed and killed before it was started: nothing stays', async () => {
  const reactor = reactorOf(tap(epoll()));
  const closed: string[] = [];
  const all = promised();
  const note = (what: string): void => {
    closed.push(what);
    if (closed.length === 8) all.resolve();
  };
  for (const file of ['true', 'no-such-command-here']) {
    const process = reactor.spawn(
      { file },
      { close: () => note('process'), streams: { close: () => note('stream') } },
    );
    process.destroy();
    process.stdin?.destroy();
    process.stdout?.close();
    process.stderr?.destroy();
  }
  await all.promise;
  expect(closed.filter((what) => what === 'process')).toHaveLength(2);
});

test('both replays of a watch are identical, whatever the number is this time', async () => {
  const { file, reactor } = startRecording();
  const theirs = child('kill -9 $$');
  const heard: ProcessEnd[] = [];
  const program = (again: Reactor, pid: number, done = () => {}): Process =>
    again.watchProcess(pid, { exit: (_, end) => void heard.push(end), close: done });
  await new Promise<void>((resolve) => {
    const process = program(reactor, theirs.pid as number, () => setImmediate(resolve));
    process.ready().then(() => theirs.stdin?.end('\n'));
  });
  await reactor.close();
  expect(await replayBoth(file, (again) => void program(again, 4_000_000))).toEqual(IDENTICAL);
  expect(heard).toHaveLength(2);
  expect(heard[1]).toEqual(heard[0]);
});
