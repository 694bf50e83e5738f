// Files and directories on the node host: node:fs's callbacks, which run on libuv's threads.
// Everything is answered later.
import * as fs from 'node:fs';
import * as layout from '../../assembly/layout';
import { errorNumber } from '../errors';
import { openBeneath } from './node-beneath';
import type { Completion } from './node-completions';
import type { OpenRequest } from './node-openers';
import { numberOf, Source, type Task } from './node-source';

const NOT_SUPPORTED = -errorNumber('EOPNOTSUPP');
/** An entry of a directory: head, the longest name, padding. */
const ENTRY_MAX = layout.ENTRY_HEAD + 1024;

const { constants } = fs;
const FLAGS: readonly (readonly [number, number])[] = [
  [layout.FILE_WRITE, constants.O_WRONLY],
  [layout.FILE_READ_WRITE, constants.O_RDWR],
  [layout.FILE_CREATE, constants.O_CREAT],
  [layout.FILE_EXCLUSIVE, constants.O_EXCL],
  [layout.FILE_TRUNCATE, constants.O_TRUNC],
  [layout.FILE_APPEND, constants.O_APPEND],
  [layout.FILE_SYNC, constants.O_SYNC],
];

/** A flag that a system does not know is left out; O_DIRECT is not this host's to use. */
function flagsOf(argument: number): number {
  // A pipe must not hold a thread until somebody opens its other end.
  let flags = constants.O_NONBLOCK ?? 0;
  for (const [bits, flag] of FLAGS) if ((argument & bits) === bits) flags |= flag ?? 0;
  return flags;
}

type Answer = (result: number, bytes?: Uint8Array) => void;

abstract class Opening extends Source {
  protected opening = true;
  /** Operations under way: the descriptor is theirs. */
  private flying = 0;
  private readonly finish: (completion: Completion) => void;
  private readonly identity = { type: 0, device: 0n, inode: 0n };
  /** FILE_IS_LINKED and its like. */
  protected marks = 0;

  constructor({ report, finish }: OpenRequest) {
    super(report);
    this.finish = finish;
  }

  override get available(): number {
    return layout.UNKNOWN;
  }

  override status(): number {
    if (this.failure) return -this.failure;
    return this.opening ? -layout.ERROR_IN_PROGRESS : 0;
  }

  override name(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, layout.PEER_SIZE);
    bytes.fill(0, at, at + layout.PEER_SIZE);
    view.setUint16(layout.PEER_FAMILY, layout.FAMILY_FILE, true);
    view.setUint16(layout.PEER_PORT, this.marks, true);
    view.setUint32(layout.PEER_SCOPE, this.identity.type, true);
    view.setBigUint64(layout.PEER_BYTES, this.identity.device, true);
    view.setBigUint64(layout.PEER_BYTES + 8, this.identity.inode, true);
  }

  /** It is open, or it could not be opened or looked at. */
  protected settle(error: unknown, status?: fs.BigIntStats): void {
    this.opening = false;
    if (this.closed) return this.release();
    if (error) return this.fail(error);
    if (status) {
      this.identity.type = Number(status.mode);
      this.identity.device = status.dev;
      this.identity.inode = status.ino;
    }
    this.raise(layout.READY_OUT);
  }

  override operate(task: Task): number {
    const { operation, generation } = task;
    const answer: Answer = (result, bytes) => {
      this.flying--;
      this.finish({ operation, generation, result, ...(bytes ? { bytes } : {}) });
      if (this.closed) this.release();
    };
    const started = this.begin(task, answer);
    if (started === -layout.ERROR_IN_PROGRESS) this.flying++;
    return started;
  }

  override close(): void {
    this.closed = true;
    this.release();
  }

  private release(): void {
    if (!this.opening && this.flying === 0) this.dispose();
  }

  protected abstract begin(task: Task, answer: Answer): number;
  protected abstract dispose(): void;
}

class FileSource extends Opening {
  private fd = -1;

  constructor(request: OpenRequest) {
    super(request);
    if (request.argument & layout.FILE_BENEATH) {
      this.openBeneath(request).catch((error) => this.settle(error));
      return;
    }
    const path = request.bytes.toString();
    fs.open(path, flagsOf(request.argument), request.value, (error, fd) => {
      if (error) return this.settle(error);
      this.fd = fd;
      fs.fstat(fd, { bigint: true }, (failure, status) => this.settle(failure, status));
    });
  }

  private async openBeneath({ bytes, source }: OpenRequest): Promise<void> {
    const [, record, generation, path] = /^(\d+)\.(\d+)\/(.*)$/s.exec(bytes.toString()) ?? [];
    const directory = source(Number(record), Number(generation));
    if (!(directory instanceof DirectorySource) || path === undefined) {
      throw Object.assign(new Error(), { code: 'EBADF' });
    }
    const { fd, status, linked } = await openBeneath(directory.path, path);
    this.fd = fd;
    if (linked) this.marks |= layout.FILE_IS_LINKED;
    this.settle(undefined, status);
  }

