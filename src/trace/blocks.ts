// Reading blocks: in order, in bounded memory, each checked before it is believed.
import { readSync } from 'node:fs';
import { CalandriaError } from '../errors';
import { BLOCK_HEAD, blockChecksum, KIND_END, KINDS } from './format';

export interface Block {
  readonly kind: number;
  readonly turn: number;
  /** Valid until the next block is read. */
  readonly body: Buffer;
  /** Byte offset of the block in the file. */
  readonly offset: number;
}

/**
 * Why the blocks stopped: the file's end between two blocks, or inside (or just before) a torn one.
 */
export type BlocksEnd = 'whole' | 'torn';

const BUFFER_SIZE = 1 << 20;
/** Bytes that the search behind a bad block looks into at the most. */
const CHECKED_MAX = 1 << 28;

/** A window that moves forward over a file. */
class Window {
  private readonly descriptor: number;
  private readonly size: number;
  private buffer = Buffer.alloc(BUFFER_SIZE);
  private start = 0;
  private filled = 0;

  constructor(descriptor: number, size: number) {
    this.descriptor = descriptor;
    this.size = size;
  }

  /** Bytes [offset, offset + length), or undefined past the end of the file. */
  at(offset: number, length: number): Buffer | undefined {
    if (offset + length > this.size) return undefined;
    if (offset < this.start || offset + length > this.start + this.filled)
      this.load(offset, length);
    if (offset + length > this.start + this.filled) return undefined;
    return this.buffer.subarray(offset - this.start, offset - this.start + length);
  }

  private load(offset: number, length: number): void {
    if (length > this.buffer.length) this.buffer = Buffer.alloc(2 * length);
    this.start = offset;
    this.filled = 0;
    while (this.filled < this.buffer.length) {
      const room = this.buffer.length - this.filled;
      const read = readSync(this.descriptor, this.buffer, this.filled, room, offset + this.filled);
      if (read === 0) return;
      this.filled += read;
    }
  }
}

/** The body's length, where something like the head of a block stands. */
function headAt(window: Window, offset: number): number | undefined {
  const head = window.at(offset, BLOCK_HEAD);
  if (!head) return undefined;
  const length = head.readUInt32LE(4);
  const plausible = KINDS.includes(head.readUInt32LE(0)) && length % 8 === 0;
  return plausible && head.readUInt32LE(20) === 0 ? length : undefined;
}

function blockAt(window: Window, offset: number): Block | undefined {
  const length = headAt(window, offset);
  if (length === undefined) return undefined;
  const whole = window.at(offset, BLOCK_HEAD + length);
  if (!whole || blockChecksum(whole, 0, length) !== whole.readUInt32LE(16)) return undefined;
  const kind = whole.readUInt32LE(0);
  const turn = whole.readUInt32LE(8) + whole.readUInt32LE(12) * 2 ** 32;
  return { kind, turn, body: whole.subarray(BLOCK_HEAD), offset };
}

/**
 * Is there a valid block anywhere behind? Then the bad one was not torn off, it was damaged. A
 * payload may hold a trace of its own; its blocks hardly ever are of a turn from here on.
 */
function validBehind(window: Window, from: number, size: number, turn: number): boolean {
  let checked = 0;
  for (let offset = from + 8; offset + BLOCK_HEAD <= size; offset += 8) {
    const length = headAt(window, offset);
    if (length === undefined) continue;
    // A tail that is nothing but heads would have each checked to the end: enough is enough.
    checked += length;
    if (checked > CHECKED_MAX) return false;
    const block = blockAt(window, offset);
    if (block && block.turn >= turn) return true;
  }
  return false;
}

/**
 * Every block from `from` on; returns how they ended.
 * @throws ERR_CALANDRIA_TRACE when a bad block has good ones behind it, or bytes follow END.
 */
export function* readBlocks(
  descriptor: number,
  from: number,
  size: number,
): Generator<Block, BlocksEnd> {
  const window = new Window(descriptor, size);
  let offset = from;
  let turn = 0;
  while (offset < size) {
    const block = blockAt(window, offset);
    if (!block) {
      if (validBehind(window, offset, size, turn)) {
        throw new CalandriaError(
          'ERR_CALANDRIA_TRACE',
          `The trace is damaged: the block at byte ${offset} does not match its checksum, ` +
            'and there are blocks behind it.',
        );
      }
      return 'torn';
    }
    const next = offset + BLOCK_HEAD + block.body.length;
    if (block.kind === KIND_END && next !== size) {
      throw new CalandriaError(
        'ERR_CALANDRIA_TRACE',
        `The trace is damaged: ${size - next} bytes follow its END block.`,
      );
    }
    turn = block.turn;
    yield block;
    offset = next;
  }
  return 'whole';
}
