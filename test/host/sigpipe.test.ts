// The ways to be rid of SIGPIPE: which there are here, and that sockets need none of the process's.
import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { capabilities } from '../../src/index';
import { run, scratchFolder } from '../cli/run';
import { readText } from '../project/tree';
import { compile, compiles, testWith } from '../support/commands';
import { dial } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

const { features, missing } = capabilities();
const onLinux = testWith(process.platform === 'linux' && missing === '', 'shim for Linux');

const path = join(scratchFolder(), 'listener');
const startDefault = () => start('host/programs/default-sigpipe.mjs', { parameters: [path] });
afterEach(() => rmSync(path, { force: true }));

interface Started {
  readonly dispositions: string[];
}

onLinux('R2.11: the disposition of SIGPIPE is reported as it is at the moment', async () => {
  const { dispositions } = await startDefault().next<Started>();
  // Node ignores it; a listener catches it; and without the listener it is the default.
  expect(dispositions).toEqual(['ignored', 'caught', 'default']);
});

onLinux('R2.11: doctor reports it', async () => {
  const { stdout } = await run(['doctor', '--json']);
  const report = JSON.parse(stdout);
  expect(report.capabilities.sigpipe).toBe('ignored');
  expect(report.limits).toContainEqual(
    expect.objectContaining({ name: 'SIGPIPE', value: 'ignored', verdict: 'fine' }),
  );
});

onLinux('R2.13: F_SETNOSIGPIPE is not on Linux, and it says whose it is', async () => {
  expect(features.f_setnosigpipe).toMatchObject({ available: false, value: undefined });
  expect(features.f_setnosigpipe.reason).toMatch(/^an interface of Darwin and NetBSD;/);
});

onLinux('R2.14: SO_NOSIGPIPE is not on Linux, and it says whose it is', async () => {
  expect(features.so_nosigpipe).toMatchObject({ available: false, value: undefined });
  expect(features.so_nosigpipe.reason).toMatch(/^an interface of Darwin, FreeBSD and NetBSD;/);
});

onLinux('R2.16: so does every way of sending a file', async () => {
  const program = start('host/programs/default-sigpipe-file.mjs', { parameters: [path] });
  await program.next();
  for (const via of ['sendfile', 'map', 'read', 'sendfile']) {
    const peer = await dial(path);
    // What it takes of 8 MiB before it is gone is chance; the rest meets nobody.
    peer.socket.destroy();
    expect(await program.next()).toEqual({ via, code: 'EPIPE' });
  }
  rmSync(`${path}.file`);
});

onLinux('R2.16: sockets survive a peer that is gone under the default disposition', async () => {
  const program = startDefault();
  const { dispositions } = await program.next<Started>();
  expect(dispositions.at(-1)).toBe('default');
  // A send and a sendmsg by turns.
  for (let round = 0; round < 6; round++) {
    const peer = await dial(path);
    peer.socket.destroy();
    const { codes } = await program.next<{ codes: string[] }>();
    expect(codes).toEqual(Array.from({ length: round + 1 }, () => 'EPIPE'));
  }
});

const compiling = testWith(process.platform === 'linux' && compiles, 'C compiler for Linux');

compiling('R2.16: of the ways to write, flags.md says which raise it', async () => {
  const { file, done } = compile(readText('test/host/programs/broken-pipe.c'));
  const found = execFileSync(file, { encoding: 'utf8' }).trim().split('\n');
  done();
  const known = features.rwf_nosignal.available;
  const table = readText('docs/flags.md').split('## Which calls raise it')[1] ?? '';
  const stated = [...table.matchAll(/^\| .*<!-- ([\w-]+) -->.*\| (SIGPIPE|EPIPE) \|/gm)].map(
    ([, name, result]) => `${name} ${result}`,
  );
  const withoutFlag = (lines: string[]) => lines.filter((line) => !line.startsWith('pwritev2'));
  expect(known ? found : withoutFlag(found)).toEqual(known ? stated : withoutFlag(stated));
});

const signalling = testWith(features.epoll.available && compiles, 'epoll host, or C compiler');

signalling(
  'R2.12: SIGPIPE sent to a thread of the shim does nothing; the others are open',
  async () => {
    const program = start('host/programs/threads.mjs');
    const { ours, sigpipe } = await program.next<{
      ours: { thread: string; blocked: string }[];
      sigpipe: string;
    }>();
    expect(sigpipe).toBe('default');
    expect(ours.length).toBeGreaterThan(0);
    const { file, done } = compile(readText('test/host/programs/signal-thread.c'));
    const pid = String(program.child.pid);
    try {
      for (const { thread, blocked } of ours) {
        // All but SIGKILL and SIGSTOP, and the two that the C library keeps for itself.
        expect([thread, BigInt(`0x${blocked}`) | 0x1_8004_0100n]).toEqual([thread, 2n ** 64n - 1n]);
        execFileSync(file, [pid, thread]);
      }
      program.send({});
      expect(await program.next()).toEqual({ size: statSync(process.execPath).size });
      // The same signal where nobody blocks it: it would have been deadly.
      execFileSync(file, [pid, pid]);
      expect((await program.ended).signal).toBe('SIGPIPE');
    } finally {
      done();
    }
  },
);
