// Hosts in C++: the shim drives the turns from inside libuv's loop (host/attached.h).
import { existsSync } from 'node:fs';
import { join, sep } from 'node:path';
import { threadId } from 'node:worker_threads';
import * as layout from '../../assembly/layout';
import { CalandriaError, errorText, systemError } from '../errors';
import { packageRoot } from '../package-root';
import type { Host, Seam } from './host';
import { checkNativeOptions, type NativeOptions } from './native-options';

type Handle = object;

export interface Shim {
  readonly interfaces: readonly string[];
  readonly layoutVersion: number;
  open(
    name: string,
    memory: Uint8Array,
    ingest: () => void,
    deliver: () => void,
    end: () => void,
    empty: () => void,
    spin: number,
    notifiers: number,
    adaptive: boolean,
    entries: number,
  ): Handle;
  wake(handle: Handle): void;
  hold(handle: Handle, hold: boolean): void;
  close(handle: Handle): void;
  share(handle: Handle, id: number, ring: Uint8Array): number;
  unshare(handle: Handle, id: number): void;
  /** Which step of opening io_uring was refused (empty: none), its -errno, and what it can do. */
  tryUring?(): [step: string, error: number, receivesAhead: boolean];
  /** Name, result (0, 1 for switched off, or -errno) and number (-1: none) of what was tried. */
  capabilities(folder: string): [name: string, result: number, value: number][];
  raiseFdLimit(): { before: number; soft: number; hard: number };
}

/** By file; a sentence where there is none. */
const shims = new Map<string, Shim | string>();

/** What to type, in a clone or in the project that installed this package. */
function howToBuild(): string {
  const installed = packageRoot().split(sep).includes('node_modules');
  return `build it with \`${installed ? 'npm explore calandria -- ' : ''}npm run build:host\``;
}

/** The binary that was built here or came with the package; a sentence when there is none. */
function load(): Shim | string {
  const built = join(packageRoot(), 'build', 'prebuilds', `${process.platform}-${process.arch}`);
  const file = process.env.CALANDRIA_BINARY ?? join(built, 'calandria.node');
  const absent =
    process.platform === 'win32'
      ? 'there is no shim for Windows'
      : `no shim is built for ${process.platform}-${process.arch}; ${howToBuild()}`;
  return loadFrom(file, absent, howToBuild());
}

function loadFrom(file: string, absent: string, remedy: string): Shim | string {
  const known = shims.get(file);
  if (known !== undefined) return known;
  let found: Shim | string;
  try {
    found = existsSync(file) ? (require(file) as Shim) : absent;
  } catch (error) {
    found = `the shim does not load (${(error as Error).message}); ${remedy}`;
  }
  shims.set(file, found);
  return found;
}

/** Of Linux: a shim that was built against a library which stands in for kqueue(2). */
function loadLibrary(): Shim | string {
  const remedy =
    'a kqueue library in PREFIX is built against by `CALANDRIA_KQUEUE=PREFIX npm run build`';
  const file = process.env.CALANDRIA_BINARY ?? join(packageRoot(), 'build/kqueue/calandria.node');
  // Whoever has no such library lacks nothing, so no command is named.
  const absent = 'it is an interface of macOS and the BSDs (over a library: docs/hosts.md)';
  return loadFrom(file, absent, remedy);
}

/** The binary that has this interface, if any has. */
function loadFor(name: string): Shim | string {
  return name === 'kqueue' && process.platform === 'linux' ? loadLibrary() : load();
}

export { load as loadShim };

/** What CALANDRIA_WITHOUT names: capabilities that the shim behaves as if this machine lacked. */
export function switchedOff(): string[] {
  return (process.env.CALANDRIA_WITHOUT ?? '').split(',').filter((name) => name !== '');
}

/** Empty when this native interface can be used here, else the reason. */
export function nativeMissing(name: string): string {
  const found = loadFor(name);
  if (typeof found === 'string') return found;
  if (switchedOff().includes(name)) return 'CALANDRIA_WITHOUT switches it off';
  return found.interfaces.includes(name) ? '' : `this shim was built without ${name}`;
}

