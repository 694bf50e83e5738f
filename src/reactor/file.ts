// A file: promises in the shape of fs/promises' FileHandle. Nothing here waits for a disk; each
// answer says how it came about (`via`).

import * as layout from '../../assembly/layout';
import { CalandriaError, typeError } from '../errors';
import { FileStats } from '../files/stats';
import { readStream, writeStream } from '../files/streams';
import type { ReadOptions, ReadResult, WriteResult } from '../files/types';
import { checkOptions, checkWhole } from './arguments';
import { checkEncoding, checkPosition, checkRange, checkView } from './file-arguments';
import { type Chunks, chunksOf } from './file-chunks';
import { type FileSource, LENGTH_MAX } from './file-source';
import { BlockWaiter, ReadWaiter, type Transferred, WriteWaiter } from './file-transfers';
import { type Via, withPath } from './operations';

export interface FileOrigin {
  readonly source: FileSource;
  readonly append: boolean;
}

// <sys/stat.h>
const S_IFMT = 0o170000;
const S_IFDIR = 0o040000;
const READ_SIZE = 16384;
/** Of a file that does not tell its length (/proc), bytes a step. */
const STEP = 65536;

export class File {
  /** The program's own. */
  data: unknown = undefined;
  /** Internal. */
  readonly source: FileSource;
  private readonly append: boolean;
  private position = 0;
  /** Who uses the current position waits for who used it before. */
  private turn: Promise<void> | undefined;
  /** Asked for, and more than one operation: the descriptor is closed behind them. */
  private busy = 0;
  private closing: Promise<void> | undefined;
  private settleIdle: () => void = () => {};

  constructor({ source, append }: FileOrigin) {
    this.source = source;
    this.append = append;
  }

  get path(): string {
    return this.source.path;
  }

  /** Reads and writes pass the page cache: it was asked for, and the file system can. */
  get direct(): boolean {
    return (this.source.marks & layout.FILE_IS_DIRECT) !== 0;
  }

  /** A folder, which openBeneath() opens too, can be asked for stat() and watched, not read. */
  get isDirectory(): boolean {
    return (this.source.mode & S_IFMT) === S_IFDIR;
  }

  /** Of openBeneath(): a symbolic link was on the way to it. */
  get linked(): boolean {
    return (this.source.marks & layout.FILE_IS_LINKED) !== 0;
  }

  /** Of openBeneath(): no other machine changes it, as far as its file system tells. */
  get local(): boolean {
    return (this.source.marks & layout.FILE_IS_LOCAL) !== 0;
  }

  /** close() was called. */
  get closed(): boolean {
    return this.closing !== undefined || this.source.ending;
  }

