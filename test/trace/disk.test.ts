// A recording that cannot be written ends with a named error; the server does not.
import '../support/tidy-up';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CalandriaError, openTrace, replayCore, type Sink } from '../../src/index';
import { echo } from '../../src/programs/echo';
import { testWith } from '../support/commands';
import { dial } from '../support/peer';
import { startRecording } from '../support/recording';
import { asFile } from '../support/tamper';

/** A disk with room for so many bytes. */
function fullAfter(room: number): Sink & { readonly kept: Buffer[]; closed: number } {
  let left = room;
  return {
    kept: [],
    closed: 0,
    write(bytes) {
      if (bytes.length > left) {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      }
      left -= bytes.length;
      this.kept.push(Buffer.from(bytes));
    },
    close() {
      this.closed++;
    },
  };
}

/** Records an echo, and talks to it until the disk is full and for a while after. */
async function outlive(sink: string | Sink): Promise<CalandriaError[]> {
  const errors: CalandriaError[] = [];
  const { reactor } = startRecording({ sink, onError: (error) => void errors.push(error) });
  const { port } = await echo(reactor, { port: 0, address: '127.0.0.1' }).ready();
  const peer = await dial(port);
  let sent = 0;
  for (let round = 0; round < 50; round++) {
    await peer.write(Buffer.alloc(4096, round));
    sent += 4096;
    await peer.receive(sent);
  }
  const second = await dial(port);
  await second.write('still here');
  expect((await second.receive(10)).toString()).toBe('still here');
  await reactor.close();
  return errors;
}

function expectEnded(errors: CalandriaError[]): void {
  expect(errors.length).toBe(1);
  expect(errors[0]).toMatchObject({
    code: 'ERR_CALANDRIA_RECORDING',
    message: expect.stringMatching(/recording ended: .*ENOSPC.*goes on without it/),
    cause: { code: 'ENOSPC' },
  });
}

describe('disk full while recording', () => {
  test.each([100, 2000, 40_000, 65_536, 100_000])(
    'after %i bytes: the server lives, one error is told, the trace up to there is readable',
    async (room) => {
      const sink = fullAfter(room);
      expectEnded(await outlive(sink));
      expect(sink.closed).toBe(1);
      if (room < 2000) return;
      const trace = openTrace(asFile(Buffer.concat(sink.kept)));
      expect(trace.ending).toBe('early');
      expect(replayCore(trace)).toMatchObject({ verdict: 'ends early', turns: trace.lastTurn });
    },
  );

  const folder = mkdtempSync(join(tmpdir(), 'calandria-small-'));
  const mounted =
    process.platform === 'linux' &&
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  testWith(mounted, 'right to mount')('on a real one: the same, with no torn block', async () => {
    const file = join(folder, 'a.trace');
    expectEnded(await outlive(file));
    const trace = openTrace(file);
    expect(trace.ending).toBe('early');
    expect(trace.lastTurn).toBeGreaterThan(3);
    expect(replayCore(trace)).toMatchObject({ verdict: 'ends early', turns: trace.lastTurn });
  });

  test('from the first byte on: /dev/full', async () => {
    expectEnded(await outlive('/dev/full'));
  });

  test('without onError it is a warning of the process', async () => {
    const warn = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    const { reactor } = startRecording({ sink: '/dev/full' });
    expect(warn).toHaveBeenCalledWith(expect.stringContaining('ENOSPC'), {
      type: 'CalandriaError',
      code: 'ERR_CALANDRIA_RECORDING',
    });
    warn.mockRestore();
    await reactor.close();
  });
});
