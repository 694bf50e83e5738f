// What goes wrong: broken connections and handlers that throw.
import { Client } from '../support/client';
import { ECHO, forEachKind, pattern, promised, Story } from '../support/conformance';
import { endPrograms, start } from '../support/program';

forEachKind('failures', (bench) => {
  afterEach(endPrograms);

  test('a reset by the peer is an error with code ECONNRESET, and then close', async () => {
    const story = new Story();
    const { place } = await bench.serve(story.of());
    const client = bench.dial(place);
    await story.until('open');
    client.socket.resetAndDestroy();
    await story.until('close');
    expect(story.lines).toEqual(['open', 'error ECONNRESET', 'close']);
  });

  test('bytes that arrived before a reset are delivered before the error', async () => {
    const story = new Story();
    const { place, reactor } = await bench.serve(
      story.of({
        // Read only when the reset is behind the bytes.
        open: (connection) => connection.read(0),
        change(connection) {
          if (connection.rx.available === 0 || connection.data) return;
          connection.data = true;
          client.socket.resetAndDestroy();
          reactor.setTimer(20, () => connection.read(Number.POSITIVE_INFINITY));
        },
      }),
    );
    const client = bench.dial(place);
    await client.write('abcdef');
    await story.until('close');
    expect(story.lines).toEqual(['open', 'data abcdef', 'error ECONNRESET', 'close']);
  });

  test('writing to a peer that is gone is an error, and then close', async () => {
    const story = new Story();
    const { place, reactor } = await bench.serve(
      story.of({
        open(connection) {
          const more = (): void => {
            if (connection.closed) return;
            if (connection.tx.queued === 0) connection.write('anybody there?');
            reactor.setTimer(1, more);
          };
          more();
        },
        end: () => {},
      }),
    );
    const client = bench.dial(place);
    await story.until('open');
    client.socket.destroy();
    await story.until('close');
    const [error] = story.lines.filter((line) => line.startsWith('error'));
    expect(['error EPIPE', 'error ECONNRESET']).toContain(error);
    expect(story.lines.at(-1)).toBe('close');
    expect(story.lines.filter((line) => line.startsWith('error'))).toHaveLength(1);
  });

  test('reset() is seen as a failure, and what is queued is dropped', async () => {
    const { place } = await bench.serve({
      data(connection) {
        connection.write(pattern(100_000));
        connection.reset();
      },
    });
    const client = bench.dial(place);
    await client.write('go');
    await client.closed;
    expect(client.error?.code).toBe('ECONNRESET');
    expect(client.length).toBe(0);
  });

  test('one connection that breaks leaves the others alone', async () => {
    const { place } = await bench.serve(ECHO);
    const [broken, whole] = [bench.dial(place), bench.dial(place)];
    await Promise.all([broken.write(pattern(50_000)), whole.write('first ')]);
    broken.socket.resetAndDestroy();
    await broken.closed;
    whole.end('second');
    await whole.ended;
    expect(whole.received.toString()).toBe('first second');
  });

  test('a handler that throws loses its connection; the error is uncaught, the rest goes on', async () => {
    const program = start('conformance/programs/throws.cjs', { parameters: [bench.host] });
    const heard: unknown[] = [];
    const { port } = await program.next<{ port: number }>();
    heard.push(await program.next());
    const place = { address: '127.0.0.1', port };
    const other = bench.dial(place);
    await other.write('one ');
    for (const word of ['throw', 'reject']) {
      const client = new Client(place);
      await client.write(word);
      await client.ended;
      expect(client.length).toBe(0);
      client.socket.destroy();
      heard.push(await program.next(), await program.next());
    }
    await other.write('two');
    expect((await other.receive(7)).toString()).toBe('one two');
    const uncaught = { origin: 'uncaughtException', placed: true };
    expect(heard).toEqual([
      { message: 'thrown by a timer', ...uncaught },
      { message: 'thrown', ...uncaught },
      { closed: true },
      { message: 'rejected', ...uncaught },
      { closed: true },
    ]);
  });

  test('close comes exactly once, whoever closes and however often', async () => {
    const closes: string[] = [];
    const done = promised();
    const { place } = await bench.serve({
      data(connection) {
        connection.close();
        connection.destroy();
        connection.end();
        connection.close();
      },
      close() {
        closes.push('close');
        if (closes.length === 3) done.resolve();
      },
    });
    for (let round = 0; round < 3; round++) {
      const client = bench.dial(place);
      client.end('go');
      await client.ended;
    }
    await done.promise;
    expect(closes).toHaveLength(3);
  });
});
