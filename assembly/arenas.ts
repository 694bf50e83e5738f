// The two arenas: segments that are reused as soon as nothing refers to them, lowest first, so that
// a server with small messages works in a few warm pages whatever the arena's size.
//
// A segment's references are the outgoing pieces that point into it, and the leases of its bytes
// (leases.ts). Deliveries need no count: what was delivered in a turn is valid until the turn ends,
// and no segment is chosen before that.
import * as layout from './layout';
import {
  long,
  packedSegments,
  readArena,
  readSegmentSize,
  readSegments,
  segments,
  settings,
  setWord,
  word,
  writeArena,
  writeSegmentSize,
  writeSegments,
} from './memory';

function entryOf(segment: i32): u32 {
  return segments + ((<u32>segment) << layout.SEGMENT_SHIFT);
}

function baseOf(segment: i32): u32 {
  if (segment < readSegments) return readArena + <u32>segment * readSegmentSize;
  return writeArena + <u32>(segment - readSegments) * writeSegmentSize;
}

export function references(segment: i32): u32 {
  return load<u32>(entryOf(segment), layout.SEGMENT_REFERENCES);
}

export function hold(segment: i32): void {
  const entry = entryOf(segment);
  store<u32>(entry, load<u32>(entry, layout.SEGMENT_REFERENCES) + 1, layout.SEGMENT_REFERENCES);
}

export function release(segment: i32): void {
  const entry = entryOf(segment);
  const left = load<u32>(entry, layout.SEGMENT_REFERENCES) - 1;
  assert(left != 0xffffffff, 'released a segment that nobody holds');
  store<u32>(entry, left, layout.SEGMENT_REFERENCES);
}

// ── Read arena ──

function readSegmentOf(address: u32): i32 {
  const segment = (address - readArena) / readSegmentSize;
  return segment < <u32>readSegments && address >= readArena ? <i32>segment : layout.NONE;
}

/** End of the read segment that holds `address`. */
export function readLimitOf(address: u32): u32 {
  const segment = readSegmentOf(address);
  assert(segment != layout.NONE, 'a read landed outside the read arena');
  return baseOf(segment) + readSegmentSize;
}

/**
 * The host put `length` bytes at `address`: they are this turn's. In its own segments it goes on
 * where it likes, else the cursor stands behind them.
 */
export function arrived(address: u32, length: u32): void {
  const segment = readSegmentOf(address);
  assert(segment != layout.NONE, 'bytes arrived outside the read arena');
  assert(
    address + length <= baseOf(segment) + readSegmentSize,
    'bytes arrived across a segment end',
  );
  const entry = entryOf(segment);
  const stamp = <u32>long(layout.TURN);
  if (load<u32>(entry, layout.SEGMENT_STAMP) != stamp) {
    store<u32>(entry, stamp, layout.SEGMENT_STAMP);
    store<u32>(entry, address, layout.SEGMENT_START);
  } else {
    assert(address == load<u32>(entry, layout.SEGMENT_END), 'bytes arrived with a gap between');
  }
  store<u32>(entry, address + length, layout.SEGMENT_END);
  if (segment >= packedSegments) return;
  setWord(layout.STATE_READ_SEGMENT, segment);
  setWord(layout.READ_CURSOR, address + length);
}

/**
 * The read segment whose delivered bytes of this turn hold the whole range, or NONE: the bytes are
 * stale.
 */
export function deliveredIn(address: u32, length: u32): i32 {
  const segment = readSegmentOf(address);
  if (segment == layout.NONE) return layout.NONE;
  const entry = entryOf(segment);
  if (load<u32>(entry, layout.SEGMENT_STAMP) != <u32>long(layout.TURN)) return layout.NONE;
  if (address < load<u32>(entry, layout.SEGMENT_START)) return layout.NONE;
  if (address + length > load<u32>(entry, layout.SEGMENT_END)) return layout.NONE;
  return segment;
}

/** Chooses where the next turn's reads go. Only at the end of a turn, when no delivery is alive. */
export function chooseReadSegments(): void {
  if (settings & layout.SETTING_POISON) poison();
  let current = word(layout.STATE_READ_SEGMENT);
  if (references(current) == 0) {
    // Start over with the lowest free one: its lines are still in the cache.
    current = 0;
    while (references(current) != 0) current++;
    setWord(layout.STATE_READ_SEGMENT, current);
    setWord(layout.READ_CURSOR, baseOf(current));
  }
  setWord(layout.READ_LIMIT, baseOf(current) + readSegmentSize);
  let spares = 0;
  for (let segment = 0; segment < packedSegments; segment++) {
    if (segment == current || references(segment) != 0) continue;
    setWord(layout.SPARE_LIST + spares * 4, segment);
    spares++;
  }
  setWord(layout.SPARE_COUNT, spares);
}

/** What lies in segments that nobody refers to, of this turn and of those that held them before. */
function poison(): void {
  for (let segment = 0; segment < readSegments; segment++) {
    const entry = entryOf(segment);
    const end = load<u32>(entry, layout.SEGMENT_END);
    if (load<u32>(entry, layout.SEGMENT_REFERENCES) != 0 || end == 0) continue;
    const base = baseOf(segment);
    memory.fill(base, <u8>layout.POISON, end - base);
    store<u32>(entry, base, layout.SEGMENT_START);
    store<u32>(entry, base, layout.SEGMENT_END);
  }
}

// ── Write arena ──

/** Room for `length` bytes in the write arena; 0 when every segment is held, or none so long. */
export function reserve(length: u32): u32 {
  if (length > writeSegmentSize) return 0;
  let segment = word(layout.STATE_WRITE_SEGMENT);
  let cursor = <u32>word(layout.STATE_WRITE_CURSOR);
  if (references(segment) == 0) cursor = baseOf(segment);
  if (cursor + length > baseOf(segment) + writeSegmentSize) {
    segment = readSegments;
    const end = readSegments + writeSegments;
    while (segment < end && references(segment) != 0) segment++;
    if (segment == end) return 0;
    cursor = baseOf(segment);
    setWord(layout.STATE_WRITE_SEGMENT, segment);
  }
  setWord(layout.STATE_WRITE_CURSOR, cursor);
  return cursor;
}

/** The reserved bytes were written: the cursor moves behind them; returns their segment. */
export function commit(address: u32, length: u32): i32 {
  const segment = word(layout.STATE_WRITE_SEGMENT);
  assert(address == <u32>word(layout.STATE_WRITE_CURSOR), 'committed what was not reserved');
  assert(address + length <= baseOf(segment) + writeSegmentSize, 'committed past the segment');
  setWord(layout.STATE_WRITE_CURSOR, address + length);
  return segment;
}

export function initialiseArenas(): void {
  setWord(layout.STATE_READ_SEGMENT, 0);
  setWord(layout.READ_CURSOR, readArena);
  setWord(layout.STATE_WRITE_SEGMENT, readSegments);
  setWord(layout.STATE_WRITE_CURSOR, writeArena);
  // No turn has this stamp before 2^32 - 1 of them, and by then the entries are long overwritten.
  for (let segment = 0; segment < readSegments; segment++)
    setWord(entryOf(segment) + layout.SEGMENT_STAMP, -1);
  chooseReadSegments();
}
