// What commands that listen have in common.
import { type Command, Option } from 'commander';
import { CANDIDATES } from '../host/choose';
import { filePath, listenAddress, wholeNumber } from './options';

export interface ListeningOptions {
  readonly port: number;
  readonly address: string;
  readonly host?: string;
}

export interface RecordedOptions {
  readonly record?: string;
  readonly payload: 'full' | 'digest';
}

/** Where to listen, and on which host. */
export function addListening(command: Command): Command {
  return command
    .option('-p, --port <number>', 'port; 0 lets the system choose', wholeNumber(0, 65535), 0)
    .option(
      '-a, --address <address>',
      'numeric IPv4 or IPv6 address to listen on, or localhost',
      listenAddress,
      '127.0.0.1',
    )
    .option('--host <name>', `host: ${hostNames()} (default: the best that can run here)`);
}

/** Whether to record; `what` says what becomes of the file. */
export function addRecording(command: Command, what: string): Command {
  return command
    .option('-r, --record <file>', what, filePath)
    .addOption(
      new Option('--payload <kind>', 'what a recording keeps of the bytes that came in')
        .choices(['full', 'digest'])
        .default('full'),
    );
}

export function hostNames(): string {
  return CANDIDATES.map(({ name }) => name).join(', ');
}

/** What to do when an address cannot be listened at. */
export function listenAdvice(
  command: string,
  code: string | undefined,
  port: number,
  address: string,
): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Another process has port ${port}; choose another, or --port 0 for a free one.`;
    case 'EACCES':
      return `Ports below 1024 need a privilege; choose another than ${port}.`;
    case 'EADDRNOTAVAIL':
      return `${address} is no address of this machine; --address 0.0.0.0 takes all of them.`;
    default:
      return `\`calandria ${command} --help\` shows what --port and --address take.`;
  }
}
