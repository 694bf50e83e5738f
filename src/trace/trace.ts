// A trace as its readers see it: a header, and turns.
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { CalandriaError } from '../errors';
import { type Block, readBlocks } from './blocks';
import {
  FILE_HEAD,
  FORMATS,
  KIND_CALL,
  KIND_END,
  KIND_IN,
  KIND_OUT,
  MAGIC,
  type TraceHeader,
} from './format';
import { parseHeader } from './header';
import { decodeIn, outsideOf, type TurnInput } from './input';

export type { PayloadRange } from './input';

/** One turn. */
export interface TurnBlock extends TurnInput {
  /** Calls of the turn's handlers. */
  readonly calls: Buffer;
  readonly digest: bigint;
  /** False: the recording ended inside this turn; digest and later calls are not there. */
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
        if (block.body.length !== 8 || block.body.readBigUInt64LE(0) !== BigInt(last.turn)) {
          throw bad(`The END block does not count the ${last.turn} turns before it.`);
        }
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
    let turn: TurnInput | undefined;
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
    if (turn) yield { ...turn, calls: Buffer.concat(calls), digest: 0n, ended: false };
  }
}

/**
 * Opens and checks a whole trace.
 * @throws ERR_CALANDRIA_TRACE no file, no trace, an unknown format, or damage with good blocks
 * behind it.
 */
export function openTrace(file: string): Trace {
  const descriptor = openFile(file);
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
    if (!FORMATS.includes(format)) {
      const known = new Intl.ListFormat('en').format(FORMATS.map(String));
      throw bad(`${file} has trace format ${format}; this version reads formats ${known}.`);
    }
    const length = head.readUInt32LE(12);
    if (head.readUInt32LE(20) !== 0) throw bad(`The header of ${file} is damaged.`);
    if (length > size - FILE_HEAD) throw bad(`The header of ${file} is cut off, or damaged.`);
    const text = read(FILE_HEAD, length);
    if (crc32(text) !== head.readUInt32LE(16)) throw bad(`The header of ${file} is damaged.`);
    const header = parseHeader(text.toString(), file);
    // The head has no checksum, but the text says the same.
    if (header.format !== format) throw bad(`The header of ${file} is damaged.`);
    return new Trace(file, header, FILE_HEAD + length, size);
  } finally {
    closeSync(descriptor);
  }
}

function openFile(file: string): number {
  try {
    // Opening a pipe would wait for its writer, and a folder has no bytes.
    if (!statSync(file).isFile()) throw new Error(`${file} is not a file`);
    return openSync(file, 'r');
  } catch (cause) {
    const message = `There is no trace to read: ${(cause as Error).message}.`;
    throw new CalandriaError('ERR_CALANDRIA_TRACE', message, { cause });
  }
}
