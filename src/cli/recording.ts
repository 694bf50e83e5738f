// Recording what a command serves.
import type { Host } from '../host/host';
import type { Reactor } from '../reactor/reactor';
import { type RecordOptions, record } from '../trace';
import { StartError } from './serve-failure';

/**
 * The host, recorded when there is a file. A server outlives its recording, but whoever counts on
 * the file has to hear of it.
 */
export function recorded(
  host: Host,
  file: string | undefined,
  options: RecordOptions,
  warn: (message: string) => void,
): Host {
  if (file === undefined) return host;
  const onError = ({ message }: Error): void => warn(`${message} The trace is ${file}.`);
  return record(host, file, { ...options, onError });
}

/** The file of the recording is opened with the reactor. @throws StartError when that fails. */
export function opened(open: () => Reactor, file: string | undefined): Reactor {
  try {
    return open();
  } catch (error) {
    const { path, code, message } = error as NodeJS.ErrnoException;
    if (file === undefined || path !== file) throw error;
    throw new StartError('recording', message, code);
  }
}
