// The reactor's own counters of system calls, on each host and in each way of registering, held
// against what strace(1) sees.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Counters } from '../../src';
import { testWith, traces } from '../support/commands';
import { runnable } from '../support/conformance';
import { dial } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

const HOSTS = ['epoll', 'epoll-level', 'epoll-oneshot', 'poll', 'select', 'rtsig'];
const CALLS = 'accept4,recvfrom,sendto,sendmsg,epoll_ctl,epoll_pwait,ppoll,select,pselect6,fcntl';
const MESSAGES = 40;

const traced = testWith(traces, 'strace that may trace');

async function count(host: string): Promise<void> {
  const log = join(tmpdir(), `calandria-counted-${process.pid}-${host}.strace`);
  const program = start('faults/programs/any-host.mjs', {
    parameters: host.split('-'),
    through: ['strace', '-f', '-qq', '-o', log, '-e', `trace=${CALLS}`],
  });
  const { port, opened } = await program.next<{
    port: number;
    opened: Record<string, number[]>;
  }>();
  const peer = await dial(port);
  for (let message = 1; message <= MESSAGES; message++) {
    await peer.write('0123456789');
    await peer.arrived(10 * message);
  }
  peer.end();
  await peer.closed;
  program.send({});
  const counters = await program.next<Counters>();
  await program.kill();
  const lines = readFileSync(log, 'utf8').split('\n');
  rmSync(log);
  const seen = (call: RegExp): number => lines.filter((line) => call.test(line)).length;
  expect(seen(/ recvfrom\(/)).toBe(counters.hostReceives);
  expect(seen(/ recvfrom\(.*EAGAIN/)).toBe(counters.readsEmpty);
  expect(seen(/ send(to|msg)\(/)).toBe(counters.hostSends);
  expect(seen(/ accept4\(/)).toBe(counters.hostAccepts);
  const [notifier] = opened.eventpoll ?? [];
  const registered = seen(new RegExp(` epoll_ctl\\(${notifier},`));
  if (host === 'rtsig') {
    // Four calls of fcntl(2) for the listener and for the connection (realtime_signals.cc).
    expect(seen(/ fcntl\(.*F_SETOWN_EX/)).toBe(2);
    expect(counters.hostControls).toBeGreaterThanOrEqual(8);
  } else if (notifier !== undefined) {
    // The timer is there before anything is counted.
    expect(registered).toBe(counters.hostControls + 1);
    // The report itself was asked for by a call from outside, after which there is another look.
    const looks = seen(new RegExp(` epoll_pwait\\(${notifier},`));
    expect(looks).toBeGreaterThanOrEqual(counters.hostWaits);
    expect(looks).toBeLessThan(counters.hostWaits + 5);
  } else {
    expect(counters.hostControls).toBe(0);
    const looks = seen(/ (ppoll|select|pselect6)\(/);
    expect(looks).toBeGreaterThanOrEqual(counters.hostWaits - 1);
    expect(looks).toBeLessThan(counters.hostWaits + 5);
  }
}

traced('R1.3: the counters say what strace sees, on each host and registration', async () => {
  const here = HOSTS.filter((host) => runnable.some(({ name }) => name === host.split('-')[0]));
  await Promise.all(
    here.map((host) =>
      count(host).catch((cause) => {
        throw new Error(`${host}: ${cause.message}`, { cause });
      }),
    ),
  );
});
