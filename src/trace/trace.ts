// A trace as its readers see it: a header, and turns.
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import * as layout from '../../assembly/layout';
import { completeLimits } from '../core/limits';
import { CalandriaError } from '../errors';
import { type Block, readBlocks } from './blocks';
import {
  digestsOf,
  FILE_HEAD,
  FORMAT,
  IN_HEAD,
  KIND_CALL,
  KIND_END,
  KIND_IN,
  KIND_OUT,
  MAGIC,
  padded,
  type TraceHeader,
} from './format';

export interface PayloadRange {
  readonly address: number;
  readonly length: number;
  /** The bytes, or with payload "digest" their digests. */
  readonly bytes: Buffer;
}

/** One turn. */
export interface TurnBlock {
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
  /** Calls of the turn's handlers. */
  readonly calls: Buffer;
  readonly digest: bigint;
  /** False: the recording ended inside this turn; calls and digest are not there. */
  readonly ended: boolean;
}

/** 'complete': ended on purpose. 'early': the process died, or the file was cut. */
export type Ending = 'complete' | 'early';

function bad(message: string): CalandriaError {
  return new CalandriaError('ERR_CALANDRIA_TRACE', message);
}

export class Trace {
  readonly file: string;
  readonly header: TraceHeader;
  readonly ending: Ending;
  /** The last turn that began; 0 for none. */
  readonly lastTurn: number;
  /** Whether the last turn also ended. */
  readonly lastTurnEnded: boolean;
  /** All calls from outside, in order. */
  readonly outside: Buffer;
  private readonly start: number;
  private readonly size: number;

  constructor(file: string, header: TraceHeader, start: number, size: number) {
    this.file = file;
    this.header = header;
    this.start = start;
    this.size = size;
    let last = { turn: 0, ended: true };
    let ended = false;
    const outside: Buffer[] = [];
    for (const block of this.blocks()) {
      if (block.kind === KIND_CALL && last.ended) outside.push(Buffer.from(block.body));
      if (block.kind === KIND_IN) {
        outside.push(...outsideOf(block));
        if (block.turn !== last.turn + 1)
          throw bad(`Turn ${block.turn} follows turn ${last.turn}.`);
        if (!last.ended) throw bad(`Turn ${block.turn} begins inside turn ${last.turn}.`);
        last = { turn: block.turn, ended: false };
      } else if (block.turn !== last.turn) {
        throw bad(`A block of turn ${block.turn} stands in turn ${last.turn}.`);
      } else if (block.kind === KIND_OUT) {
        if (last.ended) throw bad(`Turn ${block.turn} ends twice.`);
        last = { turn: block.turn, ended: true };
      } else if (block.kind === KIND_END) {
        ended = true;
        if (!last.ended) throw bad('The END block stands inside a turn.');
      }
    }
    this.ending = ended ? 'complete' : 'early';
    this.lastTurn = last.turn;
    this.lastTurnEnded = last.ended;
    this.outside = Buffer.concat(outside);
  }

  private *blocks(): Generator<Block> {
    const descriptor = openSync(this.file, 'r');
    try {
      yield* readBlocks(descriptor, this.start, this.size);
    } finally {
      closeSync(descriptor);
    }
  }

  /** All turns, from the file, in order. */
  *turns(): Generator<TurnBlock> {
    let calls: Buffer[] = [];
    let turn: TurnBlock | undefined;
    for (const block of this.blocks()) {
      switch (block.kind) {
        case KIND_CALL:
          calls.push(Buffer.from(block.body));
          break;
        case KIND_IN:
          turn = decodeIn(block, this.header, calls);
          calls = [];
          break;
        case KIND_OUT: {
          if (!turn) throw bad('A turn ends that never began.');
          if (block.body.length < 8) throw bad(`The OUT block of turn ${block.turn} is too short.`);
          const rest = Buffer.from(block.body.subarray(8));
          yield {
            ...turn,
            calls: calls.length > 0 ? Buffer.concat([...calls, rest]) : rest,
            digest: block.body.readBigUInt64LE(0),
            ended: true,
          };
          turn = undefined;
          calls = [];
          break;
        }
        default:
      }
    }
    if (turn) yield { ...turn, calls: Buffer.concat(calls) };
  }
}

