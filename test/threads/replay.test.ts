// Threads run in a replay as they ran: same numbers, same order, same calls.
import '../support/tidy-up';
import { writeFileSync } from 'node:fs';
import { epoll, type Host, node, openTrace, type Reactor, record, replayProgram } from '../../src';
import { createThreads, type Thread, type ThreadConnection } from '../../src/threads';
import { freshFolder } from '../support/folder';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth, traceFile } from '../support/recording';
import { Seeded } from '../support/seeded';
import { virtual } from '../support/virtual-host';

const freshPath = freshFolder();
const THREADS = 10_000;

/** Ten thousand threads that sleep, pause, meet and join each other. */
function crowd(reactor: Reactor): { story: string[]; ended: Promise<void> } {
  const threads = createThreads(reactor, { budget: 3, turnBudget: 2000 });
  const channel = threads.channel<number>(5);
  const story: string[] = [];
  const draw = new Seeded(7);
  let last: Thread | undefined;
  for (let spawned = 0; spawned < THREADS; spawned++) {
    const [delay, way, before] = [draw.between(0, 40), draw.between(0, 5), last];
    last = threads.spawn(async (thread) => {
      story.push(`begin ${thread.id}`);
      await thread.sleep(delay);
      if (way === 0) await thread.pause();
      if (way === 1) await thread.send(channel, thread.id);
      if (way === 2) story.push(`${thread.id} hears ${await thread.receive(channel)}`);
      if (way === 3) await thread.any([thread.sleep(1), thread.receive(channel), thread.pause()]);
      if (way === 4 && before) await thread.any([thread.join(before), thread.sleep(2)]);
      story.push(`end ${thread.id} ${reactor.random()}`);
    });
  }
  // Whoever sends or receives in vain in the end.
  reactor.setTimer(1000, () => threads.abort());
  return { story, ended: threads.ended() };
}

/** Accepts, and echoes what comes until the client says which file it wants. */
function serving(reactor: Reactor, path: string, story: string[]) {
  const threads = createThreads(reactor, { budget: 5 });
  const listener = threads.listen({ port: 0 });
  const serve = async (thread: Thread, connection: ThreadConnection): Promise<void> => {
    for (;;) {
      const { index, value } = await thread.any([connection.read(1000), thread.sleep(20)]);
      if (index === 1) {
        story.push(`${thread.id} waits`);
        continue;
      }
      const text = String(value);
      if (text === '') return;
      story.push(`${thread.id} reads ${text.length}`);
      if (text !== 'file') await connection.write(text);
      else {
        const file = await thread.open(path, { ahead: true });
        for await (const part of file) await connection.write(part);
        await file.close();
      }
    }
  };
  threads.spawn(async (thread) => {
    for await (const connection of thread.accept(listener)) threads.spawn(serve, connection);
  });
  return listener;
}

describe('replays of threads', () => {
  test('R4.1: 10,000 threads have the same numbers and the same order in both replays', async () => {
    const file = traceFile();
    const { reactor, until } = virtual({}, (host) => record(host, file));
    const { story, ended } = crowd(reactor);
    await until(ended);
    await until(reactor.close());
    expect(story.filter((line) => line.startsWith('begin')).length).toBe(THREADS);
    expect(story.filter((line) => line.startsWith('end')).length).toBeGreaterThan(THREADS * 0.9);
    const stories: string[][] = [];
    const replays = await replayBoth(file, (replayed) => {
      stories.push(crowd(replayed).story);
    });
    expect(replays).toEqual(IDENTICAL);
    expect(stories).toEqual([story]);
  });

  test('R4.1: threads that go on in another order are a divergence', async () => {
    const program = (names: string[]) => (reactor: Reactor) => {
      const threads = createThreads(reactor);
      for (const name of names) {
        threads.spawn(async (thread) => {
          await thread.pause();
          reactor.setTimer(name.length, () => {});
        });
      }
      return threads.ended();
    };
    const file = traceFile();
    const { reactor, until } = virtual({}, (host) => record(host, file));
    await until(program(['a', 'bb'])(reactor));
    await until(reactor.close());
    const replay = (names: string[]) => replayProgram(openTrace(file), program(names));
    expect(await replay(['a', 'bb'])).toMatchObject({ verdict: 'identical' });
    expect(await replay(['bb', 'a'])).toMatchObject({ verdict: 'diverged' });
  });

  test.each<[string, () => Host]>([
    ['epoll', epoll],
    ['node', node],
  ])('R4.1 R3.46: threads at sockets and files replay, on %s', async (_, host) => {
    const path = freshPath();
    writeFileSync(path, Buffer.alloc(200_000, 'a file'));
    const story: string[] = [];
    const file = await recordRun(
      (reactor) => serving(reactor, path, story),
      async ({ port }) => {
        const peers = await Promise.all([dial(port), dial(port), dial(port)]);
        for (const [place, peer] of peers.entries()) {
          await peer.write('hello');
          await peer.receive(5);
          if (place === 1) await new Promise((resolve) => setTimeout(resolve, 50));
          await peer.write('file');
          await peer.receive(200_005);
          peer.end();
          await peer.ended;
        }
      },
      { host: host() },
    );
    expect(story.length).toBeGreaterThan(6);
    const again: string[] = [];
    writeFileSync(path, 'a replay reads no file');
    expect(await replayBoth(file, (reactor) => serving(reactor, path, again))).toEqual(IDENTICAL);
    expect(again).toEqual(story);
  });
});
