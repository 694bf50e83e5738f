// What one call finds and the vector does not hold is for the next turns, without another call.
import { openTrace, type Reactor } from '../../src';
import { LEVEL_HOSTS } from '../support/levels';
import { looksOf } from '../support/looks';
import { dial } from '../support/peer';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';
import '../support/tidy-up';

const PEERS = 40;

function echo(reactor: Reactor) {
  return reactor.listen({ port: 0 }, { data: (connection, bytes) => void connection.write(bytes) });
}

describe.each(LEVEL_HOSTS)('$name', ({ name, host }) => {
  test.each([1, 8, 64])(
    'R0.12 R0.17: %d events a turn serve everybody, and both replays repeat it',
    async (events) => {
      const limits = { connections: 64, events };
      const { file, reactor } = startRecording({ host: host(), reactor: { limits } });
      const { port } = await echo(reactor).ready();
      const peers = await Promise.all(Array.from({ length: PEERS }, () => dial(port)));
      for (let round = 1; round <= 3; round++) {
        for (const peer of peers) peer.socket.write('12345');
        await Promise.all(peers.map((peer) => peer.arrived(5 * round)));
      }
      for (const peer of peers) peer.end();
      await Promise.all(peers.map(({ ended }) => ended));
      await reactor.close();
      const { header } = openTrace(file);
      expect(header).toMatchObject({ host: name, levels: true });
      const looks = looksOf(file).map((look) => look.events);
      expect(Math.max(...looks)).toBeLessThanOrEqual(events);
      if (events === 1) expect(reactor.counters.hostWaits).toBeLessThan(looks.length);
      expect(await replayBoth(file, echo)).toEqual(IDENTICAL);
    },
  );
});
