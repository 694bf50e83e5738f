// The inside of a worker: does one job after another, and posts each outcome to the loop itself.
import { parentPort } from 'node:worker_threads';
import { Outbox } from '../inbox/outbox';
import { encodeOutcome, type Outcome } from './carried';
import { postsOf } from './messages';
import type { Place } from './outside';
import type { Work } from './work';

export interface Order {
  readonly place: Place;
  readonly work: Work;
  readonly data: unknown;
}

type Doing = (data: unknown) => unknown;

/** Functions of which the text was seen before. */
const compiled = new Map<string, Doing>();
const COMPILED_MAX = 100;

function compile(source: string): Doing {
  let doing = compiled.get(source);
  if (!doing) {
    // Not node:vm, whose scripts have no import() without a warning.
    doing = new Function(`return ${source}\n//# sourceURL=offloaded`)() as Doing;
    if (compiled.size >= COMPILED_MAX) compiled.clear();
    compiled.set(source, doing);
  }
  return doing;
}

async function find(work: Work): Promise<Doing> {
  if ('source' in work) return compile(work.source);
  const exports: Record<string, unknown> = await import(work.module);
  const found = exports[work.export];
  if (typeof found === 'function') return found as Doing;
  throw new TypeError(`${work.module} exports no function ${JSON.stringify(work.export)}.`);
}

async function carryOut({ place, work, data }: Order): Promise<void> {
  let outcome: Outcome;
  try {
    outcome = { failed: false, value: await (await find(work))(data) };
  } catch (error) {
    outcome = { failed: true, error };
  }
  const outbox = new Outbox(place.port);
  try {
    outbox.postAll(postsOf(place.job, encodeOutcome(place.name, outcome)));
  } catch (error) {
    // The reactor was closed meanwhile: nobody wants it any more.
    if (!outbox.closed) throw error;
  }
}

parentPort?.on('message', (order: Order) => void carryOut(order));
