// Admission and metrics on every host: who is let in, and what a replay makes of it.
import * as memories from '../../src/core/memory';
import { chooseHost } from '../../src/host/choose';
import type { Connection, Listener, Metrics, Reactor } from '../../src/index';
import { openTrace, replayCore } from '../../src/index';
import { readMetrics } from '../../src/reactor/metrics';
import { Client } from '../support/client';
import { forEachKind, promised } from '../support/conformance';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';

/** Echoes, and tells how many are inside at once. */
function house() {
  const self = {
    inside: 0,
    most: 0,
    served: 0,
    open(): void {
      self.served++;
      self.most = Math.max(self.most, ++self.inside);
    },
    data(connection: Connection, bytes: Uint8Array): void {
      connection.write(bytes);
    },
    close(): void {
      self.inside--;
    },
  };
  return self;
}

async function visit(client: Client): Promise<void> {
  await client.write('x');
  await client.receive(1);
  client.end();
  await client.closed;
}

forEachKind('admission', (bench) => {
  test('R0.24: with `admit` so many are open at once, the others wait and are all served', async () => {
    const handlers = house();
    const full = promised();
    // Six knocked, two are in; which of both is heard last is the host's affair.
    const look = (): void => {
      if (handlers.inside === 2 && bound.listener?.backlog === 4) full.resolve();
    };
    const bound: { listener?: Listener } = {};
    const { place, listener, reactor } = await bench.serve(
      {
        ...handlers,
        open: () => {
          handlers.open();
          look();
        },
        listenerChange: (changed) => {
          bound.listener = changed;
          look();
        },
      },
      {},
      { port: 0, admit: 2 },
    );
    const clients = Array.from({ length: 6 }, () => bench.dial(place));
    await full.promise;
    expect([handlers.inside, listener.backlog]).toEqual([2, 4]);
    await Promise.all(clients.map(visit));
    expect([handlers.most, handlers.served]).toEqual([2, 6]);
    await reactor.close();
    const { connections, queue } = reactor.metrics();
    expect(connections).toMatchObject({ arrivals: 6, departures: 6, length: 0 });
    expect(connections.utilisation).toBeGreaterThan(0);
    expect(queue).toMatchObject({ arrivals: 6, departures: 6 });
  });

  test('R0.24: a listener without `admit` lets all in', async () => {
    const handlers = house();
    const { place } = await bench.serve(handlers);
    const clients = Array.from({ length: 4 }, () => bench.dial(place));
    await Promise.all(clients.map((client) => client.write('x')));
    await Promise.all(clients.map((client) => client.receive(1)));
    expect(handlers.most).toBe(4);
  });

  test.each([0, -1, 1.5, 2 ** 31, '2'])('R0.24: `admit` is no %p', (admit) => {
    const reactor = bench.reactor();
    const listen = (): unknown => reactor.listen({ port: 0, admit: admit as number }, {});
    expect(listen).toThrow(/admit/);
  });

  test('R0.24: a replay lets in whom the run let in, and ends with its metrics', async () => {
    const program = (reactor: Reactor) => {
      const tick = reactor.setTimer(1, () => tick.cancel(), { repeat: true });
      return reactor.listen({ port: 0, admit: 1 }, house());
    };
    let metrics: Metrics | undefined;
    const client = async ({ port, reactor }: { port: number; reactor: Reactor }) => {
      const place = { address: '127.0.0.1', port };
      await Promise.all([1, 2, 3].map(() => visit(new Client(place))));
      await reactor.close();
      metrics = reactor.metrics();
    };
    const file = await recordRun(program, client, { host: chooseHost(bench.host) });
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    expect(metrics?.connections).toMatchObject({ arrivals: 3, departures: 3 });
    const made = jest.spyOn(memories, 'createMemory');
    try {
      replayCore(openTrace(file));
      const memory = made.mock.results[0]?.value as memories.ReactorMemory;
      expect(readMetrics(memory)).toEqual(metrics);
    } finally {
      made.mockRestore();
    }
  });
});
