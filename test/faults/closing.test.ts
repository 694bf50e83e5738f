// Connections that are closed at awkward moments.
import { readdirSync, readlinkSync } from 'node:fs';
import * as layout from '../../assembly/layout';
import type { Connection } from '../../src/index';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { reactorOf, serve } from '../support/serve';
import { tap } from '../support/tap';
import '../support/tidy-up';

const echo = (connection: Connection, bytes: Uint8Array) => void connection.write(bytes);

function sockets(): string[] {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith('socket:');
    } catch {
      return false;
    }
  });
}

describe('closing', () => {
  test.each(['close', 'destroy'] as const)('%s() inside the own data handler', async (way) => {
    const heard: string[] = [];
    const served = await serve({
      data(connection, bytes) {
        heard.push(`data ${Buffer.from(bytes)}`);
        connection.write('answer');
        connection[way]();
        expect(() => connection.write('more')).toThrow(
          expect.objectContaining({ code: 'ERR_CALANDRIA_CLOSED' }),
        );
      },
      end: () => void heard.push('end'),
      error: () => void heard.push('error'),
      close: () => void heard.push('close'),
    });
    const peer = await dial(served.port);
    await peer.write('one');
    await peer.ended;
    await served.tap.when(() => heard.includes('close'));
    expect(heard).toEqual(['data one', 'close']);
    // close() sends what was written before it; destroy() drops it.
    expect(String(peer.received)).toBe(way === 'close' ? 'answer' : '');
  });

  test.each(['close', 'destroy'] as const)(
    '%s() of another connection takes back the delivery that waits for it in the same turn',
    async (way) => {
      const heard: string[] = [];
      const served = await serve({
        open: (connection) => connection.read(0),
        data(connection, bytes) {
          heard.push(`${connection.data} ${Buffer.from(bytes)}`);
          for (const other of served.connections) if (other !== connection) other[way]();
        },
        close: (connection) => void heard.push(`${connection.data} close`),
      });
      const first = await dial(served.port);
      (await served.opened(1)).data = 'first';
      const second = await dial(served.port);
      (await served.opened(2)).data = 'second';
      await Promise.all([first.write('a'), second.write('b')]);
      await served.tap.when(() => served.connections.every(({ rx }) => rx.available > 0));
      // Both reads are submitted by one turn, so both are delivered in the next.
      for (const connection of served.connections) connection.read(Infinity);
      await served.tap.when(() => heard.length >= 2);
      expect(heard).toEqual(['first a', 'second close']);
    },
  );

  test('a connection destroyed before its open was delivered is never opened', async () => {
    const heard: string[] = [];
    const served = await serve({});
    const reactor = reactorOf(tap());
    const dialled = reactor.connect(
      { port: served.port },
      { open: () => void heard.push('open'), close: () => void heard.push('close') },
    );
    dialled.destroy();
    await reactor.close();
    expect(heard).toEqual(['close']);
  });

  test('what was written before a connect was answered leaves although closed', async () => {
    const served = await serve({
      data(connection, bytes) {
        connection.data = String(Buffer.from(bytes));
      },
    });
    const tapped = tap();
    const heard: string[] = [];
    const dialled = reactorOf(tapped).connect(
      { port: served.port },
      { open: () => void heard.push('open'), close: () => void heard.push('close') },
    );
    dialled.write('parting words');
    dialled.close();
    await tapped.when(() => dialled.closed);
    await served.tap.when(() => served.connections[0]?.data === 'parting words');
    expect(heard).toEqual(['close']);
  });

  test('destroy() between a send and its completion closes the connection', async () => {
    let closed = 0;
    const served = await serve({ data: echo, close: () => void closed++ });
    const peer = await dial(served.port);
    await peer.write('hello');
    await peer.receive(5);
    // The kernel took the echo, but the turn that learns of it has not come: nothing asked for one.
    (served.connections[0] as Connection).destroy();
    await peer.ended;
    await served.tap.when(() => closed === 1);
  });

  test('close() of the reactor resolves although nothing else happens in the process', async () => {
    const program = start('faults/programs/close-quietly.mjs');
    expect(await program.next()).toEqual({ closed: true });
  });

  test('a closed connection keeps its figures and its peer, whoever has its record', async () => {
    const served = await serve({ data: echo });
    const first = await dial(served.port);
    const { port } = first.socket.address() as { port: number };
    await first.write('abc');
    await first.receive(3);
    const connection = await served.opened(1);
    first.end();
    await served.tap.when(() => connection.closed);
    const sequence = connection.rx.sequence;
    const second = await dial(served.port);
    const successor = await served.opened(2);
    await second.write('defghi');
    await second.receive(6);
    expect(successor.record).toBe(connection.record);
    expect(successor).not.toBe(connection);
    expect(connection.rx.eof).toBe(true);
    expect(connection.rx.sequence).toBe(sequence);
    expect(connection.peer.port).toBe(port);
    expect(successor.closed).toBe(false);
  });
});

