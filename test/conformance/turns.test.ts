// The turn: what belongs to it, and what a host that drives it must not let in between.
import { type DrivenHost, driven } from '../../src/host/driven';
import type { Seam } from '../../src/host/host';
import { forEachKind, promised } from '../support/conformance';

forEachKind('turns', (bench) => {
  test('ticks and promises of a handler belong to its turn', async () => {
    const { place, reactor } = await bench.serve({
      async data(connection, bytes) {
        const { turn } = reactor;
        for (let round = 0; round < 10; round++) await null;
        await new Promise<void>((resolve) => process.nextTick(resolve));
        for (let round = 0; round < 10; round++) await null;
        const same = reactor.turn === turn;
        // The bytes are valid until the turn ends, so they can still be written.
        connection.write(bytes);
        connection.end(` ${same}`);
      },
    });
    const client = bench.dial(place);
    await client.write('echo');
    await client.ended;
    expect(client.received.toString()).toBe('echo true');
  });

  test('bytes kept beyond their turn are refused with ERR_CALANDRIA_STALE_BYTES', async () => {
    const { place, reactor } = await bench.serve({
      data(connection, bytes) {
        reactor.setTimer(1, () => {
          try {
            connection.write(bytes);
          } catch (error) {
            connection.end((error as NodeJS.ErrnoException).code);
          }
        });
      },
    });
    const client = bench.dial(place);
    await client.write('stale');
    await client.ended;
    expect(client.received.toString()).toBe('ERR_CALANDRIA_STALE_BYTES');
  });

  test('handlers never run inside a call of the program', async () => {
    let calling = false;
    const inside: boolean[] = [];
    const closed = promised();
    const { place } = await bench.serve({
      open(connection) {
        calling = true;
        connection.write('x');
        connection.sample();
        connection.close();
        calling = false;
      },
      change: () => void inside.push(calling),
      close() {
        inside.push(calling);
        closed.resolve();
      },
    });
    bench.dial(place);
    await closed.promise;
    expect(inside).not.toContain(true);
  });
});

describe('the drive of hosts in JavaScript', () => {
  /** A drive over a host that does nothing but note what it is asked. */
  function drive(parts: Partial<DrivenHost & Pick<Seam, 'ingest' | 'deliver' | 'end'>>): {
    host: ReturnType<typeof driven>;
    notes: string[];
    words: Int32Array;
  } {
    const notes: string[] = [];
    const words = new Int32Array(65536 + 4096);
    const note = (name: string, body?: () => unknown) => (): never => {
      notes.push(name);
      return body?.() as never;
    };
    const host = driven({
      name: 'noting',
      open: parts.open ?? (() => {}),
      submit: note('submit', parts.submit ?? (() => false)),
      poll: note('poll', parts.poll),
      arm: note('arm'),
      hold: () => {},
      close: note('close'),
    });
    host.open({
      memory: { words, longs: new BigUint64Array(words.buffer) } as unknown as Seam['memory'],
      description: { seed: 0n, sampling: 'none', program: null } as unknown as Seam['description'],
      ingest: note('ingest', parts.ingest),
      deliver: note('deliver', parts.deliver),
      end: note('end', parts.end),
    });
    return { host, notes, words };
  }

  const TURN = ['poll', 'ingest', 'deliver', 'end', 'submit'];
  const immediate = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('however often it is woken, there is one turn', async () => {
    const { host, notes } = drive({});
    host.wake();
    host.wake();
    process.nextTick(host.wake);
    await immediate();
    await immediate();
    expect(notes).toEqual([...TURN, 'arm']);
  });

  test('a wake within a turn brings another one', async () => {
    let polls = 0;
    const { host, notes } = drive({
      poll() {
        if (++polls === 1) host.wake();
      },
    });
    host.wake();
    await immediate();
    await immediate();
    await immediate();
    expect(notes).toEqual([...TURN, ...TURN, 'arm']);
  });

  test('between the handlers and the end of the turn come ticks and promises, nothing else', async () => {
    const between: string[] = [];
    let open = false;
    const { host } = drive({
      deliver() {
        open = true;
        process.nextTick(() => between.push('tick'));
        Promise.resolve().then(() => between.push('promise'));
        setImmediate(() => open && between.push('immediate'));
        setTimeout(() => open && between.push('timeout'), 0);
      },
      end() {
        open = false;
      },
    });
    setImmediate(() => open && between.push('an immediate queued before'));
    host.wake();
    setImmediate(() => open && between.push('an immediate queued after'));
    await immediate();
    await immediate();
    await new Promise((resolve) => setTimeout(resolve, 2));
    expect(between).toEqual(['tick', 'promise']);
  });

  test('closed at the end of a turn: nothing is submitted, and no turn follows', async () => {
    const { host, notes } = drive({ end: () => host.close() });
    host.wake();
    await immediate();
    await immediate();
    host.wake();
    await immediate();
    expect(notes).toEqual(['poll', 'ingest', 'deliver', 'end', 'close']);
  });

  test('closed between its two halves: the end does not come', async () => {
    const { host, notes } = drive({ deliver: () => process.nextTick(() => host.close()) });
    host.wake();
    await immediate();
    await immediate();
    expect(notes).toEqual(['poll', 'ingest', 'deliver', 'close']);
  });
});
