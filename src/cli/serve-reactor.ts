// The reactor of a server: on the host that was asked for, recorded when that was asked for.
import { chooseHost } from '../host/choose';
import { createReactor } from '../index';
import { type Served, type ServeHooks, type ServeParameters, serveFolder } from '../programs/serve';
import type { Reactor } from '../reactor/reactor';
import { opened, recorded } from './recording';
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
  const warn = (message: string): void => hooks.warn?.(message);
  const recording = recorded(chosen, file, { payload, files }, warn);
  const program = { name: 'serve', parameters: { ...parameters } };
  const reactor = opened(() => createReactor({ host: recording, program }), file);
  return { reactor, served: serveFolder(reactor, parameters, hooks) };
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