describe('reuse of descriptors', () => {
  test('R0.19: a descriptor closed and reused never carries bytes between its owners', async () => {
    const rounds = 200;
    const owners = new Set<string>();
    const served = await serve({
      data(connection, bytes) {
        // The first bytes name the peer; every later byte must come from the same one.
        const name = Buffer.from(bytes).toString().slice(0, 4);
        connection.data ??= name;
        expect(name).toBe(connection.data);
        owners.add(`${connection.record}.${connection.generation}`);
        connection.write(bytes);
        connection.close();
      },
    });
    const before = sockets().length;
    for (let round = 0; round < rounds; round += 4) {
      const peers = await Promise.all([0, 1, 2, 3].map(() => dial(served.port)));
      await Promise.all(
        peers.map(async (peer, place) => {
          const name = String(round + place).padStart(4, '0');
          await peer.write(name);
          await peer.ended;
          expect(String(peer.received)).toBe(name);
          peer.end();
          await peer.closed;
        }),
      );
    }
    await served.tap.when(() => served.reactor.counters.closed === rounds);
    expect(owners.size).toBe(rounds);
    const records = new Set([...owners].map((owner) => owner.split('.')[0]));
    expect(records.size).toBeLessThan(20);
    expect(sockets().length).toBeLessThanOrEqual(before);
  });

  test('R0.19: an event for an earlier owner inside a vector is counted and dropped', async () => {
    const heard: string[] = [];
    const served = await serve({
      open: (connection) => connection.read(0),
      change: () => void heard.push('change'),
      data: () => void heard.push('data'),
    });
    const first = await dial(served.port);
    const earlier = await served.opened(1);
    earlier.destroy();
    await first.ended;
    await served.tap.when(() => earlier.closed);
    const second = await dial(served.port);
    const later = await served.opened(2);
    expect(later.record).toBe(earlier.record);
    await served.tap.when(() => served.reactor.counters.hostControls === 3);
    heard.length = 0;
    const { sequence } = later.rx;
    const stale = served.reactor.counters.eventsStale;
    served.tap.beforeIngest = (memory) => {
      // What a kernel reports that did not know yet: readable, and hung up, for the first owner.
      const at = memory.words[layout.EVENTS_BASE >> 2] as number;
      const count = memory.words[layout.EVENT_COUNT >> 2] as number;
      const size = memory.words[layout.EVENT_RECORD_SIZE >> 2] as number;
      const view = new DataView(memory.buffer, at + count * size, size);
      view.setUint32(0, 0x2011, true);
      view.setInt32(size - 8, earlier.record, true);
      view.setUint32(size - 4, earlier.generation, true);
      memory.words[layout.EVENT_COUNT >> 2] = count + 1;
      served.tap.beforeIngest = undefined;
    };
    served.reactor.setTimer(0, () => {});
    await served.tap.when(() => served.reactor.counters.eventsStale === stale + 1);
    expect(heard).toEqual([]);
    expect(later.rx.eof).toBe(false);
    expect(later.rx.sequence).toBe(sequence);
    later.read(Infinity);
    await second.write('for the second');
    await served.tap.when(() => heard.includes('data'));
  });
});
