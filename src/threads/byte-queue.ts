// Bytes that came and were not taken yet.

const NOTHING = Buffer.alloc(0);

export class ByteQueue {
  private chunks: Buffer[] = [];
  private size = 0;

  get length(): number {
    return this.size;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.chunks.push(chunk);
    this.size += chunk.length;
  }

  /** As they came: at most so many, and no more than one chunk. */
  take(most: number): Buffer {
    const [first] = this.chunks;
    if (!first || most === 0) return NOTHING;
    const taken = first.subarray(0, most);
    this.drop(taken.length);
    return taken;
  }

  /** So many, or all when there are fewer. */
  takeAll(length: number): Buffer {
    const most = Math.min(length, this.size);
    if ((this.chunks[0]?.length ?? 0) >= most) return this.take(most);
    const parts: Buffer[] = [];
    for (let left = most; left > 0; left -= (parts.at(-1) as Buffer).length) {
      parts.push(this.take(left));
    }
    return Buffer.concat(parts, most);
  }

  private drop(length: number): void {
    const [first] = this.chunks as [Buffer];
    this.size -= length;
    if (first.length === length) this.chunks.shift();
    else this.chunks[0] = first.subarray(length);
  }
}
