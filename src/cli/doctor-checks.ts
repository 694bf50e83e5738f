// The limits that bite, one function each: what this machine has, whether that is enough, and the
// mend.
//
// "Enough" is measured against what a reactor with its default limits can ask for.
import { completeLimits } from '../core/limits';
import { dispositionIn } from '../host/capabilities';
import type { Machine } from './machine';
import { formatCount } from './terminal';

export interface Check {
  readonly name: string;
  readonly value: string;
  /** 'absent': this machine does not have the thing, so it cannot bite. */
  readonly verdict: 'fine' | 'bites' | 'absent';
  /** What follows from the value. */
  readonly meaning: string;
  /** What to do; empty when there is nothing to mend. */
  readonly mend: string;
}

const CONNECTIONS = completeLimits().connections;
/** Descriptors that a process has besides its connections. */
const DESCRIPTORS_ELSE = 64;
/** The backlog that listen() asks for by itself. */
const BACKLOG = 511;
/** One reactor's ring and its buffers need about this much locked memory. */
const LOCKED_BYTES = 1 << 20;
const NODE_OLDEST = [20, 19] as const;

export function checkMachine(machine: Machine): Check[] {
  return [
    checkNode(machine),
    checkOpenFiles(machine),
    checkBacklog(machine),
    checkSynBacklog(machine),
    checkPorts(machine),
    checkAio(machine),
    checkRing(machine),
    checkLockedMemory(machine),
    checkPipeSignal(machine),
  ];
}

function fine(name: string, value: string, meaning: string): Check {
  return { name, value, verdict: 'fine', meaning, mend: '' };
}

function bites(name: string, value: string, meaning: string, mend: string): Check {
  return { name, value, verdict: 'bites', meaning, mend };
}

function absent(name: string, meaning = 'this machine has no such limit'): Check {
  return { name, value: '-', verdict: 'absent', meaning, mend: '' };
}

function checkNode({ nodeVersion }: Machine): Check {
  const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
  const [oldestMajor, oldestMinor] = NODE_OLDEST;
  const oldest = `${oldestMajor}.${oldestMinor}`;
  const recent = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return recent
    ? fine('Node', nodeVersion, `${oldest} or later is needed`)
    : bites('Node', nodeVersion, `${oldest} or later is needed`, 'install a newer Node');
}

function checkOpenFiles({ openFiles }: Machine): Check {
  const name = 'ulimit -n';
  if (!openFiles) return absent(name);
  const { soft, hard } = openFiles;
  const value = `${formatLimit(soft)} soft, ${formatLimit(hard)} hard`;
  const needed = CONNECTIONS + DESCRIPTORS_ELSE;
  // Node raises the soft limit to the hard one as it starts, but it may be lowered again.
  const lowered = soft < hard ? '; raiseFdLimit() raises soft to hard' : '';
  if (soft >= needed) {
    return fine(
      name,
      value,
      `enough for ${formatCount(CONNECTIONS)} connections a process${lowered}`,
    );
  }
  const room = formatCount(Math.max(0, soft - DESCRIPTORS_ELSE));
  const mend =
    hard >= needed
      ? `raiseFdLimit() in the program, or before it: ulimit -n ${needed}`
      : `as root: prlimit --pid $$ --nofile=${needed}, or LimitNOFILE=${needed} in the service`;
  return bites(name, value, `about ${room} connections a process, then EMFILE${lowered}`, mend);
}

function checkBacklog(machine: Machine): Check {
  const name = 'net.core.somaxconn';
  const value = number(machine, 'sys/net/core/somaxconn');
  if (value === undefined) return absent(name);
  return value >= BACKLOG
    ? fine(name, formatCount(value), `a listener's backlog of ${BACKLOG} is granted`)
    : bites(
        name,
        formatCount(value),
        `a backlog of ${BACKLOG} is cut to ${value}: bursts of connections wait for a retry`,
        `as root: sysctl -w ${name}=4096`,
      );
}

