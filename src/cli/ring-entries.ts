// Completions of io_uring(7) in words: what each answers, and with what.
import * as layout from '../../assembly/layout';
import { errorName } from '../errors';
import { type BitNames, bitNames, EPOLL_BITS } from './bit-names';

// <linux/io_uring.h>
const FLAGS: BitNames = [
  [2, 'MORE'],
  [4, 'SOCK_NONEMPTY'],
];
const KNOWN_FLAGS = 6;

const KINDS: Readonly<Record<number, string>> = {
  [layout.RING_READINESS]: 'poll',
  [layout.RING_ROOM]: 'poll',
  [layout.RING_RECEIVE]: 'received',
  [layout.RING_ACCEPT]: 'accepted',
  [layout.RING_OPERATION]: 'operation done',
  [layout.RING_WAKE]: 'wake-up',
  [layout.RING_ANSWER]: 'answer',
};

export interface RingEvent {
  readonly record: number;
  readonly generation: number;
  readonly text: string;
}

/** Of struct io_uring_cqe, 16 bytes. */
export function describeRingEvent(event: Buffer): RingEvent {
  const low = event.readInt32LE(0);
  const shift = 32 - layout.RING_RECORD_BITS;
  const kind = low >>> layout.RING_RECORD_BITS;
  const known = KINDS[kind] ?? `kind ${kind}`;
  const result = resultOf(kind, event.readInt32LE(8));
  const flags = event.readUInt32LE(12);
  const marks = flags & KNOWN_FLAGS ? bitNames(FLAGS, flags) : '';
  const operation = kind === layout.RING_OPERATION;
  return {
    record: operation ? layout.RECORD_COMPLETIONS : (low << shift) >> shift,
    generation: event.readUInt32LE(4),
    text: [known, result, marks].filter((part) => part !== '').join(' '),
  };
}

function resultOf(kind: number, result: number): string {
  if (kind === layout.RING_WAKE) return '';
  if (result < 0) return errorName(-result);
  if (kind === layout.RING_READINESS || kind === layout.RING_ROOM)
    return bitNames(EPOLL_BITS, result);
  if (kind === layout.RING_RECEIVE) return result === 0 ? 'the end' : `${result} bytes`;
  return kind === layout.RING_ACCEPT ? `descriptor ${result}` : String(result);
}
