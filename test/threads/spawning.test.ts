// Threads: their numbers and order, their ends, and what others do with them.
import { createThreads, type Thread } from '../../src/threads';
import { virtual } from '../support/virtual-host';

/** Threads on a reactor with simulated time, whose errors are caught. */
function stage(options = {}) {
  const thrown: unknown[] = [];
  const simulated = virtual({}, (host) => ({ ...host, thrown: (error) => thrown.push(error) }));
  return { ...simulated, threads: createThreads(simulated.reactor, options), thrown };
}

describe('spawn', () => {
  test('R4.1 R3.46: 10,000 threads have the numbers 1 to 10,000 and begin in that order', async () => {
    const { threads, until, thrown } = stage();
    const begun: number[] = [];
    const ended: number[] = [];
    for (let place = 1; place <= 10_000; place++) {
      threads.spawn(async (thread: Thread, given: number) => {
        expect(thread.id).toBe(given);
        begun.push(thread.id);
        await thread.sleep(10_000 - given);
        ended.push(thread.id);
      }, place);
    }
    expect(threads.count).toBe(10_000);
    expect(begun).toEqual([]);
    await until(threads.ended());
    expect(threads.count).toBe(0);
    expect(begun).toEqual(Array.from({ length: 10_000 }, (_, place) => place + 1));
    // All of a turn had the same time, and those of the next ones a later one.
    expect(ended.length).toBe(10_000);
    expect(thrown).toEqual([]);
  });

  test('a thread begins when its spawner gives way, and may spawn others', async () => {
    const { threads, until } = stage();
    const story: string[] = [];
    const outer = threads.spawn(async function outer(thread) {
      story.push(thread.name);
      const inner = threads.spawn({ name: 'inner' }, (thread) => {
        story.push(thread.name);
        return 'of inner';
      });
      story.push('spawned');
      story.push(await thread.join(inner));
      return 7;
    });
    story.push('first');
    expect(await until(outer.result())).toBe(7);
    expect(story).toEqual(['first', 'outer', 'spawned', 'inner', 'of inner']);
    expect(outer.over).toBe(true);
    expect(await outer.result()).toBe(7);
  });

  test('threads are bounded, by name, and those that end make room', async () => {
    const { threads, until } = stage({ threads: 2 });
    const first = threads.spawn((thread) => thread.sleep(1));
    threads.spawn((thread) => thread.sleep(2));
    expect(() => threads.spawn(() => {})).toThrow(
      expect.objectContaining({
        code: 'ERR_CALANDRIA_LIMIT',
        message: '2 threads run already (threads).',
      }),
    );
    await until(first.result());
    threads.spawn(() => {});
    await until(threads.ended());
  });

  test('an error that nobody waits for is thrown like a handler’s; of others hears who waits', async () => {
    const { threads, until, thrown } = stage();
    const failing = (message: string) => async (thread: Thread) => {
      await thread.sleep(1);
      throw new Error(message);
    };
    threads.spawn(failing('alone'));
    threads.spawn(() => {
      throw new Error('at once');
    });
    const joined = threads.spawn(failing('joined'));
    const joiner = threads.spawn((thread) => thread.join(joined));
    const asked = threads.spawn(failing('asked'));
    const [ofJoiner, ofAsked] = [joiner.result(), asked.result()];
    await until(Promise.allSettled([ofJoiner, ofAsked, threads.ended()]));
    await expect(ofJoiner).rejects.toThrow('joined');
    await expect(ofAsked).rejects.toThrow('asked');
    expect(thrown).toEqual([
      expect.objectContaining({ message: 'at once' }),
      expect.objectContaining({ message: 'alone' }),
    ]);
  });

  test('abort() ends what a thread waits for, and whatever it waits for afterwards', async () => {
    const { threads, until, passed, thrown, reactor } = stage();
    const story: unknown[] = [];
    const channel = threads.channel<number>();
    const thread = threads.spawn(async (thread) => {
      const { signal } = thread;
      signal.addEventListener('abort', () => story.push('signal'));
      for (const wait of [
        () => thread.any([thread.sleep(1e6), thread.receive(channel)]),
        () => thread.sleep(1),
        () => thread.send(channel, 1),
      ]) {
        await wait().catch((error) => story.push(error.message));
      }
      return 'tidied up';
    });
    reactor.setTimer(5, () => thread.abort(new Error('enough')));
    expect(await until(thread.result())).toBe('tidied up');
    expect(story).toEqual(['signal', 'enough', 'enough', 'enough']);
    expect(passed).toBeLessThan(10);
    // The timer of the sleep is gone, and nobody stands at the channel.
    expect(reactor.metrics().timers.length).toBe(0);
    expect(channel.trySend(1)).toBe(false);
    expect(thrown).toEqual([]);
  });

  test('a signal aborts its threads, those that have not begun too; that is no error', async () => {
    const { threads, until, thrown } = stage();
    const abort = new AbortController();
    const { signal } = abort;
    const add = jest.spyOn(signal, 'addEventListener');
    const remove = jest.spyOn(signal, 'removeEventListener');
    const begun: number[] = [];
    const body = async (thread: Thread): Promise<void> => {
      begun.push(thread.id);
      await thread.sleep(1e9);
    };
    for (let spawned = 0; spawned < 20; spawned++) threads.spawn({ signal }, body);
    const slept = threads.spawn((thread) => thread.sleep(1));
    await until(slept.result());
    threads.spawn({ signal }, body);
    abort.abort();
    threads.spawn({ signal }, body);
    await until(threads.ended());
    expect(begun.length).toBe(20);
    expect(thrown).toEqual([]);
    expect(add).toHaveBeenCalledTimes(1);
    expect(remove).toHaveBeenCalledTimes(1);
  });

  test('threads that close with their reactor end without an error', async () => {
    const { threads, until, reactor, thrown } = stage();
    const ends: string[] = [];
    threads.spawn(async (thread) => {
      await thread.sleep(1);
      void reactor.close();
      await thread.sleep(1).catch((error) => {
        ends.push(error.code);
        throw error;
      });
    });
    await until(reactor.close().then(() => {}));
    threads.abort();
    expect(threads.count).toBeLessThan(2);
    expect(ends.every((code) => code === 'ERR_CALANDRIA_CLOSED')).toBe(true);
    expect(thrown).toEqual([]);
  });

  test('arguments that cannot be are refused by name', async () => {
    const { threads, reactor, until } = stage();
    const bad = expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' });
    const wrong = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    for (const options of [{ budget: 0 }, { turnBudget: 0.5 }, { threads: -1 }, { window: 1e9 }]) {
      expect(() => createThreads(reactor, options)).toThrow(bad);
    }
    expect(() => createThreads(reactor, { strict: 1 as never })).toThrow(wrong);
    expect(() => createThreads(1 as never)).toThrow(wrong);
    expect(() => threads.spawn({} as never)).toThrow(wrong);
    expect(() => threads.spawn({ name: 1 as never }, () => {})).toThrow(wrong);
    expect(() => threads.spawn({ signal: {} as never }, () => {})).toThrow(wrong);
    expect(() => threads.channel(-1)).toThrow(bad);
    const thread = threads.spawn(async (thread) => {
      expect(() => thread.any([])).toThrow(wrong);
      expect(() => thread.join({} as never)).toThrow(wrong);
      expect(() => thread.send({} as never, 1)).toThrow(wrong);
      expect(() => thread.take({} as never)).toThrow(wrong);
      await expect(thread.sleep(-1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    });
    await until(thread.result());
    const late = thread.sleep(1);
    await expect(until(late)).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
  });
});