/** What the shim threw, with the host's name and the reason's. */
function refusal(name: string, cause: Partial<NodeJS.ErrnoException>): Error {
  const reason = cause.errno ? ` (${errorText(cause.errno)})` : '';
  const message = `Host ${name}: ${cause.message}${reason}.`;
  const error = new CalandriaError('ERR_CALANDRIA_HOST', message, { cause });
  return Object.assign(error, { errno: cause.errno });
}

/** `settings`: SETTING_… bits of this interface. */
export function native(name: string, options: NativeOptions, settings = 0): Host {
  const checked = checkNativeOptions(name, options);
  const { notifiers, registration } = checked;
  const shimName = registration === 'edge' ? name : `${name}-${registration}`;
  let handle: Handle | undefined;
  const shim = (): Shim => loadFor(name) as Shim;
  return {
    name,
    settings:
      settings |
      (checked.collect === 'always' ? layout.SETTING_COLLECT_ALWAYS : 0) |
      (checked.announcements === 'each' ? layout.SETTING_SEMAPHORE : 0),
    open(seam: Seam): void {
      const found = loadFor(name);
      if (typeof found === 'string') {
        throw new CalandriaError('ERR_CALANDRIA_NO_HOST', `Host ${name}: ${found}.`);
      }
      const { words, bytes } = seam.memory;
      const ingest = (): void => {
        seam.ingest();
        // Nobody to call: the turn can end at once, and the shim sees that it did.
        if (words[layout.DELIVERY_COUNT >> 2] === 0) seam.end();
      };
      const deliver = (): void => seam.deliver();
      const end = (): void => seam.end();
      const adaptive = checked.vector === 'adaptive';
      const nanoseconds = checked.spin * 1000;
      const callbacks = [ingest, deliver, end, () => {}] as const;
      try {
        const settled = [nanoseconds, notifiers, adaptive, checked.entries] as const;
        handle = found.open(shimName, bytes, ...callbacks, ...settled);
      } catch (cause) {
        throw refusal(name, cause as Partial<NodeJS.ErrnoException>);
      }
    },
    wake: () => handle && shim().wake(handle),
    hold: (hold) => handle && shim().hold(handle, hold),
    share(id, ring) {
      if (!handle) return;
      const descriptor = shim().share(handle, id, new Uint8Array(ring.buffer));
      if (descriptor < 0) throw systemError(-descriptor, 'eventfd', 'an inbox');
      ring.attend(descriptor, threadId);
    },
    unshare: (id) => handle && shim().unshare(handle, id),
    close() {
      if (!handle) return;
      shim().close(handle);
      handle = undefined;
      // The end of a turn drains no promises, and no other turn will: whoever awaits the reactor's
      // end would wait until something else happens in the process.
      setImmediate(() => {});
    },
  };
}

/** macOS and the BSDs: kqueue(2), edge-triggered. */
export function kqueue(options: NativeOptions = {}): Host {
  return native('kqueue', options);
}

/** Linux: a real-time signal for each thing that comes, read as records (fcntl(2), F_SETSIG). */
export function rtsig(options: NativeOptions = {}): Host {
  return native('rtsig', options);
}

/** Any POSIX system: select(2), for descriptors below FD_SETSIZE (1,024). */
export function select(options: NativeOptions = {}): Host {
  return native('select', options, layout.SETTING_LEVELS);
}

/** Any POSIX system: poll(2). */
export function poll(options: NativeOptions = {}): Host {
  return native('poll', options, layout.SETTING_LEVELS);
}

/** Linux: epoll(7), edge-triggered unless `registration` says otherwise. */
export function epoll(options: NativeOptions = {}): Host {
  const edges = (options.registration ?? 'edge') === 'edge';
  return native('epoll', options, edges ? 0 : layout.SETTING_LEVELS);
}
