// Idle watchers on every host.
import { forEachHost, promised } from '../support/conformance';

forEachHost(
  'idle watchers',
  (bench) => {
    test('R2.3: a reactor with nothing to do runs it at once, and then sleeps', async () => {
      const reactor = bench.reactor();
      const ran = promised<boolean>();
      reactor.idle({ within: 60_000 }, (_watcher, { forced }) => ran.resolve(forced));
      expect(await ran.promise).toBe(false);
      const before = reactor.turn;
      await new Promise<void>((resolve) => reactor.setTimer(30, () => resolve()));
      expect(reactor.turn - before).toBeLessThan(8);
      expect(reactor.counters).toMatchObject({ idlesFired: 1, idlesForced: 0 });
    });

    test('R2.3: a reactor that is never idle runs it when the time is up', async () => {
      const reactor = bench.reactor();
      const ran = promised<{ forced: boolean; waited: number }>();
      const began = reactor.now;
      let over = false;
      const again = (): void => {
        if (!over) reactor.setTimer(0, again);
      };
      again();
      reactor.idle({ within: 20 }, (_watcher, { forced }) => {
        over = true;
        ran.resolve({ forced, waited: reactor.now - began });
      });
      const { forced, waited } = await ran.promise;
      expect(forced).toBe(true);
      expect(waited).toBeGreaterThanOrEqual(20);
    });

    test('R2.3: with `repeat` once in each period, until it is cancelled', async () => {
      const reactor = bench.reactor();
      const times: number[] = [];
      const done = promised();
      reactor.idle({ within: 10, repeat: true }, (watcher) => {
        times.push(reactor.now);
        if (times.length < 4) return;
        watcher.cancel();
        done.resolve();
      });
      await done.promise;
      const [first = 0, ...others] = times;
      // The first may come early in its period; the others are not earlier than theirs begin.
      for (const [place, time] of others.entries()) {
        expect(time - first).toBeGreaterThan(10 * place);
      }
      await new Promise<void>((resolve) => reactor.setTimer(30, () => resolve()));
      expect(times).toHaveLength(4);
    });

    test('a wrong `within`, handler or `repeat` is refused by name', () => {
      const reactor = bench.reactor();
      const idle = (...wrong: unknown[]): (() => unknown) => {
        const [options, handler = () => {}] = wrong;
        return () => reactor.idle(options as { within: number }, handler as () => void);
      };
      for (const within of [-1, Number.NaN, '5', undefined]) {
        expect(idle({ within })).toThrow(/within/);
      }
      expect(idle({ within: 1 }, 'handler')).toThrow(/handler/);
      expect(idle({ within: 1, repeat: 1 })).toThrow(/repeat/);
      expect(idle(null)).toThrow(/options/);
    });
  },
  'time',
);
