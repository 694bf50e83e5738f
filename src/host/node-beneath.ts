// Opening what lies beneath a directory and nowhere else, on the node host: node:fs has no
// openat2(2), so what was opened is asked where it lies. What it is is looked at before, because to
// open a device or a pipe could do something; and after, because it may be another by then.
import { type BigIntStats, close, constants, fstat, open } from 'node:fs';
import { lstat, readlink, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { promisify } from 'node:util';

const openDescriptor = promisify(open);
const closeDescriptor = promisify(close);
const statusOf = promisify(fstat);

// A flag that a system does not know is left out.
const READING = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0);

export interface OpenedBeneath {
  readonly fd: number;
  readonly status: BigIntStats;
  /** A symbolic link was on the way. */
  readonly linked: boolean;
}

function refused(code: string): Error {
  return Object.assign(new Error(), { code });
}

function checkType(status: { isFile(): boolean; isDirectory(): boolean }): void {
  if (!status.isFile() && !status.isDirectory()) throw refused('ENXIO');
}

/**
 * Where it lies that was opened. On Linux the kernel says so of the descriptor itself. Elsewhere
 * the path is asked again, and has to lead to the same file: who wants to deceive that must
 * exchange a folder for a link and back between three calls.
 */
async function placeOf(fd: number, path: string, status: BigIntStats): Promise<string> {
  try {
    return await readlink(`/proc/self/fd/${fd}`);
  } catch {
    const place = await realpath(path);
    const { dev, ino } = await lstat(place, { bigint: true });
    if (dev !== status.dev || ino !== status.ino) throw refused('EXDEV');
    return place;
  }
}

/** Rejects with EXDEV when the path leads out of the directory, with ENXIO for neither of both. */
export async function openBeneath(directory: string, path: string): Promise<OpenedBeneath> {
  const wanted = join(directory, path);
  const root = await realpath(directory);
  checkType(await stat(wanted));
  const fd = await openDescriptor(wanted, READING);
  try {
    const status = await statusOf(fd, { bigint: true });
    checkType(status);
    const place = await placeOf(fd, wanted, status);
    const within = root.endsWith(sep) ? root : root + sep;
    if (!place.startsWith(within)) throw refused('EXDEV');
    return { fd, status, linked: place !== join(root, path) };
  } catch (error) {
    await closeDescriptor(fd);
    throw error;
  }
}
