// One direction ends, the other goes on.
import type { Connection } from '../../src/index';
import { dial } from '../support/peer';
import { reactorOf, serve } from '../support/serve';
import { tap } from '../support/tap';
import '../support/tidy-up';

describe('half-close', () => {
  test('R1.17: the end is known while data is left: eof and 12 bytes available', async () => {
    const heard: string[] = [];
    const served = await serve(
      {
        open: (connection) => connection.read(0),
        data: (_, bytes) => void heard.push(String(Buffer.from(bytes))),
        end: () => void heard.push('end'),
      },
      { sampling: 'turn' },
    );
    const peer = await dial(served.port);
    const connection = await served.opened(1);
    await peer.write('twelve bytes');
    peer.end();
    await served.tap.when(() => connection.rx.eof && connection.rx.exactness === 'exact');
    expect(connection.rx.available).toBe(12);
    expect(heard).toEqual([]);
    connection.read(Infinity);
    await served.tap.when(() => heard.length === 2);
    expect(heard).toEqual(['twelve bytes', 'end']);
    expect(connection.rx.available).toBe(0);
    expect(connection.rx.eof).toBe(true);
  });

  test('the peer ends first: what is written after that still arrives', async () => {
    const served = await serve({
      end(connection) {
        connection.write('after your end');
        connection.end();
      },
    });
    const peer = await dial(served.port);
    peer.end();
    await peer.ended;
    expect(String(peer.received)).toBe('after your end');
    await peer.closed;
  });

  test('this side ends first: what the peer sends after that is still delivered', async () => {
    const heard: string[] = [];
    const served = await serve({
      open(connection) {
        connection.write('goodbye');
        connection.end();
      },
      data: (_, bytes) => void heard.push(String(Buffer.from(bytes))),
      end: () => void heard.push('end'),
      close: () => void heard.push('close'),
    });
    const peer = await dial(served.port);
    await peer.ended;
    const connection = await served.opened(1);
    expect(String(peer.received)).toBe('goodbye');
    expect(connection.tx.ended).toBe(true);
    expect(connection.rx.eof).toBe(false);
    await peer.write('one more thing');
    await served.tap.when(() => heard.length === 1);
    peer.end();
    await served.tap.when(() => heard.includes('close'));
    expect(heard).toEqual(['one more thing', 'end', 'close']);
    expect(() => connection.write('no')).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_CLOSED' }),
    );
  });

  test('without an end handler the other direction is ended too', async () => {
    const served = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    const peer = await dial(served.port);
    await peer.write('last');
    peer.end();
    await peer.closed;
    expect(String(peer.received)).toBe('last');
    await served.tap.when(() => served.connections[0]?.closed === true);
  });

  test('end() waits for what is queued, however long the peer takes to read it', async () => {
    const bytes = new Uint8Array(8 << 20).fill(7);
    const served = await serve(
      {
        open(connection) {
          connection.write(bytes);
          connection.end();
        },
      },
      { limits: { queueBytes: 16 << 20 } },
    );
    const peer = await dial(served.port);
    peer.socket.pause();
    const connection = await served.opened(1);
    await served.tap.when(() => connection.tx.space === 0 && connection.tx.queued > 0);
    expect(connection.tx.ended).toBe(false);
    peer.socket.resume();
    await peer.ended;
    expect(peer.received.equals(bytes)).toBe(true);
    await served.tap.when(() => connection.tx.ended);
  });

  test('both sides of one reactor half-close each other', async () => {
    const heard: string[] = [];
    const answer = (connection: Connection): void => {
      connection.write('pong');
      connection.end();
    };
    const served = await serve({ end: answer });
    const tapped = tap();
    const dialled = reactorOf(tapped).connect(
      { port: served.port },
      {
        open: (connection) => connection.end('ping'),
        data: (_, bytes) => void heard.push(String(Buffer.from(bytes))),
        end: () => void heard.push('end'),
        close: () => void heard.push('close'),
      },
    );
    await tapped.when(() => dialled.closed);
    expect(heard).toEqual(['pong', 'end', 'close']);
  });
});
