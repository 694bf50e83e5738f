// What threads wait for: time, turns, channels, the first of several.
import { createThreads, type Thread } from '../../src/threads';
import { Seeded } from '../support/seeded';
import { virtual } from '../support/virtual-host';

function stage(options = {}) {
  const simulated = virtual();
  return { ...simulated, threads: createThreads(simulated.reactor, options) };
}

describe('sleep', () => {
  test('R4.33: sleeping threads are timers of the core: they wake in order, and never early', async () => {
    const { threads, until, reactor } = stage();
    const draw = new Seeded(3);
    const woken: { due: number; at: number }[] = [];
    for (let sleeper = 0; sleeper < 1000; sleeper++) {
      const delay = draw.between(0, 500);
      threads.spawn(async (thread) => {
        const began = reactor.now;
        await thread.sleep(delay);
        // The time of the turn in which a timer is armed may be later than that of its call.
        woken.push({ due: began + delay, at: reactor.now });
      });
    }
    const half = threads.spawn((thread) => thread.sleep(250));
    await until(half.result());
    expect(reactor.metrics().timers.length).toBeGreaterThan(300);
    await until(threads.ended());
    expect(woken.length).toBe(1000);
    for (const { due, at } of woken) expect(at).toBeGreaterThanOrEqual(due);
    const dues = woken.map(({ due }) => due);
    expect(dues).toEqual([...dues].sort((left, right) => left - right));
    expect(reactor.metrics().timers).toMatchObject({ arrivals: 1001, departures: 1001 });
  });
});

describe('any', () => {
  test('R4.3: the first that is ready wins, and the others are given up', async () => {
    const { threads, until, reactor, passed } = stage();
    const channel = threads.channel<string>();
    const winners = await until(
      threads
        .spawn(async (thread) => {
          const first = await thread.any([thread.sleep(1e6), thread.sleep(10), thread.sleep(20)]);
          expect(reactor.metrics().timers.length).toBe(0);
          const second = await thread.any([thread.receive(channel), thread.pause()]);
          const third = await thread.any([
            thread.send(channel, 'lost'),
            thread.any([thread.sleep(5), thread.receive(channel)]),
          ]);
          return [first, second, third];
        })
        .result(),
    );
    expect(winners).toEqual([
      { index: 1, value: undefined },
      { index: 1, value: undefined },
      { index: 1, value: { index: 0, value: undefined } },
    ]);
    expect(channel.tryReceive()).toBeUndefined();
    expect(channel.trySend('nobody stands there')).toBe(false);
    expect(passed).toBeLessThan(100);
  });

  test('R4.3: of those that are ready the first in order is done, and nothing of the others', async () => {
    const { threads, until } = stage();
    const [one, two] = [threads.channel<string>(1), threads.channel<string>(1)];
    one.trySend('of one');
    two.trySend('of two');
    const thread = threads.spawn(async (thread) => [
      await thread.any([thread.receive(two), thread.receive(one), thread.send(one, 'x')]),
      await thread.any([thread.receive(two), thread.send(one, 'x'), thread.receive(one)]),
      await thread.any([thread.send(one, 'x'), thread.send(two, 'y')]),
    ]);
    expect(await until(thread.result())).toEqual([
      { index: 0, value: 'of two' },
      { index: 2, value: 'of one' },
      { index: 0, value: undefined },
    ]);
    expect([one.length, two.length]).toEqual([1, 0]);
  });

  test('R4.3: an error is an outcome, too; promises of others can be waited for and go on', async () => {
    const { threads, until } = stage();
    const closed = threads.channel<number>();
    closed.close();
    const thread = threads.spawn(async (thread) => {
      const failing = thread.any([thread.sleep(10), thread.receive(closed)]);
      await expect(failing).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
      const later = thread.sleep(5);
      // Another call begins behind it: it is under way, and any() cannot give it up.
      await thread.pause();
      const first = await thread.any([later, thread.sleep(1)]);
      await later;
      const other = await thread.any([thread.sleep(1e6), Promise.resolve('a promise'), 7]);
      return [first, other];
    });
    expect(await until(thread.result())).toEqual([
      { index: 1, value: undefined },
      { index: 1, value: 'a promise' },
    ]);
  });

  test('R4.3: joins can be given up; the thread goes on', async () => {
    const { threads, until } = stage();
    const long = threads.spawn(async (thread) => {
      await thread.sleep(100);
      return 'long';
    });
    const impatient = threads.spawn(async (thread) => {
      const first = await thread.any([thread.join(long), thread.sleep(1)]);
      return [first.index, await thread.join(long)];
    });
    expect(await until(impatient.result())).toEqual([1, 'long']);
  });

  test('R4.3: thousands of waits at once, half of which are given up, leave nothing behind', async () => {
    const { threads, until, reactor } = stage({ budget: 1000 });
    const channel = threads.channel<number>();
    const draw = new Seeded(11);
    const body = async (thread: Thread): Promise<void> => {
      for (let round = 0; round < 20; round++) {
        const sleeping = thread.sleep(draw.between(0, 5));
        const value = draw.between(0, 9);
        const waits = [thread.receive(channel), thread.send(channel, value), sleeping];
        await thread.any(draw.chance(0.5) ? waits : waits.reverse());
      }
    };
    for (let spawned = 0; spawned < 200; spawned++) threads.spawn(body);
    await until(threads.ended());
    await until(threads.spawn((thread) => thread.pause()).result());
    expect(reactor.metrics().timers.length).toBe(0);
    expect([channel.length, channel.trySend(1), channel.tryReceive()]).toEqual([
      0,
      false,
      undefined,
    ]);
  });
});

