import { createReactor } from '../../src';
import { nothing } from '../support/null-host';

describe('references', () => {
  it('an unref of a timer that is over does not count against what still lives', async () => {
    const host = nothing();
    const reactor = createReactor({ host });
    const over = reactor.setTimer(1000, () => {});
    over.cancel();
    over.unref();
    reactor.setTimer(1000, () => {});
    host.turn();
    expect(host.held).toBe(true);
    await host.finish(reactor);
  });

  it('a reactor whose timers are all unreferenced lets the process go', async () => {
    const host = nothing();
    const reactor = createReactor({ host });
    const timer = reactor.setTimer(1000, () => {});
    host.turn();
    expect(host.held).toBe(true);
    timer.unref();
    expect(host.held).toBe(false);
    timer.ref();
    expect(host.held).toBe(true);
    await host.finish(reactor);
  });
});

describe('abort signals', () => {
  it('a signal that outlives its connections keeps nothing of them', async () => {
    const host = nothing();
    const reactor = createReactor({ host });
    const { signal } = new AbortController();
    const watching = jest.spyOn(signal, 'addEventListener');
    const forgetting = jest.spyOn(signal, 'removeEventListener');
    for (let dialled = 0; dialled < 20; dialled++) {
      reactor.connect({ port: 1, signal }, {}).destroy();
    }
    for (let turns = 0; turns < 4; turns++) host.turn();
    // One listener for all of them, which goes with the last.
    expect(watching).toHaveBeenCalledTimes(1);
    expect(forgetting).toHaveBeenCalledTimes(1);
    await host.finish(reactor);
  });
});
