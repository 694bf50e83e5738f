// A file on a reactor whose every turn is looked at: what was announced, what was collected, and
// how many operations the host had at once.
import { writeFileSync } from 'node:fs';
import * as layout from '../../assembly/layout';
import { type ReactorMemory, word } from '../../src/core/memory';
import { createReactor, type File, type Limits, type Reactor } from '../../src/index';
import { pattern } from './conformance';
import { writeToDisk } from './folder';
import { tap } from './tap';

export interface Seen {
  announced: number;
  collected: number;
  mostFlying: number;
}

export interface Watched {
  readonly file: File;
  readonly reactor: Reactor;
  readonly path: string;
  readonly bytes: Buffer;
  readonly seen: Seen;
}

export interface WatchedOptions {
  readonly flags?: string;
  readonly direct?: boolean;
  readonly limits?: Partial<Limits>;
}

const reactors: Reactor[] = [];

afterEach(async () => {
  await Promise.all(reactors.splice(0).map((reactor) => reactor.close()));
});

/** Records in a run of completions. */
function countRecords(memory: ReactorMemory, from: number, length: number): number {
  let records = 0;
  for (let at = from; at < from + length; records++) {
    const brings = word(memory, at + layout.COMPLETION_ADDRESS) !== 0;
    const bytes = brings ? word(memory, at + layout.COMPLETION_RESULT) : 0;
    at += layout.COMPLETION_SIZE + ((bytes + 7) & ~7);
  }
  return records;
}

function look(memory: ReactorMemory, seen: Seen): void {
  seen.mostFlying = Math.max(seen.mostFlying, word(memory, layout.OPERATIONS_FLYING));
  let entry = word(memory, layout.SUBMISSIONS_BASE);
  for (let left = word(memory, layout.SUBMISSION_DONE); left > 0; left--) {
    const result = word(memory, entry + layout.SUBMISSION_RESULT);
    const operation = memory.bytes[entry + layout.SUBMISSION_OPERATION];
    if (operation === layout.OPERATION_ANNOUNCED) seen.announced += Math.max(0, result);
    if (operation === layout.OPERATION_COLLECT && result > 0) {
      const at = word(memory, entry + layout.SUBMISSION_EXTRA);
      seen.collected += countRecords(memory, at, result);
    }
    entry += layout.SUBMISSION_SIZE;
  }
}

/** Opens `bytes`, written to `path`. */
export async function watched(
  path: string,
  size: number,
  { flags = 'r', direct = false, limits = {} }: WatchedOptions = {},
): Promise<Watched> {
  const bytes = pattern(size);
  if (direct) writeToDisk(path, bytes);
  else writeFileSync(path, bytes);
  const tapped = tap();
  const seen: Seen = { announced: 0, collected: 0, mostFlying: 0 };
  tapped.beforeIngest = (memory) => look(memory, seen);
  const reactor = createReactor({ host: tapped.host, limits });
  reactors.push(reactor);
  const file = await reactor.openFile(path, flags, 0o600, { direct });
  return { file, reactor, path, bytes, seen };
}
