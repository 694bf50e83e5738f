// calandria echo: a real TCP server on the best host of this machine, recorded when asked.
import { isIPv6 } from 'node:net';
import type { Command } from 'commander';
import { chooseHost } from '../host/choose';
import { createReactor } from '../index';
import { echo } from '../programs/echo';
import type { Address } from '../reactor/address';
import type { Reactor } from '../reactor/reactor';
import { EXIT_FINDING, UserError } from './exit';
import {
  addListening,
  addRecording,
  type ListeningOptions,
  listenAdvice,
  type RecordedOptions,
} from './listening';
import { opened, recorded } from './recording';
import { recordingFailure, StartError } from './serve-failure';

/** Connections that still have something to send when a signal comes get this long. */
const DRAIN_MILLISECONDS = 5000;

type EchoOptions = ListeningOptions & RecordedOptions;

export function addEcho(program: Command): void {
  const command = program
    .command('echo')
    .description('Serve TCP: what a client sends comes back to it.');
  addRecording(addListening(command), 'record everything into this file')
    .addHelpText(
      'after',
      `
Prints one line, "listening on ADDRESS:PORT", on stdout once it listens.

On SIGTERM or SIGINT it stops accepting, sends what it still holds, and exits 0; what is left
after 5 seconds is dropped. A second signal drops it at once.

A recording with --payload full can be replayed against any program. With --payload digest it is
smaller and keeps nobody's data; only the core can be replayed from it. The server outlives a
recording that cannot be written any more; then it says so, and exits 1 in the end.

Examples:
  $ calandria echo                              a free port on 127.0.0.1
  $ calandria echo --port 7000 --address ::     every address of this machine
  $ calandria echo --record a.trace             then: calandria replay a.trace
  $ calandria echo --host node                  without the native part`,
    )
    .action(runEcho);
}

async function runEcho(options: EchoOptions): Promise<void> {
  const { port, address } = options;
  const reactor = start(options);
  drainOnSignal(reactor);
  const bound = await listen(reactor, { port, address });
  console.log(`listening on ${formatAddress(bound)}`);
}

function start(options: EchoOptions): Reactor {
  const { port, address, record, payload } = options;
  const host = recorded(chooseHost(options.host), record, { payload }, (message) => {
    console.error(`warning: ${message}`);
    process.exitCode = EXIT_FINDING;
  });
  const program = { name: 'echo', parameters: { port, address } };
  try {
    return opened(() => createReactor({ host, program }), record);
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw recordingFailure(record as string, error.message, error.code);
  }
}

async function listen(
  reactor: Reactor,
  parameters: { port: number; address: string },
): Promise<Address> {
  const { port, address } = parameters;
  try {
    return await echo(reactor, parameters).ready();
  } catch (error) {
    await reactor.close();
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UserError(message, listenAdvice('echo', code, port, address));
  }
}

function formatAddress({ address, port }: Address): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The first signal drains, the second one does not wait, the third does not even wait for that. */
function drainOnSignal(reactor: Reactor): void {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals === 1) void reactor.close({ drain: true, deadline: DRAIN_MILLISECONDS });
    else if (signals === 2) void reactor.close();
    else process.exit();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // Nothing else keeps the process alive: it ends by itself once the reactor is closed.
}
