// A directory's entries, in the order in which the file system has them; "." and ".." are not told.
import * as layout from '../../assembly/layout';
import { CalandriaError } from '../errors';
import type { File } from './file';
import { openBeneath } from './file-opening';
import type { FileSource } from './file-source';
import type { Opening } from './opening';
import { withPath } from './operations';

export type EntryType =
  | 'file'
  | 'directory'
  | 'link'
  | 'pipe'
  | 'socket'
  | 'block'
  | 'character'
  | 'unknown';

export interface DirectoryEntry {
  readonly name: string;
  /** 'unknown' where the file system does not tell. */
  readonly type: EntryType;
  readonly ino: bigint;
}

/** DT_ of <dirent.h>. */
const TYPES: Readonly<Record<number, EntryType>> = {
  1: 'pipe',
  2: 'character',
  4: 'directory',
  6: 'block',
  8: 'file',
  10: 'link',
  12: 'socket',
};

/** Bytes of entries asked for at once. */
const BATCH = 32768;

export class Directory {
  data: unknown = undefined;
  /** Internal. */
  readonly source: FileSource;
  private readonly opening: Opening;
  private waiting: DirectoryEntry[] = [];
  private place = 0;

  constructor(opening: Opening, source: FileSource) {
    this.opening = opening;
    this.source = source;
  }

  get path(): string {
    return this.source.path;
  }

  get closed(): boolean {
    return this.source.ending;
  }

  /** The next entry, or null behind the last one. Not to be called again before it has answered. */
  async read(): Promise<DirectoryEntry | null> {
    if (this.closed) throw this.closedError('getdents');
    if (this.place === this.waiting.length) {
      this.waiting = await this.list();
      this.place = 0;
    }
    const entry = this.waiting[this.place];
    if (!entry) return null;
    this.place++;
    return entry;
  }

  private closedError(syscall: string): Error {
    const message = `The directory is closed: ${syscall} ${this.path}`;
    const error = new CalandriaError('ERR_CALANDRIA_CLOSED', message);
    return withPath(error, { syscall, path: this.path });
  }

  private list(): Promise<DirectoryEntry[]> {
    const asked = { syscall: 'getdents', length: BATCH };
    return this.source.ask(layout.TASK_LIST, asked, ({ bytes }) => entriesOf(bytes));
  }

  /** The entries from here on; closes the directory at the end, and when the loop is left. */
  async *[Symbol.asyncIterator](): AsyncGenerator<DirectoryEntry, void, undefined> {
    try {
      for (let entry = await this.read(); entry; entry = await this.read()) yield entry;
    } finally {
      await this.close();
    }
  }

  /**
   * Opens a regular file or a folder beneath this directory for reading; see docs/files.md. Rejects
   * with the system's error: EXDEV when the path leads out of the directory, ENXIO when it leads to
   * something that is neither.
   */
  async openBeneath(path: string): Promise<File> {
    if (this.closed) throw this.closedError('open');
    return openBeneath(this.opening, this.source, path);
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

  close(): Promise<void> {
    return this.source.end();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function entriesOf(batch: Uint8Array): DirectoryEntry[] {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const text = Buffer.from(batch.buffer, batch.byteOffset, batch.length);
  const entries: DirectoryEntry[] = [];
  for (let at = 0; at < batch.length; ) {
    const length = view.getUint16(at + layout.ENTRY_LENGTH, true);
    const name = at + layout.ENTRY_HEAD;
    entries.push({
      name: text.toString('utf8', name, name + length),
      type: TYPES[batch[at + layout.ENTRY_TYPE] as number] ?? 'unknown',
      ino: view.getBigUint64(at + layout.ENTRY_INODE, true),
    });
    at = name + ((length + 7) & ~7);
  }
  return entries;
}
