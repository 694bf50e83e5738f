// The body of a request. What comes waits here until it is asked for, and no more than so much:
// then the connection is not read from, and the kernel's buffers stop the client.
import { CalandriaError } from '../errors';

/** Bytes that may wait before the client has to. */
const WAITING_MAX = 64 << 10;
/** What a chunk costs besides its bytes: many small ones must not cost more than few large ones. */
const CHUNK_COST = 256;

/** What a body asks of its connection. */
export interface BodySource {
  /** Somebody wants the body: a client that waits for "100 Continue" may send it. */
  wanted(): void;
  /** Whether it is full may have changed. */
  regulate(): void;
}

/** Of the body of a request without one nothing is asked. */
const NOBODY: BodySource = { wanted() {}, regulate() {} };

interface Taker {
  resolve(chunk: Uint8Array | null): void;
  reject(error: Error): void;
}

/** Thrown when the program reads more of a body than it said it would take. */
function tooLarge(limit: number): CalandriaError {
  return new CalandriaError(
    'ERR_CALANDRIA_BODY_TOO_LARGE',
    `The request's body has more than the ${limit} bytes that were to be read of it.`,
  );
}

/** One copy of all runs: start and end of each, as indices of the bytes. */
function copyOf(bytes: Uint8Array, runs: readonly number[]): Uint8Array {
  if (runs.length === 2) return Uint8Array.prototype.slice.call(bytes, runs[0], runs[1]);
  let length = 0;
  for (let run = 0; run < runs.length; run += 2) {
    length += (runs[run + 1] as number) - (runs[run] as number);
  }
  const copy = new Uint8Array(length);
  let at = 0;
  for (let run = 0; run < runs.length; run += 2) {
    const part = bytes.subarray(runs[run], runs[run + 1]);
    copy.set(part, at);
    at += part.length;
  }
  return copy;
}

export class RequestBody {
  /** Bytes that came so far, whether they were read or not. */
  received = 0;
  /** All of it has come. */
  complete = false;
  private readonly source: BodySource;
  private readonly chunks: Uint8Array[] = [];
  private waiting = 0;
  private readonly takers: Taker[] = [];
  private failure: Error | undefined;
  private dropping = false;
  /** So much waited that the client has to, until all of it was read. */
  full = false;

  constructor(source: BodySource) {
    this.source = source;
  }

  /** That of a request without one. */
  static none(): RequestBody {
    const body = new RequestBody(NOBODY);
    body.finish();
    return body;
  }

  /** The next bytes, or null at the end. They are the caller's. Rejects when the body fails. */
  read(): Promise<Uint8Array | null> {
    return new Promise((resolve, reject) => {
      const chunk = this.chunks.shift();
      if (chunk) {
        this.waiting -= chunk.length + CHUNK_COST;
        resolve(chunk);
        if (this.waiting === 0) this.makeRoom();
      } else if (this.failure) reject(this.failure);
      else if (this.complete || this.dropping) resolve(null);
      else {
        this.takers.push({ resolve, reject });
        this.source.wanted();
      }
    });
  }

  /** Lets a client begin that waits for "100 Continue", ahead of the first read(). */
  ask(): void {
    if (!this.complete && !this.failure && !this.dropping) this.source.wanted();
  }

  /** What comes, in chunks. Leaving the loop drops the rest. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, undefined> {
    try {
      for (;;) {
        const chunk = await this.read();
        if (chunk === null) return undefined;
        yield chunk;
      }
    } finally {
      this.drop();
    }
  }

  /** All of it, if that is no more than `most` bytes. @throws ERR_CALANDRIA_BODY_TOO_LARGE */
  async bytes(most = Number.POSITIVE_INFINITY): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    for await (const chunk of this) {
      length += chunk.length;
      if (length > most) throw tooLarge(most);
      chunks.push(chunk);
    }
    if (chunks.length === 1) return chunks[0] as Uint8Array;
    return Buffer.concat(chunks, length);
  }

  /** All of it as UTF-8 text. */
  async text(most?: number): Promise<string> {
    return new TextDecoder().decode(await this.bytes(most));
  }

  async json(most?: number): Promise<unknown> {
    return JSON.parse(await this.text(most));
  }

  /** Nobody wants the rest. */
  drop(): void {
    if (this.dropping) return;
    this.dropping = true;
    this.chunks.length = 0;
    this.waiting = 0;
    for (const { resolve } of this.takers.splice(0)) resolve(null);
    this.makeRoom();
  }

  // ── Internal: what came ──

  /** Is somebody waiting for more of it? */
  get hungry(): boolean {
    return this.takers.length > 0;
  }

  /** Runs of bytes that are valid in this turn only. */
  arrived(bytes: Uint8Array, runs: readonly number[]): void {
    for (let run = 0; run < runs.length; run += 2) {
      this.received += (runs[run + 1] as number) - (runs[run] as number);
    }
    if (this.dropping) return;
    const chunk = copyOf(bytes, runs);
    const taker = this.takers.shift();
    if (taker) return taker.resolve(chunk);
    this.chunks.push(chunk);
    this.waiting += chunk.length + CHUNK_COST;
    if (this.waiting >= WAITING_MAX) this.full = true;
  }

  finish(): void {
    this.complete = true;
    for (const { resolve } of this.takers.splice(0)) resolve(null);
  }

  fail(error: Error): void {
    if (this.complete || this.failure) return;
    this.failure = error;
    for (const { reject } of this.takers.splice(0)) reject(error);
  }

  /** The answer is complete, and no more is taken: who reads on must not think it was all. */
  abandon(): void {
    this.fail(
      new CalandriaError(
        'ERR_CALANDRIA_CLOSED',
        'The request was answered before all of its body had come; the rest is not read.',
      ),
    );
    this.drop();
  }

  private makeRoom(): void {
    if (!this.full) return;
    this.full = false;
    this.source.regulate();
  }
}
