// The kit: it finds the mistakes that authors of protocols make, says how to see them again, and
// finds nothing where there is nothing.
import type { Connection, Handlers } from '../../src';
import { line, pipeline } from '../../src/protocols';
import { type Examination, examine, expectSame, play, type Subject } from '../../src/protocols/kit';
import { echo } from '../support/noting';

/** A right protocol: answers each full stop with how many letters stood before it. */
const right: Subject = (note) => ({
  name: 'right',
  open(connection: Connection) {
    connection.data = 0;
  },
  data(connection: Connection, bytes: Uint8Array) {
    for (const byte of bytes) {
      const letter = String.fromCharCode(byte);
      note(letter);
      if (letter === '.') connection.write(`${connection.data}\n`);
      connection.data = letter === '.' ? 0 : (connection.data as number) + 1;
    }
  },
  end: (connection: Connection) => connection.end('end\n'),
});

/** The right one with something else in it. */
const wrong =
  (handlers: (right: Handlers) => Handlers): Subject =>
  async (note, reactor) => {
    const protocol = await right(note, reactor);
    return { ...protocol, ...handlers(protocol) };
  };

/** Two rounds of Node's loop. */
function twoRounds(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}

const SCRIPT = ['abc.', 'de.f', '.'];

async function findingIn(subject: Subject, script = SCRIPT): Promise<Examination> {
  const found = await examine(subject, script);
  expect(() => expectSame(found)).toThrow(
    expect.objectContaining({ code: 'ERR_CALANDRIA_DIVERGED', message: found.report }),
  );
  return found;
}

/** What plays the plan of a finding again, differs again. */
async function shownAgain(subject: Subject, { difference }: Examination): Promise<boolean> {
  if (!difference) return false;
  const [reference, other] = [
    await play(subject, SCRIPT, difference.against),
    await play(subject, SCRIPT, difference.plan),
  ];
  return !reference.said.equals(other.said) || reference.noted.join() !== other.noted.join();
}

