// Files over HTTP: a handler that answers with what lies beneath a folder.
import { typeError } from '../../errors';
import { Reactor } from '../../reactor/reactor';
import type { ExchangeHandler } from '../http-server';
import { completeFilesOptions, type FilesOptions } from './options';
import { FileService } from './service';

export type { FilesOptions } from './options';

export interface FileHandler extends ExchangeHandler {
  /** Resolves when the folder is open; rejects when it cannot be opened. */
  ready(): Promise<void>;
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
  return Object.assign(handler, {
    ready: () => service.ready(),
    close: () => service.close(),
  });
}
