// Outgoing bytes of a connection: a list of pieces, each a run of bytes in an arena (zero copy) or
// in a queue block (moved there because a send came back short). Blocks are 4 KiB; a connection's
// blocks are all full except the first and the last, and those beside a file, so the byte limits
// bound the blocks too. A file is a piece without bytes (sending-files.ts).

import * as arenas from './arenas';
import * as layout from './layout';
import { blockLinks, blocks, count, pieces, setWord, word } from './memory';
import { METER_QUEUE } from './meter-layout';
import * as meters from './meters';
import * as records from './records';
import { drop } from './sending-files';
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
  } else if (!(home & layout.HOME_FILE)) {
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

/** Arena pieces have a share of their own: those for blocks and files can never run out. */
export function arenaShareLeft(): bool {
  const others = word(layout.BLOCKS_MAX) + word(layout.OPERATIONS_MAX);
  return word(layout.STATE_PIECES_ARENA) < word(layout.PIECES_MAX) - others;
}

function home(piece: i32): i32 {
  return load<i32>(at(piece), layout.PIECE_HOME);
}

function make(address: u32, length: u32, place: i32): i32 {
  const piece = allocatePiece();
  store<u32>(at(piece), address, layout.PIECE_ADDRESS);
  store<u32>(at(piece), length, layout.PIECE_LENGTH);
  store<i32>(at(piece), place, layout.PIECE_HOME);
  return piece;
}

/** Of bytes that stay in the arena: their segment is held. */
function makeBorrowed(address: u32, length: u32, segment: i32): i32 {
  arenas.hold(segment);
  setWord(layout.STATE_PIECES_ARENA, word(layout.STATE_PIECES_ARENA) + 1);
  return make(address, length, segment);
}

/** Of bytes that are copied into a block of their own; at most a block. */
function makeCopied(from: u32, length: u32): i32 {
  const block = allocateBlock();
  const place = blocks + ((<u32>block) << layout.BLOCK_SHIFT);
  memory.copy(place, from, length);
  return make(place, length, layout.HOME_BLOCK | block);
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
  link(record, makeBorrowed(address, length, segment));
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
    link(record, makeCopied(from, part));
    from += part;
    left -= part;
  }
}

/** Moves what still lies in the arenas into blocks: these bytes will not leave with this turn. */
export function stash(record: i32): void {
  stashFrom(record, layout.NONE, first(record));
}

/** The same for what stands behind a file that is still being read: it cannot leave before it. */
export function stashBehindFile(record: i32): void {
  let piece = first(record);
  while (piece != layout.NONE && !(home(piece) & layout.HOME_FILE)) piece = next(piece);
  if (piece != layout.NONE) stashFrom(record, piece, next(piece));
}

function stashFrom(record: i32, last: i32, from: i32): void {
  const source = records.at(record);
  let before = last;
  let piece = from;
  while (piece != layout.NONE && home(piece) & (layout.HOME_BLOCK | layout.HOME_FILE)) {
    before = piece;
    piece = next(piece);
  }
  if (piece == layout.NONE) return;
  // Cut the list here and append the rest anew, copied.
  store<i32>(source, before, layout.RECORD_PIECE_LAST);
  if (before == layout.NONE) store<i32>(source, layout.NONE, layout.RECORD_PIECE_FIRST);
  else store<i32>(at(before), layout.NONE, layout.PIECE_NEXT);
  while (piece != layout.NONE) {
    const following = next(piece);
    if (home(piece) & (layout.HOME_BLOCK | layout.HOME_FILE)) {
      link(record, piece);
    } else {
      appendCopy(
        record,
        load<u32>(at(piece), layout.PIECE_ADDRESS),
        load<u32>(at(piece), layout.PIECE_LENGTH),
      );
      freePiece(piece);
    }
    piece = following;
  }
}

