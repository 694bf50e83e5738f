// Files over HTTP: a handler that answers with what lies beneath a folder.
import { typeError } from '../../errors';
import { Reactor } from '../../reactor/reactor';
import type { ExchangeHandler } from '../http-protocol';
import type { FileCacheFigures } from './cache';
import { completeFilesOptions, type FilesOptions } from './options';
import { FileService } from './service';

export type { FileCacheFigures } from './cache';
export type { FileCacheOptions } from './cache-options';
export type { FilesOptions } from './options';

export interface FileHandler extends ExchangeHandler {
  /** Resolves when the folder is open; rejects when it cannot be opened. */
  ready(): Promise<void>;
  /** What is kept by now; undefined when nothing can be, or is to be. */
  readonly cached: FileCacheFigures | undefined;
  /** Why nothing is kept although it should be: this host does not tell of changes in time. */
  readonly uncached: Error | undefined;
  /** Gives up what it holds; requests that come later fail. Closing the reactor does so, too. */
  close(): Promise<void>;
}

/**
 * A handler for HttpServer that serves the files beneath a folder (docs/http-files.md). The folder
 * is opened once: what takes its place later is not served.
 * @throws ERR_INVALID_ARG_TYPE, ERR_CALANDRIA_BAD_OPTION, each naming what is wrong.
 */
export function files(
  reactor: Reactor,
  directory: string,
  options: FilesOptions = {},
): FileHandler {
  if (!(reactor instanceof Reactor)) throw typeError('reactor', 'a reactor', reactor);
  if (typeof directory !== 'string') throw typeError('directory', 'a string', directory);
  const service = new FileService(reactor, directory, completeFilesOptions(options));
  const handler: ExchangeHandler = (exchange) => service.handle(exchange);
  const methods = { ready: () => service.ready(), close: () => service.close() };
  return Object.defineProperties(Object.assign(handler, methods), {
    cached: { get: () => service.cached },
    uncached: { get: () => service.uncached },
  }) as FileHandler;
}
