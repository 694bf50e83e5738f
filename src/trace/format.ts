// Trace format 3, byte by byte. All numbers are little-endian; every section begins at a multiple
// of 8.
//
// FILE
//   0   8  magic: 89 43 41 4c 0d 0a 1a 0a ("\x89CAL\r\n\x1a\n": no transfer that mangles it passes)
//   8   4  u32 format: 3 (1, 2: the same, without the calls and deliveries that came later)
//   12  4  u32 length of the header text
//   16  4  u32 CRC-32 of the header text
//   20  4  u32 0
//   24  n  header: JSON (TraceHeader below), padded with spaces to a multiple of 8
//   then blocks until the end of the file
//
// BLOCK
//   0   4  kind: "IN  ", "CALL", "OUT ", "END " (ASCII)
//   4   4  u32 length of the body, a multiple of 8
//   8   8  u64 turn (of a CALL block before IN n: n - 1)
//   16  4  u32 CRC-32 of bytes 0 to 15 and the body
//   20  4  u32 0
//   24  n  body
//
// The order of blocks is: IN 1, CALL 1 …, OUT 1, IN 2, CALL 2 …, OUT 2, …, END. A CALL block is a
// part of a turn's calls that did not fit the call stream; between OUT n-1 and IN n it holds calls
// from outside. IN n is handed to the kernel before turn n's handlers run, OUT n before the reactor
// sleeps again:
//
//   good:  IN 1  OUT 1  IN 2  OUT 2  END      complete
//   good:  IN 1  OUT 1  IN 2                  ends early, inside turn 2: no handler came back
//   good:  IN 1  OUT 1  IN 2  OU              ends early: the last block is torn
//   bad:   IN 1  OU▒ 1  IN 2  OUT 2           corrupt: a bad checksum with blocks behind it
//
// IN: what came in, and what the core made of it for the handlers
//   0   8  u64 now, ns
//   8   4  i32 result of the wait (WAIT_SKIPPED: none was made)
//   12  4  u32 event format (FORMAT_…)
//   16  4  u32 size of an event record
//   20  4  u32 notifier
//   24  4  u32 bytes of calls from outside
//   28  4  u32 events
//   32  4  u32 completions
//   36  4  u32 payload ranges
//   40  4  u32 updates
//   44  4  u32 deliveries
//   48     sections, each padded to 8: calls from outside; events, raw; completions, 32 bytes each
//          (the submission with its result, assembly/layout.ts); payload; updates, 24 bytes each;
//          deliveries, 32 bytes each
//   A payload range is { u32 address, u32 length } and then its bytes, padded; with payload
//   "digest" a u64 for each 4 KiB instead (assembly/digest.ts), and ranges of the few bytes that
//   the core itself reads, marked by bit 31 of the length. Addresses are those of the recording
//   reactor's memory; the header says where its read arena began.
//
// CALL: calls of the program (assembly/layout.ts, "Call"), one after another
//
// OUT
//   0   8  u64 digest of the core's work up to and including this turn
//   8      the turn's (remaining) calls
//
// END: the recording was ended on purpose
//   0   8  u64 turns recorded
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import * as layout from '../../assembly/layout';
import type { Limits } from '../core/limits';
import type { ProgramDescription } from '../host/host';

export const FORMAT = 3;
/** Formats that are read. Whatever was released stays in this list. */
export const FORMATS: readonly number[] = [1, 2, 3];
export const MAGIC = Buffer.from([0x89, 0x43, 0x41, 0x4c, 0x0d, 0x0a, 0x1a, 0x0a]);
export const FILE_HEAD = 24;
export const BLOCK_HEAD = 24;
export const IN_HEAD = 48;

/** In the length of a payload range: the bytes themselves, whatever the payload. */
export const RANGE_KEPT = 1 << 31;

export const KIND_IN = 0x20204e49;
export const KIND_CALL = 0x4c4c4143;
export const KIND_OUT = 0x2054554f;
export const KIND_END = 0x20444e45;
export const KINDS: readonly number[] = [KIND_IN, KIND_CALL, KIND_OUT, KIND_END];

