// What the node host opens besides stream sockets: for each kind of source the function that makes
// it. A kind without one is answered EOPNOTSUPP, by name.
import * as layout from '../../assembly/layout';
import type { Ring } from '../inbox/ring';
import { AdoptedSource } from './node-adopt';
import type { Completion } from './node-completions';
import { DatagramSource } from './node-datagrams';
import { openFile } from './node-files';
import { openInbox } from './node-inbox';
import { openPath } from './node-path';
import { ProcessSource } from './node-process';
import { SignalSource } from './node-signal';
import type { Source } from './node-source';

export interface OpenRequest {
  /** What the call brought: a name, a path, a command. Valid during the call. */
  readonly bytes: Buffer;
  /** What the kind makes of them (assembly/layout.ts, the calls' table). */
  readonly argument: number;
  readonly value: number;
  /** The ring that was shared by this id. */
  readonly ring: (id: number) => Ring | undefined;
  /** What a record stands for, while it is that owner's. */
  readonly source: (record: number, generation: number) => Source | undefined;
  /** A source calls it when an operation is done. */
  readonly finish: (completion: Completion) => void;
  /** A source calls it when it has readiness to tell. */
  readonly report: (source: Source) => void;
}

/** Throws when it cannot be opened; what takes time is told by raising READY_OUT. */
export type Opener = (request: OpenRequest) => Source;

/** By KIND_. */
export const OPENERS: Readonly<Record<number, Opener>> = {
  [layout.KIND_FILE]: openFile,
  [layout.KIND_INBOX]: openInbox,
  [layout.KIND_CONNECTION]: (request) => new AdoptedSource(request),
  [layout.KIND_DATAGRAM]: (request) => new DatagramSource(request),
  [layout.KIND_PATH]: openPath,
  [layout.KIND_PROCESS]: (request) => new ProcessSource(request),
  [layout.KIND_SIGNAL]: (request) => new SignalSource(request),
};
