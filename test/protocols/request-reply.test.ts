// Requests and replies, in the manner of nanomsg.
import { type Reactor, record } from '../../src';
import { chooseHost } from '../../src/host/choose';
import { createReactor } from '../../src/index';
import { type ProtocolServer, Requester, reply, serveProtocol } from '../../src/protocols';
import { examine, expectSame, play, type Script, type Subject } from '../../src/protocols/kit';
import { forOneHost, promised } from '../support/conformance';
import { IDENTICAL, replayBoth, traceFile } from '../support/recording';

// As they stand in the specifications: "\0SP\0", the end, two bytes of 0; a length of 64 bits.
const ASKS = Buffer.from('0053500000300000', 'hex');
const REPLIES = Buffer.from('0053500000310000', 'hex');

function message(numbers: readonly number[], text: string): Buffer {
  const head = Buffer.alloc(8 + 4 * numbers.length);
  head.writeBigUInt64BE(BigInt(4 * numbers.length + Buffer.byteLength(text)));
  for (const [place, number] of numbers.entries()) head.writeUInt32BE(number, 8 + 4 * place);
  return Buffer.concat([head, Buffer.from(text)]);
}

const FIRST = 0x8000_0001;
const SECOND = 0x8000_0002;

const upper = (request: Uint8Array): string => Buffer.from(request).toString().toUpperCase();
const replying: Subject = () => reply(upper);

describe('the end that replies', () => {
  test('R2.10 R2.33: greets, and answers each request with its numbers, however they are cut', async () => {
    const script = [
      ASKS,
      message([FIRST], 'one'),
      // Passed on by two others, whose numbers go back with the reply.
      message([7, 8, SECOND], 'two'),
      // No numbers, and one without an end: passed over.
      message([], 'abc'),
      message([1, 2, 3], ''),
      message([FIRST], ''),
    ];
    const { said } = expectSame(await examine(replying, script, { stride: 3 })).reference;
    const expected = [REPLIES, message([FIRST], 'ONE'), message([7, 8, SECOND], 'TWO')];
    expect(said.equals(Buffer.concat([...expected, message([FIRST], '')]))).toBe(true);
  });

  test('R2.10 R2.33: who speaks another pattern, or something else, is turned away', async () => {
    for (const wrong of [
      REPLIES,
      Buffer.from('GET / HTTP/1.1\r\n\r\n'),
      Buffer.from('0053500000300001', 'hex'),
    ]) {
      const options = { draws: 8, resets: false };
      const { closed, said } = expectSame(await examine(replying, wrong, options)).reference;
      expect([closed, said.equals(REPLIES)]).toEqual([true, true]);
    }
    const { closed } = await play(() => reply(upper, { max: 8 }), [ASKS, message([FIRST], 'fünf')]);
    expect(closed).toBe(true);
  });

  test('R2.10: answers may take their time and overtake each other; only so many are under way', async () => {
    const working: string[] = [];
    const subject: Subject = (_, reactor) =>
      reply(
        async (request) => {
          const text = String(Buffer.from(request));
          working.push(text);
          await new Promise((resolve) => reactor.setTimer(Number(text), () => resolve(undefined)));
          return text;
        },
        { pending: 2 },
      );
    const asked = [30, 10, 5].map((text, place) => message([FIRST + place], String(text)));
    const script: Script = [ASKS, ...asked, { stop: 'end' }, { wait: 9 }];
    await play(subject, script);
    expect(working).toEqual(['30', '10']);
    const { said, closed, reset } = await play(subject, [...script, { wait: 100 }]);
    const replies = [1, 2, 0].map((place) => asked[place] as Buffer);
    expect(said.equals(Buffer.concat([REPLIES, ...replies]))).toBe(true);
    // Who ended has got everything before it is closed.
    expect([closed, reset]).toEqual([true, false]);
  });

  test('R2.10: a peer that takes no replies is not asked for more requests', async () => {
    let asked = 0;
    const subject: Subject = () =>
      reply(() => {
        asked++;
        return Buffer.alloc(1000);
      });
    const requests = Array.from({ length: 100 }, (_, place) => message([FIRST + place], 'x'));
    const options = { limits: { queueBytes: 4096, queueHighWater: 1024 } };
    const one = { name: 'one request at a time, nothing taken', cuts: [] as number[], late: true };
    let at = ASKS.length;
    const cuts = requests.map(({ length }) => {
      at += length;
      return at;
    });
    const { said, threw } = await play(subject, [ASKS, ...requests], { ...one, cuts }, options);
    expect([asked, threw, said.length]).toEqual([100, [], 8 + 100 * 1012]);
  });

  test('what it throws ends the connection, and options that make no sense are refused', async () => {
    const throwing: Subject = () =>
      reply(async () => {
        throw new Error('no reply');
      });
    const { threw, closed } = await play(throwing, [ASKS, message([FIRST], 'x')]);
    expect([threw, closed]).toEqual([['Error: no reply'], true]);
    const type = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    expect(() => reply(5 as never)).toThrow(type);
    expect(() => reply(upper, { pending: 0 })).toThrow(type);
    expect(() => reply(upper, { max: -1 })).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_BAD_OPTION' }),
    );
  });
});

