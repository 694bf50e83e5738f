// System calls that fail, on each host: interrupted everywhere, registrations refused, the notifier
// closed by somebody else, a fork. What comes of it has a name, nothing is lost, nothing spins.
import type { Counters } from '../../src';
import { testWith } from '../support/commands';
import { runnable } from '../support/conformance';
import { converse } from '../support/echoes';
import {
  type Fault,
  type Injected,
  injectionMissing,
  refusesRequests,
  startInjected,
} from '../support/injected';
import { dial } from '../support/peer';
import '../support/tidy-up';

type Report = Counters & { readonly errors: readonly string[] };

function begin(host: string, faults: readonly Fault[]): Injected {
  return startInjected('faults/programs/any-host.mjs', host.split('-'), faults);
}

const injects = testWith(injectionMissing === '', injectionMissing);

/** On all hosts that can run here at once: each case begins with its host's name. */
async function onEach<Case extends readonly [host: string, ...unknown[]]>(
  cases: readonly Case[],
  body: (...parts: Case) => Promise<void>,
): Promise<void> {
  const here = cases.filter(([host]) => runnable.some(({ name }) => name === host.split('-')[0]));
  expect(here).not.toEqual([]);
  await Promise.all(
    here.map((each) =>
      body(...each).catch((cause) => {
        throw new Error(`${each.join(' ')}: ${cause.message}`, { cause });
      }),
    ),
  );
}

/** Nothing happens: nothing may be done. */
async function quiet({ program }: Injected): Promise<void> {
  program.send({ measure: true });
  const { turns, waits } = await program.next<Record<string, number>>();
  expect(turns).toBeLessThan(20);
  expect(waits).toBeLessThan(20);
}

async function report({ program }: Injected): Promise<Report> {
  program.send({});
  return program.next<Report>();
}

const MESSAGE = ['accept4', 'recvfrom', 'sendto'];

/** Which calls each host makes that a signal may interrupt. */
const INTERRUPTED: [host: string, calls: string[]][] = [
  ['epoll', [...MESSAGE, 'epoll_pwait']],
  ['epoll-level', [...MESSAGE, 'epoll_pwait']],
  ['epoll-oneshot', [...MESSAGE, 'epoll_pwait']],
  ['poll', [...MESSAGE, 'ppoll', 'read', 'write']],
  ['select', [...MESSAGE, 'select', 'read', 'write']],
  ['rtsig', [...MESSAGE, 'epoll_pwait', 'ppoll', 'read']],
  ['uring', ['io_uring_enter']],
];

injects('R3.12: every other call is interrupted, and nothing is lost', () =>
  onEach(INTERRUPTED, async (host, calls) => {
    const faults = calls.map((call) => ({ call, error: 'EINTR', first: 2, every: 2 }) as const);
    const injected = begin(host, faults);
    const { port } = await injected.program.next<{ port: number }>();
    await converse(port, 4, 5);
    await quiet(injected);
    expect(await report(injected)).toMatchObject({ bytesIn: 200, bytesOut: 200, errors: [] });
    expect(Object.keys(injected.met()).sort()).toEqual([...calls].sort());
  }),
);

/**
 * What each host registers a descriptor by, and where it learns of a refusal. The first ones are
 * its own, and the listener's.
 */
const REGISTERED: [host: string, call: string, first: number, where: string][] = [
  ['epoll', 'epoll_ctl', 4, 'accept'],
  ['epoll-level', 'epoll_ctl', 4, 'accept'],
  ['epoll-oneshot', 'epoll_ctl', 5, 'accept'],
  ['rtsig', 'F_SETSIG', 2, 'accept'],
  ['rtsig', 'F_SETOWN_EX', 2, 'accept'],
];
if (refusesRequests) REGISTERED.push(['uring', 'IORING_OP_RECV', 2, 'read']);

for (const error of ['ENOMEM', 'ENOSPC', 'EPERM'] as const) {
  injects(`R0.18: a registration refused with ${error} is reported by name`, () =>
    onEach(REGISTERED, async (host, call, first, where) => {
      const injected = begin(host, [{ call, error, first, every: 0 }]);
      const { port } = await injected.program.next<{ port: number }>();
      const early = await Promise.all([dial(port), dial(port), dial(port)]);
      for (const peer of early) void peer.write('x');
      await Promise.all(early.map((peer) => Promise.race([peer.arrived(1), peer.ended])));
      await converse(port, 2, 5);
      await quiet(injected);
      expect(injected.met()).toEqual({ [call]: 1 });
      expect((await report(injected)).errors).toEqual([`${error} ${where}`]);
      // The one that was to be registered is closed; the others have noticed nothing.
      expect(early.filter((peer) => peer.receivedLength === 1)).toHaveLength(2);
    }),
  );
}

/** What each host waits on, in the order in which it was opened. */
const NOTIFIERS: [host: string, kind: string, place: number][] = [
  ['epoll', 'eventpoll', 0],
  ['epoll-level', 'eventpoll', 0],
  // The one that the loop watches, and each of those behind it.
  ...[0, 1, 2].map((place): [string, string, number] => ['epoll-edge-2', 'eventpoll', place]),
  // What wakes the loop, and what wakes the thread that waits in its place.
  ...['poll', 'select'].flatMap((host): [string, string, number][] => [
    [host, 'eventfd', 0],
    [host, 'pipe', 0],
    [host, 'pipe', 1],
  ]),
  ['rtsig', 'eventpoll', 0],
  ['uring', 'io_uring', 0],
  ['uring', 'eventpoll', 0],
  ['uring', 'eventfd', 0],
];

injects('a notifier that somebody else has closed is reported by name, and ends the reactor', () =>
  onEach(NOTIFIERS, async (host, kind, place) => {
    const injected = begin(host, []);
    const { port } = await injected.program.next<{ port: number }>();
    const peer = await dial(port);
    await peer.write('x');
    await peer.arrived(1);
    injected.program.send({ close: kind, place });
    const { uncaught, closed } = await injected.program.next<{
      uncaught: { code: string; message: string };
      closed: boolean;
    }>();
    expect(uncaught).toMatchObject({ code: 'ERR_CALANDRIA_HOST' });
    expect(uncaught.message).toMatch(/^Host \w+ cannot wait for events any more \(EBADF\)/);
    expect(closed).toBe(true);
    // Who was served hears of it.
    await peer.ended;
    await quiet(injected);
  }),
);

/** What each host calls when it has accepted somebody. */
const FORKED: [host: string, call: string][] = [
  ...['epoll', 'epoll-level', 'epoll-oneshot', 'poll', 'select', 'rtsig'].map(
    (host): [string, string] => [host, 'accept4'],
  ),
  ['uring', 'io_uring_enter'],
];

injects('a forked child that has all descriptors takes nothing away and wakes nobody', () =>
  onEach(FORKED, async (host, call) => {
    const injected = begin(host, [{ call, error: 'fork', first: 2, every: 0 }]);
    const { port } = await injected.program.next<{ port: number }>();
    const first = await dial(port);
    await first.write('x');
    await first.arrived(1);
    const later = await dial(port);
    await later.write('y');
    await later.arrived(1);
    // Closed here, it is still open in the child, and so is what it was registered with.
    first.reset();
    await converse(port, 2, 5);
    await quiet(injected);
    const { bytesIn, bytesOut, errors } = await report(injected);
    expect({ bytesIn, bytesOut }).toEqual({ bytesIn: 102, bytesOut: 102 });
    expect(errors).toEqual(['ECONNRESET read']);
    expect(injected.met()).toEqual({ [call]: 1 });
  }),
);
