// What goes wrong with clients and with programs, all at once: it costs the connection that it
// happens on, at the most, and the others go on being served.
import type { Exchange } from '../../src/http';
import { limits, testWith } from '../support/commands';
import { pattern, promised } from '../support/conformance';
import { ask, get, onDefaultHost, type Serving } from '../support/http-bench';
import type { HttpClient } from '../support/http-client';
import { endPrograms, start } from '../support/program';

afterEach(endPrograms);

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const silent = (): Promise<void> => new Promise(() => {});

/** Others get their answers, on a new connection and on the one that they had. */
async function othersAreServed({ dial }: Serving, known?: HttpClient): Promise<void> {
  for (const client of [dial(), ...(known ? [known] : [])]) {
    const before = client.read.answers.length;
    await client.send(get('/fine'));
    const answers = await client.answers(before + 1);
    expect(answers.at(-1)?.body.toString()).toBe('fine');
  }
}

function fine(exchange: Exchange): void {
  exchange.answer(200, {}, 'fine');
}

onDefaultHost('faults of HTTP', (bench) => {
  test('slowloris: who dawdles over a head, a body or an answer is sent away, and others are served', async () => {
    const BIG = pattern(8 << 20);
    const milliseconds = 300;
    const serving = await bench.serve(
      async (exchange) => {
        if (exchange.target === '/big') return exchange.answer(200, {}, BIG);
        await exchange.body.text();
        fine(exchange);
      },
      {
        limits: {
          headMilliseconds: milliseconds,
          bodyMilliseconds: milliseconds,
          writeMilliseconds: milliseconds,
          lingerMilliseconds: milliseconds,
        },
      },
    );
    const { dial, server, errors } = serving;
    const heads = Array.from({ length: 10 }, () => dial());
    const bodies = Array.from({ length: 10 }, () => dial());
    const readers = Array.from({ length: 3 }, () => dial());
    for (const client of heads) await client.send('GET / HTTP/1.1\r\nX-A: ');
    for (const client of bodies) await client.send(ask('POST', '/', 'Content-Length: 9'), '12');
    for (const client of readers) {
      client.socket.pause();
      await client.send(get('/big'));
    }
    // A byte now and then wins no time for a head.
    const trickle = setInterval(() => {
      for (const client of heads) if (client.socket.writable) client.socket.write('x');
    }, 20);
    await othersAreServed(serving);
    const [sentAway, toldSo] = await Promise.all(
      [heads, bodies].map((clients) => Promise.all(clients.map((client) => client.ended()))),
    );
    clearInterval(trickle);
    for (const { answers } of [...(sentAway ?? []), ...(toldSo ?? [])]) {
      expect(answers.map(({ status }) => status)).toEqual([408]);
    }
    while (server.size > 1) await turn();
    for (const client of readers) client.socket.resume();
    for (const client of readers) {
      const { answers } = await client.ended();
      expect(answers.map(({ complete }) => complete)).toEqual([false]);
    }
    await othersAreServed(serving);
    // A reader of a body hears why it has not come; that is no fault of the program's.
    expect(errors).toEqual([]);
  });

  test('silence: hundreds of clients that say nothing hinder nobody, and go when their time is up', async () => {
    const serving = await bench.serve(fine, { limits: { idleMilliseconds: 1000 } });
    const { dial, server, reactor } = serving;
    const clients = Array.from({ length: 300 }, () => dial());
    while (server.size < clients.length) await turn();
    await othersAreServed(serving);
    for (const { answers } of await Promise.all(clients.map((client) => client.ended()))) {
      expect(answers).toEqual([]);
    }
    await othersAreServed(serving);
    expect(reactor.counters.closed).toBeGreaterThanOrEqual(clients.length);
  });

  test('handlers: that throw, reject, answer twice, or never, cost their own request alone', async () => {
    const release = promised();
    const serving = await bench.serve(async (exchange) => {
      switch (exchange.target) {
        case '/throws-late':
          await turn();
          throw new Error('late');
        case '/rejects':
          return Promise.reject(new Error('rejected'));
        case '/twice':
          exchange.answer(200, {}, 'once');
          return exchange.answer(200, {}, 'twice');
        case '/half':
          exchange.begin(200);
          exchange.write('half');
          throw new Error('half-way');
        case '/never':
          release.resolve();
          return silent();
        default:
          return fine(exchange);
      }
    });
    const { dial, errors, server } = serving;
    const never = dial();
    await never.send(get('/never'));
    await release.promise;
    const kept = dial();
    await kept.send(get('/throws-late') + get('/rejects') + get('/twice') + get('/fine'));
    const answers = await kept.answers(4);
    expect(answers.map(({ status, body }) => [status, body.toString()])).toEqual([
      [500, '500 Internal Server Error\n'],
      [500, '500 Internal Server Error\n'],
      [200, 'once'],
      [200, 'fine'],
    ]);
    const half = dial();
    await half.send(get('/half'), get('/fine'));
    const { answers: halves } = await half.ended();
    expect(halves.map(({ complete, body }) => [complete, body.toString()])).toEqual([
      [false, 'half'],
    ]);
    expect(errors.map((error) => (error as Error).message)).toEqual([
      'late',
      'rejected',
      'The request was answered already.',
      'half-way',
    ]);
    await othersAreServed(serving, kept);
    expect(never.bytes.length).toBe(0);
    never.reset();
    while (server.size > 2) await turn();
  });

  test('a sync handler that throws is a 500 like any other, and the connection goes on', async () => {
    const { dial, errors } = await bench.serve((exchange) => {
      if (exchange.target !== '/fine') throw new Error('at once');
      fine(exchange);
    });
    const client = dial();
    await client.send(get('/') + get('/fine'));
    expect((await client.answers(2)).map(({ status }) => status)).toEqual([500, 200]);
    expect(errors).toHaveLength(1);
  });

  testWith(limits, 'prlimit')(
    'descriptors: without one for a new client it waits, and who is there is served',
    async () => {
      const program = start('http/programs/out-of-descriptors.mjs', {
        parameters: ['epoll'],
        through: ['prlimit', '--nofile=96:96'],
      });
      const told = await program.next<Record<'first' | 'crowded' | 'last', string>>();
      expect(told).toMatchObject({ waiting: 1 });
      for (const answer of [told.first, told.crowded, told.last]) {
        expect(answer).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*fine$/);
      }
      expect(await program.ended).toMatchObject({ code: 0, stderr: '' });
    },
  );
});

