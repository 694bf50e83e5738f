// Where the regions lie. The addresses are read once, in bind(): they are constants of this
// instance, while everything that changes lives in linear memory, so that the memory is the
// reactor's whole state.

import * as layout from './layout';

export let records: u32 = 0;
export let peers: u32 = 0;
export let submissions: u32 = 0;
export let events: u32 = 0;
export let rings: u32 = 0;
export let ringsSize: u32 = 0;
export let deliveries: u32 = 0;
export let updates: u32 = 0;
export let dirty: u32 = 0;
export let calls: u32 = 0;
export let timers: u32 = 0;
export let tasks: u32 = 0;
export let leases: u32 = 0;
export let timerHeap: u32 = 0;
export let pieces: u32 = 0;
export let blockLinks: u32 = 0;
export let blocks: u32 = 0;
export let bounce: u32 = 0;
export let segments: u32 = 0;
export let readArena: u32 = 0;
export let writeArena: u32 = 0;
export let readSegmentSize: u32 = 0;
export let writeSegmentSize: u32 = 0;
export let readSegments: i32 = 0;
/** Those below are filled as RECEIVE asks; the others are the host's (SETTING_LEND). */
export let packedSegments: i32 = 0;
export let writeSegments: i32 = 0;
export let recordsMax: i32 = 0;
export let settings: i32 = 0;

export function word(address: u32): i32 {
  return load<i32>(address);
}

export function setWord(address: u32, value: i32): void {
  store<i32>(address, value);
}

export function long(address: u32): u64 {
  return load<u64>(address);
}

export function setLong(address: u32, value: u64): void {
  store<u64>(address, value);
}

export function count(counter: u32, by: u64 = 1): void {
  store<u64>(counter, load<u64>(counter) + by);
}

export function bind(): void {
  assert(word(layout.CONTROL_MAGIC) == layout.LAYOUT_MAGIC, 'control block has no magic');
  assert(word(layout.CONTROL_VERSION) == layout.LAYOUT_VERSION, 'another layout version');
  records = word(layout.RECORDS_BASE);
  peers = word(layout.PEERS_BASE);
  submissions = word(layout.SUBMISSIONS_BASE);
  events = word(layout.EVENTS_BASE);
  rings = word(layout.RINGS_BASE);
  ringsSize = word(layout.RINGS_SIZE);
  deliveries = word(layout.DELIVERIES_BASE);
  updates = word(layout.UPDATES_BASE);
  dirty = word(layout.DIRTY_BASE);
  calls = word(layout.CALLS_BASE);
  timers = word(layout.TIMERS_BASE);
  tasks = word(layout.OPERATIONS_BASE);
  leases = word(layout.LEASES_BASE);
  timerHeap = word(layout.TIMER_HEAP_BASE);
  pieces = word(layout.PIECES_BASE);
  blockLinks = word(layout.BLOCK_LINKS_BASE);
  blocks = word(layout.BLOCKS_BASE);
  bounce = word(layout.BOUNCE_BASE);
  segments = word(layout.SEGMENTS_BASE);
  readArena = word(layout.READ_ARENA_BASE);
  writeArena = word(layout.WRITE_ARENA_BASE);
  readSegmentSize = word(layout.READ_SEGMENT_SIZE);
  writeSegmentSize = word(layout.WRITE_SEGMENT_SIZE);
  readSegments = word(layout.READ_SEGMENTS_MAX);
  writeSegments = word(layout.WRITE_SEGMENTS_MAX);
  recordsMax = word(layout.RECORDS_MAX);
  settings = word(layout.SETTINGS);
  packedSegments = readSegments;
  if (settings & layout.SETTING_LEND) packedSegments -= readSegments >> 1;
  assert(
    <u32>word(layout.MEMORY_SIZE) <= (<u32>memory.size()) << 16,
    'regions end past the memory',
  );
  assert(readSegments <= layout.SPARE_LIST_MAX, 'more read segments than the spare list holds');
  assert(<u32>word(layout.READ_SIZE_MAX) <= readSegmentSize, 'a read is larger than its segment');
  assert(writeSegmentSize >= <u32>layout.WRITE_CHUNK, 'a write segment holds no chunk');
}
