// Swarm options: each run draws its own mixture, so that rare things are common in some runs.
// (Groce et al., "Swarm Testing", 2012.)
import * as layout from '../../assembly/layout';
import type { Limits } from '../../src/core/limits';
import type { HarnessOptions } from './core-harness';
import type { Seeded } from './seeded';

export interface FuzzOptions {
  readonly limits: Partial<Limits>;
  readonly settings: number;
  readonly format: NonNullable<HarnessOptions['format']>;
  readonly turns: number;
  /** Probabilities. */
  readonly shortSend: number;
  readonly blockedSend: number;
  readonly failure: number;
  readonly ending: number;
  readonly emptyRead: number;
  readonly wildEvent: number;
  readonly eventRate: number;
  readonly callRate: number;
  readonly closeRate: number;
  readonly drainRate: number;
  /** Operations: answered later, or refused for want of room. */
  readonly later: number;
  readonly refused: number;
  /** Most bytes of a message, either way. */
  readonly messageMost: number;
  /** Connections that the program tries to keep. */
  readonly crowd: number;
}

/** The same on a ring, which lends half of the read arena now and then. */
export function onRing(options: FuzzOptions, random: Seeded): FuzzOptions {
  const lends = random.chance(0.7) ? layout.SETTING_LEND : 0;
  return { ...options, format: 'ring', settings: options.settings | lends };
}

export function drawOptions(random: Seeded): FuzzOptions {
  const tiny = random.chance(0.5);
  const connections = tiny ? random.between(2, 6) : random.between(8, 200);
  const queueBytes = random.pick([1, 100, 5000, 40_000, 300_000]);
  let settings = 0;
  if (random.chance(0.2)) settings |= layout.SETTING_SAMPLE_TURN;
  if (random.chance(0.2)) settings |= layout.SETTING_POISON;
  if (random.chance(0.1)) settings |= layout.SETTING_SEMAPHORE;
  if (random.chance(0.2)) settings |= layout.SETTING_COPY_FILES;
  if (random.chance(0.1)) settings |= layout.SETTING_COLLECT_ALWAYS;
  const rate = (most: number): number =>
    random.chance(0.3) ? 0 : random.chance(0.2) ? most : most / 8;
  return {
    limits: {
      connections,
      operations: random.pick([8, 9, 16, 64, 4096]),
      events: random.pick([4, 32, 256]),
      timers: random.pick([1, 8, 200]),
      queueBytes,
      queueBytesTotal: random.pick([queueBytes, 4 * queueBytes, 1 << 22]),
      queueHighWater: random.between(1, queueBytes),
      readBytes: random.pick([4096, 65536, 70_000]),
      readSegments: random.pick([2, 2, 3, 16]),
      writeSegments: random.pick([1, 1, 2, 64]),
      tasks: random.pick([1, 4, 64]),
      tasksInFlight: random.pick([1, 3, 64]),
      completions: random.pick([1, 2, 64]),
    },
    settings,
    format: random.pick(['epoll12', 'epoll16', 'portable'] as const),
    turns: random.between(5, 120),
    shortSend: rate(0.8),
    blockedSend: rate(0.8),
    failure: rate(0.3),
    ending: rate(0.4),
    emptyRead: rate(0.8),
    wildEvent: rate(0.9),
    eventRate: random.pick([0.1, 0.5, 0.9]),
    callRate: random.pick([0.5, 2, 10]),
    closeRate: rate(0.5),
    drainRate: random.pick([0, 0, 0, 0.02]),
    later: rate(0.9),
    refused: rate(0.5),
    messageMost: random.pick([16, 3000, 30_000, 100_000]),
    crowd: Math.max(1, Math.floor(connections * random.pick([0.3, 0.8, 1, 2]))),
  };
}
