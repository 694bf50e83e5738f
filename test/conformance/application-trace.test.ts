// The same program and the same clients on every host: the same conversations.
import type { Connection, Handlers } from '../../src';
import { ApplicationTrace, type Conversation } from '../support/application-trace';
import type { Client } from '../support/client';
import { Bench, pattern, runnable, TRANSPORTS } from '../support/conformance';

/** Answers each line with its number and its reverse, whatever chunks the lines come in. */
function lines(): Handlers {
  return {
    open(connection) {
      connection.data = { rest: '', count: 0 };
      connection.write('hello\n');
    },
    data(connection, bytes) {
      const state = connection.data as { rest: string; count: number };
      const parts = (state.rest + Buffer.from(bytes).toString('latin1')).split('\n');
      state.rest = parts.pop() as string;
      for (const line of parts) {
        if (!answer(connection, line, ++state.count)) return;
      }
    },
    end(connection) {
      connection.end(`${(connection.data as { rest: string }).rest.length} left over\n`);
    },
  };
}

/** False when nothing more is to be said. */
function answer(connection: Connection, line: string, count: number): boolean {
  if (line === 'close') {
    connection.write('goodbye\n');
    connection.close();
    return false;
  }
  connection.write(`${count} ${[...line].reverse().join('')}\n`);
  return true;
}

async function talk(client: Client, index: number): Promise<void> {
  const name = `client ${String(index).padStart(2, '0')}\n`;
  const text = pattern(5000 * index, index)
    .toString('base64')
    .replace(/.{60}/g, '$&\n');
  for (let from = 0, size = 1; from < text.length; from += size, size = size * 2 + index) {
    await client.write((from === 0 ? name : '') + text.slice(from, from + size));
  }
  if (index % 3 === 0) {
    client.end('\nclose\n');
  } else if (index % 3 === 1) {
    client.end('the last line has no end');
  } else {
    await client.write('\nreset\n');
    await answered(client, 'teser\n');
    client.socket.resetAndDestroy();
  }
  await client.closed;
}

async function answered(client: Client, ending: string): Promise<void> {
  while (!client.received.toString('latin1').endsWith(ending)) {
    await client.receive(client.length + 1);
  }
}

async function converse(
  host: string,
  transport: (typeof TRANSPORTS)[number],
  limits = {},
): Promise<readonly Conversation[]> {
  const bench = new Bench(host);
  const trace = new ApplicationTrace();
  try {
    const { place } = await bench.serve(
      trace.overhear(lines()),
      { limits },
      transport.endpoint(bench),
    );
    const local = 'path' in place;
    // A Unix-domain socket has no reset.
    const indices = Array.from({ length: 12 }, (_, index) => index + 1).filter(
      (index) => !local || index % 3 !== 2,
    );
    await Promise.all(
      indices.map((index) => {
        const client = bench.dial(place);
        client.socket.on('end', () => client.end());
        return talk(client, index);
      }),
    );
    return await trace.conversations(indices.length);
  } finally {
    await bench.clear();
  }
}

for (const transport of TRANSPORTS) {
  test(`R0.1 R2.8: all hosts give the same application trace over ${transport.name}`, async () => {
    const names = runnable.map(({ name }) => name);
    const [first, ...others] = names as [string, ...string[]];
    const expected = await converse(first, transport);
    expect(expected.map(({ name }) => name)).toContain('client 0');
    for (const host of others) expect(await converse(host, transport)).toEqual(expected);
    expect(await converse(first, transport, { events: 1, operations: 8 })).toEqual(expected);
  });
}
