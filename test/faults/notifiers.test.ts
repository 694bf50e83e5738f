// What a host waits on is closed by somebody else, and another file has its number at once: that is
// noticed, and the other file is left alone.
import { join } from 'node:path';
import { scratchFolder } from '../cli/run';
import { testWith } from '../support/commands';
import { runnable } from '../support/conformance';
import { dial } from '../support/peer';
import { start } from '../support/program';
import '../support/tidy-up';

const scratch = scratchFolder();
const LOST = 'ERR_CALANDRIA_HOST';

interface Ended {
  readonly uncaught: { readonly code: string; readonly message: string };
  readonly closed: boolean;
  readonly file?: string;
  readonly length?: number;
}

interface Loss {
  readonly host: string;
  readonly kind: string;
  readonly place: number;
}

const pathOf = ({ host, kind, place }: Loss): string => join(scratch, `${host}-${kind}-${place}`);

interface Circumstances {
  /** A file that was read before. */
  readonly file?: string;
  /** Nobody calls from outside. */
  readonly silent?: boolean;
  /** Milliseconds: the reactor sleeps until then. */
  readonly deadline?: number;
  /** Milliseconds: what is called for from outside. */
  readonly timer?: number;
}

/** What comes of it, when somebody who was served waits. */
async function lose(loss: Loss, circumstances: Circumstances = {}): Promise<Ended> {
  const { host, kind, place } = loss;
  const program = start('faults/programs/any-host.mjs', { parameters: host.split('-') });
  const { port } = await program.next<{ port: number }>();
  const peer = await dial(port);
  await peer.write('x');
  await peer.arrived(1);
  const { deadline, file, ...others } = circumstances;
  for (const before of [deadline && { deadline }, file && { file }]) {
    if (!before) continue;
    program.send(before);
    await program.next();
  }
  program.send({ close: kind, place, path: pathOf(loss), ...others });
  const ended = await program.next<Ended>();
  await peer.ended;
  await program.kill();
  return ended;
}

const here = (losses: readonly Loss[]): Loss[] =>
  losses.filter(({ host }) => runnable.some(({ name }) => name === host.split('-')[0]));

const WAITERS: Loss[] = ['poll', 'select'].flatMap((host) => [
  { host, kind: 'eventfd', place: 0 },
  { host, kind: 'pipe', place: 0 },
  { host, kind: 'pipe', place: 1 },
]);

const OTHERS: Loss[] = [
  { host: 'epoll', kind: 'eventpoll', place: 0 },
  { host: 'rtsig', kind: 'eventpoll', place: 0 },
  { host: 'uring', kind: 'eventpoll', place: 0 },
  { host: 'uring', kind: 'eventfd', place: 0 },
];

const waits = testWith(here(WAITERS).length > 0, 'poll or select');

waits('a bell whose number another file has ends poll and select, and is not rung', () =>
  Promise.all(
    here(WAITERS).map(async (loss) => {
      const { uncaught, closed, ...other } = await lose(loss);
      const { code } = uncaught;
      expect({ ...loss, code, closed }).toEqual({ ...loss, code: LOST, closed: true });
      expect(uncaught.message).toMatch(/^Host \w+ cannot wait for events any more \(EBADF\)/);
      expect({ ...loss, ...other }).toEqual({ ...loss, file: pathOf(loss), length: 0 });
    }),
  ).then(() => {}),
);

waits('the thread that waits hears of a bell that is lost, and nobody has to call', async () => {
  const [loss = WAITERS[0]] = here(WAITERS).filter(({ kind, place }) => kind === 'pipe' && place);
  const { uncaught, closed } = await lose(loss as Loss, { silent: true });
  expect({ code: uncaught.code, closed }).toEqual({ code: LOST, closed: true });
});

/** The timer for deadlines, of each host that has one; several notifiers share it. */
const TIMERS: Loss[] = ['epoll', 'epoll-level', 'epoll-edge-2', 'rtsig'].map((host) => ({
  host,
  kind: 'timerfd',
  place: 0,
}));

const times = testWith(here(TIMERS).length > 0, 'a host with a timerfd');

times(
  'deadlines that nobody would keep any more end the reactor, and are not lost in silence',
  () =>
    Promise.all(
      // A new deadline is refused; and so is the old one, when it is all that is left. What is due
      // by then would need no timer.
      here(TIMERS).flatMap((loss) =>
        [{ timer: 60_000 }, { deadline: 60_000, timer: 120_000 }].map(async (circumstances) => {
          const { uncaught, closed } = await lose(loss, circumstances);
          const { code, message } = uncaught;
          const expected = { code: LOST, closed: true };
          expect({ ...loss, ...circumstances, code, closed }).toEqual({
            ...loss,
            ...circumstances,
            ...expected,
          });
          expect(message).toMatch(/^Host \w+ cannot wait for events any more \((EBADF|EINVAL)\)/);
        }),
      ),
    ).then(() => {}),
);

const ANNOUNCERS: Loss[] = ['epoll', 'poll', 'select', 'rtsig'].map((host) => ({
  host,
  kind: 'announcer',
  place: 0,
}));

testWith(here(ANNOUNCERS).length > 0, 'a host with a pool of threads')(
  'what announces that files were read ends the reactor by name, and is not written to',
  () =>
    Promise.all(
      here(ANNOUNCERS).map(async (loss) => {
        const { uncaught, closed, ...other } = await lose(loss, { file: __filename });
        const { code } = uncaught;
        expect({ ...loss, code, closed }).toEqual({ ...loss, code: LOST, closed: true });
        expect({ ...loss, ...other }).toEqual({ ...loss, file: pathOf(loss), length: 0 });
      }),
    ).then(() => {}),
);

test('what wakes another host ends it by name, when another file has the number', () =>
  Promise.all(
    here(OTHERS).map(async (loss) => {
      const { uncaught, closed } = await lose(loss);
      const { code, message } = uncaught;
      expect({ ...loss, code, closed }).toEqual({ ...loss, code: LOST, closed: true });
      expect(message).toMatch(/^Host \w+ cannot wait for events any more \((EBADF|EINVAL)\)/);
    }),
  ).then(() => {}));
