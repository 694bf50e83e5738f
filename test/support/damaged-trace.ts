// A short recorded run that uses every kind of call, and what the two replays say of a damaged one.
import { readFileSync } from 'node:fs';
import {
  type CalandriaError,
  openTrace,
  type Program,
  replayCore,
  replayProgram,
} from '../../src/index';
import { BLOCK_HEAD } from '../../src/trace/format';
import { dial } from './peer';
import { recordRun, SMALL } from './recording';
import { Seeded } from './seeded';
import { asFile, type BlockPlace } from './tamper';

export const SEED = Number(process.env.CALANDRIA_SEED ?? 20);
export const ECHOED = 'an echoed message';

/** Uses every kind of call, and echoes. */
export const program: Program = (reactor) =>
  reactor.listen(
    { port: 0 },
    {
      open(connection) {
        connection.setNoDelay(true);
        connection.write(`welcome ${reactor.random()}`);
        reactor.setTimer(3_600_000, () => {}).cancel();
        connection.sample();
      },
      data(connection, bytes) {
        if (!connection.write(bytes)) connection.read(0);
        connection.read(100_000);
      },
      end: (connection) => connection.end('bye'),
      close: () => {},
    },
  );

async function drive(port: number): Promise<void> {
  const peer = await dial(port);
  await peer.write(ECHOED);
  await peer.receive(ECHOED.length + 20);
  peer.end();
  await peer.ended;
}

/** The bytes of the recorded run. */
export async function recordWhole(): Promise<Buffer> {
  const options = { reactor: { limits: SMALL } };
  return readFileSync(await recordRun(program as never, ({ port }) => drive(port), options));
}

export type Outcome = 'identical' | 'diverged' | 'ends early' | 'refused' | 'error';

export function core(damaged: string): Outcome {
  try {
    return replayCore(openTrace(damaged)).verdict;
  } catch (error) {
    return known(error);
  }
}

export async function app(damaged: string): Promise<Outcome> {
  try {
    return (await replayProgram(openTrace(damaged), program, { patience: 5 })).verdict;
  } catch (error) {
    return known(error);
  }
}

/** Anything but a trace's own error is a crash. */
function known(error: unknown): Outcome {
  if ((error as CalandriaError).code === 'ERR_CALANDRIA_TRACE') return 'error';
  throw error;
}

/** What both say of these bytes, in the file `scratch`. */
export async function both(
  bytes: Buffer,
  scratch: string,
): Promise<{ core: Outcome; app: Outcome }> {
  const damaged = asFile(bytes, scratch);
  return { core: core(damaged), app: await app(damaged) };
}

/** Where the bytes of a block's body are. */
export function bodyOf({ at, length }: BlockPlace): number[] {
  return Array.from({ length }, (_, place) => at + BLOCK_HEAD + place);
}

export function random(): Seeded {
  return new Seeded(SEED);
}
