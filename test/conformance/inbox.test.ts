// Inboxes: posts of other threads.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type Inbox, type InboxPort, Outbox, type Reactor } from '../../src';
import { forEachKind, pattern, promised, ROUNDS, Story } from '../support/conformance';

const PROGRAM = join(__dirname, '../sources/programs/post.cjs');

interface Posting {
  readonly how: string;
  readonly from?: number;
  readonly to?: number;
}

forEachKind('inbox', (bench) => {
  const workers: Worker[] = [];
  afterEach(() => Promise.all(workers.splice(0).map((worker) => worker.terminate())));

  function post(port: InboxPort, posting: Posting): Worker {
    const worker = new Worker(PROGRAM, { workerData: { port, ...posting } });
    workers.push(worker);
    return worker;
  }

  function said(worker: Worker): Promise<unknown> {
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', resolve);
    });
  }

  /** Adds up the numbers that come, until there are so many. */
  function sum(total: number, options = {}): { inbox: Inbox; all: Promise<number> } {
    const done = promised<number>();
    let added = 0;
    let posts = 0;
    const inbox = bench.reactor().inbox(options, {
      message(_, bytes) {
        added += new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
        if (++posts === total) done.resolve(added);
      },
    });
    return { inbox, all: done.promise };
  }

  /** Posts as text. */
  function collect(options = {}): { reactor: Reactor; inbox: Inbox; heard: Story } {
    const heard = new Story();
    const reactor = bench.reactor();
    const inbox = reactor.inbox(options, {
      message: (_, bytes) => heard.tell(Buffer.from(bytes).toString()),
    });
    return { reactor, inbox, heard };
  }

  /** Until the condition holds, looked at every millisecond of the reactor. */
  function turns(reactor: Reactor, condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (condition()) resolve();
        else reactor.setTimer(1, look);
      };
      look();
    });
  }

  test('R0.7: a worker posts a million numbers, and the loop receives their exact sum', async () => {
    const total = 1_000_000;
    const { inbox, all } = sum(total);
    const worker = post(inbox.port, { how: 'numbers', to: total });
    const posted = said(worker);
    expect(await all).toBe((total * (total + 1)) / 2);
    expect(await posted).toBe('done');
  });

  test('R0.7: four workers at once lose and double nothing, in a ring that is nearly always full', async () => {
    const each = 100_000;
    const { inbox, all } = sum(4 * each, { capacity: 1024 });
    const posted = [0, 1, 2, 3].map((place) =>
      said(
        post(inbox.port, {
          how: place === 3 ? 'async' : 'numbers',
          from: place * each + 1,
          to: (place + 1) * each,
        }),
      ),
    );
    expect(await all).toBe((4 * each * (4 * each + 1)) / 2);
    expect(await Promise.all(posted)).toEqual(['done', 'done', 'done', 'done']);
  });

  test('a full inbox answers false, takes nothing, and goes on when it was read', async () => {
    const { inbox, heard } = collect({ capacity: 1024 });
    await inbox.ready();
    inbox.read(0);
    const outbox = new Outbox(inbox.port);
    // A post of 10 bytes takes 24.
    expect(await said(post(inbox.port, { how: 'fill' }))).toBe(Math.floor(1024 / 24));
    expect(outbox.post('')).toBe(true);
    expect(outbox.post('')).toBe(true);
    expect(outbox.post('')).toBe(false);
    inbox.read(Number.POSITIVE_INFINITY);
    await heard.until('');
    expect(outbox.post('and on')).toBe(true);
    await heard.until('and on');
    expect(heard.lines).toEqual([...new Array(42).fill('0123456789'), '', '', 'and on']);
  });

  test('R1.13: rx.available is the posts that wait, and the appetite counts posts', async () => {
    const { inbox, heard, reactor } = collect();
    await inbox.ready();
    inbox.read(0);
    const outbox = new Outbox(inbox.port);
    for (const text of ['one', 'two', 'three', 'four', 'five']) outbox.post(text);
    await turns(reactor, () => inbox.rx.available > 0);
    inbox.sample();
    await turns(reactor, () => inbox.rx.available === 5);
    expect(inbox.rx.exactness).toBe(bench.counted);
    inbox.read(2);
    await heard.until('two');
    inbox.sample();
    await turns(reactor, () => inbox.rx.available === 3);
    expect(inbox.rx.exactness).toBe(bench.counted);
    expect(heard.lines).toEqual(['one', 'two']);
    inbox.read(Number.POSITIVE_INFINITY);
    await heard.until('five');
  });

  test('posts from the own thread arrive in order, of any size up to 32,760 bytes', async () => {
    const { inbox, heard } = collect();
    const outbox = new Outbox(structuredClone(inbox.port));
    const sizes = [0, 1, 7, 8, 9, 4096, 32_759, 32_760];
    for (const size of sizes) {
      expect(
        outbox.post(
          pattern(size, size + 1)
            .toString('latin1')
            .replace(/[^a-z]/g, 'x'),
        ),
      ).toBe(true);
    }
    outbox.post('end');
    await heard.until('end');
    expect(heard.lines.map(({ length }) => length)).toEqual([...sizes, 3]);
    expect(() => outbox.post(new Uint8Array(32_761))).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_LIMIT' }),
    );
  });

  test('for await brings the posts, and leaving the loop closes the inbox', async () => {
    const reactor = bench.reactor();
    const closed = promised();
    const inbox = reactor.inbox({}, { close: () => closed.resolve() });
    const worker = post(inbox.port, { how: 'numbers', to: 500 });
    let added = 0;
    for await (const bytes of inbox) {
      const number = Buffer.from(bytes).readUInt32LE();
      added += number;
      if (number === 500) break;
    }
    expect(added).toBe((500 * 501) / 2);
    await closed.promise;
    expect(new Outbox(inbox.port).closed).toBe(true);
    await worker.terminate();
  });

  test('a worker that posts, or waits for room, while the reactor closes hears it by name', async () => {
    for (const options of [{ capacity: 1024 }, {}]) {
      for (let round = 0; round < ROUNDS; round++) {
        const { inbox, reactor } = collect(options);
        const worker = post(inbox.port, { how: 'endlessly', to: 1000 });
        await said(worker);
        if (round % 2 === 0) inbox.read(0);
        const stopped = said(worker);
        await reactor.close();
        expect(await stopped).toBe('ERR_CALANDRIA_CLOSED');
      }
    }
  });

  test('workers that are terminated while they post leave whole posts, and a ring that works', async () => {
    const wrong: string[] = [];
    const done = promised();
    const inbox = bench.reactor().inbox(
      { capacity: 16_384 },
      {
        message(_, bytes) {
          if (String(bytes) === '101,110,100') return done.resolve();
          const [first] = bytes;
          const whole =
            bytes.every((byte) => byte === first) && bytes.length === 1000 + (first ?? 0);
          if (!whole) wrong.push(`${bytes.length}: ${bytes.slice(0, 4)}`);
        },
      },
    );
    for (let round = 0; round < ROUNDS; round++) {
      const pair = [1, 2].map((place) => {
        const mark = 2 * round + place;
        return post(inbox.port, { how: 'wildly', from: mark, to: 1000 + mark });
      });
      await Promise.all(pair.map(said));
      await Promise.all(pair.map((worker) => worker.terminate()));
    }
    const outbox = new Outbox(inbox.port);
    await outbox.postAllAsync(['end']);
    await done.promise;
    expect(wrong).toEqual([]);
  });

  test('what makes no sense is refused by name', async () => {
    const reactor = bench.reactor();
    const type = expect.objectContaining({ code: 'ERR_INVALID_ARG_TYPE' });
    for (const capacity of [0, 1023, 1.5, 2 ** 31, '1' as unknown as number, Number.NaN]) {
      expect(() => reactor.inbox({ capacity }, {})).toThrow(type);
    }
    expect(() => reactor.inbox(null as never, {})).toThrow(type);
    expect(() => reactor.inbox({}, null as never)).toThrow(type);
    expect(() => reactor.inbox({}, { message: 1 as never })).toThrow(type);
    for (const port of [undefined, null, {}, { ring: new SharedArrayBuffer(4096) }]) {
      expect(() => new Outbox(port as never)).toThrow(type);
    }
    const inbox = reactor.inbox({ capacity: 3000 }, {});
    expect(inbox.capacity).toBe(4096);
    const outbox = new Outbox(inbox.port);
    expect(() => outbox.post(1 as never)).toThrow(type);
    for (const messages of [undefined, null, 1, {}, 'text', Buffer.from('bytes')]) {
      await expect(outbox.postAllAsync(messages as never)).rejects.toEqual(type);
    }
    expect(() => outbox.postAll(['x'])).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_USAGE' }),
    );
    await reactor.close();
    const closed = expect.objectContaining({ code: 'ERR_CALANDRIA_CLOSED' });
    expect(() => outbox.post('x')).toThrow(closed);
    await expect(outbox.postAllAsync(['x'])).rejects.toEqual(closed);
    expect(() => reactor.inbox({}, {})).toThrow(closed);
  });
});
