// Structures of the core that no host has to know. As layout.ts this is valid as both TypeScript
// and AssemblyScript.
import { CONTROL } from './layout';

// ── Dirty entry: 40 bytes: the record's tuples as the turn found them ────────────────────────────
export const DIRTY_SIZE = 40;
export const DIRTY_RECORD = 0;
export const DIRTY_RX_AVAILABLE = 4;
export const DIRTY_RX_ERROR = 8;
export const DIRTY_RX_MARKS = 12;
export const DIRTY_TX_SPACE = 16;
export const DIRTY_TX_QUEUED = 20;
export const DIRTY_TX_ERROR = 24;
export const DIRTY_TX_MARKS = 28;

// ── Word of the control block, of the merged loop ────────────────────────────────────────────────
/** MERGED_… bits. */
export const STATE_MERGED = CONTROL + 816;
export const MERGED_ANNOUNCED = 1;
/** The kernel reported something in this turn. */
export const MERGED_INPUT = 2;

// ── Words of the control block, of files on their way to connections ────────────────────────────
/** Bytes of files that this turn's sends may take. */
export const STATE_FILES_EXPECTED = CONTROL + 904;
/** Files whose next part found no room among the unsent bytes. */
export const STATE_FILES_STARVED = CONTROL + 908;

// ── Words of the control block, of the idle watchers ─────────────────────────────────────────────
/** Those whose period has begun, first in, first out. */
export const STATE_IDLE_HEAD = CONTROL + 832;
export const STATE_IDLE_TAIL = CONTROL + 836;
/** The program called since the last turn: that is input, too. */
export const STATE_CALLED = CONTROL + 840;

// ── Words of the control block, of the leases ────────────────────────────────────────────────────
export const LEASES_USED = CONTROL + 912;
export const STATE_FREE_LEASE = CONTROL + 916;
export const STATE_LEASES_TOUCHED = CONTROL + 920;
/** Read segments that leases hold. */
export const STATE_LEASED_SEGMENTS = CONTROL + 924;

// ── Words of the control block, of the fences ────────────────────────────────────────────────────
/** The first one's record plus 1; how many there are; reads of others that this turn submits. */
export const STATE_FENCE_FIRST = CONTROL + 936;
export const STATE_FENCES = CONTROL + 940;
export const STATE_READS = CONTROL + 944;

// ── Lease: 16 bytes ──────────────────────────────────────────────────────────────────────────────
export const LEASE_SIZE = 16;
export const LEASE_SHIFT = 4;
export const LEASE_ADDRESS = 0;
/** u32 bytes; 0 for one that is nobody's */
export const LEASE_LENGTH = 4;
/** i32 of a lease its read segment; of a free one the next free one, or NONE */
export const LEASE_SEGMENT = 8;