onDefaultHost('faults of HTTP', (bench) => {
  test('resets: in the middle of a head, a body and an answer; the program hears of it once', async () => {
    const BIG = pattern(8 << 20);
    const reads: unknown[] = [];
    const serving = await bench.serve(async (exchange) => {
      if (exchange.target === '/fine') return fine(exchange);
      if (exchange.target === '/big') return exchange.answer(200, {}, BIG);
      await exchange.body.text().catch((error) => {
        reads.push(error.code);
        throw error;
      });
    });
    const { dial, server, errors, done } = serving;
    const kept = dial();
    await othersAreServed(serving, kept);
    const before = server.size;
    const clients: HttpClient[] = [];
    for (const sent of ['GET / HT', `${ask('POST', '/', 'Content-Length: 9')}123`, get('/big')]) {
      const client = dial();
      await client.send(sent);
      if (sent.includes('/big')) await client.until(() => client.bytes.length > 0);
      clients.push(client);
    }
    while (server.size < before + 3) await turn();
    for (const client of clients) client.reset();
    while (server.size > before) await turn();
    await othersAreServed(serving, kept);
    expect(reads).toHaveLength(1);
    expect(reads[0]).toMatch(/^(ECONNRESET|ERR_CALANDRIA_CLOSED)$/);
    expect(errors).toEqual([]);
    const aborted = done.filter((exchange) => exchange.aborted).map(({ target }) => target);
    expect(aborted).toContain('/');
  });

  test.each([
    ['chunks', get('/'), undefined],
    ['a length', get('/'), 100],
    ['HTTP/1.0, to the end of the connection', 'GET / HTTP/1.0\r\n\r\n', undefined],
  ])('a body that fails half-way is never taken for all of it (%s)', async (_, request, length) => {
    const arrived = promised();
    const { dial } = await bench.serve(async (exchange) => {
      exchange.begin(200, {}, length);
      exchange.write('half');
      // Node takes a reset that comes with bytes for an end.
      await arrived.promise;
      throw new Error('half-way');
    });
    const client = dial();
    await client.send(request);
    await client.until(() => client.bytes.includes('half'));
    arrived.resolve();
    const { answers, orderly, bytes } = await client.ended();
    expect(answers.every(({ complete }) => !complete)).toBe(true);
    // Without any other sign of the end a reset is the only one.
    if (request.includes('1.0')) expect(orderly).toBe(false);
    else expect(bytes.toString().endsWith('0\r\n\r\n')).toBe(false);
  });

  test('memory: a client that never reads an answer of 1 GiB has a bounded part of it made', async () => {
    const PIECE = pattern(64 << 10);
    let made = 0;
    const serving = await bench.serve(async (exchange) => {
      if (exchange.target === '/fine') return fine(exchange);
      exchange.begin(200, {}, 1 << 30);
      for (; made < 1 << 30; made += PIECE.length) {
        if (!exchange.write(PIECE)) await exchange.drained();
      }
      exchange.end();
    });
    const { dial, reactor, server, errors } = serving;
    const client = dial();
    client.socket.pause();
    await client.send(get('/gibibyte'));
    // Until nothing has left for a while of turns: the kernel's buffers are full.
    for (let before = -1, still = 0; still < 50; await turn()) {
      still = reactor.counters.bytesOut === before ? still + 1 : 0;
      before = reactor.counters.bytesOut;
    }
    await othersAreServed(serving);
    // What the kernel took, what is queued, and a piece that finds no room.
    const { queueBytes } = reactor.limits;
    expect(made - reactor.counters.bytesOut).toBeLessThanOrEqual(queueBytes + 2 * PIECE.length);
    expect(made).toBeLessThan(64 << 20);
    client.reset();
    while (server.size > 1) await turn();
    expect(errors).toEqual([]);
  });
});
