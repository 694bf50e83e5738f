// Connections and listeners as loops and promises, on every host.
import { type Connection, type Listener, type Reactor, record } from '../../src';
import { chooseHost } from '../../src/host/choose';
import { createReactor } from '../../src/index';
import { forEachKind, pattern } from '../support/conformance';
import { IDENTICAL, replayBoth, traceFile } from '../support/recording';

/** Who comes before the loop begins is the loop's, too. */
function taking(reactor: Reactor): Listener {
  const listener = reactor.listen({ port: 0 }, {});
  listener[Symbol.asyncIterator]();
  return listener;
}

/** An echo without handlers. */
function looping(reactor: Reactor) {
  // With an `end`, ours is not sent at the peer's: the loops may have more to say.
  const listener = reactor.listen({ port: 0 }, { end() {} });
  const serve = async (): Promise<void> => {
    for await (const connection of listener) {
      void (async () => {
        for await (const bytes of connection) connection.write(bytes);
        connection.end('the end');
      })();
    }
  };
  void serve();
  return listener;
}

forEachKind('loops and promises', (bench) => {
  test('R3.38: for await over a listener and its connections makes an echo', async () => {
    const file = traceFile();
    const reactor = createReactor({ host: record(chooseHost(bench.host), file) });
    const place = await looping(reactor).ready();
    const clients = [1, 2, 3].map((seed) => ({ client: bench.dial(place), seed }));
    for (const { client, seed } of clients) {
      const sent = pattern(50_000, seed);
      await client.write(sent);
      client.end();
      await client.ended;
      expect(client.received.equals(Buffer.concat([sent, Buffer.from('the end')]))).toBe(true);
    }
    await reactor.close();
    expect(await replayBoth(file, looping)).toEqual(IDENTICAL);
  });

  test('R3.38: receive() brings so many bytes, in order, and leaves the rest alone', async () => {
    const reactor = bench.reactor();
    const listener = taking(reactor);
    const client = bench.dial(await listener.ready());
    await client.write('length is 5, and more');
    for await (const connection of listener) {
      const parts = await Promise.all([6, 3, 3].map((length) => connection.receive(length)));
      expect(parts.map(String)).toEqual(['length', ' is', ' 5,']);
      expect(String(await connection.receive(0))).toBe('');
      client.end(' now');
      expect(String(await connection.receive(100))).toBe(' and more now');
      expect(String(await connection.receive(1))).toBe('');
      break;
    }
    await client.ended;
    expect(reactor.counters.accepted).toBe(1);
  });

  test('R3.38: a reset rejects who waits, after the bytes before it', async () => {
    const reactor = bench.reactor();
    const listener = taking(reactor);
    const client = bench.dial(await listener.ready());
    await client.write('half');
    const accepting = listener[Symbol.asyncIterator]();
    const { value: connection } = await accepting.next();
    expect(String(await connection?.receive(2))).toBe('ha');
    const waiting = connection?.receive(100);
    client.socket.resetAndDestroy();
    await expect(waiting).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  test('who leaves the loop closes the connection, with what was written before', async () => {
    const reactor = bench.reactor();
    const listener = taking(reactor);
    const client = bench.dial(await listener.ready());
    await client.write('hello');
    for await (const connection of listener) {
      for await (const bytes of connection) {
        connection.write(bytes);
        break;
      }
      break;
    }
    await client.ended;
    expect(String(client.received)).toBe('hello');
    await reactor.close();
    expect((await listener[Symbol.asyncIterator]().next()).done).toBe(true);
  });

  test('a loop that does not come round leaves the bytes in the kernel', async () => {
    const reactor = bench.reactor();
    const listener = taking(reactor);
    const client = bench.dial(await listener.ready());
    const sent = pattern(4 << 20);
    client.socket.write(sent);
    let length = 0;
    for await (const connection of listener) {
      for await (const bytes of connection) {
        // Turns pass while nobody takes anything.
        await new Promise<void>((resolve) => reactor.setTimer(1, () => resolve()));
        expect(sent.subarray(length, length + bytes.length).equals(bytes)).toBe(true);
        length += bytes.length;
        if (length === sent.length) break;
      }
      break;
    }
    expect(length).toBe(sent.length);
  });

  test('a length that makes no sense is refused', async () => {
    const reactor = bench.reactor();
    const connection = reactor.connect({ port: 9 }, {});
    for (const length of [-1, 1.5, '3' as unknown as number]) {
      expect(() => connection.receive(length)).toThrow(/length/);
    }
  });

  test('R4.2: tryRead() and tryWrite() never wait, and say whether to try again', async () => {
    const buffer = new Uint8Array(1000);
    const reads: boolean[] = [];
    const echo = async (connection: Connection): Promise<void> => {
      for (;;) {
        const { n, again } = connection.tryRead(buffer);
        reads.push(again);
        if (again) await connection.readable();
        else if (n === 0) return connection.end();
        else expect(connection.tryWrite(buffer.slice(0, n))).toEqual({ n, again: false });
      }
    };
    const { place } = await bench.serve({ open: echo, end() {} });
    const client = bench.dial(place);
    const sent = pattern(20_000);
    for (let from = 0; from < sent.length; from += 700) {
      await client.write(sent.subarray(from, from + 700));
    }
    await client.receive(sent.length);
    client.end();
    await client.ended;
    expect(client.received.equals(sent)).toBe(true);
    // Nothing was there at first, and the end is told from "not yet".
    expect(reads[0]).toBe(true);
    expect(reads.at(-1)).toBe(false);
  });

  test('R4.5: a program waits for a file and a socket at once; who comes second is not lost', async () => {
    const reactor = bench.reactor();
    const listener = taking(reactor);
    const place = await listener.ready();
    const client = bench.dial(place);
    const { value: connection } = await listener[Symbol.asyncIterator]().next();
    const file = await reactor.openFile(__filename);
    const net = (connection as Connection).receive(4).then((bytes) => `net ${Buffer.from(bytes)}`);
    const read = async (): Promise<string> => `file ${(await file.read()).bytesRead > 0}`;
    // Nothing comes from the socket yet.
    expect(await Promise.race([net, read()])).toBe('file true');
    await client.write('ping');
    expect(await net).toBe('net ping');
    await file.close();
  });
});
