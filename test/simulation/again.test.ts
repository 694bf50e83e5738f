// A kernel that says "not now" whenever it likes.
import { ERROR_AGAIN, READY_IN, READY_OUT } from '../../assembly/layout';
import type { Outgoing } from '../../src/host/outgoing';
import { type Connection, createReactor } from '../../src/index';
import { ScriptedStream } from '../../src/protocols/kit/scripted-stream';
import { crowd } from '../support/crowd-host';
import { Seeded } from '../support/seeded';

const PEERS = 50;
const MESSAGE = Buffer.alloc(10_000, 'again and ');

/** Reports what is not so, and finds it out when it is asked. */
class Fickle extends ScriptedStream {
  readonly random = new Seeded(34);
  refused = 0;
  /** Bytes that the program has of it. */
  heard = 0;

  private refuses(bits: number): boolean {
    if (!this.random.chance(0.5)) return false;
    this.refused++;
    setImmediate(() => this.raise(bits));
    return true;
  }

  override receive(target: Uint8Array, at: number, most: number): number {
    if (this.refuses(READY_IN)) return -ERROR_AGAIN;
    return super.receive(target, at, most);
  }

  override send(outgoing: Outgoing): number {
    if (this.refuses(READY_OUT)) return -ERROR_AGAIN;
    // A part is taken, and then there is no room.
    this.grant(this.random.between(1, 2000));
    const taken = super.send(outgoing);
    this.grant(0);
    return taken;
  }
}

/** Until all connections are closed; each is served by `begin`, or by handlers. */
async function serve(
  begin?: (connection: Connection) => Promise<void>,
): Promise<readonly Fickle[]> {
  const { host, peers } = crowd<Fickle>(PEERS, Fickle);
  const reactor = createReactor({ host });
  let opened = 0;
  let closed = 0;
  await new Promise<void>((resolve, reject) => {
    reactor.listen(
      { port: 1 },
      {
        open(connection) {
          const peer = peers[opened++] as Fickle;
          connection.data = peer;
          begin?.(connection).catch(reject);
          peer.feed(MESSAGE);
        },
        ...(begin ? {} : { data: echo }),
        end: (connection) => connection.end(),
        error: (_, error) => reject(error),
        close() {
          if (++closed === PEERS) resolve();
        },
      },
    );
  });
  await reactor.close();
  return peers;
}

function echo(connection: Connection, bytes: Uint8Array): void {
  connection.write(bytes);
  const peer = connection.data as Fickle;
  peer.heard += bytes.length;
  if (peer.heard === MESSAGE.length) peer.end();
}

function checkAll(peers: readonly Fickle[]): void {
  for (const { said, refused } of peers) {
    expect(said.equals(MESSAGE)).toBe(true);
    expect(refused).toBeGreaterThan(0);
  }
}

test('R3.4: EAGAIN is a result: nothing is thrown, and everything arrives', async () => {
  checkAll(await serve());
});

test('R3.4: who reads by himself is told "again", and no error', async () => {
  let again = 0;
  const peers = await serve(async (connection) => {
    const target = new Uint8Array(4000);
    for (;;) {
      const tried = connection.tryRead(target);
      if (tried.n > 0) echo(connection, target.subarray(0, tried.n));
      else if (!tried.again) break;
      else {
        again++;
        await connection.readable();
      }
    }
    connection.end();
  });
  checkAll(peers);
  expect(again).toBeGreaterThanOrEqual(PEERS);
});