export type Payload = 'full' | 'digest';

export interface TraceHeader {
  readonly format: number;
  /** Version of this package that recorded. */
  readonly version: string;
  /** SHA-256 of the layout's constants, and of the core. */
  readonly layoutHash: string;
  readonly coreHash: string;
  readonly host: string;
  readonly limits: Limits;
  /** Unsigned, decimal. */
  readonly seed: string;
  readonly sampling: 'none' | 'turn';
  readonly debug: boolean;
  readonly payload: Payload;
  /** Files that were sent were read and written, so that their bytes are here too. */
  readonly copiesFiles?: boolean;
  /** The host reported levels: SETTING_LEVELS. */
  readonly levels?: boolean;
  /** What the host wanted of the core: SETTING_SEMAPHORE, SETTING_COLLECT_ALWAYS, SETTING_LEND. */
  readonly completions?: number;
  /** Address of the read arena in the memory of the recording reactor. */
  readonly readArena: number;
  readonly program: ProgramDescription | null;
}

export function padded(length: number): number {
  return (length + 7) & ~7;
}

/** Digests that stand for this many bytes. */
export function digestsOf(length: number): number {
  return Math.ceil(length / layout.DIGEST_CHUNK);
}

let layoutHashed: string | undefined;

/**
 * SHA-256 over names and values of the layout: two builds with the same hash read each other's
 * memory.
 */
export function layoutHash(): string {
  if (layoutHashed) return layoutHashed;
  const constants = Object.entries(layout).filter(([, value]) => typeof value === 'number');
  constants.sort(([left], [right]) => (left < right ? -1 : 1));
  layoutHashed = createHash('sha256').update(JSON.stringify(constants)).digest('hex');
  return layoutHashed;
}

/** The first bytes of a file. */
export function encodeHeader(header: TraceHeader): Buffer {
  const text = Buffer.from(JSON.stringify(header));
  const body = Buffer.alloc(padded(text.length), ' ');
  text.copy(body);
  const head = Buffer.alloc(FILE_HEAD);
  MAGIC.copy(head);
  head.writeUInt32LE(FORMAT, 8);
  head.writeUInt32LE(body.length, 12);
  head.writeUInt32LE(crc32(body), 16);
  return Buffer.concat([head, body]);
}

/** Completes a block whose body already stands behind its head. */
export function sealBlock(
  buffer: Buffer,
  at: number,
  kind: number,
  bodyLength: number,
  turnLow: number,
  turnHigh: number,
): void {
  buffer.writeUInt32LE(kind, at);
  buffer.writeUInt32LE(bodyLength, at + 4);
  buffer.writeUInt32LE(turnLow, at + 8);
  buffer.writeUInt32LE(turnHigh, at + 12);
  buffer.writeUInt32LE(blockChecksum(buffer, at, bodyLength), at + 16);
  buffer.writeUInt32LE(0, at + 20);
}

/** CRC-32 of the first 16 bytes of the head, and the body. */
export function blockChecksum(buffer: Buffer, at: number, bodyLength: number): number {
  const head = crc32(buffer.subarray(at, at + 16));
  return crc32(buffer.subarray(at + BLOCK_HEAD, at + BLOCK_HEAD + bodyLength), head);
}

export const SETTINGS_OF_HOST =
  layout.SETTING_SEMAPHORE | layout.SETTING_COLLECT_ALWAYS | layout.SETTING_LEND;

/** The core's settings while this trace was recorded. */
export function settingsOf(header: TraceHeader): number {
  return (
    layout.SETTING_TRACE |
    (header.payload === 'digest' ? layout.SETTING_TRACE_DIGEST : 0) |
    (header.sampling === 'turn' ? layout.SETTING_SAMPLE_TURN : 0) |
    (header.debug ? layout.SETTING_POISON : 0) |
    (header.copiesFiles ? layout.SETTING_COPY_FILES : 0) |
    (header.levels ? layout.SETTING_LEVELS : 0) |
    ((header.completions ?? 0) & SETTINGS_OF_HOST)
  );
}
