// How a server closes: what is under way, what rests, what comes too late, and by when.
import { createReactor } from '../../src';
import { HttpServer } from '../../src/http';
import { promised } from '../support/conformance';
import { field } from '../support/http-answers';
import { ask, get, onDefaultHost } from '../support/http-bench';
import { HttpClient } from '../support/http-client';

onDefaultHost('closing', (bench) => {
  test('close: what rests is closed at once, what is under way finishes and says that it is the last', async () => {
    const begun = promised();
    const release = promised();
    const { dial, server, port } = await bench.serve(async (exchange) => {
      if (exchange.target !== '/slow') return exchange.answer(200);
      begun.resolve();
      await release.promise;
      exchange.answer(200, {}, 'finished');
    });
    const idle = dial();
    await idle.send(get('/'));
    await idle.answer();
    const silent = dial();
    while (server.size < 2) await new Promise<void>((resolve) => setImmediate(resolve));
    const busy = dial();
    await busy.send(get('/slow'), get('/never'));
    await begun.promise;
    const closing = server.close();
    expect((await idle.ended()).orderly).toBe(true);
    expect(await silent.ended()).toMatchObject({ orderly: true, answers: [] });
    const late = new HttpClient(port);
    await late.closed;
    // A ring gives its listener up a moment later: who came in between is reset.
    expect(['ECONNREFUSED', 'ECONNRESET']).toContain(late.error?.code);
    release.resolve();
    const { answers, orderly } = await busy.ended();
    expect(answers.map(({ body }) => body.toString())).toEqual(['finished']);
    expect([field(answers[0] as never, 'connection'), orderly]).toEqual(['close', true]);
    await closing;
    expect(server.size).toBe(0);
  });

  test('close: an answer that has begun is finished, and then the connection is closed', async () => {
    const release = promised();
    const { dial, server } = await bench.serve(async (exchange) => {
      exchange.begin(200);
      exchange.write('one ');
      await release.promise;
      exchange.write('two');
      exchange.end();
    });
    const client = dial();
    await client.send(get('/'));
    await client.until(() => client.bytes.includes('one'));
    const closing = server.close();
    release.resolve();
    const { answers, orderly } = await client.ended();
    expect([answers[0]?.body.toString(), answers[0]?.complete, orderly]).toEqual([
      'one two',
      true,
      true,
    ]);
    await closing;
  });

  test('close: at the deadline what is left is cut, and the program hears of it', async () => {
    const aborted = promised<unknown>();
    const { dial, server } = await bench.serve(async (exchange) => {
      exchange.begin(200);
      exchange.write('one');
      exchange.signal.addEventListener('abort', () => aborted.resolve(exchange.signal.reason));
    });
    const client = dial();
    await client.send(get('/'));
    await client.until(() => client.bytes.includes('one'));
    await server.close({ deadline: 30 });
    expect(await aborted.promise).toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
    const { answers, orderly } = await client.ended();
    expect([answers[0]?.complete, orderly]).toEqual([false, false]);
  });
});

onDefaultHost('closing', (bench) => {
  test('close: without drain all is cut at once', async () => {
    const { dial, server, done } = await bench.serve(() => new Promise<void>(() => {}));
    const client = dial();
    await client.send(get('/'));
    while (server.size === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    await server.close({ drain: false });
    expect((await client.ended()).answers).toEqual([]);
    expect(done.map(({ aborted }) => aborted)).toEqual(done.length > 0 ? [true] : []);
  });

  test('close: a request whose head is coming in is still answered', async () => {
    const { dial, server, reactor } = await bench.serve((exchange) =>
      exchange.answer(200, {}, 'in time'),
    );
    const client = dial();
    await client.send(get('/').slice(0, 10));
    while (reactor.counters.bytesIn < 10)
      await new Promise<void>((resolve) => setImmediate(resolve));
    const read = reactor.counters.reads;
    while (reactor.counters.reads === read && server.size === 0) {
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await new Promise<void>((resolve) => void reactor.setTimer(5, () => resolve()));
    const closing = server.close();
    await client.send(get('/').slice(10));
    const { answers } = await client.ended();
    expect(answers.map((answer) => [answer.body.toString(), field(answer, 'connection')])).toEqual([
      ['in time', 'close'],
    ]);
    await closing;
  });

  test('close: a body that is coming in is still read', async () => {
    const begun = promised();
    const { dial, server } = await bench.serve(async (exchange) => {
      begun.resolve();
      exchange.answer(200, {}, await exchange.body.text());
    });
    const client = dial();
    await client.send(ask('POST', '/', 'Content-Length: 4'), 'bo');
    await begun.promise;
    const closing = server.close();
    await client.send('dy');
    const { answers } = await client.ended();
    expect(answers[0]?.body.toString()).toBe('body');
    await closing;
  });

  test('close: asked again it is the same end, by the earlier deadline', async () => {
    const { dial, server } = await bench.serve(() => new Promise<void>(() => {}));
    const client = dial();
    await client.send(get('/'));
    while (server.size === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const first = server.close({ deadline: 60_000 });
    const second = server.close({ deadline: 20 });
    await Promise.all([first, second, server.close({ deadline: 60_000 })]);
    expect(server.size).toBe(0);
    await server.close();
  });

  test('close: another server on the same reactor goes on', async () => {
    const { reactor, server } = await bench.serve((exchange) => exchange.answer(200));
    const other = new HttpServer(reactor, { port: 0 }, (exchange) =>
      exchange.answer(200, {}, 'other'),
    );
    const { port } = await other.ready();
    await server.close();
    const client = new HttpClient(port);
    await client.send(get('/'));
    expect((await client.answer()).body.toString()).toBe('other');
  });

  test('close: with the reactor, connections are cut and the server is closed', async () => {
    const { reactor, server, dial, done } = await bench.serve(() => new Promise<void>(() => {}));
    const client = dial();
    await client.send(get('/'));
    while (server.size === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    const closing = server.close({ deadline: 60_000 });
    await reactor.close();
    await closing;
    expect([server.size, done.every(({ aborted }) => aborted)]).toEqual([0, true]);
    await client.ended();
    await server.close();
  });

  test('close: options are checked', async () => {
    const reactor = createReactor();
    const server = new HttpServer(reactor, { port: 0 }, () => {});
    await server.ready();
    const attempt = (options: unknown) => (): unknown => server.close(options as never);
    expect(attempt(null)).toThrow('options');
    expect(attempt({ drain: 1 })).toThrow('drain');
    for (const deadline of [-1, Number.NaN, Infinity, '5', null])
      expect(attempt({ deadline })).toThrow('deadline');
    await server.close();
    await reactor.close();
  });
});
