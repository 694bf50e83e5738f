// The reactor of a server: on the host that was asked for, recorded when that was asked for.
import { chooseHost } from '../host/choose';
import type { Host } from '../host/host';
import { createReactor } from '../index';
import { type Served, type ServeHooks, type ServeParameters, serveFolder } from '../programs/serve';
import type { Reactor } from '../reactor/reactor';
import { record } from '../trace';
import { StartError } from './serve-failure';

export interface RecordingOptions {
  readonly host?: string | undefined;
  readonly file?: string | undefined;
  readonly payload: 'full' | 'digest';
  readonly files: 'reference' | 'copy';
}

export function serveReactor(
  parameters: ServeParameters,
  { host, file, payload, files }: RecordingOptions,
  hooks: ServeHooks,
): { reactor: Reactor; served: Served } {
  const chosen = chooseHost(host);
  const onError = ({ message }: Error): void => hooks.warn?.(`${message} The trace is ${file}.`);
  const recorded: Host = file ? record(chosen, file, { payload, files, onError }) : chosen;
  const program = { name: 'serve', parameters: { ...parameters } };
  const reactor = opened(() => createReactor({ host: recorded, program }), file);
  return { reactor, served: serveFolder(reactor, parameters, hooks) };
}

/** The file of the recording is opened with the reactor. */
function opened(open: () => Reactor, file: string | undefined): Reactor {
  try {
    return open();
  } catch (error) {
    const { path, code, message } = error as NodeJS.ErrnoException;
    if (file === undefined || path !== file) throw error;
    throw new StartError('recording', message, code);
  }
}

/** Resolves with the port; rejects with a StartError when the system is why it cannot serve. */
export async function portOf(served: Served): Promise<number> {
  try {
    return (await served.ready()).port;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new StartError(served.step, message, code);
  }
}
