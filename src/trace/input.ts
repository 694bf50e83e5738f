// An IN block, taken apart. What its parts say is checked here, once, for all readers: that each
// lies within the block, and that records and addresses are those of the recording reactor.
import * as layout from '../../assembly/layout';
import { CalandriaError } from '../errors';
import type { Block } from './blocks';
import { digestsOf, IN_HEAD, padded, RANGE_KEPT, type TraceHeader } from './format';

export interface PayloadRange {
  readonly address: number;
  readonly length: number;
  /** The bytes are there; else, with payload "digest", their digests. */
  readonly whole: boolean;
  readonly bytes: Buffer;
}

export interface TurnInput {
  readonly turn: number;
  /** Byte offset of the IN block in the file. */
  readonly offset: number;
  readonly now: bigint;
  readonly waitResult: number;
  readonly eventFormat: number;
  readonly eventSize: number;
  readonly notifier: number;
  /** Calls from outside, made before this turn. */
  readonly outside: Buffer;
  readonly events: Buffer;
  readonly completions: Buffer;
  readonly payload: readonly PayloadRange[];
  readonly updates: Buffer;
  readonly deliveries: Buffer;
}

function bad(message: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_TRACE', message);
}

/** The calls from outside in an IN block, without taking the rest apart. */
export function outsideOf({ body }: Block): Buffer[] {
  const length = body.length >= IN_HEAD ? body.readUInt32LE(24) : 0;
  return length > 0 ? [Buffer.from(body.subarray(IN_HEAD, IN_HEAD + length))] : [];
}

/** Hands out the sections of a block, one after another. */
class Sections {
  private readonly body: Buffer;
  private readonly turn: number;
  private at = IN_HEAD;

  constructor(body: Buffer, turn: number) {
    this.body = body;
    this.turn = turn;
  }

  take(length: number): Buffer {
    const from = this.at;
    if (length > this.body.length - from) {
      throw bad(`The IN block of turn ${this.turn} overruns its length.`);
    }
    // Blocks are a multiple of 8 long, so the padding is within.
    this.at += padded(length);
    for (let place = from + length; place < this.at; place++) {
      if (this.body[place] !== 0) throw bad(`The padding in turn ${this.turn} is not zero.`);
    }
    return this.body.subarray(from, from + length);
  }

  finish(): void {
    if (this.at !== this.body.length) {
      throw bad(`The IN block of turn ${this.turn} is longer than its parts.`);
    }
  }
}

export function decodeIn(block: Block, header: TraceHeader, spilled: Buffer[]): TurnInput {
  // The next block is read into the same window.
  const body = Buffer.from(block.body);
  if (body.length < IN_HEAD) throw bad(`The IN block of turn ${block.turn} is too short.`);
  const sections = new Sections(body, block.turn);
  const eventSize = body.readUInt32LE(16);
  const outside = sections.take(body.readUInt32LE(24));
  const events = sections.take(body.readUInt32LE(28) * eventSize);
  const completions = sections.take(body.readUInt32LE(32) * layout.SUBMISSION_SIZE);
  const payload: PayloadRange[] = [];
  for (let left = body.readUInt32LE(36); left > 0; left--) {
    const head = sections.take(8);
    const marked = head.readInt32LE(4);
    const length = marked & ~RANGE_KEPT;
    const whole = header.payload === 'full' || (marked & RANGE_KEPT) !== 0;
    const size = whole ? length : 8 * digestsOf(length);
    payload.push({ address: head.readUInt32LE(0), length, whole, bytes: sections.take(size) });
  }
  const updates = sections.take(body.readUInt32LE(40) * layout.UPDATE_SIZE);
  const deliveries = sections.take(body.readUInt32LE(44) * layout.DELIVERY_SIZE);
  sections.finish();
  const input = {
    turn: block.turn,
    offset: block.offset,
    now: body.readBigUInt64LE(0),
    waitResult: body.readInt32LE(8),
    eventFormat: body.readInt32LE(12),
    eventSize,
    notifier: body.readInt32LE(20),
    outside: spilled.length > 0 ? Buffer.concat([...spilled, outside]) : outside,
    events,
    completions,
    payload,
    updates,
    deliveries,
  };
  checkInput(input, header);
  return input;
}

/** A replay writes these into memory, so they must name what is there. */
function checkInput({ turn, payload, updates, deliveries }: TurnInput, header: TraceHeader): void {
  const { limits, readArena } = header;
  const segment = Math.ceil(limits.readBytes / layout.PAGE_SIZE) * layout.PAGE_SIZE;
  const arenaEnd = readArena + limits.readSegments * segment;
  const checkRange = (what: string, address: number, length: number): void => {
    if (address >= readArena && address + length <= arenaEnd) return;
    throw bad(`Turn ${turn}: ${what} at ${address} is not in the read arena.`);
  };
  const checkPlace = (what: string, place: number, most: number): void => {
    if (place < most) return;
    throw bad(`Turn ${turn}: ${what} ${place} does not exist; there are ${most}.`);
  };
  for (const { address, length } of payload) checkRange('a payload', address, length);
  for (let at = 0; at < updates.length; at += layout.UPDATE_SIZE) {
    checkPlace('record', updates.readUInt32LE(at + layout.UPDATE_RECORD), limits.connections);
    checkPlace('side', updates[at + layout.UPDATE_SIDE] as number, 2);
  }
  for (let at = 0; at < deliveries.length; at += layout.DELIVERY_SIZE) {
    const kind = deliveries[at + layout.DELIVERY_KIND] as number;
    const record = deliveries.readUInt32LE(at + layout.DELIVERY_RECORD);
    if (kind < layout.DELIVER_LISTENING || kind > layout.LAST_DELIVERY_KIND) {
      throw bad(`Turn ${turn}: there is no delivery of kind ${kind}.`);
    }
    if (kind === layout.DELIVER_TIMER || kind === layout.DELIVER_IDLE) {
      checkPlace('timer', record, limits.timers + layout.TIMERS_A_TURN);
      continue;
    }
    checkPlace('record', record, limits.connections);
    if (kind === layout.DELIVER_DONE || kind === layout.DELIVER_PART) {
      const operation = deliveries.readUInt32LE(at + layout.DELIVERY_HANDLERS);
      const address = deliveries.readUInt32LE(at + layout.DELIVERY_ADDRESS);
      const length = deliveries.readUInt32LE(at + layout.DELIVERY_LENGTH);
      checkPlace('operation', operation, limits.tasks);
      if (address !== 0) checkRange('what an operation brought', address, length);
      continue;
    }
    checkPlace(
      'listener',
      deliveries.readUInt32LE(at + layout.DELIVERY_LISTENER),
      limits.connections + 1,
    );
    if (kind > layout.DELIVER_DATA) continue;
    const address = deliveries.readUInt32LE(at + layout.DELIVERY_ADDRESS);
    const length = deliveries.readUInt32LE(at + layout.DELIVERY_LENGTH);
    checkRange('a delivery', address, length);
    if (kind < layout.DELIVER_DATA && length !== layout.PEER_SIZE) {
      throw bad(`Turn ${turn}: a peer's address has ${length} bytes.`);
    }
  }
}
