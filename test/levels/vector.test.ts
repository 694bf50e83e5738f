// What one call finds and the vector does not hold is for the next turns, without another call.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTrace, type Reactor } from '../../src';
import { LEVEL_HOSTS } from '../support/levels';
import { looksOf } from '../support/looks';
import { dial } from '../support/peer';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';
import '../support/tidy-up';

const PEERS = 40;
const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
afterAll(() => rmSync(folder, { recursive: true }));

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

  test('R0.12: what was found is read while the first of it is answered, turn by turn', async () => {
    const limits = { connections: 64, events: 8 };
    const path = join(folder, name);
    const program = (reactor: Reactor) =>
      reactor.listen({ path }, { data: (connection, bytes) => void connection.write(bytes) });
    const { file, reactor } = startRecording({ host: host(), reactor: { limits } });
    await program(reactor).ready();
    const peers = await Promise.all(Array.from({ length: PEERS }, () => dial(path)));
    for (const peer of peers) peer.socket.write('1');
    await Promise.all(peers.map((peer) => peer.arrived(1)));
    // A local socket has the bytes when the write returns: one call finds all of them.
    for (const peer of peers) peer.socket.write('23');
    await Promise.all(peers.map((peer) => peer.arrived(3)));
    await reactor.close();
    const found = [...openTrace(file).turns()].map((turn) => turn.events.length / turn.eventSize);
    expect(found.join()).toContain('8,8,8,8,8');
  });
});
