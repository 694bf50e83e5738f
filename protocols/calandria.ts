// The functions that a Wasm protocol may import; src/protocols/wasm/abi.ts describes them and what
// a module exports. For a protocol of your own: copy this file beside it, and keep its name, which
// is the name of the module that the compiler imports them from.

/** Bytes downwards. WRITE_TAKEN or WRITE_WAIT; below 0: nothing was taken. */
export declare function write(address: usize, length: i32): i32;
/** The appetite: how many messages are wanted from now on; -1 for all, 0 for none. */
export declare function read(messages: i32): void;
/** Our side has no more to say. */
export declare function end(): void;
/** What was written goes out, then the connection is closed. */
export declare function close(): void;
export declare function destroy(): void;
/** A message for the layer above. 0: it wants no more for now. */
export declare function deliver(address: usize, length: i32): i32;
export declare function opened(): void;
export declare function drained(): void;
/** The layer above hears that no more will come. */
export declare function ended(): void;
/** What came makes no sense: why, in UTF-8. The connection is closed. */
export declare function fail(address: usize, length: i32): void;

export const VERSION: i32 = 1;
export const WRITE_TAKEN: i32 = 1;
export const WRITE_WAIT: i32 = 0;
export const WRITE_FULL: i32 = -1;
export const WRITE_CLOSED: i32 = -2;
export const WRITE_REFUSED: i32 = -3;
/** Where bytes for data() are put, and where those for write(). */
export const ROOM_DATA: i32 = 0;
export const ROOM_WRITE: i32 = 1;
