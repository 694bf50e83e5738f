// What File's methods take and answer, in the shape of fs/promises' FileHandle.
import type { Via } from '../reactor/operations';

export interface ReadOptions<View extends NodeJS.ArrayBufferView = NodeJS.ArrayBufferView> {
  /** Default: a Buffer of 16 KiB. */
  readonly buffer?: View;
  readonly offset?: number | null;
  readonly length?: number | null;
  /** In the file; without it, the current position, which moves on. */
  readonly position?: number | bigint | null;
}

export interface WriteResult<Data> {
  readonly bytesWritten: number;
  readonly buffer: Data;
  readonly via: Via;
}

export interface ReadResult<View> {
  /** Fewer than asked for only at the end of the file. */
  readonly bytesRead: number;
  readonly buffer: View;
  readonly via: Via;
}
