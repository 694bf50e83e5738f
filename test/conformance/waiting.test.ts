// How a reactor waits, on every host: sleeping, looking again for a while, or never sleeping; and
// the detectors that tell of a loop that is held or turns for nothing.
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Blocked, Reactor, Spinning, Strategy, TurnReport } from '../../src';
import { record } from '../../src';
import { chooseHost } from '../../src/host/choose';
import { createReactor } from '../../src/index';
import { type Bench, ECHO, forEachHost, forEachKind, pattern } from '../support/conformance';
import { IDENTICAL, replayBoth, traceFile } from '../support/recording';

function sleep(reactor: Reactor, milliseconds: number): Promise<void> {
  return new Promise((resolve) => reactor.setTimer(milliseconds, () => resolve()));
}

/** Looks again and again, from outside. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

/** What was told on a channel while `part` ran. */
async function heard<Message>(name: string, part: () => Promise<void>): Promise<Message[]> {
  const messages: Message[] = [];
  const listen = (message: unknown): void => void messages.push(message as Message);
  subscribe(name, listen);
  await part().finally(() => unsubscribe(name, listen));
  return messages;
}

const STRATEGIES: Readonly<Record<string, Strategy>> = {
  block: 'block',
  poll: 'poll',
  'spin for 200 µs': { spin: 200 },
  'a function': ({ turn }: TurnReport) => (['block', 'spin', 'poll'] as const)[turn % 3] ?? 'block',
};

forEachKind('waiting', (bench) => {
  test.each(Object.entries(STRATEGIES))('R3.44: the strategy "%s" serves', async (_, strategy) => {
    const { place, reactor } = await bench.serve(ECHO, { strategy });
    const client = bench.dial(place);
    const sent = pattern(30_000);
    for (let from = 0; from < sent.length; from += 5000) {
      await client.write(sent.subarray(from, from + 5000));
      expect((await client.receive(from + 5000)).equals(sent.subarray(0, from + 5000))).toBe(true);
    }
    client.end();
    await client.ended;
    await reactor.close();
  });

  test('R3.44: what was decided is below the seam: the trace replays without it', async () => {
    const file = traceFile();
    const host = record(chooseHost(bench.host), file);
    const program = (reactor: Reactor) => reactor.listen({ port: 0 }, ECHO);
    const reactor = createReactor({ host, strategy: { spin: 100 }, watch: true });
    const place = await program(reactor).ready();
    const client = bench.dial(place);
    await client.write('hello');
    await client.receive(5);
    client.end();
    await client.ended;
    await reactor.close();
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });
});

forEachHost('waiting for time', timeAlone, 'time');

function timeAlone(bench: Bench): void {
  test('R3.3 R3.44: "poll" never sleeps, "block" does', async () => {
    const sleeping = bench.reactor({ strategy: 'block' });
    await sleep(sleeping, 30);
    expect(sleeping.turn).toBeLessThan(20);
    const polling = bench.reactor({ strategy: 'poll' });
    polling.setTimer(60_000, () => {});
    await until(() => polling.turn > 500);
    // Nothing is left to do: it must not keep the process busy.
    await polling.close();
  });

  test.each([7, 'sleep', null, { spin: -1 }, { spin: 'long' }])(
    'the strategy %j is refused',
    (strategy) => {
      expect(() => bench.reactor({ strategy: strategy as Strategy })).toThrow(
        expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' }),
      );
    },
  );

  test('R3.7: 200 ms of work in a handler are told of, with the turn', async () => {
    const reactor = bench.reactor({ watch: true });
    let turn = 0;
    const told = await heard<Blocked>('calandria:blocked', async () => {
      await new Promise<void>((resolve) => {
        reactor.setTimer(1, () => {
          const until = performance.now() + 200;
          while (performance.now() < until);
          turn = reactor.turn;
          resolve();
        });
      });
      await sleep(reactor, 5);
    });
    expect(told).toMatchObject([{ turn }]);
    expect((told[0] as Blocked).milliseconds).toBeGreaterThanOrEqual(200);
  });

  test('R3.3: spinning is told of under "poll", and not under the default', async () => {
    const watch = { spinningTurns: 50 };
    const quiet = bench.reactor({ watch });
    const none = await heard<Spinning>('calandria:spinning', async () => {
      for (let beats = 0; beats < 60; beats++) await sleep(quiet, 0);
    });
    expect(none).toEqual([]);
    const polling = bench.reactor({ watch, strategy: 'poll' });
    polling.setTimer(60_000, () => {});
    const told = await heard<Spinning>('calandria:spinning', () => until(() => polling.turn > 200));
    expect(told[0]).toMatchObject({ turns: 50 });
  });

  test('a limit of the detectors that makes no sense is refused', () => {
    for (const watch of [{ blockedMilliseconds: 0 }, { spinningTurns: 1.5 }]) {
      expect(() => bench.reactor({ watch })).toThrow(
        expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' }),
      );
    }
  });
}