  protected begin(task: Task, answer: Answer): number {
    const { fd } = this;
    const { length, bytes } = task;
    const offset = Number(task.offset);
    const done = (error: unknown): void => answer(error ? -numberOf(error) : 0);
    switch (task.kind) {
      case layout.TASK_READ: {
        const target = Buffer.allocUnsafe(length);
        fs.read(fd, target, 0, length, offset, (error, read) => {
          if (error) answer(-numberOf(error));
          else answer(read, target.subarray(0, read));
        });
        break;
      }
      case layout.TASK_WRITE:
        fs.write(fd, bytes, 0, length, offset, (error, written) => {
          answer(error ? -numberOf(error) : written);
        });
        break;
      case layout.TASK_SYNC:
        fs.fsync(fd, done);
        break;
      case layout.TASK_SYNC_DATA:
        fs.fdatasync(fd, done);
        break;
      case layout.TASK_TRUNCATE:
        fs.ftruncate(fd, offset, done);
        break;
      case layout.TASK_STAT:
        fs.fstat(fd, { bigint: true }, (error, status) => {
          if (error) answer(-numberOf(error));
          else answer(layout.STAT_SIZE, packStatus(status));
        });
        break;
      default:
        return NOT_SUPPORTED;
    }
    return -layout.ERROR_IN_PROGRESS;
  }

  protected dispose(): void {
    const { fd } = this;
    this.fd = -1;
    if (fd >= 0) fs.close(fd, () => {});
  }
}

function packStatus(status: fs.BigIntStats): Uint8Array {
  const bytes = new Uint8Array(layout.STAT_SIZE);
  const view = new DataView(bytes.buffer);
  const fields: readonly (readonly [number, bigint])[] = [
    [layout.STAT_DEVICE, status.dev],
    [layout.STAT_INODE, status.ino],
    [layout.STAT_MODE, status.mode],
    [layout.STAT_LINKS, status.nlink],
    [layout.STAT_USER, status.uid],
    [layout.STAT_GROUP, status.gid],
    [layout.STAT_LENGTH, status.size],
    [layout.STAT_BLOCK_SIZE, status.blksize],
    [layout.STAT_BLOCKS, status.blocks],
    [layout.STAT_ACCESSED, status.atimeNs],
    [layout.STAT_MODIFIED, status.mtimeNs],
    [layout.STAT_CHANGED, status.ctimeNs],
    [layout.STAT_BORN, status.birthtimeNs],
  ];
  for (const [at, value] of fields) view.setBigUint64(at, BigInt.asUintN(64, value), true);
  return bytes;
}

/** Without the inodes: node:fs does not tell them. */
class DirectorySource extends Opening {
  readonly path: string;
  private directory: fs.Dir | undefined;

  constructor(request: OpenRequest) {
    super(request);
    const path = request.bytes.toString();
    this.path = path;
    fs.opendir(path, { encoding: 'buffer' as BufferEncoding }, (error, directory) => {
      if (error) return this.settle(error);
      this.directory = directory;
      fs.stat(path, { bigint: true }, (failure, status) => this.settle(failure, status));
    });
  }

  protected begin({ kind, length }: Task, answer: Answer): number {
    if (kind !== layout.TASK_LIST) return NOT_SUPPORTED;
    this.list(Buffer.alloc(Math.max(length, ENTRY_MAX)), 0, answer);
    return -layout.ERROR_IN_PROGRESS;
  }

  private list(batch: Buffer, used: number, answer: Answer): void {
    if (batch.length - used < ENTRY_MAX) return answer(used, batch.subarray(0, used));
    this.directory?.read((error, entry) => {
      if (error) return answer(-numberOf(error));
      if (!entry) return answer(used, batch.subarray(0, used));
      this.list(batch, used + packEntry(batch, used, entry), answer);
    });
  }

  protected dispose(): void {
    this.directory?.close(() => {});
    this.directory = undefined;
  }
}

function packEntry(batch: Buffer, at: number, entry: fs.Dirent): number {
  const name = entry.name as unknown as Buffer;
  batch[at + layout.ENTRY_TYPE] = typeOf(entry);
  batch.writeUInt16LE(name.length, at + layout.ENTRY_LENGTH);
  name.copy(batch, at + layout.ENTRY_HEAD);
  return layout.ENTRY_HEAD + ((name.length + 7) & ~7);
}

/** DT_ of <dirent.h>. */
function typeOf(entry: fs.Dirent): number {
  if (entry.isFile()) return 8;
  if (entry.isDirectory()) return 4;
  if (entry.isSymbolicLink()) return 10;
  if (entry.isFIFO()) return 1;
  if (entry.isSocket()) return 12;
  if (entry.isBlockDevice()) return 6;
  return entry.isCharacterDevice() ? 2 : 0;
}

/** KIND_FILE */
export function openFile(request: OpenRequest): Source {
  return request.argument & layout.FILE_DIRECTORY
    ? new DirectorySource(request)
    : new FileSource(request);
}
