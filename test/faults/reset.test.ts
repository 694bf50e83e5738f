// A peer that resets the connection.
import '../support/tidy-up';
import { dial } from '../support/peer';
import { serve } from '../support/serve';

interface Told {
  readonly heard: string[];
  readonly closed: Promise<void>;
}

/** Handlers that write down what they are told. */
function listeningIn(): Told & {
  data(connection: unknown, bytes: Uint8Array): void;
  end(): void;
  error(connection: unknown, error: Error): void;
  close(): void;
} {
  const heard: string[] = [];
  let resolve: () => void;
  const closed = new Promise<void>((given) => {
    resolve = given;
  });
  return {
    heard,
    closed,
    data: (_, bytes) => void heard.push(`data ${Buffer.from(bytes)}`),
    end: () => void heard.push('end'),
    error: (_, error) => void heard.push(`error ${(error as NodeJS.ErrnoException).code}`),
    close() {
      heard.push('close');
      resolve();
    },
  };
}

describe('reset', () => {
  test('R1.16: a reset behind unread data delivers the data first, then the error', async () => {
    const told = listeningIn();
    const served = await serve({
      ...told,
      open: (connection) => connection.read(0),
    });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('behind');
    await served.tap.when(() => connection.rx.available > 0);
    peer.reset();
    await served.tap.when(() => connection.rx.eof);
    expect(told.heard).toEqual([]);
    expect(connection.rx.available).toBeGreaterThan(0);
    connection.read(Infinity);
    await told.closed;
    expect(told.heard).toEqual(['data behind', 'error ECONNRESET', 'close']);
    expect(connection.closed).toBe(true);
  });

  test('R1.16: the figures of both sides say error and available bytes at once', async () => {
    const told = listeningIn();
    const served = await serve({ ...told, open: (connection) => connection.read(0) });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('sixsix');
    await served.tap.when(() => connection.rx.available > 0);
    peer.reset();
    await served.tap.when(() => connection.rx.eof);
    connection.sample();
    await served.tap.when(() => connection.rx.exactness === 'exact');
    expect(connection.rx.available).toBe(6);
    connection.read(Infinity);
    await told.closed;
    expect(connection.rx.error).toBe(104);
  });

  test('reset: who answers into the reset hears of it once, after the data', async () => {
    const told = listeningIn();
    const served = await serve({
      ...told,
      open: (connection) => connection.read(0),
      data(connection, bytes) {
        told.data(connection, bytes);
        connection.write(bytes);
      },
    });
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('question');
    await served.tap.when(() => connection.rx.available > 0);
    peer.reset();
    await served.tap.when(() => connection.rx.eof);
    connection.read(Infinity);
    await told.closed;
    expect(told.heard[0]).toBe('data question');
    expect(told.heard.filter((line) => line.startsWith('error'))).toHaveLength(1);
    expect(told.heard.at(-1)).toBe('close');
    expect(connection.tx.queued).toBe(0);
  });

  test('reset: one connection fails, the others go on', async () => {
    const served = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    const [first, second] = [await dial(served.port), await dial(served.port)];
    await served.opened(2);
    first.reset();
    await served.tap.when(() => served.reactor.counters.closed === 1);
    await second.write('still here');
    expect(String(await second.receive(10))).toBe('still here');
  });

  test('reset: a client that is gone before it was accepted hurts nobody', async () => {
    const told = listeningIn();
    let opened = 0;
    const served = await serve({
      ...told,
      open() {
        opened++;
      },
    });
    served.listener.accept(0);
    const gone = await dial(served.port);
    await served.tap.when(() => served.listener.backlog === 1);
    gone.reset();
    await gone.closed;
    const next = await dial(served.port);
    await next.write('after it');
    served.listener.accept(Infinity);
    await served.tap.when(() => told.heard.includes('data after it'));
    // Linux hands out the dead connection, and its first read tells.
    expect(opened).toBe(2);
    await served.tap.when(() => told.heard.includes('close'));
    expect(told.heard).toContain('error ECONNRESET');
  });
});
