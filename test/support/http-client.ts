// A client of HTTP that writes raw bytes and waits for answers.
import { connect, type Socket } from 'node:net';
import { type Answer, type Answers, readAnswers } from './http-answers';

export interface Ended extends Answers {
  /** The connection ended in order: not by a reset. */
  readonly orderly: boolean;
  readonly bytes: Buffer;
}

const open = new Set<HttpClient>();

/** To be called by afterEach. */
export async function closeClients(): Promise<void> {
  await Promise.all(
    [...open].map((client) => {
      client.socket.destroy();
      return client.closed;
    }),
  );
}

export class HttpClient {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  error: NodeJS.ErrnoException | undefined;
  private readonly methods: readonly string[];
  private readonly chunks: Buffer[] = [];
  /** Answers that are complete and belong to their predecessors no more. */
  private readonly whole: Answer[] = [];
  private readonly informed: Answer[] = [];
  private pending: Buffer[] = [];
  private serverEnded = false;
  private waiting: (() => void)[] = [];

  /** `methods`: of the requests that it will send, in order; the last one for all that follow. */
  constructor(port: number, methods: readonly string[] = ['GET']) {
    this.methods = methods;
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()));
    this.socket.on('error', (error) => {
      this.error = error;
    });
    this.socket.on('data', (chunk) => {
      this.chunks.push(chunk);
      this.pending.push(chunk);
      this.wake();
    });
    this.socket.on('end', () => {
      this.serverEnded = true;
      this.wake();
      this.socket.end();
    });
    this.socket.on('close', () => {
      open.delete(this);
      this.wake();
    });
    open.add(this);
  }

  private wake(): void {
    for (const look of this.waiting.splice(0)) look();
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** What was read so far, as answers. */
  get read(): Answers {
    const bytes = Buffer.concat(this.pending);
    const place = Math.min(this.whole.length, this.methods.length - 1);
    const ended = this.serverEnded && !this.error;
    const { answers, interim, rest } = readAnswers(bytes, this.methods.slice(place), ended);
    // What is complete need not be read again, but for what the end alone completes.
    const more = answers.filter(({ complete }) => complete);
    if (!ended && more.length > 0) {
      this.whole.push(...more);
      this.informed.push(...interim);
      const left = answers.filter(({ complete }) => !complete);
      const read = left.reduce((sum, { length }) => sum - length, bytes.length - rest.length);
      this.pending = [bytes.subarray(read)];
      return { answers: [...this.whole, ...left], interim: [...this.informed], rest };
    }
    return {
      answers: [...this.whole, ...answers],
      interim: [...this.informed, ...interim],
      rest,
    };
  }

  /** Resolves when the kernel has them. */
  send(...parts: (string | Uint8Array)[]): Promise<void> {
    const bytes = Buffer.concat(
      parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part)),
    );
    return new Promise((resolve) => {
      if (this.socket.write(bytes, () => resolve())) return;
      this.socket.once('close', () => resolve());
    });
  }

  /** Sends the end of this side. */
  end(): void {
    this.socket.end();
  }

  /** RST in place of the end. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  /** Resolves when it holds; fails when the connection is closed before. */
  async until(holds: () => boolean, what = 'what was waited for'): Promise<void> {
    while (!holds()) {
      if (this.socket.destroyed) {
        const got = this.bytes.toString('latin1', 0, 300);
        throw new Error(`The connection closed before ${what}: ${got}`);
      }
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  /** The first so many answers, once they are complete. */
  async answers(count: number): Promise<readonly Answer[]> {
    const complete = (): number => this.read.answers.filter((answer) => answer.complete).length;
    await this.until(() => complete() >= count, `${count} answers`);
    return this.read.answers.slice(0, count);
  }

  async answer(): Promise<Answer> {
    return (await this.answers(1))[0] as Answer;
  }

  /** Resolves when the server has closed. */
  async ended(): Promise<Ended> {
    await this.closed;
    return { ...this.read, orderly: !this.error, bytes: this.bytes };
  }
}

/** Sends it all on one connection, and then the end; what became of it. */
export async function converse(
  port: number,
  request: string | Uint8Array,
  ...methods: string[]
): Promise<Ended> {
  const client = new HttpClient(port, methods.length > 0 ? methods : ['GET']);
  await client.send(request);
  client.end();
  return client.ended();
}
