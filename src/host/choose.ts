// Which host: data, in one place. Nothing else in the project asks for the platform.
import { CalandriaError } from '../errors';
import type { Host } from './host';
import { epoll, kqueue, nativeMissing, poll, rtsig, select } from './native';
import type { NativeOptions } from './native-options';
import { node } from './node';
import { nullHost } from './null';
import { uring, uringMissing } from './uring';

export interface Candidate {
  readonly name: string;
  readonly what: string;
  /** Empty when it can run here, else the reason why not. */
  missing(): string;
  create(options: NativeOptions): Host;
}

const KQUEUE: Candidate = {
  name: 'kqueue',
  what: 'macOS and the BSDs, kqueue, edge-triggered, in C++',
  // On Linux it says itself which library would be needed.
  missing: () => nativeMissing('kqueue'),
  create: (options) => kqueue(options),
};

/** In order of preference. */
export const CANDIDATES: readonly Candidate[] = [
  {
    name: 'epoll',
    what: 'Linux epoll, edge-triggered, in C++',
    missing: () =>
      process.platform === 'linux' ? nativeMissing('epoll') : 'epoll is an interface of Linux',
    create: (options) => epoll(options),
  },
  ...(process.platform === 'linux' ? [] : [KQUEUE]),
  {
    name: 'poll',
    what: 'poll(2), in C++',
    missing: () => nativeMissing('poll'),
    create: (options) => poll(options),
  },
  {
    name: 'select',
    what: 'select(2), for descriptors below 1,024',
    missing: () => nativeMissing('select'),
    create: (options) => select(options),
  },
  {
    name: 'node',
    what: 'node:net, pure JavaScript, everywhere',
    missing: () => '',
    create: () => node(),
  },
  // Behind the one that can always run: it is never chosen, but by its name.
  {
    name: 'uring',
    what: 'Linux io_uring, completions, in C++; on request',
    missing: () =>
      process.platform === 'linux' ? uringMissing() : 'io_uring is an interface of Linux',
    create: (options) => uring(options),
  },
  ...(process.platform === 'linux' ? [KQUEUE] : []),
  {
    name: 'rtsig',
    what: 'Linux signal-driven I/O, real-time signals as records, in C++; on request',
    missing: () =>
      process.platform === 'linux' ? nativeMissing('rtsig') : 'F_SETSIG is an interface of Linux',
    create: (options) => rtsig(options),
  },
  {
    name: 'null',
    what: 'no kernel interface: time alone, everywhere',
    missing: () => '',
    create: () => nullHost(),
  },
];

/** The named host, or CALANDRIA_HOST, or the first that can run here. */
export function chooseHost(
  name: string | undefined = process.env.CALANDRIA_HOST || undefined,
  options: NativeOptions = {},
): Host {
  if (name === undefined) {
    const first = CANDIDATES.find((candidate) => candidate.missing() === '') as Candidate;
    return first.create(options);
  }
  const named = CANDIDATES.find((candidate) => candidate.name === name);
  if (!named) {
    const names = CANDIDATES.map((candidate) => candidate.name).join(', ');
    const where = name === process.env.CALANDRIA_HOST ? ' (CALANDRIA_HOST)' : '';
    throw new CalandriaError(
      'ERR_CALANDRIA_NO_HOST',
      `There is no host "${name}"${where}; the hosts are ${names}.`,
    );
  }
  const reason = named.missing();
  if (reason)
    throw new CalandriaError('ERR_CALANDRIA_NO_HOST', `Host ${name} cannot run here: ${reason}.`);
  return named.create(options);
}
