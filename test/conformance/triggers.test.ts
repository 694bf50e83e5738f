// Triggers on every host: what each of them repeats, as docs/triggers.md has it, and that programs
// written for different ones have the same conversations.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Connection, Reactor, Trigger } from '../../src';
import { packageRoot } from '../../src/package-root';
import { TRIGGERS } from '../../src/reactor/triggers';
import { ApplicationTrace, type Conversation } from '../support/application-trace';
import {
  Bench,
  forEachKind,
  kinds,
  pattern,
  promised,
  runnable,
  Story,
} from '../support/conformance';
import { biting } from '../support/triggered';

/** Some turns in which nothing else happens. */
async function turnsPass(reactor: Reactor): Promise<void> {
  for (let turns = 0; turns < 3; turns++) {
    await new Promise<void>((resolve) => reactor.setTimer(1, () => resolve()));
  }
}

interface Scene {
  readonly reactor: Reactor;
  readonly connection: Connection;
  readonly trigger: Trigger;
  /** `change` so far. */
  heard(): number;
  send(text: string): Promise<void>;
}

/** Each begins with five bytes that wait, and of which the program has heard once or more. */
const SCENES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'nothing is taken, turns pass': async () => {},
  'all is taken, then more comes': async ({ reactor, connection, send }) => {
    connection.read(Number.POSITIVE_INFINITY);
    await turnsPass(reactor);
    await send('more');
  },
  'the same, and `enable()` was called': async ({ reactor, connection, send }) => {
    connection.read(Number.POSITIVE_INFINITY);
    await turnsPass(reactor);
    connection.enable();
    await send('more');
  },
  'something waits, and `enable()` is called': async ({ connection }) => connection.enable(),
  'something waits, and `setTrigger()` is called': async ({ connection, trigger }) =>
    connection.setTrigger(trigger),
};

/** Does `change` come again? */
async function again(bench: Bench, trigger: Trigger, name: string): Promise<boolean> {
  const first = promised<Connection>();
  let heard = 0;
  let bytes = 0;
  const { reactor, place } = await bench.serve(
    {
      open: (connection) => connection.read(0),
      change(connection) {
        heard++;
        first.resolve(connection);
      },
      data(_connection, { length }) {
        bytes += length;
      },
    },
    {},
    { port: 0, trigger },
  );
  const client = bench.dial(place);
  await client.write('first');
  const connection = await first.promise;
  // What taking it changes is not what is asked here.
  let before = 1;
  const send = async (text: string): Promise<void> => {
    before = heard;
    await client.write(text);
    while (bytes < 5 + text.length) await turnsPass(reactor);
  };
  await SCENES[name]?.({ reactor, connection, trigger, heard: () => heard, send });
  await turnsPass(reactor);
  return heard > before;
}

async function table(bench: Bench): Promise<string> {
  const lines = [`| Five bytes wait, and \`change\` has told | ${TRIGGERS.join(' | ')} |`];
  lines.push(`|---|${'---|'.repeat(TRIGGERS.length)}`);
  for (const name of Object.keys(SCENES)) {
    const cells: string[] = [];
    for (const trigger of TRIGGERS) {
      cells.push((await again(bench, trigger, name)) ? 'again' : '–');
      await bench.clear();
    }
    lines.push(`| ${name} | ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

forEachKind('triggers', (bench) => {
  test('R0.15: docs/triggers.md has the table that a run gives', async () => {
    const page = readFileSync(join(packageRoot(), 'docs', 'triggers.md'), 'utf8');
    const found = /<!-- table -->\n([\s\S]*?)\n<!-- end -->/.exec(page)?.[1];
    expect(found).toBe(await table(bench));
  });

  test('a trigger that does not exist is refused', () => {
    const reactor = bench.reactor();
    const listen = (trigger: unknown): unknown =>
      reactor.listen({ port: 0, trigger: trigger as Trigger }, {});
    expect(() => listen('toString')).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' }),
    );
    expect(() => listen(7)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' }));
  });

  test('R0.11: `listenerChange` tells who waits', async () => {
    const story = new Story();
    const { listener, place } = await bench.serve(
      {
        ...story.of(),
        listening: (heard) => heard.accept(0),
        listenerChange(heard) {
          if (heard.backlog !== 0) story.tell('somebody waits');
        },
      },
      {},
      { port: 0, trigger: 'dispatch' },
    );
    bench.dial(place);
    await story.until('somebody waits');
    listener.accept(1);
    await story.until('open');
    expect(story.lines).toEqual(['somebody waits', 'open']);
  });
});

async function converse(host: string, triggers: readonly Trigger[]): Promise<Conversation[]> {
  const bench = new Bench(host);
  const trace = new ApplicationTrace();
  try {
    const reactor = bench.reactor();
    const clients = 8;
    for (let index = 0; index < clients; index++) {
      const trigger = triggers[index % triggers.length] as Trigger;
      const listener = reactor.listen({ port: 0, trigger }, trace.overhear(biting(trigger)));
      const { address, port } = await listener.ready();
      const client = bench.dial({ address, port });
      await client.write(`client ${index}`);
      await client.write(pattern(40 * index, index + 1));
      client.end('good-bye');
    }
    return [...(await trace.conversations(clients))];
  } finally {
    await bench.clear();
  }
}

describe.each(kinds)('one program, its sources with triggers of their own ($name)', (host) => {
  let expected: Conversation[] | undefined;
  beforeAll(async () => {
    const [first] = runnable;
    expected = await converse(first?.name as string, ['edge']);
    expect(expected).toHaveLength(8);
  });

  test.each([
    ...TRIGGERS.map((trigger) => [trigger, [trigger]] as const),
    ['all of them mixed', TRIGGERS] as const,
  ])('R0.11 R3.18 R3.19: the same conversations with %s', async (_name, triggers) => {
    expect(await converse(host.name, triggers)).toEqual(expected);
  });
});
