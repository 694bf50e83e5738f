// System calls: how many, and which. The reactor's own counters say it; strace, where there is one,
// agrees.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testWith, traces } from '../support/commands';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { serve } from '../support/serve';
import '../support/tidy-up';

const MESSAGES = 500;
const message = Buffer.alloc(64, 'm');

async function converse(port: number, messages: number): Promise<void> {
  const peer = await dial(port);
  for (let sent = 1; sent <= messages; sent++) {
    await peer.write(message);
    await peer.receive(64 * sent);
  }
  peer.end();
  await peer.closed;
}

describe('system calls', () => {
  test('R1.1: a 64-byte echo makes two calls a message, and none that ends in EAGAIN', async () => {
    const served = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    await Promise.all(Array.from({ length: 8 }, () => converse(served.port, MESSAGES)));
    await served.tap.when(() => served.reactor.counters.closed === 8);
    const counters = served.reactor.counters;
    const total = 8 * MESSAGES;
    expect(counters.bytesIn).toBe(64 * total);
    expect(counters.readsEmpty).toBe(0);
    expect(counters.writesBlocked + counters.writesShort).toBe(0);
    // One read each, and one that finds the end.
    expect(counters.hostReceives).toBe(total + 8);
    expect(counters.hostSends).toBe(total);
    expect(counters.hostControls).toBe(1 + 8);
  });

  test('R3.29: raw events to updates, while everything is read and answered', async () => {
    const served = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    await Promise.all(Array.from({ length: 20 }, () => converse(served.port, 50)));
    const { events, updates, deliveries, bytesIn } = served.reactor.counters;
    console.log(
      `${bytesIn / 64} messages: ${events} raw events, ${updates} updates of sides, ` +
        `${deliveries} deliveries; ${(events / updates).toFixed(2)} events an update`,
    );
    expect(events).toBeGreaterThan(0);
    // At most both sides of a record for each event, plus what reads and writes change themselves.
    expect(updates).toBeLessThan(5 * events);
  });

  test('R3.29: a hundred events that say nothing new are no update', async () => {
    const served = await serve({ open: (connection) => connection.read(0) });
    const peer = await dial(served.port);
    const { rx } = await served.opened(1);
    await peer.write('first');
    await served.tap.when(() => rx.available > 0);
    const { sequence } = rx;
    const before = served.reactor.counters;
    for (let part = 1; part <= 100; part++) {
      await peer.write('next');
      await served.tap.when(() => served.reactor.counters.events >= before.events + part);
    }
    // "At least one byte" was true before and is still all that is known: nothing to tell.
    expect(rx.sequence).toBe(sequence);
    const { events, updates } = served.reactor.counters;
    expect(updates).toBe(before.updates);
    console.log(
      `unread segments: ${events - before.events} raw events, ${updates - before.updates} updates`,
    );
  });

  const traced = testWith(traces, 'strace that may trace');

  traced(
    'R0.13 R1.6 R3.19: strace sees one ADD a connection in 10,000 requests, and no MOD',
    async () => {
      const { calls, total } = await trace(4, 2_500);
      const adds = calls.filter((line) => /epoll_ctl\(.*EPOLL_CTL_ADD.*EPOLLET/.test(line));
      // The timer, the listener, and each connection.
      expect(adds).toHaveLength(2 + 4);
      expect(calls.filter((line) => /EPOLL_CTL_MOD.*EPOLLET/.test(line))).toEqual([]);
      expect(adds.filter((line) => line.includes('EPOLLRDHUP|EPOLLET')).length).toBe(4);
      // Reactor and edge-triggered: every descriptor is non-blocking, no call waits for a socket.
      const accepts = calls.filter((line) => line.includes('accept4(') && !line.includes('EAGAIN'));
      expect(accepts).toHaveLength(4);
      expect(accepts.every((line) => line.includes('SOCK_CLOEXEC|SOCK_NONBLOCK'))).toBe(true);
      const reads = calls.filter((line) => line.includes('recvfrom('));
      expect(reads).toHaveLength(total + 4);
      expect(reads.every((line) => line.includes('MSG_DONTWAIT'))).toBe(true);
    },
  );

  traced('R1.1: strace counts two calls a message, and no EAGAIN', async () => {
    const { calls, total } = await trace(2, 200);
    const moved = calls.filter((line) => /(recvfrom|sendto|sendmsg)\(/.test(line));
    expect(moved.filter((line) => line.includes('EAGAIN'))).toEqual([]);
    expect(moved).toHaveLength(2 * total + 2);
  });

  async function trace(
    clients: number,
    messages: number,
  ): Promise<{ calls: string[]; total: number }> {
    const log = join(tmpdir(), `calandria-calls-${process.pid}-${clients}.strace`);
    const program = start('faults/programs/echo.mjs', {
      through: [
        ...['strace', '-f', '-qq', '-o', log],
        ...['-e', 'trace=recvfrom,sendto,sendmsg,accept4,epoll_ctl'],
      ],
    });
    const { port } = await program.next<{ port: number }>();
    for (let client = 0; client < clients; client++) await converse(port, messages);
    program.send({ report: true });
    await program.next();
    await program.kill();
    const calls = readFileSync(log, 'utf8').split('\n');
    rmSync(log);
    return { calls, total: clients * messages };
  }
});
