// The budget of steps: no thread, and no chain of microtasks, holds the loop.
import { createThreads, type Thread } from '../../src/threads';
import { dial } from '../support/peer';
import '../support/tidy-up';
import { serve } from '../support/serve';
import { virtual } from '../support/virtual-host';

/** Steps that a body took in each turn. */
function counted(reactor: { readonly turn: number }, turns: Map<number, number>): void {
  turns.set(reactor.turn, (turns.get(reactor.turn) ?? 0) + 1);
}

describe('budget', () => {
  test.each([1, 7, 50])(
    'R4.7: after %d steps a thread goes on in the next turn, behind the others',
    async (budget) => {
      const { reactor, until } = virtual();
      const threads = createThreads(reactor, { budget });
      const channel = threads.channel<number>(1e6);
      const turns = new Map<number, number>();
      const order: string[] = [];
      for (const name of ['first', 'second', 'third']) {
        threads.spawn(async (thread) => {
          for (let step = 0; step < 200; step++) {
            await thread.send(channel, step);
            if (order.at(-1) !== name) order.push(name);
            if (name === 'first') counted(reactor, turns);
          }
        });
      }
      await until(threads.ended());
      const steps = [...turns.values()];
      expect(Math.max(...steps)).toBe(budget);
      expect(steps.reduce((left, right) => left + right)).toBe(200);
      expect(turns.size).toBeGreaterThanOrEqual(200 / budget);
      // In each turn they have steps in the order in which they used up those of the last one.
      expect(threads.metrics().paused.length).toBe(0);
      expect(threads.metrics().paused.arrivals).toBeGreaterThanOrEqual(3 * (200 / budget - 2));
    },
  );

  test('R4.7: waiting for each other is no way around it', async () => {
    const { reactor, until } = virtual();
    const threads = createThreads(reactor, { budget: 10 });
    const [ping, pong] = [threads.channel(), threads.channel()];
    const turns = new Map<number, number>();
    threads.spawn(async (thread) => {
      for (let round = 0; round < 100; round++) {
        await thread.send(ping, round);
        await thread.receive(pong);
        counted(reactor, turns);
      }
    });
    threads.spawn(async (thread) => {
      for (let round = 0; round < 100; round++) await thread.send(pong, await thread.receive(ping));
    });
    await until(threads.ended());
    expect(Math.max(...turns.values())).toBeLessThanOrEqual(5);
    expect(turns.size).toBeGreaterThanOrEqual(20);
  });

  test('R4.7: all threads together have a budget, too, and everybody has a turn', async () => {
    const { reactor, until } = virtual();
    const threads = createThreads(reactor, { budget: 50, turnBudget: 100 });
    const channel = threads.channel<number>(1e6);
    const turns = new Map<number, number>();
    const ended: number[] = [];
    for (let spawned = 0; spawned < 1000; spawned++) {
      threads.spawn(async (thread: Thread) => {
        for (let step = 0; step < 10; step++) {
          await thread.send(channel, step);
          counted(reactor, turns);
        }
        ended.push(thread.id);
      });
    }
    await until(threads.ended());
    expect(Math.max(...turns.values())).toBeLessThanOrEqual(100);
    expect(channel.length).toBe(10_000);
    // First come, first served: nobody is far behind those who began with it.
    for (const [place, id] of ended.entries()) expect(Math.abs(place + 1 - id)).toBeLessThan(110);
  });

  test('R4.7: pause() lets every other thread go on first, and costs a turn and one timer for all', async () => {
    const { reactor, until } = virtual();
    const threads = createThreads(reactor);
    const story: number[] = [];
    for (const name of [1, 2, 3]) {
      threads.spawn(async (thread) => {
        for (let round = 0; round < 3; round++) {
          story.push(name);
          await thread.pause();
        }
      });
    }
    await until(threads.ended());
    expect(story).toEqual([1, 2, 3, 1, 2, 3, 1, 2, 3]);
    expect(reactor.counters.timersFired).toBe(3);
    expect(threads.metrics().paused).toMatchObject({ arrivals: 9, departures: 9 });
  });

  const ROUNDS = 20;

  test('R4.7: threads that never wait hold up neither timers nor sockets', async () => {
    const served = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    const { reactor, port } = served;
    const threads = createThreads(reactor);
    const channel = threads.channel<number>(1);
    const steps = new Map<number, number>();
    const hogs = Array.from({ length: 20 }, () =>
      threads.spawn(async (thread) => {
        for (;;) {
          await thread.any([thread.send(channel, 1), thread.receive(channel)]);
          counted(reactor, steps);
        }
      }),
    );
    const peer = await dial(port);
    const turns: number[] = [];
    let beats = 0;
    const beat = reactor.setTimer(5, () => void beats++, { repeat: true });
    for (let round = 1; round <= ROUNDS; round++) {
      const began = reactor.turn;
      await peer.write('x');
      await peer.receive(round);
      turns.push(reactor.turn - began);
    }
    beat.cancel();
    threads.abort();
    await Promise.allSettled(hogs.map((hog) => hog.result()));
    turns.sort((left, right) => left - right);
    expect(beats).toBeGreaterThan(0);
    // None is held: the hogs go on in every turn, and have 50 steps each in it.
    expect(steps.size).toBeGreaterThan(ROUNDS);
    expect(Math.max(...steps.values())).toBeLessThanOrEqual(20 * 50);
    // An answer is there a few turns behind its question. Without the budget none would ever be.
    expect(turns[ROUNDS / 2]).toBeLessThanOrEqual(10);
  });
});
