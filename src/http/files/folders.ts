// The folders on the way to what is kept, each watched. What is kept depends on names in them, and
// so does a folder on its own name in the one above: who moves it changes all that lies beneath.
import type { Directory } from '../../reactor/directory';
import type { Listener, Watches } from './watches';

/** What is good for nothing any more when one of the names it depends on changes. */
export interface Dependent {
  drop(): void;
}

/** Deeper than this nothing is kept: each folder on the way takes a watch. */
const DEPTH_MAX = 32;

export class WatchedFolder implements Listener, Dependent {
  readonly path: string;
  dropped = false;
  private readonly folders: Folders;
  private readonly parent: WatchedFolder | undefined;
  private readonly dependents = new Map<string, Set<Dependent>>();
  private number: number | undefined;

  constructor(folders: Folders, path: string, parent: WatchedFolder | undefined) {
    this.folders = folders;
    this.path = path;
    this.parent = parent;
    parent?.depend(lastName(path), this);
  }

  depend(name: string, dependent: Dependent): void {
    const dependents = this.dependents.get(name);
    if (dependents) dependents.add(dependent);
    else this.dependents.set(name, new Set([dependent]));
    // Whoever comes too late for the news hears it now.
    if (this.dropped) dependent.drop();
  }

  /** A folder that nothing depends on is not watched any more. */
  release(name: string, dependent: Dependent): void {
    const dependents = this.dependents.get(name);
    if (!dependents?.delete(dependent) || dependents.size > 0) return;
    this.dependents.delete(name);
    if (this.dependents.size === 0 && this.number !== undefined) this.drop();
  }

  /** Watches what is open as `folder`; false when it cannot be, or has changed already. */
  async watch(folder: Directory | Parameters<Watches['add']>[0]): Promise<boolean> {
    const number = await this.folders.watches.add(folder, this);
    if (this.dropped) this.folders.watches.remove(number, this);
    else this.number = number;
    return !this.dropped;
  }

  entry(name: string): void {
    for (const dependent of [...(this.dependents.get(name) ?? [])]) dependent.drop();
  }

  changed(): void {
    this.drop();
  }

  drop(): void {
    if (this.dropped) return;
    this.dropped = true;
    this.folders.forget(this);
    if (this.number !== undefined) this.folders.watches.remove(this.number, this);
    this.parent?.release(lastName(this.path), this);
    for (const name of [...this.dependents.keys()]) this.entry(name);
  }
}

export class Folders {
  readonly watches: Watches;
  private readonly known = new Map<string, Promise<WatchedFolder | undefined>>();

  constructor(watches: Watches) {
    this.watches = watches;
  }

  /** The folder at this path, '' for the root itself; undefined when it cannot be watched. */
  reach(root: Directory, path: string): Promise<WatchedFolder | undefined> {
    const known = this.known.get(path);
    if (known) return known;
    const reached = this.find(root, path).catch(() => undefined);
    this.known.set(path, reached);
    void reached.then((folder) => {
      if (!folder && this.known.get(path) === reached) this.known.delete(path);
    });
    return reached;
  }

  /** Internal: it was dropped. */
  forget({ path }: WatchedFolder): void {
    this.known.delete(path);
  }

  private async find(root: Directory, path: string): Promise<WatchedFolder | undefined> {
    if (path === '') {
      const folder = new WatchedFolder(this, path, undefined);
      return (await folder.watch(root)) ? folder : undefined;
    }
    if (path.split('/').length > DEPTH_MAX) return undefined;
    const parent = await this.reach(root, folderOf(path));
    if (!parent) return undefined;
    // From here on it hears of changes on the way to it; it is opened after that.
    const folder = new WatchedFolder(this, path, parent);
    try {
      const opened = await root.openBeneath(path);
      const watched = !opened.linked && opened.isDirectory && (await folder.watch(opened));
      void opened.close();
      if (watched) return folder;
    } catch {
      // Without a watch nothing is kept: what is wrong with it shows where the file is opened.
    }
    folder.drop();
    return undefined;
  }
}

/** The path of the folder that something is in. */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

export function lastName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
