// Spinning replaces sleep, and nothing else.
import { setTimeout as delay } from 'node:timers/promises';
import { createReactor } from '../../src';
import '../support/tidy-up';

const SECOND = 1e6;

describe('a spinning reactor', () => {
  test("its own timers and Node's are not held up by a spin that is much longer", async () => {
    const reactor = createReactor({ host: 'epoll', spin: SECOND });
    const begin = performance.now();
    await new Promise<void>((resolve) => {
      reactor.setTimer(1, () => resolve());
    });
    await delay(1);
    // Either would have waited for the end of the spin.
    expect(performance.now() - begin).toBeLessThan(SECOND / 1000 / 2);
    await reactor.close();
  });

  test('a spin that finds nothing makes no turns', async () => {
    const reactor = createReactor({ host: 'epoll', spin: 20_000 });
    const listener = reactor.listen({ port: 0 }, {});
    await listener.ready();
    const { turn } = reactor;
    await delay(60);
    expect(reactor.turn - turn).toBeLessThan(5);
    await reactor.close();
  });
});