describe('the kit', () => {
  test('R2.33: a right protocol is the same in every way, and in every examination', async () => {
    const first = expectSame(await examine(right, SCRIPT));
    expect(first.reference.said.toString()).toBe('3\n2\n1\n');
    expect(first.reference.ends).toEqual([4, 8, 9]);
    expect(first.report).toBe(`the same in ${first.runs} runs`);
    expect(await examine(right, SCRIPT)).toEqual(first);
  });

  test('R2.33: finds that a piece was taken for a message', async () => {
    const subject = wrong(() => ({
      data: (connection, bytes) => void connection.write(`${bytes.length}\n`),
    }));
    const found = await findingIn(subject);
    expect(found.report).toMatch(
      /^run 3 differs: byte 0 of what it said\n {2}all at once +"9\\n", 2 bytes\n {2}step by step +"4/,
    );
    expect(await shownAgain(subject, found)).toBe(true);
  });

  test('R2.33: finds what is wrong at one boundary only', async () => {
    // Forgets the count when a full stop comes first.
    const subject = wrong(({ data }) => ({
      data(connection, bytes) {
        if (bytes.length === 2 && bytes[0] === 46 && bytes[1] === 100) connection.data = 0;
        return data?.(connection, bytes);
      },
    }));
    const found = await examine(subject, SCRIPT, { draws: 4000, ends: false, resets: false });
    expect(found.difference?.plan.cuts).toEqual(expect.arrayContaining([3, 5]));
    expect(await shownAgain(subject, found)).toBe(true);
  });

  test('R2.33: finds bytes that were kept past their turn', async () => {
    const subject = wrong(() => {
      const kept: Uint8Array[] = [];
      return {
        data(connection, bytes) {
          kept.push(bytes);
          if (bytes.includes(46)) connection.write(Buffer.concat(kept.splice(0)));
        },
      };
    });
    expect((await findingIn(subject)).difference?.what).toMatch(/what it said/);
  });

  test('R2.33: finds answers that get lost when the end comes with the question', async () => {
    const subject = wrong(() => ({
      async data(connection, bytes) {
        const copy = bytes.slice();
        await twoRounds();
        if (!connection.closed) connection.write(copy);
      },
      end: (connection) => connection.destroy(),
    }));
    const { difference } = await findingIn(subject);
    expect(difference?.plan.stop).toMatchObject({ how: 'end', together: true });
  });

  test('R2.33: finds answers that overtake each other', async () => {
    const subject = wrong(() => ({
      async data(connection, bytes) {
        const copy = bytes.slice();
        // Who asks first waits longest.
        if (copy[0] === 97) await twoRounds();
        connection.write(copy);
      },
    }));
    const { difference } = await findingIn(subject);
    expect(difference?.plan.eager).toBe(true);
  });

  test('R2.33: finds what a slow reader makes a protocol forget', async () => {
    const subject = wrong(({ data }) => ({
      data(connection, bytes) {
        if (connection.tx.queued > 0) return;
        return data?.(connection, bytes);
      },
    }));
    expect((await findingIn(subject)).difference?.plan.name).toMatch(/peer/);
  });

  test('R2.33: finds what only a reset shows', async () => {
    const subject = wrong(() => {
      let pieces = 0;
      return {
        data: () => void pieces++,
        error(connection) {
          connection.data = pieces;
        },
      };
    });
    const noted: Subject = async (note, reactor) => ({
      ...(await subject(note, reactor)),
      close: (connection: Connection) => note(String(connection.data)),
    });
    const { difference } = await findingIn(noted);
    expect(difference?.plan.stop?.how).toBe('reset');
  });

  test('R2.33: a handler that throws is a difference, unless that is expected', async () => {
    const subject = wrong(() => ({
      data() {
        throw new Error('no');
      },
    }));
    expect((await findingIn(subject)).report).toMatch(/a handler threw\n.*\n.*Error: no/);
    const expected = await examine(subject, SCRIPT, { throws: true, ends: false, resets: false });
    expect(expected.reference.threw).toEqual(['Error: no']);
  });

  test('R2.33: answers of the other side are made of what it was told', async () => {
    const subject: Subject = (note, reactor) =>
      pipeline(line(), {
        ...echo<string>(note),
        open: (link) => void link.write(`${Math.floor(reactor.random() * 1e6)}`),
        data(link, text) {
          note(text);
          reactor.setTimer(1000, () => link.end('late'));
        },
      });
    const script = [(said: Buffer) => `you said ${said}`, { wait: 999 }, 'on time\n', { wait: 1 }];
    const { reference } = expectSame(
      await examine(subject, script, { dials: true, seed: 5n, stride: 4, draws: 8 }),
    );
    const [number] = /^\d+/.exec(String(reference.said)) ?? [];
    expect(reference.noted).toEqual([`you said ${number}`, 'on time']);
    expect([String(reference.said), reference.ended]).toEqual([`${number}\nlate\n`, true]);
    const other = await play(subject, script, undefined, { dials: true, seed: 6n });
    expect(other.said.equals(reference.said)).toBe(false);
  });

  test('R2.33: what a run leaves behind does not show in the next', async () => {
    let runs = 0;
    const subject: Subject = (note, reactor) => {
      runs++;
      reactor.setTimer(10, () => note('a timer'), { repeat: true });
      return { name: 'timers', data: () => note(`${reactor.random()}`) };
    };
    const found = expectSame(await examine(subject, ['a', { wait: 25 }, 'b'], { draws: 2 }));
    expect(found.reference.noted.filter((each) => each === 'a timer')).toHaveLength(2);
    expect(runs).toBe(found.runs);
  });

  test('what never rests, and what makes no sense, is refused by name', async () => {
    const restless: Subject = (_, reactor) => ({
      name: 'restless',
      open() {
        const again = (): void => void reactor.setTimer(0, again);
        again();
      },
    });
    await expect(play(restless, 'x', undefined, { turns: 50 })).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_LIMIT',
      message: expect.stringMatching(/rest/),
    });
    const type = { code: 'ERR_INVALID_ARG_TYPE' };
    await expect(examine(right, [5 as never])).rejects.toMatchObject(type);
    await expect(examine(right, [{ wait: -1 }])).rejects.toMatchObject(type);
    await expect(examine(right, [{ stop: 'now' as never }])).rejects.toMatchObject(type);
    await expect(examine(5 as never, [])).rejects.toMatchObject(type);
    await expect(examine(right, [], { draws: -1 })).rejects.toMatchObject(type);
    await expect(examine(right, [], { stride: 0 })).rejects.toMatchObject(type);
    await expect(examine(right, [], { ends: 1 as never })).rejects.toMatchObject(type);
    await expect(play(() => ({}) as never, [])).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_BAD_PROTOCOL',
    });
  });
});
