// Running out of descriptors.
import { execFileSync } from 'node:child_process';
import { limits, testWith } from '../support/commands';
import { dial, type Peer } from '../support/peer';
import { start } from '../support/program';
import { serve } from '../support/serve';
import '../support/tidy-up';

interface Report {
  readonly accepted: number;
  readonly accepts: number;
  readonly turns: number;
  readonly milliseconds: number;
  readonly processor: number;
  readonly errors: string[];
  readonly dialled: string[];
}

describe('out of descriptors', () => {
  const limited = testWith(limits, 'prlimit');

  limited(
    'R4.17: 200 clients at 64 descriptors: no spin, who is in is served, the rest follow',
    async () => {
      const program = start('faults/programs/few-descriptors.mjs', {
        through: ['prlimit', '--nofile=64:64'],
      });
      const { port } = await program.next<{ port: number }>();
      const peers = await Promise.all(Array.from({ length: 200 }, () => dial(port)));
      const greeted: Peer[] = [];
      const greetings = peers.map((peer) =>
        peer.receive(5).then(() => {
          greeted.push(peer);
        }),
      );
      await Promise.race(greetings);
      // Everybody is connected, as far as the kernel goes; what does a second of starving cost?
      program.send({ measure: true });
      const starved = await program.next<Report>();
      expect(starved.errors.length).toBeGreaterThan(0);
      expect(starved.dialled).toEqual(['EMFILE connect']);
      expect(new Set(starved.errors)).toEqual(new Set(['EMFILE accept']));
      expect(starved.accepted).toBeGreaterThan(20);
      expect(starved.accepted).toBeLessThan(64);
      const seconds = starved.milliseconds / 1000;
      expect(seconds).toBeGreaterThan(0.9);
      expect(starved.accepts / seconds).toBeLessThan(50);
      expect(starved.turns / seconds).toBeLessThan(100);
      expect(starved.processor / starved.milliseconds).toBeLessThan(0.2);
      // Who is in is served while others wait.
      expect(greeted.length).toBeGreaterThan(20);
      const first = greeted[0] as Peer;
      await first.write('ping');
      expect(String(await first.receive(9))).toBe('hello' + 'ping');
      // Descriptors come back, one by one, and everybody gets one.
      let ended = 0;
      while (ended < peers.length) {
        while (greeted.length === ended) await Promise.race(waitingFor(greetings, greeted, peers));
        (greeted[ended++] as Peer).end();
      }
      await Promise.all(greetings);
      program.send({ report: true });
      expect((await program.next<Report>()).accepted).toBe(200);
    },
  );

  function waitingFor(greetings: Promise<void>[], greeted: Peer[], peers: Peer[]): Promise<void>[] {
    return greetings.filter((_, place) => !greeted.includes(peers[place] as Peer));
  }

  limited('R4.17: raiseFdLimit() lets in who waits, without anybody leaving', async () => {
    const program = start('faults/programs/few-descriptors.mjs', {
      through: ['prlimit', '--nofile=400:400'],
    });
    const { port } = await program.next<{ port: number }>();
    // Node raises the soft limit as it starts: lowered afterwards, it stays low.
    execFileSync('prlimit', ['--pid', String(program.child.pid), '--nofile=64:400']);
    const peers = await Promise.all(Array.from({ length: 200 }, () => dial(port)));
    const greetings = peers.map((peer) => peer.receive(5));
    await Promise.race(greetings);
    program.send({ measure: true });
    const starved = await program.next<Report>();
    expect(starved.accepted).toBeLessThan(64);
    expect(new Set(starved.errors)).toEqual(new Set(['EMFILE accept']));

    program.send({ raise: true });
    expect(await program.next()).toEqual({ before: 64, soft: 400, hard: 400 });
    await Promise.all(greetings);
    program.send({ report: true });
    expect((await program.next<Report>()).accepted).toBe(200);
    // There is nothing more to raise.
    program.send({ raise: true });
    expect(await program.next()).toEqual({ before: 400, soft: 400, hard: 400 });
  });

  test('out of records: the rest waits in the backlog and follows when one is free', async () => {
    const served = await serve(
      {
        open: (connection) => void connection.write('hello'),
        data: (connection, bytes) => void connection.write(bytes),
      },
      { limits: { connections: 4 } },
    );
    const peers = await Promise.all(Array.from({ length: 6 }, () => dial(served.port)));
    await served.opened(3);
    expect(served.reactor.counters.accepted).toBe(3);
    await served.tap.when(() => served.reactor.counters.acceptsParked > 0);
    for (const [place, peer] of peers.entries()) {
      await served.opened(place + 1);
      expect(String(await peer.receive(5))).toBe('hello');
      peer.end();
    }
    await served.tap.when(() => served.reactor.counters.closed === 6);
  });

  test('connect without a record left: ERR_CALANDRIA_LIMIT that names the limit', async () => {
    const served = await serve({}, { limits: { connections: 2 } });
    await dial(served.port);
    await served.opened(1);
    expect(() => served.reactor.connect({ port: served.port }, {})).toThrow(
      expect.objectContaining({
        code: 'ERR_CALANDRIA_LIMIT',
        message: expect.stringContaining('limits.connections'),
      }),
    );
  });
});
