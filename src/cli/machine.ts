// What the doctor knows about a machine, read in one place, so that a test can make up another one.
import { readProc } from '../host/capabilities';
import { type ResourceLimits, resourceLimits } from '../host/resource-limits';

export interface Machine extends ResourceLimits {
  /** As process.platform, process.arch and process.versions.node have them. */
  readonly platform: string;
  readonly architecture: string;
  readonly nodeVersion: string;
  /** The trimmed text of a file of /proc; undefined where there is none, or none for us. */
  proc(path: string): string | undefined;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    architecture: process.arch,
    nodeVersion: process.versions.node,
    ...resourceLimits(),
    proc: readProc,
  };
}

/**
 * How many descriptors this process may have. Node raises the soft limit to the hard one when it
 * starts.
 */
export function openFilesMax(): number {
  return resourceLimits().openFiles?.soft ?? Number.POSITIVE_INFINITY;
}
