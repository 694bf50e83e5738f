// Signals, and system calls that they interrupt.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testWith, traces } from '../support/commands';
import { dial } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

describe('signals', () => {
  test('a write to a connection that was reset raises no SIGPIPE', async () => {
    const program = start('faults/programs/broken-pipe.mjs');
    const { port } = await program.next<{ port: number }>();
    for (let round = 0; round < 5; round++) {
      const peer = await dial(port);
      await peer.write('x');
      peer.reset();
      // The program writes only once it knows of the reset, so each write meets a broken pipe.
      const { codes } = await program.next<{ codes: string[] }>();
      expect(codes).toHaveLength(round + 1);
      expect(['EPIPE', 'ECONNRESET']).toContain(codes.at(-1));
    }
    program.send({ end: true });
    const { signals } = await program.next<{ signals: number }>();
    expect(signals).toBe(0);
    expect((await program.ended).code).toBe(0);
  });

  const traced = testWith(traces, 'strace that may trace');

  // Which calls are interrupted, and which of each: a first one, and every so many after it.
  const INTERRUPTED = [
    { calls: 'recvfrom,sendto,sendmsg,accept4', when: '3+5', counted: 20 },
    // One that waits is not made again: the turn finds nothing, and the next one looks.
    { calls: 'epoll_wait,epoll_pwait', when: '40+3', counted: 0 },
  ];

  for (const { calls, when, counted } of INTERRUPTED) {
    traced(
      `R3.12: ${calls}: interrupted ones are made again, and the echo does not notice`,
      async () => {
        const log = join(tmpdir(), `calandria-${process.pid}.strace`);
        const program = start('faults/programs/echo.mjs', {
          through: [
            ...['strace', '-f', '-qq', '-o', log, '-e', `trace=${calls}`],
            ...['-e', `inject=${calls}:error=EINTR:when=${when}`],
          ],
        });
        const { port } = await program.next<{ port: number }>();
        let expected = 0;
        for (let round = 0; round < 8; round++) {
          const peer = await dial(port);
          for (let message = 0; message < 10; message++) {
            await peer.write(`message ${message}.`);
            expect(String(await peer.receive(10 * (message + 1))).slice(-10)).toBe(
              `message ${message}.`,
            );
            expected += 10;
          }
          peer.end();
          await peer.closed;
        }
        program.send({ report: true });
        const { interrupted, bytesIn, bytesOut } = await program.next<Record<string, number>>();
        expect(bytesIn).toBe(expected);
        expect(bytesOut).toBe(expected);
        expect(interrupted).toBeGreaterThanOrEqual(counted);
        expect(readFileSync(log, 'utf8')).toContain('(INJECTED)');
        rmSync(log);
      },
    );
  }

  test('real signals that arrive all the time disturb nothing', async () => {
    const program = start('faults/programs/echo.mjs');
    const { port } = await program.next<{ port: number }>();
    const peer = await dial(port);
    for (let message = 0; message < 200; message++) {
      program.child.kill('SIGUSR2');
      await peer.write('0123456789');
      await peer.receive(10 * (message + 1));
    }
    program.send({ report: true });
    expect(await program.next()).toMatchObject({ bytesIn: 2000, bytesOut: 2000 });
  });
});
