// What commands that listen have in common.
import { CANDIDATES } from '../host/choose';

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
