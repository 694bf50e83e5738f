// Datagrams over IPv4 and IPv6: whole or not at all, and an error is about one of them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Address, DatagramHandlers, DatagramSocket } from '../../src';
import { forEachKind, pattern, promised, ROUNDS } from '../support/conformance';
import { closeDatagramClients, datagramClient, nobodysPort } from '../support/datagrams';

const ECHO: DatagramHandlers = {
  message(socket, bytes, from) {
    socket.send(bytes, from);
  },
};

/** Ten times: send a line, read the datagram that comes back, print it. */
const HELLOS = `
exec 3<>/dev/udp/127.0.0.1/$0
for turn in 1 2 3 4 5 6 7 8 9 10; do
  echo "hello $turn" >&3
  timeout 10 dd bs=2048 count=1 <&3 2>/dev/null
done
`;

const WINDOWED = 10_000 * ROUNDS;

forEachKind('datagrams', (bench) => {
  afterEach(closeDatagramClients);

  async function bound(
    handlers: DatagramHandlers,
    options = {},
    reactor = bench.reactor(),
  ): Promise<DatagramSocket> {
    return reactor.bindDatagram({ port: 0, ...options }, handlers).ready();
  }

  test('R3.15: ten hellos of a shell script have ten echoes', async () => {
    const { port } = await bound(ECHO);
    const { stdout } = await promisify(execFile)('bash', ['-c', HELLOS, String(port)], {
      env: { PATH: process.env.PATH },
    });
    const expected = Array.from({ length: 10 }, (_, turn) => `hello ${turn + 1}\n`);
    expect(stdout).toBe(expected.join(''));
  });

  test.each([
    ['IPv4', '127.0.0.1'],
    ['IPv6', '::1'],
  ])(
    'R0.1 R3.15: over %s a message comes back from where it was sent to',
    async (family, address) => {
      const told: Address[] = [];
      const socket = await bound(
        {
          message(receiver, bytes, from) {
            told.push(from);
            receiver.send(bytes, from);
          },
        },
        { address },
      );
      expect(socket).toMatchObject({ family, address });
      const client = await datagramClient(address);
      for (const message of ['one', '', 'three']) await client.send(message, socket.port, address);
      expect((await client.got(3)).map(String)).toEqual(['one', '', 'three']);
      expect(client.senders[0]).toMatchObject({ address, port: socket.port });
      expect(told[0]).toMatchObject({ family, address, port: client.port });
      expect(String(told[0])).toBe(`${family === 'IPv6' ? '[::1]' : address}:${client.port}`);
    },
  );

  test('R3.15: a message that is longer than its room is cut and marked, others are not', async () => {
    const marks: [number, boolean][] = [];
    const all = promised();
    const socket = await bound(
      {
        message(_, bytes, from, { truncated }) {
          expect(from.port).toBe(client.port);
          expect(Buffer.from(bytes).equals(pattern(200).subarray(0, bytes.length))).toBe(true);
          marks.push([bytes.length, truncated]);
          if (marks.length === 3) all.resolve();
        },
      },
      { messageBytes: 100 },
    );
    const client = await datagramClient();
    for (const length of [100, 101, 1]) {
      await client.send(pattern(200).subarray(0, length), socket.port, '127.0.0.1');
    }
    await all.promise;
    expect(marks).toEqual([
      [100, false],
      [100, true],
      [1, false],
    ]);
  });

  test('the largest datagram passes whole; one byte more is refused at the call', async () => {
    const socket = await bound(ECHO);
    const client = await datagramClient();
    const largest = pattern(65507);
    await client.send(largest, socket.port, '127.0.0.1');
    expect((await client.got(1))[0]?.equals(largest)).toBe(true);
    const to = { address: '127.0.0.1', port: client.port };
    expect(() => socket.send(pattern(65508), to)).toThrow(
      /^EMSGSIZE: send .*65507 bytes at the most, not 65508/,
    );
    socket.send('after it', to);
    expect(String((await client.got(2))[1])).toBe('after it');
  });

  test('with a remote, a refusal is told, and the socket lives on', async () => {
    const port = await nobodysPort();
    const refused = promised<NodeJS.ErrnoException>();
    const heard = promised<string>();
    const socket = await bound(
      {
        message: (_, bytes) => heard.resolve(Buffer.from(bytes).toString()),
        error: (_, error) => refused.resolve(error as NodeJS.ErrnoException),
      },
      { remote: { address: '127.0.0.1', port } },
    );
    socket.send('is anybody there?');
    expect((await refused.promise).code).toBe('ECONNREFUSED');
    expect(socket.closed).toBe(false);
    expect(socket.rx.eof).toBe(false);
    const client = await datagramClient('127.0.0.1', port);
    socket.send('and now?');
    expect((await client.got(1)).map(String)).toEqual(['and now?']);
    await client.send('now, yes', socket.port, '127.0.0.1');
    expect(await heard.promise).toBe('now, yes');
    expect(() => socket.send('elsewhere', { address: '127.0.0.1', port: 7 })).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_ADDRESS' }),
    );
  });

  test('what is sent to a group is heard by those who joined, until they leave', async () => {
    const group = '239.255.7.7';
    const reactor = bench.reactor();
    const heard: string[] = [];
    const told = promised();
    const member = await bound(
      {
        message(_, bytes) {
          heard.push(Buffer.from(bytes).toString());
          if (heard.includes('directly')) told.resolve();
        },
      },
      { address: '0.0.0.0', reuseAddress: true },
      reactor,
    );
    const sender = await bound({}, { address: '127.0.0.1' }, reactor);
    await member.addMembership(group, '127.0.0.1');
    await sender.setMulticastInterface('127.0.0.1');
    await sender.setMulticastTtl(1);
    await sender.setMulticastLoopback(true);
    await sender.setTtl(64);
    await sender.setBroadcast(true);
    sender.send('to the group', { address: group, port: member.port });
    while (heard.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await member.dropMembership(group, '127.0.0.1');
    sender.send('to nobody', { address: group, port: member.port });
    sender.send('directly', { address: '127.0.0.1', port: member.port });
    await told.promise;
    expect(heard).toEqual(['to the group', 'directly']);
    await expect(member.dropMembership(group, '127.0.0.1')).rejects.toThrow('EADDRNOTAVAIL');
    for (const through of [0, -1, 1.5, 2 ** 31, 2 ** 32 + 1, Number.NaN]) {
      await expect(sender.setMulticastInterface(through)).rejects.toMatchObject({
        code: 'ERR_INVALID_ARG_TYPE',
      });
    }
  });

  test('R1.13: what is available is the size of the next datagram, while nobody reads', async () => {
    const socket = await bound({ message: () => {}, change: () => {} });
    socket.read(0);
    const client = await datagramClient();
    await client.send('12345', socket.port, '127.0.0.1');
    await client.send('1234567', socket.port, '127.0.0.1');
    const sampled = async (available: number): Promise<void> => {
      const exactness = available > 0 ? bench.counted : 'exact';
      while (socket.rx.available !== available || socket.rx.exactness !== exactness) {
        socket.sample();
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await sampled(5);
    socket.read(1);
    await sampled(7);
    socket.read(Infinity);
    await sampled(0);
  });

  test('an appetite counts datagrams', async () => {
    const heard: string[] = [];
    const last = promised();
    const socket = await bound({
      message(receiver, bytes) {
        heard.push(Buffer.from(bytes).toString());
        if (heard.length === 3) receiver.sample();
        if (heard.length === 5) last.resolve();
      },
      change(receiver) {
        // Three were wanted, and two wait.
        if (heard.length === 3 && receiver.rx.available === 1) receiver.read(2);
      },
    });
    socket.read(0);
    const client = await datagramClient();
    for (const digit of '12345') await client.send(digit, socket.port, '127.0.0.1');
    socket.read(3);
    await last.promise;
    expect(heard).toEqual(['1', '2', '3', '4', '5']);
  });

  test('for await brings copies, in order, and leaving the loop closes the socket', async () => {
    const socket = await bound({});
    const client = await datagramClient();
    for (let turn = 0; turn < 5; turn++) {
      await client.send(`message ${turn}`, socket.port, '127.0.0.1');
    }
    const kept: string[] = [];
    for await (const { bytes, from, truncated } of socket) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(truncated).toBe(false);
      kept.push(`${Buffer.from(bytes)} from ${from.port === client.port}`);
      if (kept.length === 5) break;
    }
    expect(kept).toEqual(Array.from({ length: 5 }, (_, turn) => `message ${turn} from true`));
    expect(() => socket.send('too late', { address: '127.0.0.1', port: 7 })).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_CLOSED' }),
    );
  });

  test('close() sends what is queued, even before the socket is bound', async () => {
    const client = await datagramClient();
    const closed = promised();
    const heard: string[] = [];
    const socket = bench.reactor().bindDatagram(
      { port: 0 },
      {
        listening: () => void heard.push('listening'),
        close() {
          heard.push('close');
          closed.resolve();
        },
      },
    );
    const to = { address: '127.0.0.1', port: client.port };
    for (let turn = 0; turn < 20; turn++) socket.send(`${turn}`, to);
    socket.close();
    await expect(socket.ready()).rejects.toThrow('was closed');
    await closed.promise;
    expect((await client.got(20)).map(String)).toEqual(
      Array.from({ length: 20 }, (_, turn) => `${turn}`),
    );
    expect(heard).toEqual(['close']);
  });

  test('send() answers false at the high water, and drain follows once', async () => {
    const client = await datagramClient();
    const drained = promised();
    let drains = 0;
    const reactor = bench.reactor({ limits: { queueBytes: 2000, queueHighWater: 500 } });
    const socket = await bound(
      {
        drain() {
          drains++;
          drained.resolve();
        },
      },
      {},
      reactor,
    );
    const to = { address: '127.0.0.1', port: client.port };
    let sent = 1;
    while (socket.send(pattern(60, sent), to)) sent++;
    expect(sent).toBe(5);
    expect(() => socket.send(pattern(1500), to)).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_QUEUE_FULL' }),
    );
    await drained.promise;
    const messages = await client.got(5);
    expect(messages.map((message, turn) => message.equals(pattern(60, turn + 1)))).toEqual(
      new Array(5).fill(true),
    );
    expect(drains).toBe(1);
  });

  test('a name that cannot be bound is an error of ready() and of the handler', async () => {
    const taken = await datagramClient();
    // node:dgram's socket above shares its port only with those who ask for it.
    const errors: string[] = [];
    const closed = promised();
    const socket = bench.reactor().bindDatagram(
      { port: taken.port },
      {
        error: (_, error) => void errors.push((error as NodeJS.ErrnoException).code as string),
        close: () => closed.resolve(),
      },
    );
    await expect(socket.ready()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await closed.promise;
    expect(errors).toEqual(['EADDRINUSE']);
  });

  test(`R3.15: of ${WINDOWED} datagrams under way in a window none is lost or doubled`, async () => {
    const total = WINDOWED;
    const window = 64;
    const reactor = bench.reactor();
    const server = await bound(ECHO, {}, reactor);
    const seen = new Uint8Array(total);
    const done = promised();
    const message = Buffer.alloc(64, 'x');
    let sent = 0;
    let received = 0;
    const next = (socket: DatagramSocket): void => {
      if (sent === total) return;
      message.writeUInt32LE(sent++, 0);
      socket.send(message);
    };
    const client = await bound(
      {
        message(socket, bytes) {
          const place = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
          seen[place] = (seen[place] as number) + 1;
          received++;
          next(socket);
          if (received === total) done.resolve();
        },
      },
      { remote: { address: '127.0.0.1', port: server.port } },
      reactor,
    );
    for (let place = 0; place < window; place++) next(client);
    await done.promise;
    expect(seen.every((times) => times === 1)).toBe(true);
    const { recordsIn, recordsOut, recordsRefused } = reactor.counters;
    expect({ recordsIn, recordsOut, recordsRefused }).toEqual({
      recordsIn: 2 * total,
      recordsOut: 2 * total,
      recordsRefused: 0,
    });
  });
});