  /**
   * Reads until `length` bytes are there, or the end of the file. Answers as FileHandle.read; at
   * the end bytesRead is 0.
   */
  read<View extends NodeJS.ArrayBufferView = Buffer>(
    options?: ReadOptions<View>,
  ): Promise<ReadResult<View>>;
  read<View extends NodeJS.ArrayBufferView>(
    buffer: View,
    options?: Omit<ReadOptions, 'buffer'> | null,
  ): Promise<ReadResult<View>>;
  read<View extends NodeJS.ArrayBufferView>(
    buffer: View,
    offset?: number | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<ReadResult<View>>;
  read(
    first: NodeJS.ArrayBufferView | ReadOptions = {},
    second?: number | Omit<ReadOptions, 'buffer'> | null,
    third?: number | null,
    fourth?: number | bigint | null,
  ): Promise<ReadResult<NodeJS.ArrayBufferView>> {
    // One promise and two small objects a read: this is the path of every block of a database.
    return new Promise((resolve, reject) => {
      if (!ArrayBuffer.isView(first)) {
        checkOptions('options', first);
        const { buffer = Buffer.alloc(READ_SIZE), offset, length, position } = first;
        this.readInto(buffer, offset, length, position, resolve, reject);
      } else if (typeof second === 'object' && second !== null) {
        const { offset, length, position } = second;
        this.readInto(first, offset, length, position, resolve, reject);
      } else this.readInto(first, second, third, fourth, resolve, reject);
    });
  }

  private readInto<View extends NodeJS.ArrayBufferView>(
    buffer: View,
    offset: number | null | undefined,
    length: number | null | undefined,
    position: number | bigint | null | undefined,
    resolve: (result: ReadResult<View>) => void,
    reject: (error: Error) => void,
  ): void {
    const target = checkRange(checkView('buffer', buffer), offset, length);
    const place = checkPosition(position);
    this.refuseWhenClosed('read');
    if (place === null) {
      this.inTurn((from) => this.transferAt([target], from, target.length)).then(
        ({ bytes, via }) => resolve({ bytesRead: bytes, buffer, via }),
        reject,
      );
      return;
    }
    const waiter = new BlockWaiter(this.source, target, buffer, resolve, reject);
    this.source.start(layout.TASK_READ, place, target.length, waiter);
  }

  /** One buffer after another. */
  async readv<View extends NodeJS.ArrayBufferView>(
    buffers: readonly View[],
    position?: number | bigint | null,
  ): Promise<{ bytesRead: number; buffers: readonly View[]; via: Via }> {
    const targets = checkViews(buffers);
    const { bytes, via } = await this.transfer(targets, checkPosition(position));
    return { bytesRead: bytes, buffers, via };
  }

  /**
   * Writes all of it. Bytes of a buffer may be changed again when the promise is settled, not
   * before.
   */
  write<View extends NodeJS.ArrayBufferView>(
    buffer: View,
    offset?: number | null,
    length?: number | null,
    position?: number | bigint | null,
  ): Promise<WriteResult<View>>;
  write<View extends NodeJS.ArrayBufferView>(
    buffer: View,
    options?: Omit<ReadOptions, 'buffer'> | null,
  ): Promise<WriteResult<View>>;
  write(
    text: string,
    position?: number | bigint | null,
    encoding?: BufferEncoding,
  ): Promise<WriteResult<string>>;
  async write(
    data: NodeJS.ArrayBufferView | string,
    second?: number | bigint | Omit<ReadOptions, 'buffer'> | null,
    third?: number | BufferEncoding | null,
    fourth?: number | bigint | null,
  ): Promise<WriteResult<NodeJS.ArrayBufferView | string>> {
    if (typeof data === 'string') {
      const encoded = Buffer.from(data, checkEncoding(third));
      const position = checkPosition(second);
      const { bytes, via } = await this.put([encoded], position);
      return { bytesWritten: bytes, buffer: data, via };
    }
    const where =
      typeof second === 'object' && second !== null
        ? second
        : { offset: second, length: third, position: fourth };
    const part = checkRange(checkView('buffer', data), where.offset, where.length);
    const { bytes, via } = await this.put([part], checkPosition(where.position));
    return { bytesWritten: bytes, buffer: data, via };
  }

  async writev<View extends NodeJS.ArrayBufferView>(
    buffers: readonly View[],
    position?: number | bigint | null,
  ): Promise<{ bytesWritten: number; buffers: readonly View[]; via: Via }> {
    const { bytes, via } = await this.put(checkViews(buffers), checkPosition(position));
    return { bytesWritten: bytes, buffers, via };
  }

  readFile(options: { encoding: BufferEncoding } | BufferEncoding): Promise<string>;
  readFile(options?: { encoding?: null } | null): Promise<Buffer>;
  /** From the current position to the end. */
  async readFile(
    options?: { encoding?: BufferEncoding | null } | BufferEncoding | null,
  ): Promise<Buffer | string> {
    const named = typeof options === 'object' ? options?.encoding : options;
    const encoding = named == null ? undefined : checkEncoding(named);
    const { size } = await this.stat();
    const parts: Buffer[] = [];
    let left = size - this.position;
    for (;;) {
      // One byte more than is left shows whether the file has grown.
      const part = Buffer.allocUnsafe(left > 0 ? Math.min(left + 1, LENGTH_MAX) : STEP);
      const { bytesRead } = await this.read(part);
      parts.push(part.subarray(0, bytesRead));
      if (bytesRead < part.length) break;
      left = 0;
    }
    const whole = parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts);
    return encoding ? whole.toString(encoding) : whole;
  }

  /** From the current position on, as FileHandle's: nothing is cut off. */
  async writeFile(
    data: string | NodeJS.ArrayBufferView,
    encoding?: BufferEncoding | null,
  ): Promise<void> {
    const named = checkEncoding(encoding);
    const bytes = typeof data === 'string' ? Buffer.from(data, named) : checkView('data', data);
    await this.put([bytes], null);
  }

  async stat(): Promise<FileStats> {
    this.refuseWhenClosed('fstat');
    return this.source.ask(
      layout.TASK_STAT,
      { syscall: 'fstat', length: layout.STAT_SIZE },
      ({ bytes }) => new FileStats(bytes),
    );
  }

