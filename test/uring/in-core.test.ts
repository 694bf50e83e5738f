// Rings in the core's memory: it reads completions where the kernel wrote them. What comes of them
// is the same as with rings of the kernel's, and so is what a recording of them replays.
import * as layout from '../../assembly/layout';
import { CalandriaError, createReactor, uring } from '../../src';
import { word } from '../../src/core/memory';
import { testWith, traces } from '../support/commands';
import { pattern } from '../support/conformance';
import { CoreHarness } from '../support/core-harness';
import { dial } from '../support/peer';
import { start } from '../support/program';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';
import { ringMissing } from '../support/ring';
import { tap } from '../support/tap';
import { TRAFFIC } from '../support/traffic';
import '../support/tidy-up';

jest.setTimeout(60_000);

/** Why they cannot lie there; empty where they can. */
function refusal(): string {
  if (ringMissing !== '') return ringMissing;
  const host = uring({ rings: 'core' });
  void createReactor({ host }).close();
  return host.ringsIn().reason;
}

const missing = refusal();
const inCore = testWith(missing === '', `rings in the core's memory (${missing})`);
const traced = testWith(ringMissing === '' && traces, 'io_uring, or strace that may trace');

test('whose memory it is, is checked', () => {
  expect(() => uring({ rings: 'mine' as 'core' })).toThrow(CalandriaError);
  expect(() => uring({ rings: null as unknown as 'core' })).toThrow(/^rings is 'kernel' or 'core'/);
});

test('where they lie is not said before a reactor has opened the host', () => {
  for (const rings of ['kernel', 'core'] as const) {
    expect(() => uring({ rings }).ringsIn()).toThrow(
      expect.objectContaining({
        code: 'ERR_CALANDRIA_CLOSED',
        message: 'Host uring is not open yet: ringsIn() answers once a reactor has it.',
      }),
    );
  }
});

inCore('the events are where the kernel wrote them, round and round', async () => {
  const host = uring({ rings: 'core', entries: 8 });
  const tapped = tap(host);
  const reactor = createReactor({ host: tapped.host });
  const listener = reactor.listen(
    { port: 0 },
    { data: (connection, bytes) => void connection.write(bytes) },
  );
  const { port } = await listener.ready();
  expect(host.ringsIn()).toEqual({ memory: 'core', reason: '' });
  const vector = new Set<number>();
  let places = 0;
  tapped.beforeIngest = (memory) => {
    const at = word(memory, layout.EVENTS_BASE);
    for (const byte of memory.bytes.subarray(at, at + 1024)) vector.add(byte);
    places = Math.max(places, word(memory, layout.EVENT_FIRST));
  };
  const sent = pattern(20_000, 1);
  const talk = async (): Promise<void> => {
    const peer = await dial(port);
    for (let part = 0; part < 10; part++) {
      await peer.write(sent.subarray(part * 2000, (part + 1) * 2000));
      await peer.arrived((part + 1) * 2000);
    }
    expect(peer.received.equals(sent)).toBe(true);
    peer.end();
    await peer.ended;
  };
  await Promise.all(Array.from({ length: 40 }, talk));
  await reactor.close();
  // Nothing was copied into the vector, and the ring of 64 was gone round several times.
  expect([...vector]).toEqual([0]);
  expect(places).toBeGreaterThan(5 * 64);
});

for (const shape of [
  'small messages',
  'a slow reader, with back-pressure',
  'many connections and churn',
]) {
  inCore(`${shape}: a recording of them replays the same`, async () => {
    const { program, client } = TRAFFIC[shape] as (typeof TRAFFIC)[string];
    const host = uring({ rings: 'core', entries: 8 });
    const file = await recordRun(program, client, { host });
    expect(host.ringsIn().memory).toBe('core');
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });
}

describe('where the kernel refuses, they are in its memory, and the reason is told', () => {
  async function served(through: readonly string[]): Promise<unknown> {
    const program = start('uring/programs/echo.mjs', {
      through: ['env', 'RINGS=core', ...through],
    });
    const { port, ringsIn } = await program.next<{ port: number; ringsIn: unknown }>();
    const peer = await dial(port);
    await peer.write('hello');
    await peer.arrived(5);
    return ringsIn;
  }

  const reason = (error: RegExp): unknown => ({
    memory: 'kernel',
    reason: expect.stringMatching(error),
  });

  testWith(ringMissing === '', 'io_uring')('switched off by CALANDRIA_WITHOUT', async () => {
    const told = await served(['CALANDRIA_WITHOUT=io_uring_no_mmap']);
    expect(told).toEqual(reason(/^the kernel refused the core's memory \(EOPNOTSUPP/));
  });

  traced('a kernel that does not know it', async () => {
    // The second ring is the reactor's; the first one finds out whether there are any.
    const inject = ['-e', 'inject=io_uring_setup:error=EINVAL:when=2'];
    const strace = ['strace', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=io_uring_setup'];
    const told = await served([...strace, ...inject]);
    expect(told).toEqual(reason(/^the kernel refused the core's memory \(EINVAL/));
  });
});

test('a ring that does not lie in its room stops the core', () => {
  for (const [ring, mask] of [
    [layout.CONTROL, 7],
    [-16, 7],
    [1 << 20, -1],
  ] as const) {
    const harness = new CoreHarness({ format: 'ring' });
    harness.view.setInt32(layout.EVENT_RING, ring, true);
    harness.view.setInt32(layout.EVENT_RING_MASK, mask, true);
    const owner = harness.connection();
    const completed = { kind: layout.RING_READINESS, result: 1 };
    expect(() => harness.step({ events: [{ ...owner, ready: 0, completed }] })).toThrow(
      'a ring outside of its room',
    );
  }
});
