// One served folder: what becomes of a request for something in it.
import { CalandriaError } from '../../errors';
import type { Directory } from '../../reactor/directory';
import type { File } from '../../reactor/file';
import type { Reactor } from '../../reactor/reactor';
import type { Exchange } from '../exchange';
import { FileCache, type FileCacheFigures } from './cache';
import { codingsFor, SUFFIXES } from './codings';
import type { Kept } from './kept';
import { type About, represent } from './loading';
import { compressible, mediaTypeOf } from './media-type';
import type { FilesSettings } from './options';
import { refuse, statusOfError } from './refusals';
import type { Representation } from './representation';
import { send } from './sending';
import { type Place, placeOf } from './target';

const ALLOWED = { Allow: 'GET, HEAD, OPTIONS' };
/** s until it is worth another try. */
const RETRY_AFTER = { 'Retry-After': '1' };

export class FileService {
  private readonly reactor: Reactor;
  private readonly path: string;
  private readonly settings: FilesSettings;
  private root: Promise<Directory>;
  private cache: FileCache | undefined;
  /** Why there is none. */
  uncached: Error | undefined;

  constructor(reactor: Reactor, path: string, settings: FilesSettings) {
    this.reactor = reactor;
    this.path = path;
    this.settings = settings;
    this.root = this.open();
    // Who waits in ready() hears of it, and every request.
    this.root.catch(() => {});
  }

  private async open(): Promise<Directory> {
    const directory = await this.reactor.openDirectory(this.path);
    if (this.settings.cache) await this.keep(new FileCache(this.reactor, this.settings.cache));
    return directory.unref();
  }

  private async keep(cache: FileCache): Promise<void> {
    try {
      await cache.ready();
      this.cache = cache;
    } catch (error) {
      this.uncached = error as Error;
    }
  }

  get cached(): FileCacheFigures | undefined {
    return this.cache?.figures;
  }

  async ready(): Promise<void> {
    await this.root;
  }

  async close(): Promise<void> {
    const { root } = this;
    this.root = Promise.reject(
      new CalandriaError('ERR_CALANDRIA_CLOSED', 'These files are not served any more.'),
    );
    this.root.catch(() => {});
    this.cache?.close();
    this.cache = undefined;
    await root.then(
      (directory) => directory.close(),
      () => {},
    );
  }

  handle(exchange: Exchange): void | Promise<void> {
    const { method } = exchange;
    if (method === 'OPTIONS') return exchange.answer(204, ALLOWED);
    if (method !== 'GET' && method !== 'HEAD') return refuse(exchange, 405, ALLOWED);
    const kept = this.cache?.find(exchange);
    if (kept) return this.sendKept(exchange, kept);
    const place = placeOf(exchange.target, this.settings.hidden);
    if (typeof place === 'number') return this.refuse(exchange, place);
    return this.serve(exchange, place);
  }

  private refuse(exchange: Exchange, status: number): void | Promise<void> {
    if (status === 404 && this.settings.otherwise) return this.settings.otherwise(exchange);
    refuse(exchange, status, status === 503 ? RETRY_AFTER : {});
  }

  /** What is in memory leaves at once. */
  private sendKept(exchange: Exchange, kept: Kept): void | Promise<void> {
    const found = kept.found as Representation;
    if (found.prepared) return send(exchange, found, () => this.boundary());
    kept.use();
    return this.sendFrom(exchange, found, () => kept.leave());
  }

  private async sendFrom(
    exchange: Exchange,
    found: Representation,
    leave: () => void,
  ): Promise<void> {
    try {
      await send(exchange, found, () => this.boundary());
    } finally {
      leave();
    }
  }