  /** Cuts the file off, or fills it up with zeros. */
  async truncate(length = 0): Promise<void> {
    checkWhole('length', length, Number.MAX_SAFE_INTEGER);
    this.refuseWhenClosed('ftruncate');
    return this.source.ask(
      layout.TASK_TRUNCATE,
      { syscall: 'ftruncate', offset: length },
      () => undefined,
    );
  }

  /** Resolves when all that was written is on the disk. */
  async sync(): Promise<{ via: Via }> {
    this.refuseWhenClosed('fsync');
    return this.source.ask(layout.TASK_SYNC, { syscall: 'fsync' }, ({ via }) => ({ via }));
  }

  /** The same without what only stat() would tell. */
  async datasync(): Promise<{ via: Via }> {
    this.refuseWhenClosed('fdatasync');
    return this.source.ask(layout.TASK_SYNC_DATA, { syscall: 'fdatasync' }, ({ via }) => ({ via }));
  }

  /**
   * The bytes from `start` to `end` (both included, as in fs.createReadStream), `size` at a time:
   * while one chunk is used the next one is read.
   */
  chunks(options: Chunks = {}): AsyncGenerator<Buffer, void, undefined> {
    return chunksOf(this, options);
  }

  /** A node:stream over chunks(), with the same options. */
  createReadStream(options: Chunks = {}): ReturnType<typeof readStream> {
    return readStream(this, options);
  }

  /** A node:stream that writes from `start` on (default: the current position). */
  createWriteStream(options: { readonly start?: number } = {}): ReturnType<typeof writeStream> {
    checkOptions('options', options);
    return writeStream(this, checkPosition(options.start));
  }

  /** Waits for what was asked before; resolves when the descriptor is closed. */
  close(): Promise<void> {
    this.closing ??= this.whenIdle().then(() => this.source.end());
    return this.closing;
  }

  private whenIdle(): Promise<void> {
    if (this.busy === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.settleIdle = resolve;
    });
  }

  private async kept<Value>(promise: Promise<Value>): Promise<Value> {
    this.busy++;
    try {
      return await promise;
    } finally {
      if (--this.busy === 0) this.settleIdle();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Lets the process exit although this is open. */
  unref(): this {
    this.source.unref();
    return this;
  }

  ref(): this {
    this.source.ref();
    return this;
  }

  private transfer(targets: readonly Uint8Array[], position: number | null): Promise<Transferred> {
    let length = 0;
    for (const target of targets) length += target.length;
    checkWhole('length', length, LENGTH_MAX);
    this.refuseWhenClosed('read');
    if (position === null) return this.inTurn((from) => this.transferAt(targets, from, length));
    return this.transferAt(targets, position, length);
  }

  private transferAt(
    targets: readonly Uint8Array[],
    position: number,
    length: number,
  ): Promise<Transferred> {
    return new Promise((settle, fail) => {
      const waiter = new ReadWaiter(this.source, targets, settle, fail);
      this.source.start(layout.TASK_READ, position, length, waiter);
    });
  }

  private put(pieces: readonly Uint8Array[], position: number | null): Promise<Transferred> {
    this.refuseWhenClosed('write');
    if (position === null) return this.inTurn((from) => this.putAt(pieces, from));
    return this.kept(this.putAt(pieces, position));
  }

  private putAt(pieces: readonly Uint8Array[], position: number): Promise<Transferred> {
    return new Promise((settle, fail) => {
      new WriteWaiter(this.source, { pieces, position, ordered: this.append }, settle, fail).go();
    });
  }

  /**
   * At the current position, which moves on by what was read or written: in the order in which it
   * was asked for, whoever else asks between two of them.
   */
  private inTurn(use: (from: number) => Promise<Transferred>): Promise<Transferred> {
    const before = this.turn;
    const used = before ? before.then(() => use(this.position)) : use(this.position);
    const leave = (bytes: number): void => {
      this.position += bytes;
      if (this.turn === turn) this.turn = undefined;
    };
    const turn = used.then(
      ({ bytes }) => leave(bytes),
      () => leave(0),
    );
    this.turn = turn;
    return this.kept(turn.then(() => used));
  }

  private refuseWhenClosed(syscall: string): void {
    if (!this.closed) return;
    const error = new CalandriaError(
      'ERR_CALANDRIA_CLOSED',
      `The file is closed: ${syscall} ${this.path}`,
    );
    throw withPath(error, { syscall, path: this.path });
  }
}

function checkViews(buffers: readonly NodeJS.ArrayBufferView[]): Uint8Array[] {
  if (!Array.isArray(buffers)) {
    throw typeError('buffers', 'an array', buffers);
  }
  return buffers.map((buffer, place) => checkView(`buffers[${place}]`, buffer));
}