function checkSynBacklog(machine: Machine): Check {
  const name = 'net.ipv4.tcp_max_syn_backlog';
  const value = number(machine, 'sys/net/ipv4/tcp_max_syn_backlog');
  if (value === undefined) return absent(name);
  // With SYN cookies a full queue costs options, not connections.
  const cookies = number(machine, 'sys/net/ipv4/tcp_syncookies') ?? 0;
  if (value >= BACKLOG) {
    return fine(name, formatCount(value), `a backlog of ${BACKLOG} half-open connections fits`);
  }
  if (cookies > 0) return fine(name, formatCount(value), 'low, but SYN cookies cover what is over');
  return bites(
    name,
    formatCount(value),
    `more than ${value} half-open connections are dropped`,
    `as root: sysctl -w ${name}=2048`,
  );
}

function checkPorts(machine: Machine): Check {
  const name = 'net.ipv4.ip_local_port_range';
  const text = machine.proc('sys/net/ipv4/ip_local_port_range');
  const [first = Number.NaN, last = Number.NaN] = text?.split(/\s+/).map(Number) ?? [];
  const count = last - first + 1;
  if (Number.isNaN(count)) return absent(name);
  const value = `${first}-${last}`;
  const meaning = `${formatCount(count)} connections to one address and port at a time`;
  return count >= CONNECTIONS
    ? fine(name, value, meaning)
    : bites(
        name,
        value,
        `only ${meaning}, then EADDRNOTAVAIL`,
        `as root: sysctl -w ${name}="15000 65000"`,
      );
}

function checkAio(machine: Machine): Check {
  const name = 'fs.aio-max-nr';
  const most = number(machine, 'sys/fs/aio-max-nr');
  const used = number(machine, 'sys/fs/aio-nr') ?? 0;
  if (most === undefined) return absent(name);
  const value = `${formatCount(most)}, ${formatCount(used)} in use`;
  const needed = completeLimits().operations;
  return most - used >= needed
    ? fine(name, value, `room for the ${formatCount(needed)} operations of a reactor`)
    : bites(
        name,
        value,
        `a reactor's ${formatCount(needed)} file operations do not fit: EAGAIN from io_setup`,
        `as root: sysctl -w ${name}=${Math.max(1 << 20, used + 16 * needed)}`,
      );
}

function checkRing(machine: Machine): Check {
  const name = 'kernel.io_uring_disabled';
  const value = number(machine, 'sys/kernel/io_uring_disabled');
  if (value === undefined)
    return absent(name, 'this kernel has no io_uring, or none to switch off');
  if (value === 0) return fine(name, '0', 'io_uring is allowed');
  return bites(
    name,
    String(value),
    value === 1 ? 'io_uring is for privileged processes only' : 'io_uring is switched off',
    `as root: sysctl -w ${name}=0, or stay with a host that does not use it`,
  );
}

function checkLockedMemory({ platform, lockedMemory }: Machine): Check {
  const name = 'ulimit -l';
  if (!lockedMemory || platform !== 'linux') return absent(name, 'it matters to io_uring only');
  const value = Number.isFinite(lockedMemory.soft)
    ? `${formatCount(lockedMemory.soft / 1024)} KiB`
    : 'unlimited';
  return lockedMemory.soft >= LOCKED_BYTES
    ? fine(name, value, 'enough for the rings of io_uring')
    : bites(
        name,
        value,
        'the rings of io_uring get ENOMEM',
        'as root: prlimit --pid $$ --memlock=8388608',
      );
}

function checkPipeSignal(machine: Machine): Check {
  const name = 'SIGPIPE';
  const disposition = dispositionIn(machine.proc('self/status'));
  if (disposition === 'unknown') return absent(name, 'its disposition cannot be read here');
  return disposition === 'default'
    ? bites(
        name,
        'default',
        'writing to a pipe that nobody reads ends the process',
        "process.on('SIGPIPE', () => {}) in the program",
      )
    : fine(name, disposition, 'a peer that is gone gives EPIPE');
}

function number(machine: Machine, path: string): number | undefined {
  const text = machine.proc(path);
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : undefined;
}

function formatLimit(value: number): string {
  return Number.isFinite(value) ? formatCount(value) : 'unlimited';
}
