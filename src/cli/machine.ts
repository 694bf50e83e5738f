// What the doctor knows about a machine, read in one place, so that a test can make up another one.
import { readFileSync } from 'node:fs';

export interface ResourceLimit {
  readonly soft: number;
  readonly hard: number;
}

export interface Machine {
  /** As process.platform, process.arch and process.versions.node have them. */
  readonly platform: string;
  readonly architecture: string;
  readonly nodeVersion: string;
  readonly openFiles: ResourceLimit | undefined;
  readonly lockedMemory: ResourceLimit | undefined;
  /** The trimmed text of a file of /proc; undefined where there is none, or none for us. */
  proc(path: string): string | undefined;
}

export function thisMachine(): Machine {
  const limits = userLimits();
  return {
    platform: process.platform,
    architecture: process.arch,
    nodeVersion: process.versions.node,
    openFiles: readLimit(limits, 'open_files', 1),
    lockedMemory:
      readLimit(limits, 'max_locked_memory_bytes', 1) ??
      readLimit(limits, 'max_locked_memory_kbytes', 1024),
    proc(path) {
      try {
        return readFileSync(`/proc/${path}`, 'utf8').trim();
      } catch {
        return undefined;
      }
    },
  };
}

/**
 * How many descriptors this process may have. Node raises the soft limit to the hard one when it
 * starts.
 */
export function openFilesMax(): number {
  return readLimit(userLimits(), 'open_files', 1)?.soft ?? Number.POSITIVE_INFINITY;
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