function outsideOf({ body }: Block): Buffer[] {
  const length = body.length >= IN_HEAD ? body.readInt32LE(24) : 0;
  return length > 0 ? [Buffer.from(body.subarray(IN_HEAD, IN_HEAD + length))] : [];
}

function decodeIn(block: Block, header: TraceHeader, spilled: Buffer[]): TurnBlock {
  // The next block is read into the same window.
  const body = Buffer.from(block.body);
  if (body.length < IN_HEAD) throw bad(`The IN block of turn ${block.turn} is too short.`);
  let at = IN_HEAD;
  const take = (length: number): Buffer => {
    const from = at;
    at += padded(length);
    if (length < 0 || at > body.length)
      throw bad(`The IN block of turn ${block.turn} overruns its length.`);
    for (let place = from + length; place < at; place++) {
      if (body[place] !== 0) throw bad(`The padding in turn ${block.turn} is not zero.`);
    }
    return body.subarray(from, from + length);
  };
  const eventSize = body.readInt32LE(16);
  const outside = take(body.readInt32LE(24));
  const events = take(body.readInt32LE(28) * eventSize);
  const completions = take(body.readInt32LE(32) * layout.SUBMISSION_SIZE);
  const payload: PayloadRange[] = [];
  for (let left = body.readInt32LE(36); left > 0; left--) {
    const head = take(8);
    const length = head.readUInt32LE(4);
    const size = header.payload === 'full' ? length : 8 * digestsOf(length);
    payload.push({ address: head.readUInt32LE(0), length, bytes: take(size) });
  }
  const updates = take(body.readInt32LE(40) * layout.UPDATE_SIZE);
  const deliveries = take(body.readInt32LE(44) * layout.DELIVERY_SIZE);
  if (at !== body.length) throw bad(`The IN block of turn ${block.turn} is longer than its parts.`);
  return {
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
    calls: Buffer.alloc(0),
    digest: 0n,
    ended: false,
  };
}

/**
 * Opens and checks a whole trace.
 * @throws ERR_CALANDRIA_TRACE no file, no trace, an unknown format, or damage with good blocks
 * behind it.
 */
export function openTrace(file: string): Trace {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new CalandriaError('ERR_CALANDRIA_TRACE', `There is no trace to read: ${reason}.`, {
      cause,
    });
  }
  try {
    const { size } = fstatSync(descriptor);
    const read = (offset: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      const got = readSync(descriptor, bytes, 0, length, offset);
      if (got < length) throw bad(`${file} is not a trace, or its header is cut off.`);
      return bytes;
    };
    const head = read(0, FILE_HEAD);
    if (!head.subarray(0, 8).equals(MAGIC)) throw bad(`${file} is not a trace.`);
    const format = head.readUInt32LE(8);
    if (format !== FORMAT) {
      throw bad(`${file} has trace format ${format}; this version reads format ${FORMAT}.`);
    }
    const length = head.readUInt32LE(12);
    if (length > size || head.readUInt32LE(20) !== 0)
      throw bad(`The header of ${file} is damaged.`);
    const text = read(FILE_HEAD, length);
    if (crc32(text) !== head.readUInt32LE(16)) throw bad(`The header of ${file} is damaged.`);
    return new Trace(file, parseHeader(text.toString(), file), FILE_HEAD + length, size);
  } finally {
    closeSync(descriptor);
  }
}

function parseHeader(text: string, file: string): TraceHeader {
  try {
    const header = JSON.parse(text) as TraceHeader;
    completeLimits(header.limits);
    BigInt(header.seed);
    if (header.payload !== 'full' && header.payload !== 'digest')
      throw new Error('unknown payload');
    return header;
  } catch (cause) {
    const reason = (cause as Error).message;
    throw new CalandriaError(
      'ERR_CALANDRIA_TRACE',
      `The header of ${file} makes no sense: ${reason}.`,
      { cause },
    );
  }
}
