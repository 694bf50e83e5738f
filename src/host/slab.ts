// Where bytes are copied to on their way out of the node host. A copy that node:net passed on at
// once leaves its place to the next one: a server whose peers read copies through bytes that are
// still in the cache, and asks for no memory.

/** As much as a socket takes at once (HIGH_WATER in node-stream.ts). */
const SLAB_BYTES = 65536;

export class Slab {
  private bytes = Buffer.alloc(0);
  private kept = 0;

  /** Room for a copy, which the next call gives away again unless it is kept. */
  take(length: number): Buffer {
    if (this.bytes.length - this.kept < length) {
      this.bytes = Buffer.allocUnsafeSlow(Math.max(length, SLAB_BYTES));
      this.kept = 0;
    }
    return this.bytes.subarray(this.kept, this.kept + length);
  }

  /** The `length` bytes that were taken last are still in use. */
  keep(length: number): void {
    this.kept += length;
  }
}
