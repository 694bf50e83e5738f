// A file's bytes in chunks, with a read-ahead of one: while the program uses a chunk the next one
// is on its way.
import { checkOptions, checkWhole } from './arguments';
import type { File } from './file';
import { LENGTH_MAX } from './file-source';

export interface Chunks {
  /** The first byte. Default 0. */
  readonly start?: number;
  /** The last byte, included. Default: the end of the file. */
  readonly end?: number;
  /** Bytes of a chunk. Default 65,536. */
  readonly size?: number;
}

const SIZE = 65536;

interface Part {
  readonly bytes: Buffer;
  readonly asked: number;
}

export async function* chunksOf(
  file: File,
  options: Chunks,
): AsyncGenerator<Buffer, void, undefined> {
  checkOptions('options', options);
  const { start = 0, end = Number.MAX_SAFE_INTEGER - 1, size = SIZE } = options;
  checkWhole('start', start, Number.MAX_SAFE_INTEGER);
  checkWhole('end', end, Number.MAX_SAFE_INTEGER - 1);
  checkWhole('size', size, LENGTH_MAX, 1);
  const read = async (from: number): Promise<Part> => {
    const asked = Math.min(size, end + 1 - from);
    if (asked <= 0) return { bytes: Buffer.alloc(0), asked };
    const buffer = Buffer.allocUnsafe(asked);
    const { bytesRead } = await file.read(buffer, 0, asked, from);
    return { bytes: buffer.subarray(0, bytesRead), asked };
  };
  let from = start;
  let coming = read(from);
  for (;;) {
    const { bytes, asked } = await coming;
    if (bytes.length === 0) return;
    from += bytes.length;
    const last = bytes.length < asked;
    if (!last) {
      coming = read(from);
      // Who leaves the loop does not wait for it, and its error is nobody's.
      coming.catch(() => {});
    }
    yield bytes;
    if (last) return;
  }
}
