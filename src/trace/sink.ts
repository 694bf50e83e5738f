// Where a trace goes: a file, written synchronously, so that the kernel has a turn's input before
// the turn's handlers run. When the disk is slower than the network, the turn waits; memory does
// not grow.
import { closeSync, fchmodSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs';

export interface Sink {
  /** Hands all bytes to the kernel, or throws. */
  write(bytes: Uint8Array): void;
  close(): void;
}

/** A new file, readable by its owner alone: a trace holds everything that was said. */
export function fileSink(file: string): Sink {
  const descriptor = openSync(file, 'w', 0o600);
  // A file that was there before keeps its mode, unless told otherwise.
  if (fstatSync(descriptor).isFile()) fchmodSync(descriptor, 0o600);
  let position = 0;
  return {
    write(bytes) {
      let written = 0;
      try {
        while (written < bytes.length) {
          written += writeSync(descriptor, bytes, written, bytes.length - written);
        }
      } catch (error) {
        // No torn block behind the last whole one; if even that fails, the reader can tell it is
        // torn.
        try {
          ftruncateSync(descriptor, position);
        } catch {}
        throw error;
      }
      position += bytes.length;
    },
    close: () => closeSync(descriptor),
  };
}
