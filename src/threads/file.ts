// A thread's file: reads that look blocking, from the beginning on. What a read that was given up
// brings is kept for the next one.

import type { FileStats } from '../files/stats';
import { checkFlag, checkOptions, checkWhole } from '../reactor/arguments';
import type { File } from '../reactor/file';
import type { OpenFileOptions } from '../reactor/file-arguments';
import { ByteQueue } from './byte-queue';
import { Line, LineWait } from './line';
import { FILE, OperationWait } from './operation';
import type { Owned, Thread } from './thread';
import type { Wait, WaitKind } from './wait';

export interface OpenOptions extends OpenFileOptions {
  /** As of open(2). Default 'r'. */
  readonly flags?: string;
  /** Of a file that is created. Default 0o666. */
  readonly mode?: number;
  /** Reads the next part while the thread uses the last one. Default false. */
  readonly ahead?: boolean;
}

/** Bytes of one read, unless it says otherwise. */
const MOST = 64 << 10;
const LENGTH_MAX = 2 ** 31 - 1;

/** What is read of a file, one part after another. */
class Parts {
  readonly line = new Line();
  readonly bytes = new ByteQueue();
  private readonly file: File;
  private reading = false;
  /** The last read found no more, and nobody was told. */
  private atEnd = false;
  private failure: { readonly error: unknown } | undefined;

  constructor(file: File) {
    this.file = file;
  }

  /** There is something to tell. */
  get ready(): boolean {
    return this.bytes.length > 0 || this.atEnd || this.failure !== undefined;
  }

  /** Told once: a file may grow. */
  takeFailure(): { readonly error: unknown } | undefined {
    const { failure } = this;
    this.failure = undefined;
    return failure;
  }

  take(most: number): Buffer {
    if (this.bytes.length === 0) this.atEnd = false;
    return this.bytes.take(most);
  }

  read(length: number): void {
    if (this.reading || this.ready) return;
    this.reading = true;
    this.file.read(Buffer.allocUnsafe(length)).then(
      ({ bytesRead, buffer }) => {
        this.bytes.push(buffer.subarray(0, bytesRead));
        this.atEnd = bytesRead === 0;
        this.heard();
      },
      (error) => {
        this.failure = { error };
        this.heard();
      },
    );
  }

  private heard(): void {
    this.reading = false;
    this.line.serve();
    const { first } = this.line;
    if (first instanceof FileReadWait) this.read(first.most);
  }
}

class FileReadWait extends LineWait<Buffer> {
  readonly most: number;
  private readonly parts: Parts;
  private readonly ahead: boolean;

  constructor(thread: Thread, parts: Parts, most: number, ahead: boolean) {
    super(thread);
    this.parts = parts;
    this.most = most;
    this.ahead = ahead;
  }

  get kinds(): readonly WaitKind[] {
    return FILE;
  }

  protected get line(): Line {
    return this.parts.line;
  }

  act(): boolean {
    const { parts } = this;
    if (!parts.ready) return false;
    const failure = parts.bytes.length === 0 ? parts.takeFailure() : undefined;
    if (failure) this.fail(failure.error);
    else {
      const bytes = parts.take(this.most);
      this.fulfil(bytes);
      if (this.ahead && bytes.length > 0) parts.read(this.most);
    }
    return true;
  }

  override enlist(): void {
    super.enlist();
    this.parts.read(this.most);
  }
}

export class ThreadFile implements Owned {
  /** The program's own. */
  data: unknown = undefined;
  /** The reactor's. */
  readonly file: File;
  /** Internal. */
  owner: Thread;
  private readonly parts: Parts;
  private readonly ahead: boolean;

  /** Comes from thread.open(). */
  constructor(owner: Thread, file: File, ahead: boolean) {
    this.owner = owner;
    this.file = file;
    this.ahead = ahead;
    this.parts = new Parts(file);
  }

  get path(): string {
    return this.file.path;
  }

  get closed(): boolean {
    return this.file.closed;
  }

  /** The next bytes, at most so many; at the end nothing (length 0). */
  read(most = MOST): Promise<Buffer> {
    checkWhole('most', most, LENGTH_MAX, 1);
    return this.start(new FileReadWait(this.owner, this.parts, most, this.ahead));
  }

  /** What there is from the current position on, until the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (let bytes = await this.read(); bytes.length > 0; bytes = await this.read()) yield bytes;
  }

  /** So many bytes from there on, or fewer when the file ends; read() goes on where it was. */
  readAt(position: number, length: number): Promise<Buffer> {
    checkWhole('position', position, Number.MAX_SAFE_INTEGER);
    checkWhole('length', length, LENGTH_MAX);
    return this.operate(async () => {
      const { bytesRead, buffer } = await this.file.read(Buffer.allocUnsafe(length), {
        position,
      });
      return buffer.subarray(0, bytesRead);
    });
  }

  /** Writes all of it, at a position or (by default) where the last read or write ended. */
  write(bytes: Uint8Array | string, position: number | null = null): Promise<void> {
    return this.operate(async () => {
      if (typeof bytes === 'string') await this.file.write(bytes, position);
      else await this.file.write(bytes, { position });
    });
  }

  stat(): Promise<FileStats> {
    return this.operate(() => this.file.stat());
  }

  /** What was written is on the disk. */
  sync(): Promise<void> {
    return this.operate(async () => void (await this.file.sync()));
  }

  close(): Promise<void> {
    this.owner.disown(this);
    return this.operate(() => this.file.close());
  }

  /** Internal: its thread is over. */
  abandon(): void {
    void this.file.close();
  }

  private operate<Value>(operation: () => Promise<Value>): Promise<Value> {
    return this.start(new OperationWait(this.owner, operation));
  }

  private start<Value>(wait: Wait<Value>): Promise<Value> {
    this.owner.threads.start(wait);
    return wait.promise;
  }
}

/** Opens a file for a thread. */
export function openWait(
  thread: Thread,
  path: string,
  options: OpenOptions,
): OperationWait<ThreadFile> {
  checkOptions('options', options);
  const { flags = 'r', mode = 0o666, ahead = false, ...rest } = options;
  checkFlag('ahead', ahead);
  const { reactor } = thread.threads;
  return new OperationWait(
    thread,
    async () => {
      const file = new ThreadFile(thread, await reactor.openFile(path, flags, mode, rest), ahead);
      thread.take(file);
      return file;
    },
    (file) => {
      thread.disown(file);
      file.abandon();
    },
  );
}
