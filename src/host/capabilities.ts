// What this machine can do: the shim tries everything once (host/probe.h); here it gets its names,
// and the reasons why something cannot be had.
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { loadShim, switchedOff } from './native';
import { type ResourceLimits, resourceLimits } from './resource-limits';

export type CapabilityGroup = 'events' | 'files' | 'sockets' | 'non-blocking' | 'SIGPIPE';

type Known = readonly [group: CapabilityGroup, shown: string, systems: string];

/** Every capability: its group, what the system calls it, and which systems have it. */
const KNOWN = {
  epoll: ['events', 'epoll', 'Linux'],
  epollexclusive: ['events', 'EPOLLEXCLUSIVE', 'Linux'],
  eventfd: ['events', 'eventfd', 'Linux and FreeBSD'],
  timerfd: ['events', 'timerfd', 'Linux and FreeBSD'],
  signalfd: ['events', 'signalfd', 'Linux'],
  pidfd_open: ['events', 'pidfd_open', 'Linux'],
  inotify: ['events', 'inotify', 'Linux'],
  netlink: ['events', 'netlink', 'Linux'],
  io_uring: ['events', 'io_uring', 'Linux'],
  io_uring_multishot: ['events', 'IORING_RECV_MULTISHOT', 'Linux'],
  io_uring_no_mmap: ['events', 'IORING_SETUP_NO_MMAP', 'Linux'],
  note_lowat: ['events', 'NOTE_LOWAT', 'Darwin and the BSDs'],

  aio: ['files', 'io_setup', 'Linux'],
  preadv2: ['files', 'preadv2', 'Linux'],
  rwf_nowait: ['files', 'RWF_NOWAIT', 'Linux'],
  cachestat: ['files', 'cachestat', 'Linux'],
  openat2: ['files', 'openat2', 'Linux'],
  o_direct: ['files', 'O_DIRECT', 'Linux, FreeBSD and NetBSD'],
  sendfile: ['files', 'sendfile', 'Linux'],
  splice: ['files', 'splice', 'Linux'],

  sendmmsg: ['sockets', 'sendmmsg', 'Linux'],
  recvmmsg: ['sockets', 'recvmmsg', 'Linux'],
  msg_more: ['sockets', 'MSG_MORE', 'Linux'],
  msg_zerocopy: ['sockets', 'MSG_ZEROCOPY', 'Linux'],
  so_meminfo: ['sockets', 'SO_MEMINFO', 'Linux'],
  so_reuseport: ['sockets', 'SO_REUSEPORT', 'Linux, Darwin and the BSDs'],
  tcp_cork: ['sockets', 'TCP_CORK', 'Linux'],
  tcp_inq: ['sockets', 'TCP_INQ', 'Linux'],
  tcp_notsent_lowat: ['sockets', 'TCP_NOTSENT_LOWAT', 'Linux and Darwin'],

  fionbio: ['non-blocking', 'FIONBIO', 'every Unix'],
  fnonblock: ['non-blocking', 'FNONBLOCK', 'Linux, Darwin, FreeBSD and OpenBSD'],
  msg_nbio: ['non-blocking', 'MSG_NBIO', 'FreeBSD and NetBSD'],
  msg_dontwait: ['non-blocking', 'MSG_DONTWAIT', 'Linux, Darwin and the BSDs'],
  o_ndelay: ['non-blocking', 'O_NDELAY', 'Linux, Darwin and the BSDs'],
  o_nonblock: ['non-blocking', 'O_NONBLOCK', 'every Unix'],

  msg_nosignal: ['SIGPIPE', 'MSG_NOSIGNAL', 'Linux, the BSDs and recent Darwin'],
  rwf_nosignal: ['SIGPIPE', 'RWF_NOSIGNAL', 'Linux'],
  so_nosigpipe: ['SIGPIPE', 'SO_NOSIGPIPE', 'Darwin, FreeBSD and NetBSD'],
  f_setnosigpipe: ['SIGPIPE', 'F_SETNOSIGPIPE', 'Darwin and NetBSD'],
} as const satisfies Record<string, Known>;

export type CapabilityName = keyof typeof KNOWN;

