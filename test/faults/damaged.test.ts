// A core whose state is damaged ends the reactor at once: nobody is left waiting.
import * as layout from '../../assembly/layout';
import { forOneHost } from '../support/conformance';
import { failure } from '../support/folder';

interface Inside {
  readonly memory: { readonly words: Int32Array };
  ingest(): void;
}

forOneHost('a reactor whose core is damaged', (bench) => {
  test('settles all that was waited for, and says why it ended', async () => {
    const reactor = bench.reactor();
    const file = await reactor.openFile('/dev/null');
    const inbox = reactor.inbox({}, {});
    await inbox.ready();
    // Between two turns: timers of Node's run in none.
    await new Promise((resolve) => setTimeout(resolve, 0));
    const next = inbox[Symbol.asyncIterator]().next();
    const waiting = [
      failure(reactor.watchPath('/', {}).ready()),
      failure(reactor.listen({ port: 0 }, {}).ready()),
      failure(reactor.openFile('/dev/null')),
      failure(file.stat()),
    ];
    const closing = new Promise((resolve) => setImmediate(() => resolve(file.close())));
    const inside = reactor as unknown as Inside;
    inside.memory.words[layout.PHASE >> 2] = layout.PHASE_TURN;
    expect(() => inside.ingest()).toThrow(/damaged.*a turn inside a turn/);
    for (const answer of await Promise.all(waiting)) expect(answer).toMatch('ERR_CALANDRIA_CLOSED');
    expect(await next).toEqual({ value: undefined, done: true });
    await closing;
    await reactor.close();
  });
});
