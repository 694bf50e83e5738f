// What stat() tells, in the shape of node:fs's Stats.
import { constants } from 'node:fs';
import * as layout from '../../assembly/layout';

export class FileStats {
  readonly dev: number;
  readonly ino: number;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  readonly blksize: number;
  readonly blocks: number;
  // Milliseconds since 1970, with fractions.
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;
  readonly birthtimeMs: number;
  /** Nanoseconds since 1970, exactly. */
  readonly mtimeNs: bigint;

  /** From STAT_SIZE bytes. */
  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, layout.STAT_SIZE);
    const number = (at: number): number => Number(view.getBigUint64(at, true));
    const time = (at: number): number => Number(view.getBigInt64(at, true)) / 1e6;
    this.dev = number(layout.STAT_DEVICE);
    this.ino = number(layout.STAT_INODE);
    this.mode = number(layout.STAT_MODE);
    this.nlink = number(layout.STAT_LINKS);
    this.uid = number(layout.STAT_USER);
    this.gid = number(layout.STAT_GROUP);
    this.size = number(layout.STAT_LENGTH);
    this.blksize = number(layout.STAT_BLOCK_SIZE);
    this.blocks = number(layout.STAT_BLOCKS);
    this.atimeMs = time(layout.STAT_ACCESSED);
    this.mtimeMs = time(layout.STAT_MODIFIED);
    this.ctimeMs = time(layout.STAT_CHANGED);
    this.birthtimeMs = time(layout.STAT_BORN);
    this.mtimeNs = view.getBigInt64(layout.STAT_MODIFIED, true);
  }

  get atime(): Date {
    return new Date(this.atimeMs);
  }

  get mtime(): Date {
    return new Date(this.mtimeMs);
  }

  get ctime(): Date {
    return new Date(this.ctimeMs);
  }

  get birthtime(): Date {
    return new Date(this.birthtimeMs);
  }

  isFile(): boolean {
    return this.is(constants.S_IFREG);
  }

  isDirectory(): boolean {
    return this.is(constants.S_IFDIR);
  }

  isSymbolicLink(): boolean {
    return this.is(constants.S_IFLNK);
  }

  isFIFO(): boolean {
    return this.is(constants.S_IFIFO);
  }

  isSocket(): boolean {
    return this.is(constants.S_IFSOCK);
  }

  isBlockDevice(): boolean {
    return this.is(constants.S_IFBLK);
  }

  isCharacterDevice(): boolean {
    return this.is(constants.S_IFCHR);
  }

  private is(type: number): boolean {
    return (this.mode & constants.S_IFMT) === type;
  }
}
