// Datagrams in a trace: what came, what was sent, and what was refused, replayed in both ways.
import { readFileSync } from 'node:fs';
import { entriesOf } from '../../src/cli/entries';
import {
  type DatagramSocket,
  epoll,
  node,
  openTrace,
  type Reactor,
  replayCore,
} from '../../src/index';
import { pattern } from '../support/conformance';
import { closeDatagramClients, datagramClient, nobodysPort } from '../support/datagrams';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

afterEach(closeDatagramClients);

const GROUP = '239.255.7.8';

/** Echoes in upper case, sends a large message, meets a refusal, joins and leaves. */
function program(deadPort: number): (reactor: Reactor) => DatagramSocket {
  return (reactor) => {
    const lost = reactor.bindDatagram(
      { remote: { address: '127.0.0.1', port: deadPort } },
      {
        listening: (socket) => void socket.send('into the void'),
        error(socket) {
          if (socket.data === undefined) socket.send('and again');
          socket.data = 'refused';
        },
      },
    );
    return reactor.bindDatagram(
      { address: '0.0.0.0', port: 0, messageBytes: 5000 },
      {
        async listening(socket) {
          await socket.addMembership(GROUP, '127.0.0.1');
          await socket.dropMembership(GROUP, '127.0.0.1');
          await socket.addMembership('239.255.7.9', '127.0.0.1').then(() => socket.setTtl(9));
        },
        message(socket, bytes, from, { truncated }) {
          const text = Buffer.from(bytes).toString('latin1');
          if (text === 'bye') {
            socket.send('good bye', from);
            socket.close();
            lost.close();
          } else if (truncated)
            socket.send(pattern(60_000), { address: from.address, port: from.port });
          else socket.send(text.toUpperCase(), from);
        },
      },
    );
  };
}

describe.each(Object.entries({ epoll, node }))('record on %s', (name, host) => {
  async function recorded(payload: 'full' | 'digest'): Promise<[string, number]> {
    const deadPort = await nobodysPort();
    const recording = startRecording({ host: host(), payload });
    const socket = program(deadPort)(recording.reactor);
    const { port } = await socket.ready();
    const client = await datagramClient();
    for (const text of ['one', 'two', '']) await client.send(text, port, '127.0.0.1');
    expect((await client.got(3)).map(String)).toEqual(['ONE', 'TWO', '']);
    await client.send(pattern(6000), port, '127.0.0.1');
    expect((await client.got(4))[3]?.equals(pattern(60_000))).toBe(true);
    await client.send('bye', port, '127.0.0.1');
    expect(String((await client.got(5))[4])).toBe('good bye');
    await recording.reactor.close();
    return [recording.file, deadPort];
  }

  test(`R1.13 R3.15: a conversation of datagrams is identical in both replays (${name})`, async () => {
    const [file, deadPort] = await recorded('full');
    const replayed = await replayBoth(file, program(deadPort));
    expect(replayed).toEqual(IDENTICAL);
  });

  test('with digests in place of the bytes the core is identical', async () => {
    const [file] = await recorded('digest');
    expect(replayCore(openTrace(file))).toMatchObject({ verdict: 'identical' });
    // What was said is not in it, neither way.
    const bytes = readFileSync(file);
    expect(bytes.includes('good bye')).toBe(false);
    expect(bytes.includes(pattern(100))).toBe(false);
  });

  test('in words a trace says what came, and what was sent where', async () => {
    const [file] = await recorded('full');
    const texts = [...openTrace(file).turns()].flatMap((turn) =>
      [...entriesOf(turn)].map(({ text }) => text),
    );
    expect(texts).toContainEqual(expect.stringMatching(/^data \d+ bytes, records: 1$/));
    expect(texts).toContainEqual(
      expect.stringMatching(/^send\(\d+:1, 8 bytes to 127\.0\.0\.1:\d+\) → 0$/),
    );
    expect(texts).toContainEqual(expect.stringMatching(/send\(\d+:1, 13 bytes to the remote\)/));
    expect(texts).toContainEqual(
      expect.stringMatching(/^from outside: open datagrams\("0\.0\.0\.0", port 0\) → \d+$/),
    );
    expect(texts.filter((text) => /^(delivery|call|operation|task|kind) \d/.test(text))).toEqual(
      [],
    );
  });
});
