// Room for a record: the shim makes sure of it itself, whatever memory says that it needs.
import * as layout from '../../assembly/layout';
import { createReactor, epoll } from '../../src';
import type { ReactorMemory } from '../../src/core/memory';
import { promised } from '../support/conformance';

const MARK = 0xee;

/** The first RECEIVE that is queued is told that no room is needed, where there is none. */
function takeRoom({ words, bytes }: ReactorMemory): number | undefined {
  const base = words[layout.SUBMISSIONS_BASE >> 2] as number;
  const end = base + (words[layout.SUBMISSION_COUNT >> 2] as number) * layout.SUBMISSION_SIZE;
  for (let at = base; at < end; at += layout.SUBMISSION_SIZE) {
    if (bytes[at + layout.SUBMISSION_OPERATION] !== layout.OPERATION_RECEIVE) continue;
    const limit = words[layout.READ_LIMIT >> 2] as number;
    words[(at + layout.SUBMISSION_ARGUMENT) >> 2] = 0;
    words[layout.READ_CURSOR >> 2] = limit;
    words[layout.SPARE_COUNT >> 2] = 0;
    bytes.fill(MARK, limit, limit + 64);
    return limit;
  }
  return undefined;
}

test('no record of a signal is written behind the room', async () => {
  const host = epoll();
  const behind = promised<number[]>();
  let armed = false;
  let limit: number | undefined;
  const reactor = createReactor({
    host: {
      ...host,
      open(seam) {
        host.open({
          ...seam,
          ingest() {
            if (limit !== undefined) {
              behind.resolve([...seam.memory.bytes.subarray(limit, limit + 64)]);
              limit = undefined;
            }
            seam.ingest();
          },
          end() {
            seam.end();
            if (!armed) return;
            limit = takeRoom(seam.memory);
            armed = limit === undefined;
          },
        });
      },
    },
  });
  await reactor.watchSignal('SIGUSR2', {}).ready();
  armed = true;
  process.kill(process.pid, 'SIGUSR2');
  expect(new Set(await behind.promise)).toEqual(new Set([MARK]));
  await reactor.close();
});
