// A file watch: many files and folders over one inotify instance, each change told before what was
// sent after it.
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { FileEvent } from '../../src';
import { Client } from '../support/client';
import { forOneHost, promised } from '../support/conformance';
import { freshFolder } from '../support/folder';

const freshPath = freshFolder();
const TELLING = new Set(['epoll', 'poll', 'select', 'rtsig']);

function planted(): string {
  const root = freshPath();
  mkdirSync(join(root, 'sub'), { recursive: true });
  writeFileSync(join(root, 'a'), 'a');
  writeFileSync(join(root, 'b'), 'b');
  return root;
}

function line(event: FileEvent): string {
  return event.kind === 'overflow' ? 'overflow' : `${event.number} ${event.kind} ${event.name}`;
}

forOneHost('a file watch', (bench) => {
  if (!TELLING.has(bench.host)) {
    test('is refused where it could not tell in time', async () => {
      const watch = bench.reactor().watchFiles({});
      const code = await watch.ready().then(
        () => 'it was not',
        (error) => error.code,
      );
      expect(code).toBe('EOPNOTSUPP');
    });
    return;
  }

  test('tells what became of files and folders, in the order in which it happened', async () => {
    const reactor = bench.reactor();
    const root = planted();
    const told: string[] = [];
    const over = promised();
    const watch = reactor.watchFiles({
      change(_, change) {
        told.push(line(change));
        if (change.name === 'last') over.resolve();
      },
    });
    const directory = await reactor.openDirectory(root);
    const a = await directory.openBeneath('a');
    const folder = await watch.add(directory);
    const file = await watch.add(a);
    expect(await watch.add(a)).toBe(file);
    await a.close();
    appendFileSync(join(root, 'a'), 'more');
    // Not told of a folder: what is written into its files is their own affair.
    appendFileSync(join(root, 'b'), 'more');
    chmodSync(join(root, 'a'), 0o600);
    renameSync(join(root, 'b'), join(root, 'a'));
    renameSync(join(root, 'a'), join(root, 'sub/a'));
    unlinkSync(join(root, 'sub/a'));
    writeFileSync(join(root, 'last'), '');
    await over.promise;
    expect(told.filter((text) => text.startsWith(`${file} `))).toEqual([
      `${file} write `,
      `${file} attributes `,
      `${file} attributes `,
      `${file} gone `,
      `${file} gone `,
    ]);
    expect(told.filter((text) => text.startsWith(`${folder} `))).toEqual([
      `${folder} entry a`,
      `${folder} entry b`,
      `${folder} entry a`,
      `${folder} entry a`,
      `${folder} entry last`,
    ]);
    await directory.close();
  });

  test('tells a change before the bytes that were sent after it', async () => {
    const reactor = bench.reactor();
    const root = planted();
    const path = join(root, 'a');
    let known = '0';
    const watch = reactor.watchFiles({
      change() {
        known = readFileSync(path, 'latin1');
      },
    });
    const directory = await reactor.openDirectory(root);
    await watch.add(await directory.openBeneath('a'));
    const late: string[] = [];
    const server = reactor.listen(
      { port: 0 },
      {
        data(connection, bytes) {
          const sent = Buffer.from(bytes).toString('latin1').split('.');
          const last = Number(sent.at(-2));
          if (Number(known) < last) late.push(`${last} came when ${known} was known`);
          connection.write('.'.repeat(sent.length - 1));
        },
      },
    );
    const { address, port } = await server.ready();
    const client = new Client({ address, port });
    for (let turn = 1; turn <= 200; turn++) {
      writeFileSync(path, String(turn));
      client.socket.write(`${turn}.`);
      // Some find the loop busy, others asleep.
      if (turn % 3 > 0) await client.receive(turn - (turn % 3));
    }
    client.socket.destroy();
    expect(late).toEqual([]);
  });

  test('ends for what is removed, and for nothing else', async () => {
    const reactor = bench.reactor();
    const root = planted();
    const over = promised();
    const told: string[] = [];
    const watch = reactor.watchFiles({
      change(_, change) {
        told.push(line(change));
        if (change.kind === 'write') over.resolve();
      },
    });
    const directory = await reactor.openDirectory(root);
    const a = await watch.add(await directory.openBeneath('a'));
    const b = await watch.add(await directory.openBeneath('b'));
    watch.remove(a);
    // Its answer says that what was asked before is done.
    await watch.add(directory);
    appendFileSync(join(root, 'a'), 'more');
    appendFileSync(join(root, 'b'), 'more');
    await over.promise;
    expect(told).toEqual([`${a} gone `, `${b} write `]);
  });

  test('refuses what it cannot promise', async () => {
    const reactor = bench.reactor();
    const watch = reactor.watchFiles({});
    const proc = await reactor.openDirectory('/proc');
    await expect(watch.add(proc)).rejects.toMatchObject({ code: 'EOPNOTSUPP' });
    const root = planted();
    const directory = await reactor.openDirectory(root);
    await directory.close();
    await expect(watch.add(directory)).rejects.toMatchObject({ code: 'EBADF' });
    await expect(watch.add('a' as never)).rejects.toThrow(/File or a Directory/);
    expect(() => watch.remove(0.5)).toThrow(/whole number/);
    expect(() => reactor.watchFiles({ change: 1 } as never)).toThrow(/handlers.change/);
    watch.close();
    await expect(watch.add(proc)).rejects.toMatchObject({ code: 'ERR_CALANDRIA_CLOSED' });
    rmSync(root, { recursive: true });
  });
});
