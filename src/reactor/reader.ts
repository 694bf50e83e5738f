// Reading without a `data` handler: `for await` over what a connection brings, and receive() of so
// many bytes. Both are façades on the same deliveries: what comes is copied, and how much comes is
// the connection's appetite.
import { Iteration } from './iteration';

/** What a reader asks of its connection. */
interface Readable {
  readonly closed: boolean;
  read(bytes: number): void;
  close(): void;
}

/** What a call that never waits came to. */
export interface Tried {
  /** Bytes read or written. */
  readonly n: number;
  /** Nothing could be done now, or not all of it: try again when the record has changed. */
  readonly again: boolean;
}

interface Wanted {
  readonly length: number;
  resolve(bytes: Uint8Array): void;
  reject(error: Error): void;
}

const NOTHING = new Uint8Array(0);

export class Reader {
  private readonly connection: Readable;
  private iteration: Iteration<Uint8Array> | undefined;
  private readonly wanted: Wanted[] = [];
  private readonly waiting: (() => void)[] = [];
  /** Bytes of receive(), come and not given: less than is wanted, or more than was asked for. */
  private chunks: Uint8Array[] = [];
  private length = 0;
  private over = false;
  private failure: Error | undefined;

  constructor(connection: Readable) {
    this.connection = connection;
  }

  /** From now on all that comes is the loop's. */
  iterate(): Iteration<Uint8Array> {
    if (this.iteration) return this.iteration;
    const { connection } = this;
    this.iteration = new Iteration<Uint8Array>({
      pause: () => connection.read(0),
      resume: () => connection.read(Number.POSITIVE_INFINITY),
      stop: () => connection.close(),
    });
    for (const chunk of this.chunks.splice(0)) this.iteration.push(chunk);
    this.length = 0;
    if (this.over || connection.closed) this.finish();
    else connection.read(Number.POSITIVE_INFINITY);
    return this.iteration;
  }

  /** So many bytes, or what there was before the end. One after another. */
  receive(length: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.wanted.push({ length, resolve, reject });
      this.settle();
    });
  }

  /** What has come, of as many bytes as the target holds; asks for what did not. */
  tryTake(target: Uint8Array): Tried {
    const n = Math.min(target.length, this.length);
    target.set(this.take(n));
    if (n === 0 && this.failure) throw this.failure;
    if (!this.over && !this.iteration && this.wanted.length === 0) {
      this.connection.read(Math.max(0, target.length - this.length));
    }
    return { n, again: n === 0 && target.length > 0 && !this.over };
  }

  /** Settles when tryTake() has something to give, be it the end or an error. */
  readable(): Promise<void> {
    if (this.length > 0 || this.over) return Promise.resolve();
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  private rouse(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  }

  arrived(bytes: Uint8Array): void {
    const chunk = bytes.slice();
    if (this.iteration && this.wanted.length === 0) return this.iteration.push(chunk);
    this.chunks.push(chunk);
    this.length += chunk.length;
    this.settle();
    this.rouse();
  }

  /** The peer's end, or ours. */
  finish(): void {
    this.over = true;
    this.settle();
    this.rouse();
    this.iteration?.end(this.failure && { error: this.failure });
  }

  failed(error: Error): void {
    this.failure ??= error;
    this.finish();
  }

  /** Gives what can be given, and asks for what is missing. */
  private settle(): void {
    for (;;) {
      const [first] = this.wanted;
      if (!first) break;
      if (this.length < first.length && !this.over) break;
      this.wanted.shift();
      if (this.failure && this.length < first.length) first.reject(this.failure);
      else first.resolve(this.take(Math.min(first.length, this.length)));
    }
    if (this.over || this.iteration) return;
    let missing = -this.length;
    for (const { length } of this.wanted) missing += length;
    this.connection.read(Math.max(0, Math.min(missing, 2 ** 31 - 1)));
  }

  private take(length: number): Uint8Array {
    if (length === 0) return NOTHING;
    const all = Buffer.concat(this.chunks, this.length);
    this.length -= length;
    this.chunks = this.length > 0 ? [all.subarray(length)] : [];
    return all.subarray(0, length);
  }
}
