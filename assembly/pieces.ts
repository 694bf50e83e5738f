// Outgoing bytes of a connection: a list of pieces, each a run of bytes in an arena (zero copy) or
// in a queue block (moved there because a send came back short). Blocks are 4 KiB; a connection's
// blocks are all full except the first and the last, so the byte limits bound the blocks too.

import * as arenas from './arenas';
import * as layout from './layout';
import { blockLinks, blocks, count, pieces, setWord, word } from './memory';
import * as records from './records';
import { setQueued } from './updates';

function at(piece: i32): u32 {
  return pieces + ((<u32>piece) << layout.PIECE_SHIFT);
}

function allocatePiece(): i32 {
  let piece = word(layout.STATE_FREE_PIECE);
  if (piece != layout.NONE) {
    setWord(layout.STATE_FREE_PIECE, load<i32>(at(piece), layout.PIECE_NEXT));
    return piece;
  }
  piece = word(layout.STATE_PIECES_TOUCHED);
  assert(piece < word(layout.PIECES_MAX), 'out of pieces although the limits bound them');
  setWord(layout.STATE_PIECES_TOUCHED, piece + 1);
  return piece;
}

function allocateBlock(): i32 {
  let block = word(layout.STATE_FREE_BLOCK);
  if (block != layout.NONE) {
    setWord(layout.STATE_FREE_BLOCK, load<i32>(blockLinks + ((<u32>block) << 2)));
    return block;
  }
  block = word(layout.STATE_BLOCKS_TOUCHED);
  assert(block < word(layout.BLOCKS_MAX), 'out of blocks although the limits bound them');
  setWord(layout.STATE_BLOCKS_TOUCHED, block + 1);
  return block;
}

/** Gives the piece back, and its hold on a segment or its block with it. */
function freePiece(piece: i32): void {
  const home = load<i32>(at(piece), layout.PIECE_HOME);
  if (home & layout.HOME_BLOCK) {
    const block = home & ~layout.HOME_BLOCK;
    store<i32>(blockLinks + ((<u32>block) << 2), word(layout.STATE_FREE_BLOCK));
    setWord(layout.STATE_FREE_BLOCK, block);
  } else {
    arenas.release(home);
    setWord(layout.STATE_PIECES_ARENA, word(layout.STATE_PIECES_ARENA) - 1);
  }
  store<i32>(at(piece), word(layout.STATE_FREE_PIECE), layout.PIECE_NEXT);
  setWord(layout.STATE_FREE_PIECE, piece);
}

function link(record: i32, piece: i32): void {
  const source = records.at(record);
  store<i32>(at(piece), layout.NONE, layout.PIECE_NEXT);
  const last = load<i32>(source, layout.RECORD_PIECE_LAST);
  if (last == layout.NONE) store<i32>(source, piece, layout.RECORD_PIECE_FIRST);
  else store<i32>(at(last), piece, layout.PIECE_NEXT);
  store<i32>(source, piece, layout.RECORD_PIECE_LAST);
}

export function empty(record: i32): bool {
  return load<i32>(records.at(record), layout.RECORD_PIECE_FIRST) == layout.NONE;
}

export function first(record: i32): i32 {
  return load<i32>(records.at(record), layout.RECORD_PIECE_FIRST);
}

export function queued(record: i32): u32 {
  return load<u32>(records.at(record), layout.TX_QUEUED);
}

export function next(piece: i32): i32 {
  return load<i32>(at(piece), layout.PIECE_NEXT);
}

export function addressOf(piece: i32): u32 {
  return load<u32>(at(piece), layout.PIECE_ADDRESS);
}

export function lengthOf(piece: i32): u32 {
  return load<u32>(at(piece), layout.PIECE_LENGTH);
}

/** Arena pieces have a share of their own, so that pieces for blocks can never run out. */
export function arenaShareLeft(): bool {
  return word(layout.STATE_PIECES_ARENA) < word(layout.PIECES_MAX) - word(layout.BLOCKS_MAX);
}

/** Appends arena bytes where they lie; neighbours of the last piece simply make it longer. */
export function append(record: i32, address: u32, length: u32, segment: i32): void {
  const last = load<i32>(records.at(record), layout.RECORD_PIECE_LAST);
  if (last != layout.NONE && !records.has(record, layout.WORK_SENDING)) {
    const end =
      load<u32>(at(last), layout.PIECE_ADDRESS) + load<u32>(at(last), layout.PIECE_LENGTH);
    if (end == address && load<i32>(at(last), layout.PIECE_HOME) == segment) {
      store<u32>(at(last), load<u32>(at(last), layout.PIECE_LENGTH) + length, layout.PIECE_LENGTH);
      return;
    }
  }
  const piece = allocatePiece();
  store<u32>(at(piece), address, layout.PIECE_ADDRESS);
  store<u32>(at(piece), length, layout.PIECE_LENGTH);
  store<i32>(at(piece), segment, layout.PIECE_HOME);
  arenas.hold(segment);
  setWord(layout.STATE_PIECES_ARENA, word(layout.STATE_PIECES_ARENA) + 1);
  link(record, piece);
}