  private async serve(exchange: Exchange, place: Place): Promise<void> {
    // A folder that could not be opened is for the program to hear of, and no file that is missing.
    const root = await this.root;
    const { cache } = this;
    try {
      // One spelling of each path is kept, so that no client can fill the cache with others.
      if (cache && place.query === '' && place.canonical === exchange.target) {
        return await this.serveThrough(cache, root, exchange, place);
      }
      const codings = codingsFor(exchange.header('accept-encoding'));
      await this.answer(exchange, place, await this.find(root, exchange, place, codings));
    } catch (error) {
      if (exchange.begun || exchange.finished) throw error;
      const status = statusOfError(error);
      if (status === undefined) throw error;
      if (status === 503) cache?.relieve();
      return this.refuse(exchange, status);
    }
  }

  private async serveThrough(
    cache: FileCache,
    root: Directory,
    exchange: Exchange,
    place: Place,
  ): Promise<void> {
    const { target } = exchange;
    await cache.arrival(target);
    const known = cache.find(exchange);
    if (known) return this.sendKept(exchange, known);
    const codings = codingsFor(exchange.header('accept-encoding'));
    const { found, kept } = await cache.fetch(target, codings, (coming) =>
      this.find(root, exchange, place, codings, coming),
    );
    await this.answer(exchange, place, found, kept.found && kept);
  }

  private async answer(
    exchange: Exchange,
    place: Place,
    found: Representation | undefined,
    kept?: Kept,
  ): Promise<void> {
    if (!found) return this.redirect(exchange, place);
    await this.sendFrom(exchange, found, () => {
      if (kept) kept.leave();
      else void found.file?.close();
    });
  }

  /** To the folder's own address: relative links of its index start from there. */
  private redirect(exchange: Exchange, { canonical, query }: Place): void {
    // Absolute within this host: no empty name gets this far, so it cannot name another one.
    refuse(exchange, 308, { Location: `${canonical}/${query}` });
  }

  /** Undefined for a folder without a slash behind its name. */
  private async find(
    root: Directory,
    exchange: Exchange,
    place: Place,
    codings: readonly string[],
    kept?: Kept,
  ): Promise<Representation | undefined> {
    const path = this.pathOf(place);
    if (path === undefined) throw notFound(place.path);
    await kept?.goTo(root, path);
    kept?.dependOn(path);
    const file = await root.openBeneath(path);
    if (file.isDirectory) {
      void file.close();
      if (place.folder) throw notFound(path);
      return undefined;
    }
    let chosen = file;
    let about: About;
    try {
      const type = this.settings.contentType(path) ?? mediaTypeOf(path);
      const varies = this.settings.precompressed && compressible(type);
      const form = varies ? await this.choose(root, path, codings, kept) : undefined;
      if (form) {
        chosen = form.file;
        void file.close();
      }
      await kept?.watch(chosen);
      const cacheControl = this.settings.cacheControl(path);
      about = { type, coding: form?.coding ?? '', varies, cacheControl, now: exchange.wallTime };
    } catch (error) {
      // What the program says of a file may throw; nobody else would close it then.
      void chosen.close();
      throw error;
    }
    return represent(chosen, about);
  }

  private pathOf({ path, folder }: Place): string | undefined {
    const { index } = this.settings;
    if (!folder) return path;
    if (index === false) return undefined;
    return path === '' ? index : `${path}/${index}`;
  }

  /** The first form that is there; undefined: there is the file itself. */
  private async choose(
    root: Directory,
    path: string,
    wanted: readonly string[],
    kept: Kept | undefined,
  ): Promise<{ file: File; coding: string } | undefined> {
    for (const coding of wanted) {
      kept?.dependOn(path + SUFFIXES[coding]);
      try {
        const form = await root.openBeneath(path + SUFFIXES[coding]);
        if (!form.isDirectory) return { file: form, coding };
        void form.close();
      } catch (error) {
        // Without one of these forms there is still the file.
        if (statusOfError(error) === undefined) throw error;
      }
    }
    return undefined;
  }

  /** 64 bits that nobody can foresee who wrote the file. */
  private boundary(): string {
    const word = (): string => Math.floor(this.reactor.random() * 2 ** 32).toString(16);
    return `part-${word().padStart(8, '0')}${word().padStart(8, '0')}`;
  }
}

function notFound(path: string): Error {
  return Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' });
}
