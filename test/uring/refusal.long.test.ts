// Where io_uring cannot be had the host says why, and nobody who did not ask for it notices.
import { readFileSync, writeFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { hosts } from '../../src';
import { scratchFolder } from '../cli/run';
import { compile, compiles, limits, runs, testWith, traces } from '../support/commands';
import { start } from '../support/program';
import '../support/tidy-up';

jest.setTimeout(60_000);

interface Report {
  readonly missing: string;
  readonly code: string;
  readonly message: string;
  readonly chosen: string;
}

const scratch = scratchFolder();
const candidate = hosts.find(({ name }) => name === 'uring');
const here = candidate?.missing() === '';
const [major = 0, minor = 0] = release().split('.').map(Number);

function report(through: readonly string[], environment: readonly string[] = []): Promise<Report> {
  const command = [...(environment.length > 0 ? ['env', ...environment] : []), ...through];
  return start('uring/programs/refused.mjs', { through: command }).next<Report>();
}

/** It is not to be had, for this reason; and whoever asks for nothing gets epoll. */
function expectRefused({ missing, code, message, chosen }: Report, reason: string | RegExp): void {
  expect(missing).toMatch(reason);
  expect(code).toBe('ERR_CALANDRIA_NO_HOST');
  expect(message).toBe(`Host uring cannot run here: ${missing}.`);
  expect(chosen).toBe('epoll');
}

const onRing = testWith(here, 'io_uring');
const traced = testWith(here && traces, 'io_uring, or strace that may trace');
const filtered = testWith(here && compiles, 'io_uring, or compiler');

onRing('R3.34: it can be had, and is chosen by nobody who does not name it', async () => {
  const { missing, code, chosen } = await report([]);
  expect({ missing, code, chosen }).toEqual({ missing: '', code: '', chosen: 'epoll' });
});

onRing('switched off by CALANDRIA_WITHOUT', async () => {
  expectRefused(
    await report([], ['CALANDRIA_WITHOUT=io_uring']),
    /^CALANDRIA_WITHOUT switches io_uring off$/,
  );
});

filtered('forbidden by a filter of system calls', async () => {
  const source = readFileSync(join(__dirname, 'programs/filter.c'), 'utf8');
  const filter = compile(source);
  try {
    const refused = await report([filter.file, '1']);
    expectRefused(refused, /^io_uring_setup gave EPERM: a filter of system calls \(seccomp\)/);
    const hidden = await report([filter.file, '38']);
    expectRefused(hidden, /^io_uring_setup gave ENOSYS: this kernel has no io_uring, or a filter/);
  } finally {
    filter.done();
  }
});

const asRoot = testWith(
  here && traces && process.getuid?.() === 0 && runs('unshare', '-m', 'true'),
  'io_uring, strace that may trace, or mount namespace',
);

asRoot('forbidden by the sysctl', async () => {
  // Setting it would forbid it to the whole machine: the file is covered, and the error injected.
  for (const value of ['1', '2']) {
    const file = join(scratch, 'io_uring_disabled');
    writeFileSync(file, `${value}\n`);
    const cover = `mount --bind ${file} /proc/sys/kernel/io_uring_disabled && exec "$@"`;
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=io_uring_setup'];
    const injected = [...strace, '-e', 'inject=io_uring_setup:error=EPERM'];
    const refused = await report(['unshare', '-m', 'sh', '-c', cover, 'sh', ...injected]);
    expectRefused(refused, `the sysctl kernel.io_uring_disabled is ${value}`);
  }
});

traced('a kernel that is too old', async () => {
  for (const [call, step] of [
    ['io_uring_setup', 'setup'],
    ['io_uring_register', 'operations'],
  ]) {
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`];
    const refused = await report([...strace, '-e', `inject=${call}:error=EINVAL`]);
    const reason = `the io_uring of this kernel is too old (${step}); Linux 6.1 is needed`;
    expect(refused.missing).toBe(reason);
    expect(refused.chosen).toBe('epoll');
  }
});

/** Since Linux 6.14 rings and their buffers count as locked memory. */
const limited = testWith(
  here && limits && major * 100 + minor >= 614 && runs('setpriv', '--version'),
  'io_uring that counts its memory as locked, prlimit, or setpriv',
);

limited('too little locked memory', async () => {
  const user = ['setpriv', '--bounding-set=-ipc_lock', '--inh-caps=-ipc_lock'];
  for (const kilobytes of [0, 32]) {
    const bytes = kilobytes * 1024;
    const refused = await report(['prlimit', `--memlock=${bytes}:${bytes}`, ...user]);
    const reason = `there is not enough of it (ulimit -l is ${kilobytes} KiB)`;
    expectRefused(refused, `io_uring needs locked memory, and ${reason}`);
  }
  // What is enough for one, though another was tried just before.
  const enough = await report(['prlimit', '--memlock=65536:65536', ...user]);
  expect(enough).toMatchObject({ missing: '', code: '' });
  const larger = await report(['prlimit', '--memlock=65536:65536', ...user], ['ENTRIES=4096']);
  expect(larger).toMatchObject({ missing: '', code: 'ERR_CALANDRIA_HOST' });
  expect(larger.message).toMatch(/^Host uring cannot be opened: io_uring needs locked memory, and/);
});
