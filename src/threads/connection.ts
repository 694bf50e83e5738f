// A thread's connection: reads and writes that look blocking. It belongs to one thread at a time,
// whose steps they are, and ends with it.
import { types } from 'node:util';
import { CalandriaError, typeError } from '../errors';
import type { Address } from '../reactor/address';
import { checkWhole } from '../reactor/arguments';
import { closedError } from '../reactor/calls';
import type { Connection } from '../reactor/connection';
import type { File } from '../reactor/file';
import type { Handlers } from '../reactor/handlers';
import type { Lease } from '../reactor/lease';
import type { Tried } from '../reactor/reader';
import type { SendFileOptions, Sent } from '../reactor/send-file';
import type { ReceiveSide, SendSide } from '../reactor/sides';
import { ThreadFile } from './file';
import { ReadableWait, ReadExactlyWait, ReadLeaseWait, ReadWait, Receiving } from './receiving';
import { SendFileWait, Sending, WritableWait, WriteWait } from './sending';
import type { Owned, Thread } from './thread';
import type { Threads } from './threads';
import type { Wait } from './wait';

/** Bytes of one read, unless it says otherwise. */
const MOST = 64 << 10;
const LENGTH_MAX = 2 ** 31 - 1;

export class ThreadConnection implements Owned {
  /** The program's own. */
  data: unknown = undefined;
  /** The reactor's, whose `data` is taken. */
  readonly connection: Connection;
  /** Internal. */
  owner: Thread | undefined;
  private readonly receiving: Receiving;
  private readonly sending: Sending;
  /** Internal: who dialled it, and waits. */
  connecting: Wait<ThreadConnection> | undefined;

  /** Comes from accept(), connect() and take() of a thread. */
  constructor(connection: Connection, threads: Threads) {
    this.connection = connection;
    this.receiving = new Receiving(connection, threads.window);
    this.sending = new Sending(connection, threads.reactor);
  }

  get peer(): Address {
    return this.connection.peer;
  }

  get rx(): ReceiveSide {
    return this.connection.rx;
  }

  get tx(): SendSide {
    return this.connection.tx;
  }

  get closed(): boolean {
    return this.connection.closed;
  }

  /**
   * What has come, at most so many bytes, and waits for the first of them; at the end of the stream
   * nothing (length 0). Rejects with the connection's error, behind the bytes that came before it.
   */
  read(most = MOST): Promise<Buffer> {
    checkWhole('most', most, LENGTH_MAX, 1);
    return this.start(new ReadWait(this.thread, this.receiving, most));
  }

  /**
   * The same without a copy: a lease of the bytes where they lie, if they come while the thread
   * waits and leases are left, else of a copy (`copied`); at the end of the stream undefined. The
   * thread releases it, or its end does.
   */
  readLease(most = MOST): Promise<Lease | undefined> {
    checkWhole('most', most, LENGTH_MAX, 1);
    return this.start(new ReadLeaseWait(this.thread, this.receiving, most));
  }

  /** So many bytes, or fewer when the stream ends before; rejects when it fails before. */
  readExactly(length: number): Promise<Buffer> {
    checkWhole('length', length, LENGTH_MAX);
    return this.start(new ReadExactlyWait(this.thread, this.receiving, length));
  }

  /** Waits until read() has something to give, be it the end or an error. */
  readable(): Promise<void> {
    return this.start(new ReadableWait(this.thread, this.receiving, 1));
  }

  /** What comes, until the end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void> {
    for (let bytes = await this.read(); bytes.length > 0; bytes = await this.read()) yield bytes;
  }

  /**
   * Waits for room, and until the reactor has all of the bytes; they must not change before that.
   * Rejects with the connection's error, or ERR_CALANDRIA_CLOSED.
   */
  write(bytes: Uint8Array | string): Promise<void> {
    return this.put(bytes, false);
  }

  /** Waits until a write finds room, or fails. */
  writable(): Promise<void> {
    return this.start(new WritableWait(this.thread, this.sending));
  }

  /** Writes this, if anything, and then the end. What the peer sends can still be read. */
  end(bytes: Uint8Array | string = ''): Promise<void> {
    return this.put(bytes, true);
  }

  /** As connection.sendFile(). In any() it cannot be given up once it has begun. */
  sendFile(
    file: ThreadFile | File,
    offset: number,
    length: number,
    options: SendFileOptions = {},
  ): Promise<Sent> {
    const source = file instanceof ThreadFile ? file.file : file;
    const send = (): Promise<Sent> => this.connection.sendFile(source, offset, length, options);
    return this.start(new SendFileWait(this.thread, this.sending, send));
  }

  /** As connection.tryRead(): never waits. */
  tryRead(target: Uint8Array): Tried {
    if (!types.isUint8Array(target)) throw typeError('target', 'a Uint8Array', target);
    return this.receiving.tryTake(target);
  }

  /** As connection.tryWrite(): never waits. */
  tryWrite(bytes: Uint8Array): Tried {
    this.thread.threads.beginAll();
    if (!this.sending.line.empty) return { n: 0, again: bytes.length > 0 };
    return this.connection.tryWrite(bytes);
  }

  /** No more reads either: what was written goes out, then it is closed. */
  close(): void {
    this.owner?.threads.beginAll();
    this.sending.close();
  }

  /** Closes now; what is queued is dropped. */
  destroy(): void {
    this.connection.destroy();
  }

  // ── Internal: what the reactor tells ──

  opened(): void {
    this.connecting?.fulfil(this);
  }

  arrived(bytes: Uint8Array): void {
    this.receiving.arrived(bytes);
  }

  drained(): void {
    this.sending.drained();
  }

  ended(): void {
    this.receiving.end();
  }

  failed(error: Error): void {
    this.connecting?.fail(error);
    this.receiving.end(error);
    this.sending.end(error);
  }

  /** The last that is heard of it. */
  finish(): void {
    this.connecting?.fail(closedError());
    this.receiving.end();
    this.sending.end();
    this.owner?.disown(this);
  }

  /** Its thread is over. */
  abandon(failed: boolean): void {
    if (failed) this.destroy();
    else this.sending.close();
  }

  private get thread(): Thread {
    if (this.owner) return this.owner;
    throw new CalandriaError(
      'ERR_CALANDRIA_USAGE',
      'The connection belongs to no thread; thread.take() takes it.',
    );
  }

  private put(bytes: Uint8Array | string, last: boolean): Promise<void> {
    if (typeof bytes !== 'string' && !types.isUint8Array(bytes)) {
      throw typeError('bytes', 'a Uint8Array or a string', bytes);
    }
    return this.start(new WriteWait(this.thread, this.sending, bytes, last));
  }

  private start<Value>(wait: Wait<Value>): Promise<Value> {
    this.thread.threads.start(wait);
    return wait.promise;
  }
}

/** The one object for a connection that these handlers serve. */
export function connectionOf(connection: Connection, threads: Threads): ThreadConnection {
  connection.data ??= new ThreadConnection(connection, threads);
  return connection.data as ThreadConnection;
}

/** Handlers of all connections of threads. */
export function connectionHandlers(threads: Threads): Handlers {
  const of = ({ data }: Connection): ThreadConnection => data as ThreadConnection;
  return {
    open: (connection) => connectionOf(connection, threads).opened(),
    data: (connection, bytes) => of(connection).arrived(bytes),
    drain: (connection) => of(connection).drained(),
    end: (connection) => of(connection).ended(),
    error: (connection, error) => connectionOf(connection, threads).failed(error),
    close: (connection) => connectionOf(connection, threads).finish(),
  };
}