export interface Capability {
  readonly group: CapabilityGroup;
  /** What the system's headers call it. */
  readonly shown: string;
  /** It was tried, and it works. */
  readonly available: boolean;
  /** Why it is not available; empty when it is. */
  readonly reason: string;
  /** The number behind the name of a flag, an option or a command; undefined for a call. */
  readonly value: number | undefined;
}

/** 'caught': a handler was installed, as process.on('SIGPIPE') does. */
export type SignalDisposition = 'default' | 'ignored' | 'caught' | 'unknown';

export interface Capabilities {
  /** Why nothing could be tried; empty when the native part is there. */
  readonly missing: string;
  readonly features: Readonly<Record<CapabilityName, Capability>>;
  /** What SIGPIPE does in this process (/proc/self/status; 'unknown' where there is none). */
  readonly sigpipe: SignalDisposition;
  readonly limits: ResourceLimits & {
    /** Kernel AIO, all processes together: operations at most, and set aside by now. */
    readonly aio: { readonly max: number; readonly used: number } | undefined;
  };
  /** Names in CALANDRIA_WITHOUT that are no capability. */
  readonly unknownNames: readonly string[];
}

export const CAPABILITY_NAMES = Object.keys(KNOWN) as CapabilityName[];

let features: Record<CapabilityName, Capability> | undefined;

/**
 * What this machine can do. Capabilities are tried at the first call, which takes some 30 ms of
 * this thread, and wants a dozen descriptors for it; the rest is read each time.
 */
export function capabilities(): Capabilities {
  const shim = loadShim();
  features ??= tryAll(typeof shim === 'string' ? shim : shim.capabilities(tmpdir()));
  return {
    missing: typeof shim === 'string' ? shim : '',
    features,
    sigpipe: dispositionIn(readProc('self/status')),
    limits: { ...resourceLimits(), aio: aioLimit() },
    unknownNames: switchedOff().filter((name) => !Object.hasOwn(KNOWN, name)),
  };
}

type Tried = readonly (readonly [name: string, result: number, value: number])[];

const SWITCHED_OFF = 1;

function tryAll(tried: Tried | string): Record<CapabilityName, Capability> {
  const found = new Map(
    typeof tried === 'string' ? [] : tried.map(([name, ...rest]) => [name, rest]),
  );
  const entries = Object.entries(KNOWN).map(([name, [group, shown, systems]]) => {
    const [result, value = -1] = found.get(name) ?? [];
    const reason = typeof tried === 'string' ? `not tried: ${tried}` : whyNot(result, systems);
    const number = value < 0 ? undefined : value;
    return [name, { group, shown, available: reason === '', reason, value: number }];
  });
  return Object.fromEntries(entries);
}

function whyNot(result: number | undefined, systems: string): string {
  if (result === 0) return '';
  if (result === undefined) return `an interface of ${systems}; the shim was built without it`;
  if (result === SWITCHED_OFF) return 'CALANDRIA_WITHOUT switches it off';
  return `it was tried and gave ${getSystemErrorName(result)}`;
}

/** The trimmed text of a file of /proc; undefined where there is none, or none for us. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

const SIGNAL_PIPE = 13n;

/** From the text of /proc/self/status (proc_pid_status(5)). */
export function dispositionIn(status: string | undefined): SignalDisposition {
  const has = (field: string): boolean | undefined => {
    const mask = new RegExp(`^${field}:\\s*([0-9a-f]+)$`, 'm').exec(status ?? '')?.[1];
    return mask === undefined ? undefined : ((BigInt(`0x${mask}`) >> (SIGNAL_PIPE - 1n)) & 1n) > 0n;
  };
  const ignored = has('SigIgn');
  if (ignored === undefined) return 'unknown';
  if (ignored) return 'ignored';
  return has('SigCgt') ? 'caught' : 'default';
}

function aioLimit(): { max: number; used: number } | undefined {
  const max = readProc('sys/fs/aio-max-nr');
  const used = readProc('sys/fs/aio-nr');
  return max === undefined || used === undefined
    ? undefined
    : { max: Number(max), used: Number(used) };
}
