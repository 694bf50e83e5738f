// Traces that somebody changed: blocks by kind, single bytes flipped, checksums made right again.
import { readFileSync, writeFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import {
  BLOCK_HEAD,
  blockChecksum,
  encodeHeader,
  FILE_HEAD,
  type TraceHeader,
} from '../../src/trace/format';
import { traceFile } from './recording';

export interface BlockPlace {
  readonly kind: string;
  readonly turn: number;
  /** Where its head begins, and how long its body is. */
  readonly at: number;
  readonly length: number;
}

export function headerEnd(bytes: Buffer): number {
  return FILE_HEAD + bytes.readUInt32LE(12);
}

/** All blocks of a whole trace, in order. */
export function blocksOf(bytes: Buffer): BlockPlace[] {
  const blocks: BlockPlace[] = [];
  for (let at = headerEnd(bytes); at < bytes.length; ) {
    const kind = bytes.toString('latin1', at, at + 4).trim();
    const length = bytes.readUInt32LE(at + 4);
    blocks.push({ kind, turn: bytes.readUInt32LE(at + 8), at, length });
    at += BLOCK_HEAD + length;
  }
  return blocks;
}

/** Makes every block's checksum right again. */
export function reseal(bytes: Buffer, { at, length }: BlockPlace): void {
  bytes.writeUInt32LE(blockChecksum(bytes, at, length), at + 16);
}

export function resealHeader(bytes: Buffer): void {
  bytes.writeUInt32LE(crc32(bytes.subarray(FILE_HEAD, headerEnd(bytes))), 16);
}

/** A copy with another header. */
export function withHeader(bytes: Buffer, change: (header: TraceHeader) => object): Buffer {
  const text = bytes.toString('utf8', FILE_HEAD, headerEnd(bytes));
  const changed = { ...JSON.parse(text), ...change(JSON.parse(text)) } as TraceHeader;
  return Buffer.concat([encodeHeader(changed), bytes.subarray(headerEnd(bytes))]);
}

/** A copy with one bit, or all of them, of one byte flipped. */
export function flipped(bytes: Buffer, at: number, mask = 0xff): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] as number) ^ mask;
  return copy;
}

/** The same, and the block's checksum fits again. */
export function forged(bytes: Buffer, block: BlockPlace, at: number, mask = 0xff): Buffer {
  const copy = flipped(bytes, at, mask);
  reseal(copy, block);
  return copy;
}

/** Puts bytes into a file of their own. */
export function asFile(bytes: Uint8Array, file = traceFile()): string {
  writeFileSync(file, bytes);
  return file;
}

export function readTrace(file: string): Buffer {
  return readFileSync(file);
}
