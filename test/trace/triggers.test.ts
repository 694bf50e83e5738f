// Triggers in a recording: both replays know the calls.
import { epoll, node } from '../../src/index';
import { TRIGGERS } from '../../src/reactor/triggers';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';
import { biting } from '../support/triggered';

describe.each(Object.entries({ epoll, node }))('recorded on %s', (_name, host) => {
  test.each(TRIGGERS)('R0.11: a program with the trigger %s replays', async (trigger) => {
    const program = (reactor: Parameters<typeof replayable>[0]) => replayable(reactor, trigger);
    const client = async ({ port }: { port: number }): Promise<void> => {
      const peer = await dial(port);
      await peer.write('more than one bite of it');
      await peer.receive(24);
      peer.end();
      await peer.ended;
    };
    const file = await recordRun(program, client, { host: host() });
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });
});

function replayable(
  reactor: import('../../src').Reactor,
  trigger: import('../../src').Trigger,
): import('../../src').Listener {
  const listener = reactor.listen({ port: 0, trigger }, biting(trigger));
  listener.setTrigger('edge');
  listener.enable();
  listener.setTrigger(trigger);
  return listener;
}
