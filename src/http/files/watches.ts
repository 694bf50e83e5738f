// What is watched for a cache, by the number that the reactor's file watch has for it.
import type { Directory } from '../../reactor/directory';
import type { File } from '../../reactor/file';
import type { FileChange, FileWatch } from '../../reactor/file-watch';
import type { Reactor } from '../../reactor/reactor';

/** Who hears of changes of one file or folder. */
export interface Listener {
  /** Of a folder: what has this name came, went, or is another one now. */
  entry(name: string): void;
  /** It itself is not what it was. */
  changed(): void;
}

export class Watches {
  private readonly watch: FileWatch;
  private readonly listeners = new Map<number, Set<Listener>>();

  /** `lost`: anything may have changed. */
  constructor(reactor: Reactor, lost: () => void) {
    this.watch = reactor.watchFiles({
      change: (_, change) => this.tell(change),
      overflow: lost,
      error: lost,
      close: lost,
    });
    this.watch.unref();
  }

  /** Rejects where changes cannot be told in time. */
  async ready(): Promise<void> {
    await this.watch.ready();
  }

  close(): void {
    this.watch.close();
  }

  /** The number of the watch: the same for the same file. */
  async add(file: File | Directory, listener: Listener): Promise<number> {
    const number = await this.watch.add(file);
    const listeners = this.listeners.get(number);
    if (listeners) listeners.add(listener);
    else this.listeners.set(number, new Set([listener]));
    return number;
  }

  /** Who is added for the same file while it is given up hears that it changed. */
  remove(number: number, listener: Listener): void {
    const listeners = this.listeners.get(number);
    if (!listeners?.delete(listener) || listeners.size > 0) return;
    this.listeners.delete(number);
    if (!this.watch.closed) this.watch.remove(number);
  }

  private tell({ number, kind, name }: FileChange): void {
    const listeners = this.listeners.get(number);
    if (!listeners) return;
    for (const listener of [...listeners]) {
      if (kind === 'entry') listener.entry(name);
      else listener.changed();
    }
  }
}
