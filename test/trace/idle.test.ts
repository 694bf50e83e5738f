// Idle watchers in a recording: both replays run them in the turns in which they ran.
import { epoll, node, type Reactor } from '../../src/index';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';

test.each(Object.entries({ epoll, node }))('R2.3: recorded on %s, they replay', async (_, host) => {
  const program = (reactor: Reactor) =>
    reactor.listen(
      { port: 0 },
      {
        open(connection) {
          let runs = 0;
          reactor.idle({ within: 2, repeat: true }, (watcher, { forced }) => {
            connection.write(`${forced} at ${reactor.now}\n`);
            if (++runs === 5) watcher.cancel();
          });
          reactor.idle({ within: 1000 }, () => void connection.write('quiet\n'));
          reactor.idle({ within: 1 }, () => void connection.write('never')).cancel();
        },
        data: (connection) => connection.end('that was all'),
      },
    );
  const client = async ({ port }: { port: number }): Promise<void> => {
    const peer = await dial(port);
    for (let lines = 0; lines < 6; ) {
      lines = peer.received.toString().split('\n').length - 1;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await peer.write('enough');
    peer.end();
    await peer.ended;
  };
  const file = await recordRun(program, client, { host: host() });
  expect(await replayBoth(file, program)).toEqual(IDENTICAL);
});
