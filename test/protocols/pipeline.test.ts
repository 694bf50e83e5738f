// Pipelines: what comes goes up from layer to layer in order, what is written goes down, and no
// layer is called out of turn.
import {
  badMessage,
  type Layer,
  type Link,
  line,
  type Protocol,
  pipeline,
  type Stage,
} from '../../src/protocols';
import { examine, expectSame, type Note, play, type Subject } from '../../src/protocols/kit';

/** A stage that notes all that passes it, and changes nothing. */
function noting(note: Note, name: string): Stage<string, string, string, string> {
  const noted =
    (what: string, on?: (link: Link<string, string>) => void) =>
    (link: Link<string, string>): void => {
      note(`${name} ${what}`);
      on?.(link);
    };
  return {
    name,
    open: noted('open', (link) => link.opened()),
    data(link, text) {
      note(`${name} ^${text}`);
      link.deliver(text);
    },
    write(link, text) {
      note(`${name} v${text}`);
      return link.write(text);
    },
    end: noted('end', (link) => link.ended()),
    finish: noted('finish', (link) => link.end()),
    error: noted('error'),
    close: noted('close'),
  };
}

/** Answers in capitals; says good bye at the end. */
function shout(note: Note): Protocol<Link<string>, string> {
  return {
    name: 'shout',
    open: () => note('shout open'),
    data(link, text) {
      note(`shout ^${text}`);
      link.write(text.toUpperCase());
    },
    end(link) {
      note('shout end');
      link.end('BYE');
    },
    error: (_, error) => note(`shout error ${(error as NodeJS.ErrnoException).code}`),
    close: () => note('shout close'),
  };
}

/** Gives what came when the end comes. */
function gathering(): Stage<string, string, string, string> {
  const texts: string[] = [];
  return {
    name: 'gathering',
    data: (_, text) => void texts.push(text),
    end(link) {
      for (const text of texts) link.deliver(text);
      link.ended();
    },
  };
}

const END = { name: 'to the end', cuts: [], stop: { at: 4, how: 'end', together: false } } as const;

