// Changes of a path on the node host: fs.watch() says that something changed, and what that was is
// found by comparing what is there with what was there. The records are those of inotify(7).
import { type FSWatcher, lstatSync, readdirSync, type Stats, watch } from 'node:fs';
import { join } from 'node:path';
import * as layout from '../../assembly/layout';
import {
  IN_ATTRIB,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_MODIFY,
  IN_MOVED_FROM,
  IN_MOVED_TO,
} from '../reactor/path-changes';
import type { OpenRequest } from './node-openers';
import { Source } from './node-source';

/** As inotify(7) pads names. */
const PADDING = 16;

function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

export class PathSource extends Source {
  private readonly path: string;
  private readonly watcher: FSWatcher;
  private readonly folder: boolean;
  private self: Stats;
  /** What each entry of a folder was when it was last looked at. */
  private readonly entries = new Map<string, Stats>();
  private readonly records: Buffer[] = [];
  private renames = 0;

  constructor({ bytes, report }: OpenRequest) {
    super(report);
    this.path = bytes.toString();
    // First: what changes while the rest is looked at is looked at again.
    this.watcher = watch(this.path, { persistent: false }, (_, name) => this.changed(name));
    this.watcher.on('error', (error) => this.fail(error));
    const self = look(this.path);
    if (!self) {
      this.watcher.close();
      throw Object.assign(new Error(), { code: 'ENOENT' });
    }
    this.self = self;
    this.folder = self.isDirectory();
    for (const name of this.folder ? readdirSync(this.path) : []) {
      const entry = look(join(this.path, name));
      if (entry) this.entries.set(name, entry);
    }
    this.raise(layout.READY_OUT);
  }

  status(): number {
    return 0;
  }

  name(bytes: Uint8Array, at: number): void {
    bytes.fill(0, at, at + layout.PEER_SIZE);
    bytes[at] = layout.FAMILY_NONE;
  }

  /** Bytes of records that wait. */
  get available(): number {
    return this.records.reduce((sum, { length }) => sum + length, 0);
  }

  override receive(target: Uint8Array, at: number, most: number, records: number): number {
    if (this.failure !== 0) return -this.failure;
    let filled = 0;
    for (let taken = 0; records === 0 || taken < records; taken++) {
      const [record] = this.records;
      if (!record || record.length > most - filled) break;
      this.records.shift();
      target.set(record, at + filled);
      filled += record.length;
    }
    return filled === 0 ? -layout.ERROR_AGAIN : filled;
  }

  close(): void {
    this.closed = true;
    this.watcher.close();
  }

  private put(mask: number, name: string, cookie = 0): void {
    const text = Buffer.from(name);
    const length = name === '' ? 0 : Math.ceil((text.length + 1) / PADDING) * PADDING;
    const record = Buffer.alloc(layout.PATH_HEAD + length);
    record.writeInt32LE(1, 0);
    record.writeUInt32LE(mask, 4);
    record.writeUInt32LE(cookie, 8);
    record.writeUInt32LE(length, layout.PATH_LENGTH);
    text.copy(record, layout.PATH_HEAD);
    this.records.push(record);
    this.raise(layout.READY_IN);
  }

  private changed(name: string | null): void {
    if (this.closed) return;
    const self = look(this.path);
    if (self?.ino !== this.self.ino || self.dev !== this.self.dev) {
      this.put(IN_DELETE_SELF, '');
      this.watcher.close();
      return;
    }
    if (!this.folder) this.compare('', this.self, self);
    else if (name !== null) this.entry(name);
    else
      for (const each of new Set([...this.entries.keys(), ...readdirSync(this.path)]))
        this.entry(each);
    this.self = self;
  }

  /** Of a folder: what became of this name? */
  private entry(name: string): void {
    const before = this.entries.get(name);
    const now = look(join(this.path, name));
    if (before && now && before.ino === now.ino) {
      this.compare(name, before, now);
      this.entries.set(name, now);
    } else if (before) this.left(name, before);
    else if (now) this.came(name, now);
  }

  private compare(name: string, before: Stats, now: Stats): void {
    const written = before.size !== now.size || before.mtimeMs !== now.mtimeMs;
    if (written && !now.isDirectory()) this.put(IN_MODIFY, name);
    else if (before.ctimeMs !== now.ctimeMs && !now.isDirectory()) this.put(IN_ATTRIB, name);
  }

  /** Under another name it was renamed; and another may stand in its place. */
  private left(name: string, before: Stats): void {
    this.entries.delete(name);
    const to = readdirSync(this.path).find((other) => {
      const known = this.entries.get(other);
      return known?.ino !== before.ino && look(join(this.path, other))?.ino === before.ino;
    });
    if (to === undefined) this.put(IN_DELETE, name);
    else this.renamed(name, to);
    const now = look(join(this.path, name));
    if (now) this.came(name, now);
  }

  private came(name: string, now: Stats): void {
    const from = [...this.entries].find(
      ([other, { ino }]) => ino === now.ino && look(join(this.path, other))?.ino !== ino,
    );
    if (from) {
      this.entries.delete(from[0]);
      return this.renamed(from[0], name);
    }
    this.entries.set(name, now);
    this.put(IN_CREATE, name);
  }

  private renamed(from: string, to: string): void {
    const now = look(join(this.path, to));
    if (now) this.entries.set(to, now);
    const cookie = ++this.renames;
    this.put(IN_MOVED_FROM, from, cookie);
    this.put(IN_MOVED_TO, to, cookie);
  }
}

/** KIND_PATH. Of a set every change has to be told in time, which fs.watch() does not promise. */
export function openPath(request: OpenRequest): Source {
  if (request.argument === layout.PATH_SET) {
    throw Object.assign(new Error(), { code: 'EOPNOTSUPP' });
  }
  return new PathSource(request);
}
