// Pipes between processes: back-pressure, and readers that go.
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { hosts } from '../../src';
import { testWith, traces } from '../support/commands';
import { Program } from '../support/program';
import '../support/tidy-up';

const programs = join(__dirname, 'programs');
const LINES = 9_000_000;

/** What a shell says on both of its outputs. */
function shell(script: string, without = ''): Promise<{ out: string; error: string }> {
  return new Promise((resolve) => {
    const environment = { ...process.env, CALANDRIA_WITHOUT: without };
    const child = spawn('sh', ['-c', script], { env: environment });
    let out = '';
    let error = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      error += chunk;
    });
    child.on('close', () => resolve({ out, error }));
  });
}

/** Asked with RWF_NOWAIT, or through an open file of its own. */
const ways = [
  { host: 'epoll', without: '' },
  { host: 'epoll', without: 'rwf_nowait,rwf_nosignal' },
  { host: 'node', without: '' },
].filter(({ host }) => hosts.some(({ name, missing }) => name === host && !missing()));

describe.each(ways)('pipes ($host, without: $without)', ({ host, without }) => {
  test('R0.2: 68 MiB pass through two pipes to a slow reader, in bounded memory', async () => {
    const sum = 'sha256sum | cut -d" " -f1';
    const expected = execFileSync('sh', ['-c', `seq ${LINES} | ${sum}`], { encoding: 'utf8' });
    const copy = `${process.execPath} ${join(programs, 'through.mjs')} ${host}`;
    // The reader begins late, and takes little at a time.
    const slow = '{ sleep 0.3; dd bs=512 count=2000 2>/dev/null; cat; }';
    const { out, error } = await shell(`seq ${LINES} | ${copy} | ${slow} | ${sum}`, without);
    expect(out).toBe(expected);
    const { bytes, queued, pauses, grown, same, error: failed } = JSON.parse(error);
    expect(bytes).toBeGreaterThan(64 << 20);
    expect(failed).toBe('');
    expect(pauses).toBeGreaterThan(0);
    expect(queued).toBeLessThan(2 << 20);
    expect(grown).toBeLessThan(64 << 20);
    // Node's streams make what they wrap non-blocking, with everybody who shares it.
    if (host === 'epoll') expect(same).toBe(true);
  });
});

const traced = testWith(
  traces && ways.some(({ host }) => host === 'epoll'),
  'strace that may trace, or epoll host',
);

traced('R0.2: bytes pass where the kernel has neither preadv2 nor pwritev2', async () => {
  const calls = 'preadv2,pwritev2';
  const absent = `-e trace=${calls} -e inject=${calls}:error=ENOSYS`;
  const copy = `${process.execPath} ${join(programs, 'through.mjs')} epoll`;
  const { out, error } = await shell(
    `seq 1000 | strace -f -qq -o /dev/null ${absent} ${copy} | cat`,
  );
  expect(out).toBe(execFileSync('seq', ['1000'], { encoding: 'utf8' }));
  expect(JSON.parse(error)).toMatchObject({ error: '', same: true });
});

describe.each(['', 'rwf_nosignal', 'rwf_nosignal,rwf_nowait'])(
  'SIGPIPE (without: %s)',
  (without) => {
    test('R2.16: no way to write raises SIGPIPE, although it would end the process', async () => {
      const program = new Program([
        ...['env', `CALANDRIA_WITHOUT=${without}`, 'sh', '-c'],
        // The pipe's reader is gone before the program begins to write.
        ...['"$0" "$1" | true', process.execPath, join(programs, 'broken-pipes.mjs')],
      ]);
      const result = await program.next<{
        disposition: object;
        errors: Record<string, string[]>;
      }>();
      expect(result.disposition).toEqual({ ignored: 0, caught: 0 });
      const { errors } = result;
      expect(errors.pipe).toEqual(['EPIPE']);
      for (const fifo of ['fifo 1', 'fifo 3']) expect(errors[fifo]).toEqual(['EPIPE']);
      for (const socket of ['socket 1', 'socket 3']) {
        expect(errors[socket]).toHaveLength(1);
        expect(['EPIPE', 'ECONNRESET']).toContain(errors[socket]?.[0]);
      }
    });
  },
);
