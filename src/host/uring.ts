// The host on io_uring(7): whether it can be had here, and if not, why.
import { getSystemErrorName } from 'node:util';
import * as layout from '../../assembly/layout';
import { word } from '../core/memory';
import { CalandriaError, errorText } from '../errors';
import { readProc } from './capabilities';
import type { Host } from './host';
import { loadShim, native, nativeMissing, switchedOff } from './native';
import { ENTRIES_USUAL, type NativeOptions } from './native-options';
import { resourceLimits } from './resource-limits';

const NAME = 'uring';
const ENOMEM = 12;

/** What the capability is called in CALANDRIA_WITHOUT. */
const CAPABILITY = 'io_uring';

/** What the rings take in the core's memory, for any size of a page (host/uring_rings.cc). */
const RING_BYTES = 3 * layout.PAGE_SIZE;
const RING_BYTES_AN_ENTRY = 256;

export interface Uring extends Host {
  /**
   * Whose memory the rings lie in; and if that was not asked for, why. Throws ERR_CALANDRIA_CLOSED
   * before a reactor has opened the host, for the kernel was not asked yet.
   */
  ringsIn(): { readonly memory: 'kernel' | 'core'; readonly reason: string };
}

/**
 * Linux: io_uring(7). One system call hands over what a turn wants sent and brings what the next
 * turn hears of; connections are accepted and received from ahead of being asked.
 */
export function uring(options: NativeOptions = {}): Uring {
  // Where there is none the host says so when it is opened.
  const host = native(NAME, options, tryOnce()?.receivesAhead ? layout.SETTING_LEND : 0);
  const { entries = ENTRIES_USUAL, rings = 'kernel' } = options;
  const inCore = rings === 'core';
  /** An error of the kernel's; 0: none. Not known before the host is open. */
  let refused: number | undefined;
  return {
    ...host,
    ...(inCore ? { ringBytes: RING_BYTES + entries * RING_BYTES_AN_ENTRY } : {}),
    ringsIn() {
      if (refused === undefined) {
        const message = `Host ${NAME} is not open yet: ringsIn() answers once a reactor has it.`;
        throw new CalandriaError('ERR_CALANDRIA_CLOSED', message);
      }
      return {
        memory: inCore && refused === 0 ? 'core' : 'kernel',
        reason:
          refused === 0 ? '' : `the kernel refused the core's memory (${errorText(-refused)})`,
      };
    },
    open(seam) {
      try {
        host.open(seam);
        refused = word(seam.memory, layout.RINGS_REFUSED);
      } catch (cause) {
        throw named(cause as NodeJS.ErrnoException);
      }
    },
  };
}

/** A ring larger than the one that was tried, or beside others, may be too large. */
function named(cause: NodeJS.ErrnoException): Error {
  if (cause.errno !== ENOMEM) return cause;
  const message = `Host ${NAME} cannot be opened: ${whyNot('setup', -ENOMEM)}.`;
  return new CalandriaError('ERR_CALANDRIA_HOST', message, { cause });
}

interface Trial {
  /** Empty when it went well. */
  readonly step: string;
  readonly error: number;
  readonly receivesAhead: boolean;
}

let tried: Trial | undefined;

/** A trial takes locked memory for a while, so one that went well is not made again. */
function tryOnce(): Trial | undefined {
  const shim = loadShim();
  if (tried || typeof shim === 'string' || !shim.tryUring) return tried;
  const [step, error, receivesAhead] = shim.tryUring();
  const trial = { step, error, receivesAhead };
  if (step === '') tried = trial;
  return trial;
}

/** Empty when this process can use io_uring, else the reason why not. */
export function uringMissing(): string {
  const missing = nativeMissing(NAME);
  if (missing !== '') return missing;
  if (switchedOff().includes(CAPABILITY)) return 'CALANDRIA_WITHOUT switches io_uring off';
  const { step = '', error = 0 } = tryOnce() ?? {};
  return step === '' ? '' : whyNot(step, error);
}

function whyNot(step: string, error: number): string {
  const name = error < 0 ? getSystemErrorName(error) : '';
  if (name === 'ENOMEM') return `io_uring needs locked memory, ${lockedMemory()}`;
  if (step === 'setup' && name === 'ENOSYS') {
    return 'io_uring_setup gave ENOSYS: this kernel has no io_uring, or a filter (seccomp) hides it';
  }
  if (step === 'setup' && name === 'EPERM') return `io_uring_setup gave EPERM: ${forbiddenBy()}`;
  if (name === 'EINVAL' || name === '' || name === 'EOPNOTSUPP') {
    return `the io_uring of this kernel is too old (${step}); Linux 6.1 is needed`;
  }
  return `io_uring was tried, and ${step} gave ${name}`;
}

/** The sysctl, or else somebody who filters system calls. */
function forbiddenBy(): string {
  const disabled = readProc('sys/kernel/io_uring_disabled');
  if (disabled === '2') return 'the sysctl kernel.io_uring_disabled is 2';
  if (disabled === '1') {
    return 'the sysctl kernel.io_uring_disabled is 1, and this process is not in io_uring_group';
  }
  return 'a filter of system calls (seccomp) forbids it, as those of containers do';
}

function lockedMemory(): string {
  const { soft } = resourceLimits().lockedMemory ?? {};
  const limit = soft === undefined ? '' : ` (ulimit -l is ${Math.floor(soft / 1024)} KiB)`;
  return `and there is not enough of it${limit}`;
}