/** Appends a copy of the bytes in blocks, filling up the last block first. */
export function appendCopy(record: i32, address: u32, length: u32): void {
  count(layout.COUNTER_BYTES_MOVED, length);
  let from = address;
  let left = length;
  const last = load<i32>(records.at(record), layout.RECORD_PIECE_LAST);
  if (last != layout.NONE && load<i32>(at(last), layout.PIECE_HOME) & layout.HOME_BLOCK) {
    const held = load<u32>(at(last), layout.PIECE_LENGTH);
    const end = load<u32>(at(last), layout.PIECE_ADDRESS) + held;
    // A block is aligned to its size, so an end on the boundary means that it is full.
    const room = (layout.BLOCK_SIZE - (end & (layout.BLOCK_SIZE - 1))) & (layout.BLOCK_SIZE - 1);
    const part = min<u32>(room, left);
    memory.copy(end, from, part);
    store<u32>(at(last), held + part, layout.PIECE_LENGTH);
    from += part;
    left -= part;
  }
  while (left > 0) {
    const part = min<u32>(layout.BLOCK_SIZE, left);
    const block = allocateBlock();
    const piece = allocatePiece();
    const place = blocks + ((<u32>block) << layout.BLOCK_SHIFT);
    memory.copy(place, from, part);
    store<u32>(at(piece), place, layout.PIECE_ADDRESS);
    store<u32>(at(piece), part, layout.PIECE_LENGTH);
    store<i32>(at(piece), layout.HOME_BLOCK | block, layout.PIECE_HOME);
    link(record, piece);
    from += part;
    left -= part;
  }
}

/** Moves what still lies in the arenas into blocks: these bytes will not leave with this turn. */
export function stash(record: i32): void {
  const source = records.at(record);
  let before = layout.NONE;
  let piece = load<i32>(source, layout.RECORD_PIECE_FIRST);
  while (piece != layout.NONE && load<i32>(at(piece), layout.PIECE_HOME) & layout.HOME_BLOCK) {
    before = piece;
    piece = load<i32>(at(piece), layout.PIECE_NEXT);
  }
  if (piece == layout.NONE) return;
  // Cut the list here and append the rest anew, copied.
  store<i32>(source, before, layout.RECORD_PIECE_LAST);
  if (before == layout.NONE) store<i32>(source, layout.NONE, layout.RECORD_PIECE_FIRST);
  else store<i32>(at(before), layout.NONE, layout.PIECE_NEXT);
  while (piece != layout.NONE) {
    const next = load<i32>(at(piece), layout.PIECE_NEXT);
    appendCopy(
      record,
      load<u32>(at(piece), layout.PIECE_ADDRESS),
      load<u32>(at(piece), layout.PIECE_LENGTH),
    );
    freePiece(piece);
    piece = next;
  }
}

/** Takes `length` sent bytes off the front. */
export function consume(record: i32, length: u32): void {
  const source = records.at(record);
  let left = length;
  while (left > 0) {
    const piece = load<i32>(source, layout.RECORD_PIECE_FIRST);
    assert(piece != layout.NONE, 'more bytes sent than queued');
    const held = load<u32>(at(piece), layout.PIECE_LENGTH);
    if (held > left) {
      store<u32>(
        at(piece),
        load<u32>(at(piece), layout.PIECE_ADDRESS) + left,
        layout.PIECE_ADDRESS,
      );
      store<u32>(at(piece), held - left, layout.PIECE_LENGTH);
      break;
    }
    left -= held;
    const next = load<i32>(at(piece), layout.PIECE_NEXT);
    store<i32>(source, next, layout.RECORD_PIECE_FIRST);
    if (next == layout.NONE) store<i32>(source, layout.NONE, layout.RECORD_PIECE_LAST);
    freePiece(piece);
  }
  setQueued(record, queued(record) - length);
  setWord(layout.STATE_QUEUE_TOTAL, word(layout.STATE_QUEUE_TOTAL) - length);
}

/** Drops everything that was not sent. */
export function discard(record: i32): void {
  const length = queued(record);
  if (length == 0) return;
  count(layout.COUNTER_BYTES_DROPPED, length);
  consume(record, length);
}

/** How many pieces one send gathers, and (in `gatheredLength`) their bytes. */
export let gatheredLength: u32 = 0;
export function gather(record: i32): i32 {
  let piece = first(record);
  let total = 0;
  let length: u32 = 0;
  while (piece != layout.NONE && total < layout.PIECES_A_SEND) {
    total++;
    length += load<u32>(at(piece), layout.PIECE_LENGTH);
    piece = load<i32>(at(piece), layout.PIECE_NEXT);
  }
  gatheredLength = length;
  return total;
}
