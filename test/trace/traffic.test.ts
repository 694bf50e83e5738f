// Real traffic over several hosts, recorded, and replayed in both ways.
import '../support/tidy-up';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Connection,
  epoll,
  type Listener,
  node,
  openTrace,
  type Reactor,
  replayCore,
  replayProgram,
  uring,
} from '../../src/index';
import { dial } from '../support/peer';
import { IDENTICAL, recordRun, replayBoth } from '../support/recording';
import { ringMissing } from '../support/ring';
import { listenUnix, TRAFFIC } from '../support/traffic';

const HOSTS = { epoll, node, ...(ringMissing === '' && { uring }) };

describe.each(Object.entries(HOSTS))('record on %s, replay', (name, host) => {
  for (const [shape, { program, client, native }] of Object.entries(TRAFFIC)) {
    if (native && name === 'node') continue;

    test(`${shape}: core and program are identical`, async () => {
      const file = await recordRun(program, client, { host: host() });
      expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    });
  }

  test('Unix sockets: core and program are identical', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'calandria-'));
    const path = join(folder, 'socket');
    const program = (reactor: Parameters<typeof listenUnix>[0]) => listenUnix(reactor, path);
    const client = async (): Promise<void> => {
      const peer = await dial(path);
      await peer.write('through a file');
      await peer.receive(14);
      peer.end();
      await peer.ended;
    };
    const file = await recordRun(program, client, { host: host() });
    rmSync(folder, { recursive: true });
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });

  test('a handler that throws: the replay throws the same, and is identical', async () => {
    const thrown: unknown[] = [];
    const program = (reactor: Parameters<typeof listenUnix>[0]) =>
      reactor.listen(
        { port: 0 },
        {
          data(connection, bytes) {
            connection.write('before');
            const text = Buffer.from(bytes).toString();
            if (text === 'throw') throw new Error('on purpose');
            if (text === 'reject') return Promise.reject(new Error('later'));
            return undefined;
          },
          close: (_: Connection) => {},
        },
      );
    const client = async ({ port }: { port: number }): Promise<void> => {
      for (const what of ['throw', 'reject', 'live']) {
        const peer = await dial(port);
        await peer.write(what);
        await (what === 'live' ? peer.receive(6) : peer.ended);
      }
    };
    const file = await recordRun(program, client, {
      host: { ...host(), thrown: (error) => void thrown.push(error) },
    });
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    const { errors } = await replayProgram(openTrace(file), program);
    expect(errors.map((error) => (error as Error).message)).toEqual(['on purpose', 'later']);
    expect(thrown.map((error) => (error as Error).message)).toEqual(['on purpose', 'later']);
  });
});

describe('record with payload digest', () => {
  test.each(['small messages', '64 KiB each way', 'a slow reader, with back-pressure'])(
    '%s: the core replay is identical, the program replay is refused with a reason',
    async (shape) => {
      const { program, client } = TRAFFIC[shape] as (typeof TRAFFIC)[string];
      const file = await recordRun(program, client, { payload: 'digest' });
      expect(replayCore(openTrace(file))).toMatchObject({ verdict: 'identical' });
      const refused = await replayProgram(openTrace(file), program);
      expect(refused).toMatchObject({ verdict: 'refused', turns: 0 });
      expect(refused.reason).toMatch(/digests in place of the bytes.*payload "full"/);
    },
  );
});

describe.each(Object.entries(HOSTS))('on %s, record with payload digest', (_name, host) => {
  test("policy 'auto' goes by the family of a peer, so that is in the trace", async () => {
    // More pieces than one send takes: in a network the next ones follow at once.
    const program = (reactor: Reactor): Listener =>
      reactor.listen(
        { port: 0, policy: 'auto' },
        {
          data(connection, bytes) {
            for (let piece = 0; piece < 60; piece++) {
              connection.write(bytes.subarray(0, 1));
              connection.write('-');
            }
          },
        },
      );
    const file = await recordRun(
      program,
      async ({ port }) => {
        const peer = await dial(port);
        await peer.write('x');
        await peer.receive(120);
      },
      { host: host(), payload: 'digest' },
    );
    expect(replayCore(openTrace(file))).toMatchObject({ verdict: 'identical' });
  });
});

describe('record with sampling "turn"', () => {
  test.each(['small messages', 'writeSome and the record', 'many connections and churn'])(
    '%s: core and program are identical',
    async (shape) => {
      const { program, client } = TRAFFIC[shape] as (typeof TRAFFIC)[string];
      const file = await recordRun(program, client, { reactor: { sampling: 'turn' } });
      expect(openTrace(file).header.sampling).toBe('turn');
      expect(await replayBoth(file, program)).toEqual(IDENTICAL);
    },
  );
});

describe('record with debug', () => {
  test('small messages: core and program are identical', async () => {
    const { program, client } = TRAFFIC['small messages'] as (typeof TRAFFIC)[string];
    const file = await recordRun(program, client, { reactor: { debug: true } });
    expect(openTrace(file).header.debug).toBe(true);
    expect(await replayBoth(file, program)).toEqual(IDENTICAL);
  });
});
