// Changes of a file or folder, read from the kernel's records (inotify(7)). Hosts without inotify
// write the same records.
//
// Normalised: what a handler that looks now would see anyway is not told twice. Within one batch a
// write or a change of attributes of what was just created is part of its creation, and the same
// change of the same name in a row is one. A rename is one change where both halves came together;
// into the folder or out of it, it is a creation or a deletion.
import * as layout from '../../assembly/layout';

export interface PathChange {
  /**
   * 'create', 'write', 'delete', 'rename' (from another name of the same folder) or 'attributes'
   * (permissions, owner, times, links).
   */
  readonly kind: 'create' | 'write' | 'delete' | 'rename' | 'attributes';
  /** In a folder the name of the entry; else the last part of the path that is watched. */
  readonly name: string;
  /** Of 'rename': its name until then. */
  readonly from?: string;
}

/** More happened than the kernel's queue holds: some of it is lost. */
export interface PathOverflow {
  readonly kind: 'overflow';
}

export type PathEvent = PathChange | PathOverflow;

// <sys/inotify.h>
export const IN_MODIFY = 0x2;
export const IN_ATTRIB = 0x4;
export const IN_MOVED_FROM = 0x40;
export const IN_MOVED_TO = 0x80;
export const IN_CREATE = 0x100;
export const IN_DELETE = 0x200;
export const IN_DELETE_SELF = 0x400;
export const IN_MOVE_SELF = 0x800;
export const IN_UNMOUNT = 0x2000;
export const IN_Q_OVERFLOW = 0x4000;
export const IN_IGNORED = 0x8000;

interface PathRecord {
  /** Which of several watches it is of. */
  readonly watch: number;
  readonly mask: number;
  readonly cookie: number;
  readonly name: string;
}

export function* recordsOf(batch: Uint8Array): Generator<PathRecord> {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength);
  for (let at = 0; at < batch.length; ) {
    const length = view.getUint32(at + layout.PATH_LENGTH, true);
    const name = batch.subarray(at + layout.PATH_HEAD, at + layout.PATH_HEAD + length);
    const end = name.indexOf(0);
    yield {
      watch: view.getInt32(at, true),
      mask: view.getUint32(at + 4, true),
      cookie: view.getUint32(at + 8, true),
      name: Buffer.from(end < 0 ? name : name.subarray(0, end)).toString(),
    };
    at += layout.PATH_HEAD + length;
  }
}

export interface PathChanges {
  readonly events: readonly PathEvent[];
  /** What was watched is not at its path any more: deleted, replaced or moved away. */
  readonly gone: boolean;
}

/** `own`: the name of what is watched. */
export function readChanges(batch: Uint8Array, own: string): PathChanges {
  const events: PathEvent[] = [];
  /** Names that were created in this batch: they bring their contents and attributes with them. */
  const created = new Set<string>();
  /** Halves of renames: where the event of the first half stands. */
  const leaving = new Map<number, { readonly place: number; readonly from: string }>();
  let gone = false;

  function tell(kind: PathChange['kind'], name: string): void {
    if ((kind === 'write' || kind === 'attributes') && created.has(name)) return;
    const last = events.at(-1);
    if (last?.kind === kind && last.name === name) return;
    if (kind === 'create') created.add(name);
    if (kind === 'delete') created.delete(name);
    events.push({ kind, name });
  }

  function arrive(cookie: number, name: string): void {
    const half = leaving.get(cookie);
    if (!half) return tell('create', name);
    leaving.delete(cookie);
    events[half.place] = { kind: 'rename', name, from: half.from };
    created.delete(half.from);
  }

  for (const { mask, cookie, name } of recordsOf(batch)) {
    if (mask & IN_Q_OVERFLOW) events.push({ kind: 'overflow' });
    else if (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT)) {
      if (!gone) tell('delete', own);
      gone = true;
    } else if (mask & IN_CREATE) tell('create', name);
    else if (mask & IN_DELETE) tell('delete', name);
    else if (mask & IN_MOVED_FROM) {
      leaving.set(cookie, { place: events.length, from: name });
      events.push({ kind: 'delete', name });
    } else if (mask & IN_MOVED_TO) arrive(cookie, name);
    else if (mask & IN_MODIFY) tell('write', name || own);
    else if (mask & IN_ATTRIB) tell('attributes', name || own);
  }
  return { events, gone };
}
