// What every source owes to who waits for it, whatever it is a source of.
import { join } from 'node:path';
import { Outbox } from '../../src';
import { forEachKind } from '../support/conformance';
import { failure, freshFolder } from '../support/folder';

const freshPath = freshFolder();

forEachKind('sources', (bench) => {
  test('ready() of one that was closed before it was open rejects, then and later', async () => {
    const reactor = bench.reactor();
    let closed: (() => void) | undefined;
    const heard = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const inbox = reactor.inbox({}, { close: () => closed?.() });
    const before = failure(inbox.ready());
    inbox.destroy();
    await heard;
    expect(await before).toBe('ERR_CALANDRIA_CLOSED');
    expect(await failure(inbox.ready())).toBe('ERR_CALANDRIA_CLOSED');
  });

  test('an error that a loop throws is told once: without a handler it ends no process', async () => {
    const uncaught: Error[] = [];
    const listener = (error: Error): void => void uncaught.push(error);
    process.on('uncaughtException', listener);
    try {
      const reactor = bench.reactor();
      const watch = reactor.watchPath(join(freshPath(), 'missing'), {});
      const loop = async (): Promise<void> => {
        for await (const _ of watch) throw new Error('nothing is there to change');
      };
      expect(await failure(loop())).toMatch(/^ENOENT open/);
      await reactor.close();
      expect(uncaught).toEqual([]);
    } finally {
      process.off('uncaughtException', listener);
    }
  });

  test('R0.11: recordChange says that something waits, as often as the trigger wants', async () => {
    const reactor = bench.reactor();
    const told: number[] = [];
    const inbox = reactor.inbox({}, { recordChange: ({ rx }) => void told.push(rx.available) });
    await inbox.ready();
    inbox.read(0);
    const outbox = new Outbox(inbox.port);
    const turns = async (): Promise<void> => {
      for (let turn = 0; turn < 5; turn++) {
        await new Promise<void>((resolve) => reactor.setTimer(0, () => resolve()));
      }
    };
    outbox.post('one');
    await turns();
    const edges = told.length;
    expect(edges).toBeGreaterThan(0);
    await turns();
    expect(told.length).toBe(edges);
    inbox.setTrigger('level');
    await turns();
    expect(told.length).toBeGreaterThan(edges);
    expect(told.every((available) => available !== 0)).toBe(true);
  });
});
