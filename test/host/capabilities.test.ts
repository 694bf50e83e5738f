// What this machine can do: it is tried and not guessed, it is shown, and it can be switched off.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Capabilities, capabilities } from '../../src/index';
import { run, scratchFolder } from '../cli/run';
import { filesIn, readTree } from '../project/tree';
import { testWith, traces } from '../support/commands';
import { freshFolder } from '../support/folder';
import { dial } from '../support/peer';
import { type Program, type StartOptions, start } from '../support/program';
import '../support/tidy-up';

interface Report {
  readonly chosen: string;
  readonly found: Capabilities;
  readonly raised: unknown;
  readonly sampled: { space: number; exactness: string };
}

// Many processes, one after another.
jest.setTimeout(60_000);

const scratch = scratchFolder();
const freshPath = freshFolder();
const here = capabilities();
const features = Object.entries(here.features);
const compiled = here.missing === '';
const onLinux = testWith(process.platform === 'linux' && compiled, 'shim for Linux');

/** The same questions in a process with these variables. */
async function report(
  environment: Record<string, string>,
  options: StartOptions = {},
): Promise<Report> {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const through = ['env', ...variables, ...(options.through ?? [])];
  const program: Program = start('host/programs/capabilities.mjs', { through });
  return program.next<Report>();
}

test('R2.7: each capability is available, or says why not', () => {
  expect(features.length).toBeGreaterThan(30);
  for (const [name, { available, reason }] of features) {
    expect([name, reason === '']).toEqual([name, available]);
  }
});

test('R2.7: doctor prints the same snapshot, in groups and as JSON', async () => {
  const { stdout } = await run(['doctor', '--json']);
  const printed = JSON.parse(stdout).capabilities as Capabilities;
  expect(printed.features).toEqual(JSON.parse(JSON.stringify(here.features)));
  const { stdout: text } = await run(['doctor']);
  if (!compiled) return;
  for (const [, { group, shown, available }] of features) {
    expect(text).toMatch(new RegExp(`^  ${group} `, 'm'));
    expect(text.includes(`no ${shown}:`)).toBe(!available);
    expect(text).toContain(shown);
  }
});

onLinux('R2.7: the reactor itself runs on what is said to be there', async () => {
  const { features } = here;
  for (const name of ['epoll', 'timerfd', 'eventfd', 'msg_dontwait', 'msg_nosignal'] as const) {
    expect([name, features[name].reason]).toEqual([name, '']);
  }
});

const traced = testWith(traces && compiled, 'strace that may trace, or shim');

traced('R2.7: what the kernel refuses is unavailable, with its error: each is tried', async () => {
  const refused = {
    aio: ['io_setup', 'EAGAIN'],
    io_uring: ['io_uring_setup', 'EPERM'],
    pidfd_open: ['pidfd_open', 'ENOSYS'],
    preadv2: ['preadv2', 'ENOSYS'],
    rwf_nosignal: ['pwritev2', 'EINVAL'],
    splice: ['splice', 'EINVAL'],
    sendfile: ['sendfile', 'EINVAL'],
    signalfd: ['signalfd4', 'EMFILE'],
    sendmmsg: ['sendmmsg', 'ENOSYS'],
    recvmmsg: ['recvmmsg', 'ENOSYS'],
  } as const;
  const log = join(scratch, 'strace');
  const injected = Object.values(refused).flatMap(([call, error]) => [
    '-e',
    `inject=${call}:error=${error}`,
  ]);
  const calls = Object.values(refused).map(([call]) => call);
  const strace = ['strace', '-f', '-qq', '-o', log, '-e', `trace=${calls}`, ...injected];
  const { found } = await report({}, { through: strace });
  for (const [name, [, error]] of Object.entries(refused)) {
    const { available, reason } = found.features[name as keyof typeof refused];
    expect([name, available, reason]).toEqual([name, false, `it was tried and gave ${error}`]);
  }
  // Alone: what was not refused is still there.
  expect(found.features.epoll.available).toBe(true);
});

onLinux('R2.7: what is forced off exercises the fallback', async () => {
  const plain = await report({});
  expect(plain).toMatchObject({ chosen: 'epoll', sampled: { exactness: 'lower bound' } });
  expect(plain.sampled.space).toBeGreaterThan(0);

  // The host without a kernel's figure says that it does not know it.
  const blind = await report({ CALANDRIA_WITHOUT: 'so_meminfo' });
  expect(blind).toMatchObject({ chosen: 'epoll', sampled: { space: -1, exactness: 'unknown' } });
  expect(blind.found.features.so_meminfo.reason).toBe('CALANDRIA_WITHOUT switches it off');

  // And without its interface another host serves.
  const other = await report({ CALANDRIA_WITHOUT: 'cachestat,,epoll' });
  expect(other.chosen).toBe('poll');
  const off = Object.entries(other.found.features).filter(([, { reason }]) =>
    reason.startsWith('CALANDRIA_WITHOUT'),
  );
  expect(off.map(([name]) => name)).toEqual(['epoll', 'cachestat']);
  expect(other.found.features.epollexclusive.available).toBe(false);
});

