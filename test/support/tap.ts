// A host around a host: tests wait for turns through it, and reach into the memory between them.
import type { ReactorMemory } from '../../src/core/memory';
import { chooseHost, epoll, type Host } from '../../src/index';

export interface Tap {
  readonly host: Host;
  memory(): ReactorMemory;
  /** Runs before the core takes in a vector. */
  beforeIngest?: (memory: ReactorMemory) => void;
  /** Resolves at the end of the first turn that finds the condition true, or now if it is. */
  when(condition: () => boolean): Promise<void>;
}

/** CALANDRIA_HOST puts the tests that do not name a host on another one. */
function usual(): Host {
  return process.env.CALANDRIA_HOST ? chooseHost() : epoll();
}

export function tap(host: Host = usual()): Tap {
  let memory: ReactorMemory | undefined;
  const waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const answer = (): void => {
    for (const entry of waiting.splice(0)) {
      // After the turn, in a callback of its own: the end of a turn drains no promises.
      if (entry.condition()) setImmediate(entry.resolve);
      else waiting.push(entry);
    }
  };
  const result: Tap = {
    host: {
      ...host,
      open(seam) {
        memory = seam.memory;
        host.open({
          ...seam,
          ingest() {
            result.beforeIngest?.(seam.memory);
            seam.ingest();
          },
          end() {
            seam.end();
            answer();
          },
        });
      },
    },
    memory() {
      if (!memory) throw new Error('The host is not open yet.');
      return memory;
    },
    when(condition) {
      if (condition()) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ condition, resolve }));
    },
  };
  return result;
}
