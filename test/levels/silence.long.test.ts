// Kernels that report levels go on reporting: what nobody takes must not keep the loop from
// sleeping, whatever it is.
import { closeSync } from 'node:fs';
import { ECHO } from '../support/conformance';
import { LEVEL_HOSTS } from '../support/levels';
import { dial } from '../support/peer';
import { openPipe, removePipes } from '../support/pipes';
import { start } from '../support/program';
import { type Served, serve } from '../support/serve';
import '../support/tidy-up';

afterAll(removePipes);

/** Turns and calls of the kernel while nothing happens for so long. */
async function restless({ reactor }: Served, milliseconds = 150): Promise<number> {
  const before = reactor.turn + reactor.counters.hostWaits;
  await new Promise<void>((resolve) => setTimeout(resolve, milliseconds));
  return reactor.turn + reactor.counters.hostWaits - before;
}

const patient = { open: (connection: { read(bytes: number): void }) => connection.read(0) };

describe.each(LEVEL_HOSTS)('$name', ({ name, host }) => {
  test.each(['none', 'turn'])(
    'R0.12 R1.2: data that nobody wants makes no turns, calls or work (sampling %s)',
    async (how) => {
      const program = start('epoll/programs/block.mjs', {
        parameters: [how],
        through: ['env', `CALANDRIA_HOST=${name}`],
      });
      const { port } = await program.next<{ port: number }>();
      const peers = await Promise.all([dial(port), dial(port), dial(port)]);
      await Promise.all(peers.map((peer) => peer.write('x'.repeat(50_000))));
      program.send({ measure: 1000 });
      const { turns, receives, share, pending } = await program.next<Record<string, number>>();
      expect(pending).toBe(3);
      expect(turns).toBeLessThan(10);
      expect(receives).toBe(0);
      expect(share).toBeLessThan(0.05);
    },
  );

  test('what is counted and not taken may grow unheard, so it is a lower bound', async () => {
    const served = await serve({ ...patient, data: () => {} }, { host: host() });
    const peer = await dial(served.port);
    const { rx, sample } = await served.opened(1).then((connection) => ({
      rx: connection.rx,
      sample: () => connection.sample(),
    }));
    await peer.write('12345');
    await served.tap.when(() => rx.available > 0);
    sample();
    await served.tap.when(() => rx.available === 5);
    expect(rx.exactness).toBe('lower bound');
  });

  test('a peer that has ended or reset is heard of once, and the rest when it is read', async () => {
    const heard: string[] = [];
    const served = await serve(
      {
        ...patient,
        data: (_, bytes) => void heard.push(`data ${Buffer.from(bytes)}`),
        end: () => void heard.push('end'),
        error: (_, error) => void heard.push(`error ${(error as NodeJS.ErrnoException).code}`),
        close: () => void heard.push('close'),
      },
      { host: host() },
    );
    const [ends, resets] = [await dial(served.port), await dial(served.port)];
    await served.opened(2);
    await Promise.all([ends.write('bytes'), resets.write('more')]);
    const [first, second] = served.connections as [
      (typeof served.connections)[0],
      (typeof served.connections)[0],
    ];
    await served.tap.when(() => first.rx.available > 0 && second.rx.available > 0);
    ends.end();
    resets.reset();
    await resets.closed;
    expect(await restless(served)).toBeLessThan(20);
    expect(heard).toEqual([]);
    first.read(Infinity);
    await served.tap.when(() => heard.length >= 2);
    expect(heard.splice(0)).toEqual(['data bytes', 'end']);
    second.read(Infinity);
    await served.tap.when(() => heard.length >= 3);
    expect(heard).toEqual(['data more', 'error ECONNRESET', 'close']);
    expect(await restless(served)).toBeLessThan(20);
  });

  test('connections that nobody accepts wait without a turn, and come in when asked', async () => {
    const served = await serve({}, { host: host() });
    served.listener.accept(0);
    const peers = await Promise.all([dial(served.port), dial(served.port), dial(served.port)]);
    await served.tap.when(() => served.listener.backlog > 0);
    expect(await restless(served)).toBeLessThan(20);
    expect(served.connections).toHaveLength(0);
    served.listener.accept(2);
    await served.opened(2);
    expect(await restless(served)).toBeLessThan(20);
    expect(served.connections).toHaveLength(2);
    expect(peers).toHaveLength(3);
  });

  test('a connection that has room for sends is not asked for it until it had none', async () => {
    const served = await serve(ECHO, { host: host() });
    const peer = await dial(served.port);
    await peer.write('x'.repeat(1000));
    await peer.arrived(1000);
    expect(await restless(served)).toBeLessThan(20);
    const much = Buffer.alloc(8 << 20, 'y');
    void peer.write(much);
    await peer.arrived(1000 + much.length);
    expect(await restless(served)).toBeLessThan(20);
  });

  test('a descriptor that somebody else closed ends its connection with EBADF, and no other', async () => {
    const served = await serve(
      { data: (connection, bytes) => void connection.write(bytes) },
      {
        host: host(),
      },
    );
    const { reader, writer } = openPipe();
    const errors: unknown[] = [];
    let closed = false;
    served.reactor.adopt(
      reader,
      {},
      {
        error: (_, error) => void errors.push((error as NodeJS.ErrnoException).code),
        close: () => {
          closed = true;
        },
      },
    );
    const peer = await dial(served.port);
    await served.opened(1);
    await served.tap.when(() => served.reactor.counters.connected > 0);
    // Nothing may be opened from here on: it would get the number.
    closeSync(reader);
    await peer.write('hello');
    expect(String(await peer.receive(5))).toBe('hello');
    await served.tap.when(() => closed);
    expect(errors).toEqual(['EBADF']);
    expect(await restless(served)).toBeLessThan(20);
    closeSync(writer);
  });
});
