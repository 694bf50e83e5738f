// What a program can know on each host without reading: the same scenes are played on each, and
// what the record then says is a column of the table in docs/hosts.md.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import type { Connection, Exactness, Reactor } from '../../src';
import type { Client } from './client';
import { type Bench, promised } from './conformance';
import { openPipe } from './pipes';

/** As long as it takes for whatever may still be told: some turns in which nothing else happens. */
async function turnsPass(reactor: Reactor): Promise<void> {
  for (let turns = 0; turns < 5; turns++) {
    await new Promise<void>((resolve) => reactor.setTimer(2, () => resolve()));
  }
}

/** Until the host has told what it tells of this; what it does not tell is waited for in vain. */
async function told(reactor: Reactor, condition: () => boolean): Promise<void> {
  for (let looks = 0; looks < 10 && !condition(); looks++) await turnsPass(reactor);
  await turnsPass(reactor);
}

/** `5`, `≥ 1` or `?`. */
function shown(value: number, exactness: Exactness): string {
  if (exactness === 'unknown' || value < 0) return '?';
  return exactness === 'exact' ? String(value) : `≥ ${value}`;
}

interface Unread {
  readonly reactor: Reactor;
  readonly connection: Connection;
  readonly client: Client;
  readonly available: () => string;
}

/** A connection that nobody reads, with five bytes of which the host has told. */
async function unread(bench: Bench, path?: string): Promise<Unread> {
  const opened = promised<Connection>();
  const { reactor, place } = await bench.serve(
    {
      open(connection) {
        connection.read(0);
        opened.resolve(connection);
      },
      // Who is not read may still hear of a reset.
      error: () => {},
    },
    {},
    path === undefined ? { port: 0 } : { path },
  );
  const client = bench.dial(place);
  const connection = await opened.promise;
  const { rx } = connection;
  await client.write('12345');
  await told(reactor, () => rx.available !== 0);
  return { reactor, connection, client, available: () => shown(rx.available, rx.exactness) };
}

async function sampled(reactor: Reactor, subject: { sample(): void }): Promise<void> {
  subject.sample();
  await turnsPass(reactor);
}

async function streamSides(bench: Bench, path?: string): Promise<string[]> {
  const { reactor, connection, client, available } = await unread(bench, path);
  const cells = [available()];
  await sampled(reactor, connection);
  cells.push(available());
  await client.write('678');
  await turnsPass(reactor);
  cells.push(available());
  await sampled(reactor, connection);
  cells.push(available());
  const { tx } = connection;
  return [...cells, tx.space > 0 ? tx.exactness : 'unknown'];
}

async function ended(bench: Bench): Promise<string> {
  const { reactor, connection, client } = await unread(bench);
  client.end();
  await told(reactor, () => connection.rx.eof);
  return connection.rx.eof ? 'yes' : 'when read';
}

async function reset(bench: Bench): Promise<string> {
  const { reactor, connection, client } = await unread(bench);
  const { rx } = connection;
  client.socket.resetAndDestroy();
  await told(reactor, () => rx.error !== 0 || rx.eof);
  return rx.error !== 0 || rx.eof ? 'yes' : 'when read';
}

async function backlog(bench: Bench): Promise<string[]> {
  const { reactor, listener, place } = await bench.serve({
    listening: (heard) => heard.accept(0),
  });
  const clients = [bench.dial(place), bench.dial(place), bench.dial(place)];
  await Promise.all(clients.map(({ socket }) => once(socket, 'connect')));
  await told(reactor, () => listener.backlog !== 0);
  const { rx } = listener;
  const cells = [shown(rx.available, rx.exactness)];
  await sampled(reactor, listener);
  return [...cells, shown(rx.available, rx.exactness)];
}

async function pipe(bench: Bench): Promise<string[]> {
  const reactor = bench.reactor();
  const { reader, writer } = openPipe();
  const opened = promised<Connection>();
  reactor.adopt(
    reader,
    {},
    {
      open(connection) {
        connection.read(0);
        opened.resolve(connection);
      },
    },
  );
  const connection = await opened.promise;
  writeSync(writer, '12345');
  const { rx } = connection;
  await told(reactor, () => rx.available !== 0);
  const cells = [shown(rx.available, rx.exactness)];
  await sampled(reactor, connection);
  return [...cells, shown(rx.available, rx.exactness)];
}

/** What each line of the table is about, in the order of `column`. */
export const LINES = [
  'a connection, five bytes have come: `rx.available`',
  '… after `sample()`',
  '… three more have come',
  '… after another `sample()`',
  '… `tx.space` after it',
  'a connection to a path (Unix-domain), the same: five',
  '… after `sample()`',
  '… three more',
  '… after another `sample()`',
  '… `tx.space` after it',
  'the peer has ended behind unread bytes: known before they are read',
  'the peer has reset behind unread bytes: known before they are read',
  'a listener at which three wait: `backlog`',
  '… after `sample()`',
  'a pipe with five bytes: `rx.available`',
  '… after `sample()`',
] as const;

/** What this host lets a program know: a cell for each of LINES. */
export async function column(bench: Bench): Promise<string[]> {
  const scenes = [
    () => streamSides(bench),
    () => streamSides(bench, bench.path()),
    () => ended(bench),
    () => reset(bench),
    () => backlog(bench),
    () => pipe(bench),
  ];
  const cells: string[] = [];
  for (const scene of scenes) {
    cells.push(...[await scene()].flat());
    await bench.clear();
  }
  return cells;
}

const BEGIN = '<!-- guarantees: written by `npm run test:hosts` -->\n';
const END = '<!-- end of guarantees -->';

/** The columns of the table on a page, by host. */
export function columnsOn(page: string): Map<string, string[]> {
  const from = page.indexOf(BEGIN) + BEGIN.length;
  const rows = page
    .slice(from, page.indexOf(END))
    .trim()
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()));
  const [head = [], , ...lines] = rows;
  const names = head.slice(2, -1).map((name) => name.replaceAll('`', ''));
  return new Map(names.map((name, place) => [name, lines.map((cells) => cells[place + 2] ?? '')]));
}

/** The page with this table in place of its own. */
export function withColumns(page: string, columns: ReadonlyMap<string, readonly string[]>): string {
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const names = [...columns.keys()];
  const lines = [
    row(['What waits, and nobody reads', ...names.map((name) => `\`${name}\``)]),
    `|---|${'---|'.repeat(names.length)}`,
    ...LINES.map((line, place) =>
      row([line, ...names.map((name) => columns.get(name)?.[place] ?? '')]),
    ),
  ];
  const [before = ''] = page.split(BEGIN);
  return `${before}${BEGIN}${lines.join('\n')}\n${page.slice(page.indexOf(END))}`;
}
