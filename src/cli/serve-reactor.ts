// The reactor of a server: on the host that was asked for, recorded when that was asked for.
import { chooseHost } from '../host/choose';
import type { Host } from '../host/host';
import { createReactor } from '../index';
import { type Served, type ServeHooks, type ServeParameters, serveFolder } from '../programs/serve';
import type { Reactor } from '../reactor/reactor';
import { record } from '../trace';

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
  const reactor = createReactor({ host: recorded, program });
  return { reactor, served: serveFolder(reactor, parameters, hooks) };
}
