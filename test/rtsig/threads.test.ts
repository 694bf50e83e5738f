// Whose signals they are: of the thread that the reactor runs in, and of the descriptor that sent
// them as long as it is the same.
import { closeSync, openSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, openTrace, replayCore, rtsig } from '../../src';
import { testWith, traces } from '../support/commands';
import { ECHO, runnable } from '../support/conformance';
import { dial, type Peer } from '../support/peer';
import { start } from '../support/program';
import { startRecording } from '../support/recording';
import { signalsOf } from '../support/signal-records';
import '../support/tidy-up';

const present = runnable.some(({ name }) => name === 'rtsig');
const here = testWith(present, 'signal-driven I/O');
const traced = testWith(present && traces, 'signal-driven I/O, or strace that may trace');

interface Masks {
  readonly main: { readonly before: string; readonly during: string };
  readonly worker: Record<'before' | 'during' | 'after', string> & { readonly thread: number };
}

traced(
  'R3.23 R3.11: a worker asks for its signals itself, and the main thread has none',
  async () => {
    const log = join(tmpdir(), `calandria-owner-${process.pid}.strace`);
    const program = start('rtsig/programs/in-worker.mjs', {
      through: ['strace', '-f', '-qq', '-o', log, '-e', 'trace=fcntl'],
    });
    const { main, worker } = await program.next<Masks & Record<string, unknown>>();
    expect(await program.ended).toMatchObject({ code: 0, signal: null });
    expect(worker.during).not.toBe(worker.before);
    expect(worker.after).toBe(worker.before);
    expect(main.during).toBe(main.before);
    const lines = readFileSync(log, 'utf8').split('\n');
    rmSync(log);
    const owners = lines.filter((line) => line.includes('F_SETOWN_EX'));
    // Of the listener and of the connection.
    expect(owners).toHaveLength(2);
    for (const line of owners) {
      expect(line).toMatch(new RegExp(`^${worker.thread} .*F_OWNER_TID, pid=${worker.thread}}`));
    }
  },
);

/** Opens what lies free below the highest descriptor: the next one given is a known one. */
function fillHoles(): number[] {
  const highest = Math.max(...readdirSync('/proc/self/fd').map(Number));
  const filled: number[] = [];
  for (;;) {
    const fd = openSync('/dev/null', 'r');
    filled.push(fd);
    if (fd > highest) return filled;
  }
}

const POLLIN = 1;
const POLLERR = 8;

/** What a connection's client does while the loop is held, and what of it is in the signal. */
const LAST_WORDS: [name: string, bits: number, say: (peer: Peer) => unknown][] = [
  ['more bytes', POLLIN, (peer) => peer.socket.write('stale')],
  ['a reset', POLLERR, (peer) => peer.reset()],
];

describe.each(LAST_WORDS)('a signal of %s', (_name, bits, say) => {
  here('R3.27 R0.19: after its descriptor was closed it does its next owner no harm', async () => {
    const { file, reactor, tap } = startRecording({ host: rtsig() });
    const { port } = await reactor.listen({ port: 0 }, ECHO).ready();
    const heard: string[] = [];
    let next: Connection | undefined;
    let turn = 0;
    let taken: number[] = [];
    const first = await dial(port);
    const listener = reactor.listen(
      { port: 0 },
      {
        data(connection) {
          // Held: what is signalled now is read after the descriptor was closed, and given again.
          say(second);
          taken = readdirSync('/proc/self/fd').map(Number);
          const filled = fillHoles();
          turn = reactor.turn;
          connection.destroy();
          next = reactor.connect(
            { port, address: '127.0.0.1' },
            {
              open: () => void heard.push('open'),
              data: (_, bytes) => void heard.push(String(Buffer.from(bytes))),
              error: (_, error) => void heard.push(`error ${(error as Error).message}`),
              end: () => void heard.push('end'),
            },
          );
          next.write('hello');
          setImmediate(() => {
            for (const fd of filled) closeSync(fd);
          });
        },
      },
    );
    const second = await dial((await listener.ready()).port);
    await second.write('x');
    await tap.when(() => heard.includes('hello'));
    next?.write(' again');
    await tap.when(() => heard.join('') === 'openhello again');
    first.destroy();
    const record = (next as Connection).record;
    await reactor.close();
    expect(heard).toEqual(['open', 'hello', ' again']);
    // The descriptor was open before its owner was made, and signals what that never had.
    const signals = signalsOf(file).filter((each) => each.turn > turn && each.record === record);
    const stale = signals.filter((each) => each.turn === signals[0]?.turn);
    for (const { fd } of stale) expect(taken).toContain(fd);
    expect(stale.some(({ band }) => band & bits)).toBe(true);
    expect(replayCore(openTrace(file)).verdict).toBe('identical');
  });
});
