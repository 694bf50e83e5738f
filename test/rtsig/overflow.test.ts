// A queue of signals is finite. Beyond it the kernel says so once, by SIGIO, and everything has to
// be looked at.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SIGNAL_EVENT_SIZE } from '../../assembly/layout';
import { compile, compiles, limits, testWith } from '../support/commands';
import { runnable } from '../support/conformance';
import { dial, type Peer } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

const execute = promisify(execFile);
const here = runnable.some(({ name }) => name === 'rtsig');
const limited = testWith(here && limits, 'signal-driven I/O, or prlimit');
const directed = testWith(here && compiles, 'signal-driven I/O, or C compiler');

interface Told {
  readonly accepted: number;
  readonly events: number;
  readonly eventsOverflowed: number;
}

/** Dials in batches: the listener's backlog is bounded, too. */
async function dialMany(port: number, count: number): Promise<Peer[]> {
  const peers: Peer[] = [];
  while (peers.length < count) {
    const batch = Array.from({ length: Math.min(100, count - peers.length) }, () => dial(port));
    peers.push(...(await Promise.all(batch)));
  }
  return peers;
}

limited(
  'R3.24: with room for 16 signals, 1,000 connections have all their requests answered',
  async () => {
    const program = start('rtsig/programs/serve.mjs', { through: ['prlimit', '--sigpending=16'] });
    const { port } = await program.next<{ port: number }>();
    const peers = await dialMany(port, 1000);
    for (let round = 1; round <= 3; round++) {
      program.send({ hold: 30 });
      expect(await program.next()).toEqual({ holding: true });
      for (const peer of peers) peer.socket.write('12345');
      await Promise.all(peers.map((peer) => peer.arrived(5 * round)));
      await program.next();
    }
    program.send({ hold: 0 });
    const told = await program.next<Told>();
    console.log(`1,000 connections, 16 signals: ${told.eventsOverflowed} overflows in 3 rounds`);
    expect(told.accepted).toBe(1000);
    expect(told.eventsOverflowed).toBeGreaterThan(0);
  },
);

limited(
  'R3.24 R3.26: it is SIGIO that arrives, once for many that were lost, and both replays repeat it',
  async () => {
    const program = start('rtsig/programs/record.mjs', {
      through: ['prlimit', '--sigpending=16'],
      parameters: [SIGNAL_EVENT_SIZE],
    });
    const { signals, overflowed, replayed } = await program.next<{
      signals: Record<string, number>;
      overflowed: number;
      replayed: unknown;
    }>();
    expect(overflowed).toBeGreaterThan(0);
    expect(signals['29']).toBe(overflowed);
    const others = Object.keys(signals).filter((signal) => signal !== '29');
    expect(others).toHaveLength(1);
    expect(Number(others[0])).toBeGreaterThanOrEqual(34);
    expect(replayed).toEqual({ core: 'identical', overflowed });
    expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
  },
);

limited(
  'one SIGIO is for every reactor of the thread: whoever reads it tells the others',
  async () => {
    const program = start('rtsig/programs/two.mjs', { through: ['prlimit', '--sigpending=8'] });
    const { rounds, overflowed } = await program.next<{ rounds: number; overflowed: number[] }>();
    expect(rounds).toBeLessThan(50);
    for (const count of overflowed) expect(count).toBeGreaterThan(0);
    expect(await program.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  },
);

/** Sends SIGIO to the main thread of a process, as the kernel does; kill(2) would end it. */
const SENDER = `
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int count, char** arguments) {
  const pid_t process = atoi(arguments[1]);
  return count != 2 || syscall(SYS_tgkill, process, process, SIGIO) != 0;
}
`;

directed('R3.22: SIGIO during load is an overflow each time, and nothing stalls', async () => {
  const server = start('rtsig/programs/serve.mjs');
  const { port, pid } = await server.next<{ port: number; pid: number }>();
  const peers = await dialMany(port, 50);
  const { file, done } = compile(SENDER);
  try {
    for (let round = 1; round <= 40; round++) {
      for (const peer of peers) peer.socket.write('12345');
      await execute(file, [String(pid)]);
      // Two that wait at once are one: the next is sent when this one was seen.
      server.send({ overflows: round });
      expect(await server.next()).toEqual({ overflowed: round });
      await Promise.all(peers.map((peer) => peer.arrived(5 * round)));
    }
    server.send({ hold: 0 });
    expect((await server.next<Told>()).eventsOverflowed).toBe(40);
  } finally {
    done();
  }
});