describe('channels', () => {
  test('R4.32: ping and pong: each waits for the other, and every value arrives once', async () => {
    const { threads, until } = stage();
    const [ping, pong] = [threads.channel<number>(), threads.channel<number>()];
    const story: string[] = [];
    threads.spawn(async (thread) => {
      for (let round = 0; round < 3; round++) {
        await thread.send(ping, round);
        story.push(`pong ${await thread.receive(pong)}`);
      }
      ping.close();
    });
    threads.spawn(async (thread) => {
      for await (const round of thread.each(ping)) {
        story.push(`ping ${round}`);
        await thread.send(pong, round * 10);
      }
      story.push('closed');
    });
    await until(threads.ended());
    expect(story).toEqual([
      ...['ping 0', 'pong 0', 'ping 1', 'pong 10', 'ping 2', 'pong 20'],
      'closed',
    ]);
  });

  test.each([0, 1, 7])(
    'R4.32: with room for %d, many senders and receivers lose and double nothing',
    async (capacity) => {
      const { threads, until } = stage();
      const channel = threads.channel<number>(capacity);
      const received: number[] = [];
      let most = 0;
      const senders = Array.from({ length: 10 }, (_, sender) =>
        threads.spawn(async (thread) => {
          for (let value = 0; value < 200; value++) {
            if (value % 50 === 0) await thread.sleep(1);
            await thread.send(channel, sender * 200 + value);
            most = Math.max(most, channel.length);
          }
        }),
      );
      for (let receiver = 0; receiver < 7; receiver++) {
        threads.spawn(async (thread) => {
          for await (const value of thread.each(channel)) received.push(value);
        });
      }
      threads.spawn(async (thread) => {
        for (const sender of senders) await thread.join(sender);
        channel.close();
      });
      await until(threads.ended());
      expect([...received].sort((left, right) => left - right)).toEqual(
        Array.from({ length: 2000 }, (_, value) => value),
      );
      expect(most).toBeLessThanOrEqual(capacity);
      // Those of one sender come in order.
      for (let sender = 0; sender < 10; sender++) {
        const own = received.filter((value) => Math.floor(value / 200) === sender);
        expect(own.length).toBe(200);
      }
    },
  );

  test('R4.32: a closed channel refuses who sends, and gives what is in it', async () => {
    const { threads, until } = stage();
    const channel = threads.channel<string>(1);
    const thread = threads.spawn(async (thread) => {
      await thread.send(channel, 'in it');
      const waiting = thread.send(channel, 'too late');
      await thread.pause();
      channel.close();
      const told = [await waiting.catch((error) => error.code)];
      told.push(await thread.receive(channel));
      told.push(await thread.receive(channel).catch((error) => error.code));
      told.push(await thread.send(channel, 'x').catch((error) => error.code));
      expect(() => channel.trySend('x')).toThrow('The channel is closed.');
      return told;
    });
    const closed = 'ERR_CALANDRIA_CLOSED';
    expect(await until(thread.result())).toEqual([closed, 'in it', closed, closed]);
    expect(channel.closed).toBe(true);
  });

  test('R4.32 R4.2: from anywhere, without waiting', async () => {
    const { threads, until } = stage();
    const channel = threads.channel<number>(2);
    expect([1, 2, 3].map((value) => channel.trySend(value))).toEqual([true, true, false]);
    expect([channel.tryReceive(), channel.tryReceive(), channel.tryReceive()]).toEqual([
      { value: 1 },
      { value: 2 },
      undefined,
    ]);
    const meeting = threads.channel<string>();
    const sender = threads.spawn((thread) => thread.send(meeting, 'handed over'));
    await until(threads.spawn((thread) => thread.pause()).result());
    expect(meeting.tryReceive()).toEqual({ value: 'handed over' });
    await until(sender.result());
    const receiver = threads.spawn((thread) => thread.receive(meeting));
    await until(threads.spawn((thread) => thread.pause()).result());
    expect(meeting.trySend('taken')).toBe(true);
    expect(await until(receiver.result())).toBe('taken');
  });

  test('R4.32: who both sends and receives is a match for everybody but itself', async () => {
    const { threads, until } = stage();
    const channel = threads.channel<string>();
    const both = (value: string) =>
      threads.spawn(async (thread) => {
        const { index, value: received } = await thread.any([
          thread.send(channel, value),
          thread.receive(channel),
        ]);
        return index === 0 ? `sent ${value}` : `received ${received}`;
      });
    const [first, second, third] = [both('a'), both('b'), both('c')];
    await until(Promise.all([first.result(), second.result()]));
    expect([await first.result(), await second.result()]).toEqual(['received b', 'sent b']);
    expect(third.over).toBe(false);
    const sender = threads.spawn((thread) => thread.send(channel, 'd'));
    await until(sender.result());
    expect(await until(third.result())).toBe('received d');
  });
});