forOneHost('the end that requests', (bench) => {
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

  /** A server whose answers are up to `answer`, and who asks it. */
  async function pair(
    answer: (request: string, server: ProtocolServer) => string | Promise<string>,
    options = {},
  ): Promise<{ requester: Requester; server: ProtocolServer; reactor: Reactor; port: number }> {
    const reactor = bench.reactor();
    const server: ProtocolServer = serveProtocol(
      reactor,
      reply((request) => answer(text(request), server)),
      { port: 0 },
    );
    const { port } = await server.ready();
    const requester = new Requester(reactor, { port }, options);
    return { requester, server, reactor, port };
  }

  test('R2.10: gets the reply to each request, whatever order they come in; the run replays', async () => {
    const file = traceFile();
    const reactor = createReactor({ host: record(chooseHost(bench.host), file) });
    let got: string[] = [];
    let over = promised();
    const program = (reactor: Reactor): void => {
      const answer = async (request: Uint8Array): Promise<string> => {
        const body = text(request);
        await new Promise((resolve) => reactor.setTimer(Number(body), () => resolve(undefined)));
        return `${body} ms`;
      };
      const server = serveProtocol(
        reactor,
        reply(answer),
        { port: 0 },
        {
          listening(listener) {
            const { port } = listener.address as { port: number };
            const requester = new Requester(reactor, { port });
            const asked = ['20', '1', '10'].map(async (body) => {
              got.push(text(await requester.ask(body)));
            });
            void Promise.all(asked).then(() => {
              requester.close();
              server.close();
              void reactor.close().then(over.resolve);
            });
          },
        },
      );
    };
    program(reactor);
    await over.promise;
    expect(got).toEqual(['1 ms', '10 ms', '20 ms']);
    got = [];
    over = promised();
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    expect(got).toEqual(['1 ms', '10 ms', '20 ms']);
  });

  test('R2.10: asks again for what is not answered, and takes one reply', async () => {
    const never = promised<string>();
    let asked = 0;
    const { requester } = await pair(() => (++asked < 3 ? never.promise : `reply ${asked}`), {
      resend: 10,
    });
    expect(text(await requester.ask('x'))).toBe('reply 3');
    requester.close();
    never.resolve('too late');
  });

  test('R2.10: gives up in time', async () => {
    const { requester } = await pair(() => promised<string>().promise, { timeout: 20 });
    await expect(requester.ask('x')).rejects.toMatchObject({ code: 'ERR_CALANDRIA_TIMEOUT' });
    requester.close();
  });

  test('R2.10: dials again when the connection is lost, and asks again', async () => {
    const reactor = bench.reactor();
    let asked = 0;
    const server = serveProtocol(
      reactor,
      reply((request, link) => {
        if (++asked < 3) link.destroy();
        return `${text(request)} ${asked}`;
      }),
      { port: 0 },
    );
    const { port } = await server.ready();
    const requester = new Requester(reactor, { port }, { redial: 1 });
    const replies = await Promise.all(['a', 'b'].map((body) => requester.ask(body)));
    expect(replies.map(text).map((each) => each[0])).toEqual(['a', 'b']);
    requester.close();
  });

  test('R2.10: waits for a server that is not there yet, and says why it cannot be reached', async () => {
    const reactor = bench.reactor();
    const path = bench.path();
    const failures: string[] = [];
    const failed = promised();
    const requester = new Requester(
      reactor,
      { path },
      {
        redial: 1,
        failed(error) {
          failures.push((error as NodeJS.ErrnoException).code as string);
          failed.resolve();
        },
      },
    );
    const asked = requester.ask('is anybody there?');
    await failed.promise;
    expect(failures[0]).toBe('ENOENT');
    serveProtocol(reactor, reply(upper), { path });
    expect(text(await asked)).toBe('IS ANYBODY THERE?');
    requester.close();
  });

  test('R2.10: what cannot be asked is refused by name', async () => {
    const { requester, reactor, port } = await pair(() => promised<string>().promise, {
      pending: 2,
      max: 16,
    });
    const waiting = ['a', 'b'].map((body) => requester.ask(body));
    await expect(requester.ask('c')).rejects.toMatchObject({ code: 'ERR_CALANDRIA_LIMIT' });
    await expect(requester.ask(5 as never)).rejects.toMatchObject({ code: 'ERR_INVALID_ARG_TYPE' });
    requester.close();
    requester.close();
    const closed = { code: 'ERR_CALANDRIA_CLOSED' };
    for (const each of waiting) await expect(each).rejects.toMatchObject(closed);
    await expect(requester.ask('d')).rejects.toMatchObject(closed);
    const short = new Requester(reactor, { port }, { max: 16 });
    await expect(short.ask('x'.repeat(13))).rejects.toMatchObject({
      code: 'ERR_CALANDRIA_BAD_MESSAGE',
    });
    short.close();
    const type = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    for (const options of [{ resend: 0 }, { timeout: '1' }, { redial: 0.5 }, { failed: 1 }, null]) {
      expect(() => new Requester(reactor, { port }, options as never)).toThrow(type);
    }
  });

  test('a reactor that closes ends it', async () => {
    const { requester, reactor } = await pair((request) => request.toUpperCase(), { redial: 1 });
    expect(text(await requester.ask('x'))).toBe('X');
    await reactor.close({ drain: true, deadline: 200 });
    await expect(requester.ask('y')).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
  });
});
