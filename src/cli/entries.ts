// What stands in a turn, entry by entry, in words: for people who read a trace.
import * as layout from '../../assembly/layout';
import { errorName } from '../errors';
import type { TurnBlock } from '../trace';
import { describeCall, splitCalls } from '../trace/calls';
import { deliveryName } from '../trace/delivery-names';
import { type BitNames, bitNames, EPOLL_BITS } from './bit-names';
import { describeRingEvent } from './ring-entries';

export const ENTRY_KINDS = ['event', 'completion', 'delivery', 'call'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface Entry {
  readonly kind: EntryKind;
  /** "record:generation"; empty where it is about no source. */
  readonly connection: string;
  readonly text: string;
}

/** All entries of a turn, in the order in which they happened. */
export function* entriesOf(turn: TurnBlock): Generator<Entry> {
  yield* callsOf(turn.outside, 'from outside: ');
  yield* completionsOf(turn.completions);
  yield* eventsOf(turn);
  yield* deliveriesOf(turn.deliveries);
  yield* callsOf(turn.calls, '');
}

function nameOf(record: number, generation: number): string {
  return record < 0 ? '' : `${record}:${generation}`;
}

// ── Events ──

const POLL_BITS: BitNames = [...EPOLL_BITS, [0x020, 'NVAL']];

const SELECT_BITS: BitNames = [
  [layout.SELECT_READ, 'READ'],
  [layout.SELECT_WRITE, 'WRITE'],
  [layout.SELECT_EXCEPT, 'EXCEPT'],
  [layout.SELECT_CLOSED, 'CLOSED'],
];

const READY_BITS: BitNames = [
  [layout.READY_IN, 'IN'],
  [layout.READY_OUT, 'OUT'],
  [layout.READY_END, 'END'],
  [layout.READY_ERROR, 'ERROR'],
  [layout.READY_URGENT, 'URGENT'],
];

function* eventsOf({ events, eventSize, eventFormat }: TurnBlock): Generator<Entry> {
  for (let at = 0; eventSize > 0 && at + eventSize <= events.length; at += eventSize) {
    const event = events.subarray(at, at + eventSize);
    switch (eventFormat) {
      case layout.FORMAT_EPOLL: {
        // Packed to 12 bytes on x86-64, aligned to 16 elsewhere: the data is at the end of both.
        const data = eventSize - 8;
        const record = event.readInt32LE(data);
        const text =
          record === layout.RECORD_WAKE ? 'wake-up' : bitNames(EPOLL_BITS, event.readUInt32LE(0));
        yield entry('event', record, event.readUInt32LE(data + 4), text);
        break;
      }
      case layout.FORMAT_POLL: {
        const text = bitNames(POLL_BITS, event.readUInt16LE(14));
        yield entry('event', event.readInt32LE(0), event.readUInt32LE(4), text);
        break;
      }
      case layout.FORMAT_SELECT: {
        const text = bitNames(SELECT_BITS, event.readUInt32LE(12));
        yield entry('event', event.readInt32LE(0), event.readUInt32LE(4), text);
        break;
      }
      case layout.FORMAT_SIGNAL: {
        const lost = event.readUInt32LE(8) < layout.SIGNALS_REALTIME;
        const text = lost ? 'OVERFLOW' : bitNames(EPOLL_BITS, event.readUInt32LE(36));
        yield entry('event', event.readInt32LE(0), event.readUInt32LE(4), text);
        break;
      }
      case layout.FORMAT_PORTABLE: {
        const available = event.readInt32LE(12);
        const known = available === layout.UNKNOWN ? '' : `, ${available} available`;
        const text = bitNames(READY_BITS, event.readUInt32LE(8)) + known;
        yield entry('event', event.readInt32LE(0), event.readUInt32LE(4), text);
        break;
      }
      case layout.FORMAT_RING: {
        const { record, generation, text } = describeRingEvent(event);
        yield entry('event', record, generation, text);
        break;
      }
      default:
        yield { kind: 'event', connection: '', text: event.toString('hex') };
    }
  }
}

function entry(kind: EntryKind, record: number, generation: number, text: string): Entry {
  return { kind, connection: nameOf(record, generation), text };
}

// ── Completions ──

const OPERATION_NAMES: Record<number, string> = {
  [layout.OPERATION_LISTEN]: 'listen',
  [layout.OPERATION_CONNECT]: 'connect',
  [layout.OPERATION_CONNECT_STATUS]: 'connect status',
  [layout.OPERATION_ACCEPT]: 'accept',
  [layout.OPERATION_RECEIVE]: 'receive',
  [layout.OPERATION_SEND]: 'send',
  [layout.OPERATION_SHUTDOWN]: 'shutdown',
  [layout.OPERATION_CLOSE]: 'close',
  [layout.OPERATION_SAMPLE]: 'sample',
  [layout.OPERATION_OPTION]: 'option',
  [layout.OPERATION_OPEN]: 'open',
  [layout.OPERATION_OPERATE]: 'operate',
  [layout.OPERATION_SEND_FILE]: 'send file',
  [layout.OPERATION_ANNOUNCED]: 'announced',
  [layout.OPERATION_COLLECT]: 'collect',
  [layout.OPERATION_TAKE]: 'take stream',
};

function* completionsOf(completions: Buffer): Generator<Entry> {
  for (
    let at = 0;
    at + layout.SUBMISSION_SIZE <= completions.length;
    at += layout.SUBMISSION_SIZE
  ) {
    const submission = completions.subarray(at, at + layout.SUBMISSION_SIZE);
    const record = submission.readInt32LE(layout.SUBMISSION_RECORD);
    const generation = submission.readUInt32LE(layout.SUBMISSION_GENERATION);
    const operation = submission[layout.SUBMISSION_OPERATION] as number;
    const result = submission.readInt32LE(layout.SUBMISSION_RESULT);
    if (operation === layout.OPERATION_ACCEPT && result >= 0) {
      // The first that happens to the new connection: it belongs to its life, not to the
      // listener's.
      const child = submission.readInt32LE(layout.SUBMISSION_ADDRESS);
      const text = `accepted by ${nameOf(record, generation)}`;
      yield entry('completion', child, submission.readUInt32LE(layout.SUBMISSION_LENGTH), text);
    } else {
      const text = describeCompletion(operation, result, submission);
      yield entry('completion', record, generation, text);
    }
  }
}

function describeCompletion(operation: number, result: number, submission: Buffer): string {
  const name = OPERATION_NAMES[operation] ?? `operation ${operation}`;
  const outcome = result < 0 ? errorName(-result) : String(result);
  const sized = operation === layout.OPERATION_RECEIVE || operation === layout.OPERATION_SEND;
  const size = sized ? ` ${submission.readUInt32LE(layout.SUBMISSION_LENGTH)}` : '';
  return `${name}${size} → ${outcome}`;
}

// ── Deliveries ──

function* deliveriesOf(deliveries: Buffer): Generator<Entry> {
  for (let at = 0; at + layout.DELIVERY_SIZE <= deliveries.length; at += layout.DELIVERY_SIZE) {
    const delivery = deliveries.subarray(at, at + layout.DELIVERY_SIZE);
    const kind = delivery[layout.DELIVERY_KIND] as number;
    const record = delivery.readInt32LE(layout.DELIVERY_RECORD);
    const generation = delivery.readUInt32LE(layout.DELIVERY_GENERATION);
    const text = describeDelivery(kind, delivery);
    // A timer's number is no record's.
    if (kind === layout.DELIVER_TIMER || kind === layout.DELIVER_IDLE) {
      yield { kind: 'delivery', connection: '', text: `${text} ${nameOf(record, generation)}` };
    } else yield entry('delivery', record, generation, text);
  }
}

function describeDelivery(kind: number, delivery: Buffer): string {
  const name = deliveryName(kind) ?? `delivery ${kind}`;
  const value = delivery.readInt32LE(layout.DELIVERY_VALUE);
  if (kind === layout.DELIVER_DATA) {
    // Of a stream it says nothing; a batch has at least one record.
    const records = value === 0 ? '' : `, records: ${value}`;
    return `${name} ${delivery.readUInt32LE(layout.DELIVERY_LENGTH)} bytes${records}`;
  }
  return kind === layout.DELIVER_ERROR ? `${name} ${errorName(value)}` : name;
}

// ── Calls ──

/** Calls whose first two words name a connection; the others keep something else there. */
const CALLS_OF_CONNECTIONS: ReadonlySet<number> = new Set([
  layout.CALL_WRITE,
  layout.CALL_SEND_FILE,
  layout.CALL_OPERATE,
  layout.CALL_SEND_TO,
  layout.CALL_READ,
  layout.CALL_END,
  layout.CALL_CLOSE,
  layout.CALL_DESTROY,
  layout.CALL_SAMPLE,
  layout.CALL_OPTION,
  layout.CALL_THROWN,
]);

const OPENING_CALLS: ReadonlySet<number> = new Set([
  layout.CALL_LISTEN,
  layout.CALL_CONNECT,
  layout.CALL_OPEN,
]);

function* callsOf(stream: Buffer, prefix: string): Generator<Entry> {
  for (const call of splitCalls(stream)) {
    if (!call) {
      yield { kind: 'call', connection: '', text: `${prefix}a torn call` };
      return;
    }
    const { operation, record, generation, result } = call;
    const text = `${prefix}${describeCall(call)} → ${result}`;
    const opened = OPENING_CALLS.has(operation);
    if (CALLS_OF_CONNECTIONS.has(operation)) yield entry('call', record, generation, text);
    // What was opened is the result, and its generation is kept beside it.
    else if (opened) yield entry('call', result, call.address, text);
    else yield { kind: 'call', connection: '', text };
  }
}
