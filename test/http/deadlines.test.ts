// Who takes too long, and who may. The clock is put forward, so that the limits can be those that
// people have, and nobody waits for them.

import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Reactor } from '../../src';
import type { ExchangeHandler } from '../../src/http';
import { completeHttpLimits } from '../../src/http/options';
import { pattern, promised } from '../support/conformance';
import { ask, get } from '../support/http-bench';
import { closeTimed, serveTimed, type TimedServer } from '../support/http-timed';

const { headMilliseconds, bodyMilliseconds, answerMilliseconds } = completeHttpLimits();
const { writeMilliseconds, idleMilliseconds, lingerMilliseconds } = completeHttpLimits();
/** What a busy machine may take meanwhile, and no deadline may be as short as. */
const SLACK = 1500;

const serve = serveTimed;
afterEach(closeTimed);

describe('deadlines', () => {
  test.each([
    ['an empty line', '\r\n'],
    ['half of a line', 'GET / HT'],
    ['half of a field', 'GET / HTTP/1.1\r\nHost'],
  ])(
    'head: a client that sent %s has its time, and is told that it took too long',
    async (_, sent) => {
      const { dial, refused, jump, read, server } = await serve((exchange) => exchange.answer(200));
      const client = dial();
      await client.send(sent);
      await read(sent.length);
      await jump(headMilliseconds - SLACK);
      expect([server.size, refused]).toEqual([1, []]);
      await jump(SLACK);
      const { answers, orderly } = await client.ended();
      expect([answers.map(({ status }) => status), orderly]).toEqual([[408], true]);
      expect(refused).toEqual(['408 the head took too long']);
    },
  );

  test('head: who trickles wins no time; with each request it begins anew', async () => {
    const { dial, jump, read, reactor } = await serve((exchange) => exchange.answer(200));
    const client = dial();
    for (let request = 1; request <= 3; request++) {
      const before = reactor.counters.bytesIn;
      await client.send(get('/').slice(0, 9));
      await read(before + 9);
      await jump(headMilliseconds - SLACK);
      await client.send(get('/').slice(9));
      await client.answers(request);
    }
    for (let part = 0; part < 4; part++) {
      const before = reactor.counters.bytesIn;
      await client.send(part === 0 ? 'GET / HTTP/1.1\r\nA: ' : 'a');
      await read(before + 1);
      await jump(headMilliseconds / 4);
    }
    const { answers } = await client.ended();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 408]);
  });

  test('head: an answer that begins at once may last longer than a head, a body or a rest', async () => {
    const goOn = [promised(), promised()];
    const { dial, jump } = await serve(async (exchange) => {
      exchange.begin(200);
      exchange.write('one ');
      await goOn[Number(exchange.target.slice(1))]?.promise;
      exchange.write('two');
      exchange.end();
    });
    const client = dial();
    await client.send(get('/0') + get('/1'));
    for (const [place, { resolve }] of goOn.entries()) {
      await client.until(() => client.bytes.toString().split('one ').length === place + 2);
      for (let time = 0; time < 5; time++) await jump(answerMilliseconds);
      resolve();
    }
    const answers = await client.answers(2);
    expect(answers.map(({ body }) => body.toString())).toEqual(['one two', 'one two']);
  });

  test('idle: a connection between requests is closed in order, without a word', async () => {
    const { dial, jump, server } = await serve((exchange) => exchange.answer(200));
    const client = dial();
    for (let request = 1; request <= 3; request++) {
      await client.send(get('/'));
      await client.answers(request);
      await jump(idleMilliseconds - SLACK);
    }
    expect(server.size).toBe(1);
    await jump(SLACK);
    const { answers, orderly } = await client.ended();
    expect([answers.map(({ status }) => status), orderly]).toEqual([[200, 200, 200], true]);
  });

  test('idle: a client that says nothing at all is closed like one between requests', async () => {
    const { dial, jump, refused, server } = await serve((exchange) => exchange.answer(200));
    const client = dial();
    while (server.size === 0) await jump(0);
    await jump(headMilliseconds + SLACK);
    await jump(idleMilliseconds - headMilliseconds - 3 * SLACK);
    expect(client.socket.readyState).toBe('open');
    await jump(2 * SLACK);
    const { bytes, orderly } = await client.ended();
    expect([bytes.length, orderly, refused]).toEqual([0, true, []]);
  });

  test('head: its time begins with its first byte, not with the connection or a request before', async () => {
    const { dial, jump, read, reactor, refused, server } = await serve((exchange) =>
      exchange.answer(200),
    );
    const client = dial();
    while (server.size === 0) await jump(0);
    const half = get('/').length >> 1;
    let sent = '';
    // Each part ends a request and begins the next one.
    for (let request = 0; request <= 3; request++) {
      await jump(headMilliseconds - SLACK);
      const before = reactor.counters.bytesIn;
      const part =
        sent === '' ? get('/').slice(0, half) : get('/').slice(half) + get('/').slice(0, half);
      sent += part;
      await client.send(part);
      await read(before + part.length);
    }
    await client.answers(3);
    await jump(headMilliseconds - SLACK);
    expect(refused).toEqual([]);
    await jump(SLACK);
    const { answers } = await client.ended();
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 408]);
  });

  test('body: a client that stops within a body is told so, when the program waits for it', async () => {
    const failed = promised<unknown>();
    const { dial, done, jump, read } = await serve((exchange) =>
      exchange.body.text().then(undefined, (error) => failed.resolve(error)),
    );
    const client = dial();
    const request = `${ask('POST', '/', 'Content-Length: 10')}half`;
    await client.send(request);
    await read(request.length);
    await jump(bodyMilliseconds - SLACK);
    expect(done).toEqual([]);
    await jump(SLACK);
    const { answers, orderly } = await client.ended();
    expect([answers.map(({ status }) => status), orderly]).toEqual([[408], true]);
    expect(await failed.promise).toMatchObject({ code: 'ERR_CALANDRIA_REFUSED' });
    expect(done.map(({ status }) => status)).toEqual([408]);
  });

  test('body: the time of the client does not run while the program does not ask for more', async () => {
    const goOn = promised();
    const { dial, jump } = await serve(async (exchange) => {
      const first = await exchange.body.read();
      exchange.inform(102);
      await goOn.promise;
      exchange.answer(200, {}, `${Buffer.from(first ?? [])}${await exchange.body.text()}`);
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 8'), 'half');
    await client.until(() => client.read.interim.length === 1);
    await jump(2 * bodyMilliseconds);
    goOn.resolve();
    await client.send('more');
    expect((await client.answer()).body.toString()).toBe('halfmore');
  });

  test('body: each part gives time anew, and all of it may take as long as an answer', async () => {
    const { dial, jump, read, reactor, done } = await serve(async (exchange) => {
      exchange.answer(200, {}, String((await exchange.body.bytes()).length));
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 100'));
    const parts = Math.ceil(answerMilliseconds / (bodyMilliseconds - SLACK));
    for (let part = 0; part <= parts; part++) {
      expect([part, done.length]).toEqual([part, 0]);
      const before = reactor.counters.bytesIn;
      await client.send('b');
      await read(before + 1);
      if (part < parts) await jump(bodyMilliseconds - SLACK);
    }
    const { answers } = await client.ended();
    expect(answers.map(({ status }) => status)).toEqual([408]);
  });

  test('body: behind an early answer, a rest that does not come ends the connection in order', async () => {
    const { dial, jump, server } = await serve((exchange) => exchange.answer(200, {}, 'early'));
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 10'), 'half');
    await client.answer();
    await jump(bodyMilliseconds - SLACK);
    expect(server.size).toBe(1);
    await jump(SLACK);
    const { answers, orderly } = await client.ended();
    expect([answers.map(({ body }) => body.toString()), orderly]).toEqual([['early'], true]);
  });

  test('answer: a handler that never answers is a 503; what it does later goes nowhere', async () => {
    const late = promised<unknown>();
    const { dial, errors, done, jump, read } = await serve(async (exchange) => {
      await new Promise<void>((resolve) => {
        exchange.signal.addEventListener('abort', () => resolve());
      });
      exchange.answer(200, {}, 'late');
      exchange.end();
      exchange.inform(103);
      try {
        exchange.begin(200);
        exchange.write('late');
      } catch (error) {
        late.resolve(error);
        throw error;
      }
    });
    const client = dial();
    await client.send(get('/'));
    await read(get('/').length);
    await jump(answerMilliseconds - SLACK);
    expect(done).toEqual([]);
    await jump(SLACK);
    const { answers, orderly } = await client.ended();
    expect([answers.map(({ status }) => status), orderly]).toEqual([[503], true]);
    expect(await late.promise).toMatchObject({ code: 'ERR_CALANDRIA_REFUSED' });
    expect([errors, done.map(({ status, aborted }) => [status, aborted])]).toEqual([
      [],
      [[503, true]],
    ]);
  });

  /** An answer that is far too large for the buffers of a client that does not read. */
  const ways: Readonly<Record<string, ExchangeHandler>> = {
    whole: (exchange) => exchange.answer(200, {}, BODY),
    close: (exchange) => exchange.answer(200, { connection: 'close' }, BODY),
    async parts(exchange) {
      exchange.begin(200, {}, BODY.length);
      for (let at = 0; at < BODY.length; at += 65_536) {
        if (!exchange.write(BODY.subarray(at, at + 65_536))) await exchange.drained();
      }
      exchange.end();
    },
    ignorant(exchange) {
      exchange.begin(200, {}, BODY.length);
      for (let at = 0; at < BODY.length; at += 65_536)
        exchange.write(BODY.subarray(at, at + 65_536));
      exchange.end();
    },
    async file(exchange) {
      const file = await (exchange.data as Reactor).openFile(path);
      exchange.begin(200);
      for (let at = 0; at < BODY.length; at += BODY.length / 4) {
        await exchange.appendFile(file, at, BODY.length / 4);
      }
      exchange.end();
    },
  };
  const BODY = pattern(12 << 20);
  /** Bytes of it, at the least, that the buffers of both sides have room for. */
  const KERNEL_TAKES = 64 << 10;
  const path = join(tmpdir(), `calandria-deadlines-${process.pid}`);
  beforeAll(() => writeFileSync(path, BODY));
  afterAll(() => rmSync(path));

  const stuck = async (way: string) => {
    const timed: TimedServer = await serve((exchange) => {
      exchange.data = timed.reactor;
      return (ways[way] as ExchangeHandler)(exchange);
    });
    const client = timed.dial();
    client.socket.pause();
    await client.send(get('/'));
    // It has begun, and the kernel takes no more.
    const { reactor } = timed;
    const left = (): number => reactor.counters.bytesOut + reactor.counters.fileBytesOut;
    for (let before = -1; left() !== before || left() < KERNEL_TAKES; ) {
      before = left();
      for (let time = 0; time < 20; time++) await timed.jump(0);
    }
    return { ...timed, client };
  };

  test.each(Object.keys(ways))(
    'write: a client that takes nothing in time is cut (%s)',
    async (way) => {
      const { client, errors, server, jump, done } = await stuck(way);
      await jump(writeMilliseconds - SLACK);
      await jump(lingerMilliseconds / 2);
      expect(server.size).toBe(1);
      while (server.size > 0) await jump(writeMilliseconds);
      client.socket.resume();
      const { answers } = await client.ended();
      expect([answers.map(({ complete }) => complete), errors]).toEqual([[false], []]);
      // What was given whole was answered: nobody is there to hear that it did not arrive.
      expect(done.map(({ aborted }) => aborted)).toEqual([way === 'parts' || way === 'file']);
    },
  );

  test.each(['close', 'parts', 'file'])(
    'write: a client that takes a little now and then gets all of it (%s)',
    async (way) => {
      const { client, jump, server } = await stuck(way);
      for (let time = 0; time < 2; time++) {
        // The server sends again when a third of what it sent has been taken.
        const before = client.socket.bytesRead;
        client.socket.resume();
        await client.until(() => client.socket.bytesRead > before + (2 << 20));
        client.socket.pause();
        for (let turn = 0; turn < 20; turn++) await jump(0);
        await jump(writeMilliseconds - SLACK);
        expect([time, server.size]).toEqual([time, 1]);
      }
      client.socket.resume();
      const { body, complete } = await client.answer();
      expect([complete, body.equals(BODY)]).toEqual([true, true]);
    },
  );

  test('write: behind an answer that was taken, the time is that of rest', async () => {
    const { dial, jump } = await serve((exchange) =>
      exchange.answer(200, {}, Buffer.alloc(3 << 20)),
    );
    const client = dial();
    for (let request = 1; request <= 2; request++) {
      await client.send(get('/'));
      await client.answers(request);
      await jump(writeMilliseconds + SLACK);
    }
    await jump(idleMilliseconds - writeMilliseconds - 3 * SLACK);
    expect(client.socket.destroyed).toBe(false);
    await jump(4 * SLACK);
    expect((await client.ended()).orderly).toBe(true);
  });

  test('linger: a client that does not close behind the last answer is closed', async () => {
    const { dial, server, jump } = await serve((exchange) => exchange.answer(200));
    const client = dial();
    client.socket.removeAllListeners('end');
    await client.send(get('/', 'Connection: close'));
    await client.answer();
    await jump(lingerMilliseconds / 4);
    expect(server.size).toBe(1);
    await jump(lingerMilliseconds);
    while (server.size > 0) await jump(0);
  });

  test('deadlines: none outlives the server', async () => {
    const { server, reactor, dial, jump } = await serve((exchange) => exchange.answer(200));
    const client = dial();
    await client.send(get('/'));
    await client.answer();
    client.end();
    await client.ended();
    await server.close();
    await jump(0);
    await jump(0);
    expect(reactor.metrics().timers.length).toBe(0);
  });
});
