// Completions as io_uring(7) writes them, for a host that is a test.
import * as layout from '../../assembly/layout';

/** RING_ of the layout, and the kernel's result and flags. */
export interface Completed {
  readonly kind: number;
  readonly result: number;
  readonly flags?: number;
}

/** IORING_CQE_F_SOCK_NONEMPTY of <linux/io_uring.h>. */
export const SOCK_NONEMPTY = 4;

/** struct io_uring_cqe. Without anything that completed: what poll(2) says of the descriptor. */
export function encodeCompleted(
  { record, generation }: { readonly record: number; readonly generation: number },
  completed: Completed | undefined,
  raised: number,
): Buffer {
  const { kind, result, flags = 0 } = completed ?? { kind: layout.RING_READINESS, result: raised };
  const entry = Buffer.alloc(layout.RING_SIZE);
  const mask = 2 ** layout.RING_RECORD_BITS - 1;
  entry.writeUInt32LE(((record & mask) | (kind << layout.RING_RECORD_BITS)) >>> 0, 0);
  entry.writeUInt32LE(generation >>> 0, 4);
  entry.writeInt32LE(result | 0, 8);
  entry.writeUInt32LE(flags >>> 0, 12);
  return entry;
}
