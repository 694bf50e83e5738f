// Inboxes: what the native host alone promises, and what is taken back when opening fails.
import '../support/tidy-up';
import { readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { createReactor, epoll, type Host, type InboxPort, node, Outbox } from '../../src';

const PROGRAMS = join(__dirname, 'programs');

function said<Message>(worker: Worker): Promise<Message> {
  return new Promise((resolve, reject) => {
    worker.once('error', reject);
    worker.once('message', resolve);
  });
}

/** Of this process: descriptors that wake somebody. */
function eventDescriptors(): number {
  return readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).includes('eventfd');
    } catch {
      return false;
    }
  }).length;
}

test('who waits for room hears it by name when the thread of the inbox is terminated', async () => {
  const owner = new Worker(join(PROGRAMS, 'own-inbox.cjs'));
  const port = await said<InboxPort>(owner);
  const worker = new Worker(join(PROGRAMS, 'post.cjs'), {
    workerData: { port, how: 'endlessly', to: 1000 },
  });
  await said(worker);
  const stopped = said(worker);
  await owner.terminate();
  expect(await stopped).toBe('ERR_CALANDRIA_CLOSED');
  await worker.terminate();
});

test('inboxes that are closed leave no descriptor behind, whatever is posted meanwhile', async () => {
  const reactor = createReactor({ host: epoll() });
  await reactor.inbox({}, {}).ready();
  const before = eventDescriptors();
  for (let round = 0; round < 100; round++) {
    let closed = (): void => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const inbox = reactor.inbox({ capacity: 1024 }, { close: () => closed() });
    const outbox = new Outbox(inbox.port);
    outbox.post('before it is open');
    if (round % 2 === 0) await inbox.ready();
    inbox.close();
    await gone;
    expect(outbox.closed).toBe(true);
  }
  expect(eventDescriptors()).toBe(before);
  await reactor.close();
});

test.each<[string, () => Host]>([
  ['epoll', epoll],
  ['node', node],
])('an inbox that finds no record is refused, and its ring is closed (%s)', async (_, host) => {
  const reactor = createReactor({ host: host(), limits: { connections: 2 } });
  const inboxes = [reactor.inbox({}, {}), reactor.inbox({}, {})];
  const before = eventDescriptors();
  for (let round = 0; round < 10; round++) {
    expect(() => reactor.inbox({}, {})).toThrow(
      expect.objectContaining({ code: 'ERR_CALANDRIA_LIMIT' }),
    );
  }
  expect(eventDescriptors()).toBe(before);
  await Promise.all(inboxes.map((inbox) => inbox.ready()));
  await reactor.close();
});
