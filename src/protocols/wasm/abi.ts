// What a Wasm module and its connection say to each other: version 1 of the binary interface of
// protocols. All numbers are i32; texts and bytes lie in the module's memory.
//
//   The module exports
//     calandria_protocol() → 1          the version of this interface
//     name() → address                  a text in UTF-8 that ends with a 0 byte
//     room(0) → address                 where bytes are put before data() is called,
//     room_size(0) → bytes              and how many fit
//     data(length)                      so many bytes came from below. Of a stream more come in
//                                       several calls; a longer message of a layer is refused
//   and whichever of these it wants to hear:
//     open(), drain(), end(), error(), close()
//   A stage, which has another layer above it, also exports
//     write(length) → as calandria.write: the layer above writes, from room(1). It may do so while
//                                       the module is in deliver()
//   and whichever it wants to hear of:
//     finish()                          the layer above ended its side
//     resume()                          it wants more. After deliver() answered 0 neither data()
//                                       nor end() is called before this
//
//   It imports its memory as env.memory: as large as it may ever be, and it does not grow. Of these
//   functions it may import any, and nothing else:
//     calandria.write(address, length) → WRITE_…      downwards
//     calandria.read(messages)                        the appetite: -1 for all, 0 for none
//     calandria.end(), close(), destroy()
//     calandria.deliver(address, length) → 1 or 0     to the layer above; 0: it wants no more now
//     calandria.opened(), drained(), ended()
//     calandria.fail(address, length)                 what came makes no sense: why, in UTF-8
//     env.abort(message, file, line, column)          AssemblyScript's: a trap with a message
//
// A module has no clock, no chance and no other input: the same bytes give the same answers.

export const ABI_VERSION = 1;

export const REQUIRED_EXPORTS = [
  'calandria_protocol',
  'name',
  'room',
  'room_size',
  'data',
] as const;
export const EVENT_EXPORTS = ['open', 'drain', 'end', 'error', 'close'] as const;
export const STAGE_EXPORTS = ['finish', 'resume'] as const;

export const WRITE_TAKEN = 1;
/** Taken, but wait for drain(). */
export const WRITE_WAIT = 0;
/** Nothing was taken: the connection's queue is full. */
export const WRITE_FULL = -1;
/** Nothing was taken: our side was ended, or the connection is closed. */
export const WRITE_CLOSED = -2;
/** Nothing was taken: the layer below cannot say this (it is too long, …). */
export const WRITE_REFUSED = -3;

export const ROOM_DATA = 0;
export const ROOM_WRITE = 1;

type Exported = (...values: number[]) => number;
/** Exports without arguments that a module may have or not. */
export type EventExport = (typeof EVENT_EXPORTS)[number] | (typeof STAGE_EXPORTS)[number];

/** The exports of an instance, checked. */
export type ModuleExports = Readonly<
  Record<(typeof REQUIRED_EXPORTS)[number], Exported> &
    Partial<Record<EventExport | 'write', Exported>>
>;

/** The functions that a module may import. */
export interface ModuleImports {
  readonly write: (address: number, length: number) => number;
  readonly read: (messages: number) => void;
  readonly end: () => void;
  readonly close: () => void;
  readonly destroy: () => void;
  readonly deliver: (address: number, length: number) => number;
  readonly opened: () => void;
  readonly drained: () => void;
  readonly ended: () => void;
  readonly fail: (address: number, length: number) => void;
}

export const IMPORTS: readonly (keyof ModuleImports)[] = [
  'write',
  'read',
  'end',
  'close',
  'destroy',
  'deliver',
  'opened',
  'drained',
  'ended',
  'fail',
];
