// Limits of the process: read with the shim or without it, raised only with it.
import { CalandriaError } from '../errors';
import { loadShim } from './native';

export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

/** In descriptors, and in bytes; undefined where the system has no such limit. Infinity: none. */
export interface ResourceLimits {
  readonly openFiles: ResourceLimit | undefined;
  readonly lockedMemory: ResourceLimit | undefined;
}

export function resourceLimits(): ResourceLimits {
  const limits = userLimits();
  return {
    openFiles: readLimit(limits, 'open_files', 1),
    lockedMemory:
      readLimit(limits, 'max_locked_memory_bytes', 1) ??
      readLimit(limits, 'max_locked_memory_kbytes', 1024),
  };
}

type UserLimits = Record<string, { soft: number | string; hard: number | string }>;

/**
 * getrlimit(2) by way of Node's diagnostic report: no process is started, and it needs no /proc.
 */
function userLimits(): UserLimits {
  const report = process.report as typeof process.report & { excludeNetwork?: boolean };
  // Otherwise the report looks up the names of all peers.
  report.excludeNetwork = true;
  return (report.getReport() as { userLimits?: UserLimits }).userLimits ?? {};
}

function readLimit(limits: UserLimits, name: string, unit: number): ResourceLimit | undefined {
  const found = limits[name];
  if (!found) return undefined;
  const value = (given: number | string): number =>
    given === 'unlimited' ? Number.POSITIVE_INFINITY : Number(given) * unit;
  return { soft: value(found.soft), hard: value(found.hard) };
}

export interface RaisedLimit extends ResourceLimit {
  /** The soft limit as it was. */
  readonly before: number;
}

/**
 * Raises the soft limit of descriptors (RLIMIT_NOFILE, setrlimit(2)) to the hard one, for this
 * process and those it starts from now on. Node does so by itself when it starts; this is for a
 * process whose limit was lowered later. Listeners that ran out of descriptors go on within 100 ms.
 * Throws ERR_CALANDRIA_NO_HOST without the native part, ERR_CALANDRIA_HOST when the system refuses.
 */
export function raiseFdLimit(): RaisedLimit {
  const shim = loadShim();
  if (typeof shim === 'string') {
    throw new CalandriaError(
      'ERR_CALANDRIA_NO_HOST',
      `raiseFdLimit() needs the native part: ${shim}.`,
    );
  }
  return shim.raiseFdLimit();
}
