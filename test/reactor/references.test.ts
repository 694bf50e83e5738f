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
