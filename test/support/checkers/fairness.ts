// Fairness, from a trace alone: under load on both sides, neither completions nor sockets wait for
// more than two turns. What the kernel reported is in IN; what came of it, in the completions of
// the turns that follow.
import * as layout from '../../../assembly/layout';
import type { TurnBlock } from '../../../src/trace/trace';

/** Turns from the kernel's report to what came of it. */
export const TURNS_MAX = 2;

export interface FairnessReport {
  /** Turns in which both sides had something to do. */
  readonly contested: number;
  readonly announcements: number;
  /** The longest that each side waited, in turns. */
  readonly filesWaited: number;
  readonly socketsWaited: number;
}

interface Heard {
  announced: boolean;
  readonly ready: Set<number>;
}

// <sys/epoll.h>
const EPOLLIN = 1;

/** What the kernel reported in a turn: completions, and sockets with something to read. */
function heardIn({ events, eventSize }: TurnBlock): Heard {
  const heard: Heard = { announced: false, ready: new Set() };
  for (let at = 0; at < events.length; at += eventSize) {
    const record = events.readInt32LE(at + eventSize - 8);
    if (record === layout.RECORD_COMPLETIONS) heard.announced = true;
    else if (record >= 0 && events.readUInt32LE(at) & EPOLLIN) heard.ready.add(record);
  }
  return heard;
}

/** Operations and records that this turn's completions answered. */
function answeredIn({ completions }: TurnBlock): { collected: boolean; received: Set<number> } {
  const received = new Set<number>();
  let collected = false;
  for (let at = 0; at < completions.length; at += layout.SUBMISSION_SIZE) {
    const operation = completions[at + layout.SUBMISSION_OPERATION];
    if (operation === layout.OPERATION_COLLECT) collected = true;
    if (operation === layout.OPERATION_RECEIVE) {
      received.add(completions.readInt32LE(at + layout.SUBMISSION_RECORD));
    }
  }
  return { collected, received };
}

/** `settled`: records that are read as soon as they have something. */
export function measureFairness(
  turns: Iterable<TurnBlock>,
  settled: (record: number) => boolean,
): FairnessReport {
  let contested = 0;
  let announcements = 0;
  let filesWaited = 0;
  let socketsWaited = 0;
  let files = 0;
  const sockets = new Map<number, number>();
  for (const turn of turns) {
    // What was reported in turn n is answered in the completions of turn n + 1 at the earliest.
    const { collected, received } = answeredIn(turn);
    if (files > 0) filesWaited = Math.max(filesWaited, files);
    files = collected || files === 0 ? 0 : files + 1;
    for (const [record, waited] of sockets) {
      socketsWaited = Math.max(socketsWaited, waited);
      if (received.has(record)) sockets.delete(record);
      else sockets.set(record, waited + 1);
    }
    const { announced, ready } = heardIn(turn);
    if (announced) {
      announcements++;
      if (files === 0) files = 1;
    }
    for (const record of ready) if (settled(record) && !sockets.has(record)) sockets.set(record, 1);
    if (files > 0 && sockets.size > 0) contested++;
  }
  return { contested, announcements, filesWaited, socketsWaited };
}