/** Takes `length` sent bytes off the front. */
export function consume(record: i32, length: u32): void {
  const source = records.at(record);
  let left = length;
  while (left > 0) {
    const piece = load<i32>(source, layout.RECORD_PIECE_FIRST);
    assert(piece != layout.NONE, 'more bytes sent than queued');
    assert(!(home(piece) & layout.HOME_FILE), 'bytes were sent past a file');
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
  meters.depart(METER_QUEUE, length);
}

/** Drops everything that was not sent; files among it end with this error. */
export function discard(record: i32, error: i32): void {
  const source = records.at(record);
  let piece = first(record);
  if (piece == layout.NONE) return;
  store<i32>(source, layout.NONE, layout.RECORD_PIECE_FIRST);
  store<i32>(source, layout.NONE, layout.RECORD_PIECE_LAST);
  setFiles(record, 0);
  while (piece != layout.NONE) {
    const following = next(piece);
    if (home(piece) & layout.HOME_FILE) drop(home(piece) & ~layout.HOME_FILE, error);
    freePiece(piece);
    piece = following;
  }
  const length = queued(record);
  if (length == 0) return;
  count(layout.COUNTER_BYTES_DROPPED, length);
  setQueued(record, 0);
  setWord(layout.STATE_QUEUE_TOTAL, word(layout.STATE_QUEUE_TOTAL) - length);
  meters.depart(METER_QUEUE, length);
}

/**
 * How many pieces one send gathers: at most so many, and none behind a file. Their bytes are in
 * `gatheredLength`, and `gatheredToFile` says whether a file comes next.
 */
export let gatheredLength: u32 = 0;
export let gatheredToFile: bool = false;
export function gather(record: i32, most: i32): i32 {
  let piece = first(record);
  let total = 0;
  let length: u32 = 0;
  gatheredToFile = false;
  while (piece != layout.NONE) {
    if (home(piece) & layout.HOME_FILE) {
      gatheredToFile = true;
      break;
    }
    if (total == most) break;
    total++;
    length += load<u32>(at(piece), layout.PIECE_LENGTH);
    piece = next(piece);
  }
  gatheredLength = length;
  return total;
}

// ── Files ──

/** How many stand in the queue. */
export function files(record: i32): u32 {
  return load<u32>(records.at(record), layout.RECORD_FILES);
}

function setFiles(record: i32, total: u32): void {
  store<u32>(records.at(record), total, layout.RECORD_FILES);
}

/** Stands for a file behind everything that was written so far. */
export function appendFile(record: i32, operation: i32): void {
  setFiles(record, files(record) + 1);
  link(record, make(0, 0, layout.HOME_FILE | operation));
}

/** The piece in front of the first file (NONE when the file is first). */
function beforeFile(record: i32): i32 {
  let before = layout.NONE;
  for (let piece = first(record); !(home(piece) & layout.HOME_FILE); piece = next(piece)) {
    before = piece;
  }
  return before;
}

function filePiece(record: i32): i32 {
  const before = beforeFile(record);
  return before == layout.NONE ? first(record) : next(before);
}

/** The operation of the first file in the queue; there is one. */
export function firstFile(record: i32): i32 {
  assert(files(record) > 0, 'no file is queued');
  return home(filePiece(record)) & ~layout.HOME_FILE;
}

/** The same if nothing stands before it, else NONE. */
export function frontFile(record: i32): i32 {
  const piece = first(record);
  if (piece == layout.NONE || !(home(piece) & layout.HOME_FILE)) return layout.NONE;
  return home(piece) & ~layout.HOME_FILE;
}

/** Bytes that stand before the first file. */
export function lengthBeforeFile(record: i32): u32 {
  let length: u32 = 0;
  for (let piece = first(record); !(home(piece) & layout.HOME_FILE); piece = next(piece)) {
    length += load<u32>(at(piece), layout.PIECE_LENGTH);
  }
  return length;
}

/** Takes the first file out of the queue. */
export function removeFile(record: i32): void {
  const source = records.at(record);
  const before = beforeFile(record);
  const piece = filePiece(record);
  const following = next(piece);
  if (before == layout.NONE) store<i32>(source, following, layout.RECORD_PIECE_FIRST);
  else store<i32>(at(before), following, layout.PIECE_NEXT);
  if (following == layout.NONE) store<i32>(source, before, layout.RECORD_PIECE_LAST);
  freePiece(piece);
  setFiles(record, files(record) - 1);
}

/** Bytes of the first file, in front of it: where they lie, or copied. */
export function insertBeforeFile(record: i32, address: u32, length: u32, segment: i32): void {
  let before = beforeFile(record);
  if (arenaShareLeft()) {
    insert(record, before, makeBorrowed(address, length, segment));
    return;
  }
  count(layout.COUNTER_BYTES_MOVED, length);
  for (let from: u32 = 0; from < length; from += layout.BLOCK_SIZE) {
    const piece = makeCopied(address + from, min<u32>(layout.BLOCK_SIZE, length - from));
    insert(record, before, piece);
    before = piece;
  }
}

/** Behind `before`, or first; never last. */
function insert(record: i32, before: i32, piece: i32): void {
  if (before == layout.NONE) {
    store<i32>(at(piece), first(record), layout.PIECE_NEXT);
    store<i32>(records.at(record), piece, layout.RECORD_PIECE_FIRST);
  } else {
    store<i32>(at(piece), next(before), layout.PIECE_NEXT);
    store<i32>(at(before), piece, layout.PIECE_NEXT);
  }
}
