// What is kept of files: the bytes of short ones, longer ones as open files, each with what is said
// about it. A change is told before any request that was sent after it (assembly/fences.ts), and
// what it concerns is dropped: so what is kept when a request is handled is as good as the file.
import type { Reactor } from '../../reactor/reactor';
import type { Exchange } from '../exchange';
import type { FileCacheSettings } from './cache-options';
import { codingsFor } from './codings';
import { Folders } from './folders';
import { type Keeper, Kept } from './kept';
import type { Representation } from './representation';
import { Shelf } from './shelf';
import { Watches } from './watches';

export interface FileCacheFigures {
  /** Short files in memory, and their bytes. */
  readonly entries: number;
  readonly bytes: number;
  /** Longer ones that are open. */
  readonly files: number;
  /** Answers that needed no file system, and those that did. */
  readonly hits: number;
  readonly misses: number;
}

/** limits.connections: what is kept open leaves them to others. */
const SHARE = 16;

export class FileCache implements Keeper {
  readonly folders: Folders;
  private readonly reactor: Reactor;
  private readonly milliseconds: number;
  private readonly watches: Watches;
  private readonly byTarget = new Map<string, Kept[]>();
  private readonly contents: Shelf;
  private readonly files: Shelf;
  /** Those that are being looked for. */
  private readonly coming = new Map<string, Promise<void>>();
  private readonly pending = new Set<Kept>();
  private hits = 0;
  private misses = 0;

  constructor(reactor: Reactor, { bytes, entries, files, milliseconds }: FileCacheSettings) {
    this.reactor = reactor;
    this.milliseconds = milliseconds;
    this.contents = new Shelf(entries, bytes);
    const filesMax = Math.min(files, Math.floor(reactor.limits.connections / SHARE));
    this.files = new Shelf(filesMax, Number.POSITIVE_INFINITY);
    this.watches = new Watches(reactor, () => this.dropAll());
    this.folders = new Folders(this.watches);
  }

  /** Rejects where changes cannot be told in time: then nothing can be kept. */
  ready(): Promise<void> {
    return this.watches.ready();
  }

  close(): void {
    this.dropAll();
    this.watches.close();
  }

  get figures(): FileCacheFigures {
    const { contents, files, hits, misses } = this;
    const { size: entries, bytes } = contents;
    return { entries, bytes, files: files.size, hits, misses };
  }

  /** What can be answered with as it is. */
  find(exchange: Exchange): Kept | undefined {
    const known = this.byTarget.get(exchange.target);
    if (!known) return undefined;
    for (const kept of known) {
      const { varies } = kept.found as Representation;
      if (varies && kept.codings !== codingsFor(exchange.header('accept-encoding'))) continue;
      if (this.reactor.now >= kept.until) {
        kept.drop();
        return undefined;
      }
      kept.used = true;
      this.hits++;
      return kept;
    }
    return undefined;
  }

  /** Resolves when nobody looks for this any more. */
  arrival(target: string): Promise<void> | undefined {
    return this.coming.get(target);
  }

  /** Finds something for the first time, or anew; what comes of it is kept if it can be. */
  async fetch(
    target: string,
    codings: readonly string[],
    find: (kept: Kept) => Promise<Representation | undefined>,
  ): Promise<{ found: Representation | undefined; kept: Kept }> {
    this.misses++;
    const kept = new Kept(this, target, codings);
    this.pending.add(kept);
    const finding = find(kept);
    const over = finding.then(
      () => {},
      () => {},
    );
    this.coming.set(target, over);
    try {
      const found = await finding;
      if (found) this.keep(kept, found);
      else kept.drop();
      return { found, kept };
    } catch (error) {
      kept.drop();
      throw error;
    } finally {
      this.pending.delete(kept);
      if (this.coming.get(target) === over) this.coming.delete(target);
    }
  }

  /** Somebody needs descriptors or records more urgently. */
  relieve(): void {
    this.files.dropAll();
  }

  /** Internal: what is kept was dropped. */
  forget(kept: Kept): void {
    const { target, found } = kept;
    if (!found) return;
    this.shelfFor(found).delete(kept);
    const left = this.byTarget.get(target)?.filter((other) => other !== kept) ?? [];
    if (left.length > 0) this.byTarget.set(target, left);
    else this.byTarget.delete(target);
  }

  private keep(kept: Kept, found: Representation): void {
    if (kept.dropped) return;
    const shelf = this.shelfFor(found);
    kept.found = found;
    if (!shelf.fits(kept)) {
      kept.found = undefined;
      return kept.drop();
    }
    kept.until = this.reactor.now + this.milliseconds;
    const { target, codings } = kept;
    const others = this.byTarget.get(target) ?? [];
    for (const other of others) {
      if (other.codings === codings || !found.varies) other.drop();
    }
    this.byTarget.set(target, [...(this.byTarget.get(target) ?? []), kept]);
    // Whoever found it uses it.
    kept.use();
    shelf.add(kept);
  }

  private shelfFor({ file }: Representation): Shelf {
    return file ? this.files : this.contents;
  }

  private dropAll(): void {
    for (const kept of [...this.pending]) kept.drop();
    this.contents.dropAll();
    this.files.dropAll();
  }
}
