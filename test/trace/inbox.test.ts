// Posts are input: the trace has their bytes, and a replay needs no thread.
import '../support/tidy-up';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { epoll, type Host, type Inbox, node, Outbox, type Reactor } from '../../src/index';
import { IDENTICAL, replayBoth, startRecording } from '../support/recording';

const WORKER = join(__dirname, '../sources/programs/post.cjs');
const POSTS = 3000;

describe.each<[string, () => Host]>([
  ['epoll', epoll],
  ['node', node],
])('inboxes on %s', (_, host) => {
  /** Hears so many posts, and then closes the inbox. */
  function listen(reactor: Reactor, lines: string[], finished: () => void): Inbox {
    let posts = 0;
    return reactor.inbox(
      { capacity: 4096 },
      {
        message(inbox, bytes) {
          lines.push(`${reactor.turn} ${Buffer.from(bytes).toString('hex')}`);
          if (++posts === POSTS) inbox.close();
        },
        close() {
          lines.push('close');
          void reactor.close().then(finished);
        },
      },
    );
  }

  test('R0.7: what workers posted is heard again by both replays, without workers', async () => {
    const { file, reactor } = startRecording({ host: host() });
    const heard: string[] = [];
    const workers: Worker[] = [];
    await new Promise<void>((resolve) => {
      const { port } = listen(reactor, heard, resolve);
      for (const from of [0, 1000, 2000]) {
        const workerData = { port, how: 'numbers', from: from + 1, to: from + 1000 };
        workers.push(new Worker(WORKER, { workerData }));
      }
    });
    await Promise.all(workers.map((worker) => worker.terminate()));

    const again: string[] = [];
    const answers: boolean[] = [];
    const replays = await replayBoth(file, (replayed) => {
      const inbox = listen(replayed, again, () => {});
      // Who posts during a replay is not heard, and not held up either.
      const outbox = new Outbox(inbox.port);
      for (let post = 0; post < 10_000; post++) answers.push(outbox.post('nobody hears this'));
    });
    expect(replays).toEqual(IDENTICAL);
    expect(heard.length).toBe(POSTS + 1);
    expect(again).toEqual(heard);
    expect(new Set(answers)).toEqual(new Set([true]));
  });
});