test('R2.7: a name that is no capability is a finding of the doctor', async () => {
  const { code, stdout } = await run(['doctor'], { CALANDRIA_WITHOUT: 'epoll,abacus' });
  expect(code).toBe(1);
  expect(stdout).toContain('unknown in CALANDRIA_WITHOUT: abacus');
});

test('R2.7: the shim asks only for capabilities that there are', () => {
  const asked = filesIn(readTree(), 'host', 'cc|h').flatMap(({ text }) =>
    [...text.matchAll(/\bwithout\("([^"]*)"\)/g)].map(([, name]) => name as string),
  );
  expect(asked).toContain('so_meminfo');
  expect(asked.filter((name) => !Object.hasOwn(here.features, name))).toEqual([]);
});

test('R2.7: without the native part nothing is tried, and everything says so', async () => {
  const { chosen, found, raised } = await report({ CALANDRIA_BINARY: '/nowhere/calandria.node' });
  expect(chosen).toBe('node');
  expect(found.missing).toMatch(/^no shim is built/);
  for (const { available, reason } of Object.values(found.features)) {
    expect([available, reason]).toEqual([false, `not tried: ${found.missing}`]);
  }
  expect(Object.keys(found.features)).toEqual(Object.keys(here.features));
  // What needs no shim is known all the same.
  expect(found.limits.openFiles?.soft).toBe(here.limits.openFiles?.soft);
  expect(found.sigpipe).toBe(existsSync('/proc/self/status') ? 'ignored' : 'unknown');
  expect(raised).toBe('ERR_CALANDRIA_NO_HOST');
});

onLinux('R2.7: trying leaves nothing in the folder it used', async () => {
  const folder = freshPath();
  mkdirSync(folder);
  const { features: tried } = (await report({ TMPDIR: folder })).found;
  // What has to have a file was there.
  expect(tried.inotify.available).toBe(here.features.inotify.available);
  expect(readdirSync(folder)).toEqual([]);
});

onLinux('R2.24: what Linux has besides was tried', async () => {
  const asked = [
    ...(['msg_more', 'msg_zerocopy', 'so_meminfo', 'tcp_notsent_lowat', 'tcp_cork'] as const),
    ...(['tcp_inq', 'epollexclusive', 'io_uring_multishot', 'so_reuseport', 'cachestat'] as const),
    ...(['rwf_nowait', 'recvmmsg', 'sendmmsg', 'o_direct', 'rwf_nosignal'] as const),
  ];
  for (const name of asked) {
    // Works, or was refused: not merely unknown to the shim.
    expect([name, here.features[name].reason]).toEqual([
      name,
      expect.stringMatching(/^$|^it was tried and gave E|^CALANDRIA_WITHOUT /),
    ]);
  }
});

onLinux('R2.24: of kqueue there is nothing on Linux, and it says whose it is', async () => {
  const { note_lowat } = here.features;
  expect(note_lowat).toMatchObject({ available: false, shown: 'NOTE_LOWAT' });
  expect(note_lowat.reason).toBe(
    'an interface of Darwin and the BSDs; the shim was built without it',
  );
});

onLinux('R2.24: kernel AIO is shown with its limit', async () => {
  const { aio } = here.limits;
  expect(aio?.max).toBeGreaterThan(0);
  expect(aio?.used).toBeGreaterThanOrEqual(0);
});

traced('R3.34: no socket goes through AIO or io_uring, whatever the machine has', async () => {
  const log = join(scratch, 'strace');
  const calls = 'trace=recvfrom,io_submit,io_uring_enter';
  const program = start('faults/programs/echo.mjs', {
    through: ['strace', '-f', '-qq', '-o', log, '-e', calls],
  });
  const { port } = await program.next<{ port: number }>();
  const peer = await dial(port);
  for (let message = 1; message <= 20; message++) {
    await peer.write('0123456789');
    await peer.receive(10 * message);
  }
  const made = readFileSync(log, 'utf8');
  expect(made.match(/recvfrom\(/g)?.length).toBeGreaterThanOrEqual(20);
  expect(made).not.toMatch(/io_submit|io_uring_enter/);
});
