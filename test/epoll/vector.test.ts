// How many events one look takes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { epoll, type NativeOptions, type Reactor } from '../../src/index';
import { looksOf } from '../support/looks';
import { dial, type Peer } from '../support/peer';
import { type Recording, recordRun } from '../support/recording';
import '../support/tidy-up';

const PEERS = 64;
const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LIMIT = 48;
const VECTOR = { adaptive: { vector: 'adaptive' }, full: { vector: 'full' } } as const;
let names = 0;

/**
 * Events of each look at what PEERS peers said in one go, then the same after so many messages that
 * came one by one. A local socket has the bytes when the write returns.
 */
async function looksAt(vector: NativeOptions, lone: number): Promise<[number[], number[]]> {
  const path = join(folder, `${names++}`);
  let came = 0;
  const program = (reactor: Reactor) => {
    // Unanswered: whoever reads an answer makes room, which would be an event, too.
    const data = (_: unknown, bytes: Uint8Array): void => {
      came += bytes.length;
    };
    reactor.listen({ path }, { data });
    return reactor.listen({ port: 0 }, {});
  };
  const marks: number[] = [];
  const client = async ({ reactor, tap }: Recording): Promise<void> => {
    const peers: Peer[] = [];
    const speak = (speakers: readonly Peer[]): Promise<void> => {
      const expected = came + speakers.length;
      for (const { socket } of speakers) socket.write('x');
      return tap.when(() => came === expected);
    };
    const mark = (): void => void marks.push(reactor.counters.events);
    while (peers.length < PEERS) {
      const peer = await dial(path);
      peers.push(peer);
      await speak([peer]);
    }
    mark();
    await speak(peers);
    mark();
    for (let spoken = 0; spoken < lone; spoken++) await speak(peers.slice(0, 1));
    mark();
    await speak(peers);
    mark();
  };
  const limits = { events: LIMIT };
  const file = await recordRun(program, client, { host: epoll(vector), reactor: { limits } });
  const rounds: [number[], number[]] = [[], []];
  let seen = 0;
  for (const { events } of looksOf(file)) {
    const [before, first, then, second] = marks as [number, number, number, number];
    if (seen >= before && seen < first) rounds[0].push(events);
    if (seen >= then && seen < second) rounds[1].push(events);
    seen += events;
  }
  return rounds;
}

describe('the event vector', () => {
  test('R4.31: an adaptive one doubles when it came full, up to the limit of events', async () => {
    const [first, second] = await looksAt(VECTOR.adaptive, 0);
    expect(first).toEqual([8, 16, 32, 8]);
    // What it has learnt lasts.
    expect(second).toEqual([LIMIT, PEERS - LIMIT]);
  });

  test('R4.31: four looks in a row that fill less than a quarter halve it, down to 8', async () => {
    const roundAfter = async (lone: number) => (await looksAt(VECTOR.adaptive, lone))[1];
    // The first of the four is the last one above.
    expect(await roundAfter(2)).toEqual([LIMIT, PEERS - LIMIT]);
    expect(await roundAfter(3)).toEqual([24, 40]);
    expect(await roundAfter(3 + 4)).toEqual([12, 24, 28]);
    expect(await roundAfter(3 + 4 + 4)).toEqual([8, 16, 32, 8]);
    expect(await roundAfter(40)).toEqual([8, 16, 32, 8]);
  });

  test('R4.31: a full one takes what there is, whatever came before', async () => {
    for (const lone of [0, 40]) {
      expect(await looksAt(VECTOR.full, lone)).toEqual([
        [LIMIT, PEERS - LIMIT],
        [LIMIT, PEERS - LIMIT],
      ]);
    }
  });

  test('R4.31: an adaptive one is the default, and another is refused by name', async () => {
    expect(await looksAt({}, 40)).toEqual(await looksAt(VECTOR.adaptive, 40));
    expect(() => epoll({ vector: 'large' } as unknown as NativeOptions)).toThrow(
      expect.objectContaining({
        code: 'ERR_CALANDRIA_BAD_OPTION',
        message: "vector is 'adaptive' or 'full', not 'large'.",
      }),
    );
  });
});