describe('a pipeline', () => {
  test('R3.43: hands each message up through all layers before the next, and answers down, in order', async () => {
    const subject: Subject = (note) =>
      pipeline(line(), noting(note, 'low'), noting(note, 'high'), shout(note));
    const { noted, said } = await play(subject, 'a\nb\n', END);
    const passing = (text: string) => [
      ...[`low ^${text}`, `high ^${text}`, `shout ^${text}`],
      ...[`high v${text.toUpperCase()}`, `low v${text.toUpperCase()}`],
    ];
    expect(noted).toEqual([
      ...['low open', 'high open', 'shout open'],
      ...passing('a'),
      ...passing('b'),
      ...['low end', 'high end', 'shout end', 'high vBYE', 'low vBYE', 'high finish', 'low finish'],
      ...['low close', 'high close', 'shout close'],
    ]);
    expect(said.toString()).toBe('A\nB\nBYE\n');
  });

  test('R3.43 R2.33: keeps that order however the bytes are cut, ended and reset', async () => {
    const subject: Subject = (note) =>
      pipeline(line({ max: 8 }), noting(note, 'low'), noting(note, 'high'), shout(note));
    for (const script of ['a\nbb\r\nccc\n', 'a\nmuch too long\nb\n']) {
      expectSame(await examine(subject, script));
    }
  });

  test('R3.43: a layer that wants no more gets none, and loses none; the end waits behind them', async () => {
    // Takes a message, rests, and goes on when time has passed.
    const subject: Subject = (note, reactor) =>
      pipeline(line(), noting(note, 'stage'), {
        name: 'slow',
        data(link, text) {
          note(`took ${text}`);
          link.read(0);
          reactor.setTimer(10, () => link.read(1));
        },
        end(link) {
          note('took the end');
          link.end();
        },
      });
    const script = ['a\nb\nc\n', { wait: 5 }, 'd\n'];
    const stop = { at: 8, how: 'end', together: false } as const;
    const { noted } = await play(subject, script, { name: 'to the end', cuts: [], stop });
    expect(noted.filter((each) => each.startsWith('took'))).toEqual(['took a']);
    const all = await play(subject, [...script, { wait: 100 }], { name: 'cut', cuts: [1, 3, 6] });
    expect(all.noted.filter((each) => each.startsWith('took'))).toEqual(
      ['a', 'b', 'c', 'd'].map((text) => `took ${text}`),
    );
  });

  test('R3.43: what is held waits with the end behind it, as bytes in the kernel would', async () => {
    const subject: Subject = (note) =>
      pipeline(line(), { ...shout(note), open: (link) => link.read(0) });
    for (const stop of ['end', 'reset'] as const) {
      expect((await play(subject, ['a\nb\n', { stop }])).noted).toEqual([]);
    }
  });

  test('R3.43: what is held is heard before the error of a connection that fails', async () => {
    const subject: Subject = (note, reactor) =>
      pipeline(line(), gathering(), {
        ...shout(note),
        data(link, text) {
          note(text);
          link.read(0);
          if (text === 'a') reactor.setTimer(5, () => void link.write('is anybody there?'));
        },
      });
    const end = [{ stop: 'end' }, { stop: 'reset' }, { wait: 10 }] as const;
    const { noted, threw } = await play(subject, ['a\nb\n', ...end]);
    const error = 'shout error ECONNRESET';
    expect(noted).toEqual(['shout open', 'a', 'b', 'shout end', error, 'shout close']);
    expect(threw).toEqual([]);
  });

  test('R3.43: what comes at the end of both sides is heard before the close', async () => {
    const subject: Subject = (note) =>
      pipeline(line(), gathering(), {
        ...shout(note),
        open: (link) => link.end(),
        data(link, text) {
          note(text);
          link.read(0);
        },
        end: () => note('end'),
      });
    const { noted } = await play(subject, ['a\nb\n', { stop: 'end' }]);
    expect(noted).toEqual(['a', 'b', 'end', 'shout close']);
  });

  test('R3.43: what is held when the reactor ends is dropped', async () => {
    const subject: Subject = (note, reactor) =>
      pipeline(line(), gathering(), {
        ...shout(note),
        data(link, text) {
          note(text);
          link.read(0);
          reactor.setTimer(5, () => void reactor.close());
        },
      });
    const { noted, threw } = await play(subject, ['a\nb\n', { stop: 'end' }, { wait: 10 }]);
    expect([noted, threw]).toEqual([['shout open', 'a', 'shout close'], []]);
  });

  test('R3.43: nothing is read from the connection while a layer wants nothing', async () => {
    const subject: Subject = (note) =>
      pipeline(line(), {
        name: 'once',
        data(link, text) {
          note(text);
          link.read(0);
          note(`${link.connection.rx.available}`);
        },
      });
    const { noted } = await play(subject, ['a\n', () => 'b\nc\n', () => 'd\n']);
    expect(noted).toEqual(['a', '0']);
  });

  test('R3.43: appetites are counted in messages', async () => {
    const subject: Subject = (note, reactor) =>
      pipeline(line(), {
        name: 'counting',
        open: (link) => link.read(2),
        data(link, text) {
          note(text);
          if (text === 'b') reactor.setTimer(1, () => link.read(1));
        },
      });
    const { noted } = await play(subject, 'a\nb\nc\nd\n');
    expect(noted).toEqual(['a', 'b']);
    const later = await play(subject, ['a\nb\nc\nd\n', { wait: 2 }]);
    expect(later.noted).toEqual(['a', 'b', 'c']);
  });

  test('R3.43: closing from any layer is the end of what goes up', async () => {
    for (const which of ['close', 'destroy'] as const) {
      const subject: Subject = (note) =>
        pipeline(line(), noting(note, 'stage'), {
          name: 'closing',
          data(link, text) {
            note(text);
            link.write(text);
            link[which]();
          },
          close: () => note('closed'),
        });
      const { noted, closed } = await play(subject, 'a\nb\nc\n');
      const heard = noted.filter((each) => !each.startsWith('stage'));
      expect([heard, closed]).toEqual([['a', 'closed'], true]);
    }
  });

  test('R3.43: a stage that fails tells those above, who may still say something', async () => {
    const picky: Stage<string, string, string, string> = {
      name: 'picky',
      data(link, text) {
        if (text === 'bad') link.fail(badMessage('picky', 'bad is bad'));
        else link.deliver(text);
      },
      error: () => {
        throw new Error('the stage itself need not be told');
      },
    };
    const subject: Subject = (note) =>
      pipeline(line(), picky, {
        ...shout(note),
        error(link, error) {
          note(error.message);
          link.write('sorry');
        },
      });
    const { noted, said, threw } = await play(subject, 'a\nbad\nb\n');
    expect(noted).toEqual(['shout open', 'shout ^a', 'picky: bad is bad.', 'shout close']);
    expect([said.toString(), threw]).toEqual(['A\nsorry\n', []]);
  });

  test('R3.43: a pipeline is a protocol, and can lie on another one', async () => {
    const subject: Subject = (note) =>
      pipeline(line(), noting(note, 'low'), pipeline(noting(note, 'high'), shout(note)));
    const { noted, said } = await play(subject, 'a\nb\n', END);
    expect(noted.filter((each) => each.startsWith('shout'))).toEqual([
      ...['shout open', 'shout ^a', 'shout ^b', 'shout end', 'shout close'],
    ]);
    expect(said.toString()).toBe('A\nB\nBYE\n');
    expectSame(await examine(subject, 'a\nb\n'));
  });

  test('a handler that throws or rejects ends its connection, and the error is not swallowed', async () => {
    const promised: Protocol<Link<string>, string> = {
      name: 'rejecting',
      async data() {
        await Promise.resolve();
        throw new Error('rejected');
      },
    };
    const later = (note: Note): Protocol<Link<string>, string> => ({
      name: 'throwing later',
      open: (link) => link.read(0),
      drain: () => note('drain'),
      data() {
        throw new Error('thrown later');
      },
    });
    const thrown: Protocol<Link<string>, string> = {
      name: 'throwing',
      data() {
        throw new Error('thrown');
      },
    };
    for (const [protocol, text] of [
      [promised, 'rejected'],
      [thrown, 'thrown'],
    ] as const) {
      const subject: Subject = (note) => pipeline(line(), noting(note, 'stage'), protocol);
      const { threw, closed, noted } = await play(subject, 'a\nb\n');
      expect([threw[0], closed]).toEqual([`Error: ${text}`, true]);
      expect(noted.at(-1)).toBe('stage close');
    }
    // Woken by itself, outside of any handler.
    const subject: Subject = (note, reactor) =>
      pipeline(line(), {
        ...later(note),
        open(link) {
          link.read(0);
          reactor.setTimer(1, () => link.read(1));
        },
        close: () => note('close'),
      });
    const { threw, closed, noted } = await play(subject, ['a\nb\n', { wait: 2 }]);
    expect([threw, closed, noted]).toEqual([['Error: thrown later'], true, ['close']]);
  });

  test('a stage may open the layer above when it likes; the first message does it at the latest', async () => {
    const late = (note: Note): Stage<string, string, string, string> => ({
      name: 'late',
      open: () => note('late open'),
      data(link, text) {
        if (text === 'open') link.opened();
        else link.deliver(text);
      },
    });
    const subject: Subject = (note) => pipeline(line(), late(note), shout(note));
    const opened = await play(subject, 'open\na\n');
    expect(opened.noted).toEqual(['late open', 'shout open', 'shout ^a']);
    const unopened = await play(subject, 'a\nopen\n');
    expect(unopened.noted).toEqual(['late open', 'shout open', 'shout ^a']);
  });

  test('write() that answers false is followed by a drain in each layer', async () => {
    const subject: Subject = (note) =>
      pipeline(line(), noting(note, 'stage'), draining(note), {
        name: 'much',
        open(link) {
          note(String(link.write('x'.repeat(1000))));
        },
        drain(link) {
          note('much drain');
          link.end();
        },
      });
    const draining = (note: Note): Stage<string, string, string, string> => ({
      name: 'draining',
      drain(link) {
        note('stage drain');
        link.drained();
      },
    });
    const options = { limits: { queueHighWater: 10 } };
    const plan = { name: 'a slow peer', cuts: [], window: 100, late: true };
    const { noted, said } = await play(subject, 'a\n', plan, options);
    expect(noted.filter((each) => !/[\^v]/.test(each))).toEqual([
      ...['stage open', 'false', 'stage drain', 'much drain', 'stage finish'],
    ]);
    expect(said.length).toBe(1001);
  });

  test('what is no layer, and what a layer cannot ask for, is refused by name', async () => {
    const bad = (text: RegExp) =>
      expect.objectContaining({
        code: 'ERR_CALANDRIA_BAD_PROTOCOL',
        message: expect.stringMatching(text),
      });
    const make = pipeline as (...layers: unknown[]) => unknown;
    expect(() => make()).toThrow(bad(/layer 0/));
    expect(() => make(line(), undefined)).toThrow(bad(/layer 1.*undefined/));
    expect(() => make({ name: '' })).toThrow(bad(/layer 0.*name/));
    expect(() => make({ name: 'x', data: 1 })).toThrow(bad(/data of "x".*function/));
    expect(() => make({ name: 'x', write: 'no' })).toThrow(bad(/write of "x"/));
    const errors: unknown[] = [];
    const attempt = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        errors.push((error as { code?: string }).code);
      }
    };
    const top: Layer = {
      name: 'top',
      open(link) {
        attempt(() => link.deliver('up'));
        attempt(() => link.read(-1));
        attempt(() => link.read(0.5));
      },
    };
    await play(() => make(line(), top) as never, []);
    const type = 'ERR_INVALID_ARG_TYPE';
    expect(errors).toEqual(['ERR_CALANDRIA_USAGE', type, type]);
  });
});
