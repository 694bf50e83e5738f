// Something kept: a representation, and on what it depends. It is good until one of these changes.
import type { Directory } from '../../reactor/directory';
import type { File } from '../../reactor/file';
import { type Dependent, type Folders, folderOf, lastName, type WatchedFolder } from './folders';
import type { Representation } from './representation';
import type { Listener } from './watches';

/** Where it is kept. */
export interface Keeper {
  readonly folders: Folders;
  /** It was dropped. */
  forget(kept: Kept): void;
}

export class Kept implements Dependent, Listener {
  readonly target: string;
  /** What the client takes; it counts only if the representation varies. */
  readonly codings: readonly string[];
  /** Something that it depends on changed, or could not be watched. */
  dropped = false;
  /** Answered with since somebody looked for what can go. */
  used = false;
  /** ms of the reactor's time: until then it need not be looked at again. */
  until = 0;
  /** When it is kept, and not before. */
  found: Representation | undefined;
  private readonly keeper: Keeper;
  private folder: WatchedFolder | undefined;
  private readonly names: string[] = [];
  private number: number | undefined;
  private users = 0;

  constructor(keeper: Keeper, target: string, codings: readonly string[]) {
    this.keeper = keeper;
    this.target = target;
    this.codings = codings;
  }

  /** Before any file is opened: watches the way to this path. */
  async goTo(root: Directory, path: string): Promise<void> {
    this.folder = await this.keeper.folders.reach(root, folderOf(path));
    if (!this.folder) this.drop();
  }

  /** Before it is opened: the outcome depends on what is at this path, in the same folder. */
  dependOn(path: string): void {
    if (this.dropped || !this.folder) return;
    const name = lastName(path);
    this.names.push(name);
    this.folder.depend(name, this);
  }

  /** Before it is looked at: the outcome depends on what is in this file. */
  async watch(file: File): Promise<void> {
    // Who changes what a link says does it elsewhere.
    if (file.linked) this.drop();
    if (this.dropped) return;
    const { watches } = this.keeper.folders;
    try {
      const number = await watches.add(file, this);
      if (this.dropped) watches.remove(number, this);
      else this.number = number;
    } catch {
      // Another machine may change it, or there are too many watches: it is served all the same.
      this.drop();
    }
  }

  /** While somebody sends from it, its file stays open. */
  use(): void {
    this.users++;
  }

  leave(): void {
    this.users--;
    if (this.dropped && this.users === 0) void this.found?.file?.close();
  }

  // ── As Listener and Dependent ──

  entry(): void {
    this.drop();
  }

  changed(): void {
    this.drop();
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    const { watches } = this.keeper.folders;
    if (this.number !== undefined) watches.remove(this.number, this);
    for (const name of this.names) this.folder?.release(name, this);
    this.keeper.forget(this);
    if (this.users === 0) void this.found?.file?.close();
  }
}
