// Views that are kept longer than their turn.
import type { Connection } from '../../src/index';
import { dial } from '../support/peer';
import { serve } from '../support/serve';
import '../support/tidy-up';

const stale = expect.objectContaining({ code: 'ERR_CALANDRIA_STALE_BYTES' });

async function keepOne(debug: boolean): Promise<{ view: Uint8Array; connection: Connection }> {
  let view: Uint8Array | undefined;
  const served = await serve(
    {
      data(_, bytes) {
        view = bytes;
      },
    },
    { debug },
  );
  const peer = await dial(served.port);
  await peer.write('kept too long');
  await served.tap.when(() => view !== undefined);
  return { view: view as Uint8Array, connection: await served.opened(1) };
}

describe('stale bytes', () => {
  test('write of a view kept past its turn throws, and takes nothing', async () => {
    const { view, connection } = await keepOne(false);
    expect(() => connection.write(view)).toThrow(stale);
    expect(() => connection.write(view.subarray(2, 5))).toThrow(stale);
    expect(() => connection.writeSome(view)).toThrow(stale);
    expect(() => connection.end(view)).toThrow(stale);
    expect(connection.tx.queued).toBe(0);
    expect(connection.tx.ended).toBe(false);
  });

  test('a view of an earlier turn is refused in a later turn as well', async () => {
    const codes: unknown[] = [];
    let first: Uint8Array | undefined;
    const served = await serve({
      data(connection, bytes) {
        if (!first) {
          first = bytes;
          return;
        }
        try {
          connection.write(first);
        } catch (error) {
          codes.push((error as NodeJS.ErrnoException).code);
        }
        connection.write(bytes);
      },
    });
    const peer = await dial(served.port);
    await peer.write('a longer first message');
    await served.tap.when(() => first !== undefined);
    await peer.write('second');
    expect(String(await peer.receive(6))).toBe('second');
    expect(codes).toEqual(['ERR_CALANDRIA_STALE_BYTES']);
  });

  test('debug: true overwrites bytes when their turn ends', async () => {
    const { view } = await keepOne(true);
    expect([...view]).toEqual(new Array(13).fill(0xdb));
  });

  test('until the turn ends, ticks and promises may still write the view', async () => {
    const served = await serve({
      async data(connection, bytes) {
        await Promise.resolve();
        connection.write(bytes);
        process.nextTick(() => connection.write(bytes));
      },
    });
    const peer = await dial(served.port);
    await peer.write('echo');
    expect(String(await peer.receive(8))).toBe('echoecho');
  });

  test('bytes beside those that were delivered cannot be sent', async () => {
    const codes: unknown[] = [];
    const served = await serve({
      data(connection, bytes) {
        for (const [from, length] of [
          [bytes.byteOffset, bytes.length + 1],
          [bytes.byteOffset - 1, bytes.length],
          [0, 64],
          [0x10000, 64],
        ] as const) {
          try {
            connection.write(new Uint8Array(bytes.buffer, from, length));
          } catch (error) {
            codes.push((error as NodeJS.ErrnoException).code);
          }
        }
        connection.end('done');
      },
    });
    const peer = await dial(served.port);
    await peer.write('secret');
    await peer.ended;
    expect(codes).toEqual(new Array(4).fill('ERR_CALANDRIA_STALE_BYTES'));
    expect(String(peer.received)).toBe('done');
  });
});
